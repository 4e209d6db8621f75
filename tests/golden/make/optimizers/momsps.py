"""Traces of the smoothed stochastic Polyak step: MomSPS_smooth of the package momsps, without momentum."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from momsps.momsps_smooth import MomSPS_smooth

from make.optimizers.torch_run import Groups, TorchRun
from make.optimizers.trace import ByStep, Case, Inputs, Step, Trace, in_each_dtype

# The package has no ε, and its rate is the cap if the gradient is 0. So is ours with an ε that is too small to change
# any other step.
CASES: dict[str, dict[str, Any]] = {
    "smooth": {"lr": 0.02, "c": 0.2, "eps": 1e-300, "growth": 1.05},
    "smooth_growth_2": {"lr": 0.001, "eps": 1e-300, "growth": 2.0},
}


class MomSps(TorchRun):
    """MomSPS_smooth with one batch per epoch, so that its cap grows by `growth` at each step, including the first."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        lr, growth = case.options["lr"], case.options["growth"]
        options = {"init_step_size": lr / growth, "c": case.options.get("c", 0.5), "beta": 0.0, "gamma": growth}

        def make(groups: Groups) -> torch.optim.Optimizer:
            optimizer = MomSPS_smooth(groups, n_batches_per_epoch=1, **options)
            optimizer.param_groups[0]["lr"] = lr
            return optimizer

        super().__init__(case, inputs, make, dtype)

    def parameter_groups(self) -> Groups:
        return self.one_group()

    def advance(self, step: Step) -> None:
        (optimizer,) = self.optimizers
        optimizer.step(loss=step.loss)

    def after(self, step: Step, before: Any) -> ByStep:
        (optimizer,) = self.optimizers
        return {"effective_lr": optimizer.state["momsps"]}

    def slots(self, name: str, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        return {}


def cases() -> Iterator[Case]:
    """Yields every case."""
    for name, options in CASES.items():
        yield Case("momsps", "sps_max", name, options, MomSps, ("f64",), losses=True)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
