"""Traces of MoMo and MoMo-Adam from their authors' package, with the article's weight decay.

The package takes groups, but its step for them is not the article's. So these cases have no groups.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import momo
import torch

from make.optimizers.torch_run import Groups, TorchRun
from make.optimizers.trace import Case, Inputs, Step, Trace, in_each_dtype

CASES: dict[str, dict[str, dict[str, Any]]] = {
    "momo": {
        "proximal": {"lr": 0.2, "weight_decay": 0.2, "proximal": True, "lower_bound": -2.0},
        "proximal_options": {"lr": 0.05, "beta": 0.7, "lower_bound": -0.5, "weight_decay": 0.3, "proximal": True},
        "proximal_lrdrop": {"lr": 0.1, "weight_decay": 0.4, "proximal": True, "lower_bound": -1.0},
    },
    "momo_adam": {
        "proximal": {"lr": 0.5, "weight_decay": 0.1, "proximal": True},
        "proximal_options": {
            "lr": 0.4,
            "betas": [0.8, 0.95],
            "eps": 1e-4,
            "lower_bound": -0.2,
            "weight_decay": 0.2,
            "proximal": True,
        },
        "proximal_lrdrop": {"lr": 0.5, "weight_decay": 0.05, "proximal": True, "lower_bound": -1.0},
    },
}
CLASS = {"momo": momo.Momo, "momo_adam": momo.MomoAdam}


class Momo(TorchRun):
    """A class of momo-opt."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        names = {"lower_bound": "lb"}
        options = {names.get(key, key): value for key, value in case.options.items() if key != "proximal"}
        super().__init__(case, inputs, lambda groups: CLASS[case.optimizer](groups, **options), dtype)

    def parameter_groups(self) -> Groups:
        return self.one_group()

    def advance(self, step: Step) -> None:
        (optimizer,) = self.optimizers
        optimizer.step(loss=torch.tensor(step.loss))

    def slots(self, name: str, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        slots = {"grad_avg": "exp_avg", "grad_avg_sq": "exp_avg_sq"}
        return {ours: state[theirs] for theirs, ours in slots.items() if theirs in state}


def cases() -> Iterator[Case]:
    """Yields every case."""
    for optimizer, of_optimizer in CASES.items():
        for name, options in of_optimizer.items():
            yield Case("momo-opt", optimizer, name, options, Momo, ("f64",), losses=True)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
