"""Traces of the Schedule-Free rules from their authors' package."""

from collections.abc import Iterator
from typing import Any

import schedulefree

from make.optimizers.torch_run import TorchRun
from make.optimizers.trace import GROUP, Arrays, ByStep, Case, Inputs, Step, Trace, in_each_dtype

# Optimizer -> case -> options of `[optimizer]`. The package takes them by the same names.
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "schedule_free_sgd": {
        "defaults": {},
        "options": {
            "lr": 0.3,
            "momentum": 0.8,
            "weight_decay": 0.05,
            "warmup_steps": 20,
            "r": 1.5,
            "weight_lr_power": 1.0,
        },
        "lrdrop": {"lr": 0.5},
        "groups": {"lr": 0.2, "weight_decay": 0.1, "warmup_steps": 10},
    },
    "schedule_free_adamw": {
        "defaults": {},
        "options": {
            "lr": 0.02,
            "betas": [0.8, 0.95],
            "eps": 1e-4,
            "weight_decay": 0.05,
            "warmup_steps": 20,
            "r": 1.5,
            "weight_lr_power": 1.0,
        },
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.1, "warmup_steps": 10},
    },
}

CLASS = {
    "schedule_free_sgd": schedulefree.SGDScheduleFree,
    "schedule_free_adamw": schedulefree.AdamWScheduleFree,
}


class ScheduleFree(TorchRun):
    """One of schedulefree's classes, in training mode until the end."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        super().__init__(case, inputs, lambda groups: CLASS[case.optimizer](groups, **case.options), dtype)
        (self.optimizer,) = self.optimizers
        self.optimizer.train()

    def after(self, step: Step, before: Any) -> ByStep:
        names = ["effective_lr"] + (["effective_lr.bias"] if self.case.group is not None else [])
        return dict(zip(names, (group["scheduled_lr"] for group in self.groups)))

    def evaluated(self) -> Arrays:
        self.optimizer.eval()
        return self.values()


def cases() -> Iterator[Case]:
    """Yields every case."""
    for optimizer, of_optimizer in CASES.items():
        for name, options in of_optimizer.items():
            group = GROUP if name == "groups" else None
            yield Case("schedulefree", optimizer, name, options, ScheduleFree, group=group)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
