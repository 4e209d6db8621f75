"""Traces of Prodigy from its authors' package."""

from collections.abc import Iterator
from typing import Any

import prodigyopt

from make.optimizers.one_rate import DECAYED, FROZEN, OneRate, adam_factor
from make.optimizers.trace import Case, Trace, in_each_dtype

CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "started": {"lr": 0.5, "d0": 0.01, "d_coef": 0.5, "growth_rate": 1.02},
    "options": {
        "betas": [0.8, 0.95],
        "beta3": 0.9,
        "eps": 1e-6,
        "weight_decay": 0.1,
        "use_bias_correction": True,
        "safeguard_warmup": True,
        "d0": 1e-3,
    },
    "coupled": {"d0": 1e-3, "growth_rate": 1.05, "weight_decay": 0.2, "decoupled_weight_decay": False},
    "lrdrop": {"d0": 1e-3, "growth_rate": 1.1},
    "groups": {"d0": 1e-3, "weight_decay": 0.3},
    "frozen": {"d0": 1e-3},
}

# The distance is a difference of parameters, of which f32 keeps few digits. In these cases, the reference in f32 is up
# to 2e-4 away from itself in f64, and so is any code that rounds in another order.
F64_ONLY = ("options", "coupled", "groups", "frozen")


class Prodigy(OneRate):
    """prodigyopt.Prodigy."""

    kind = prodigyopt.Prodigy

    def rate_factor(self) -> float:
        return adam_factor(self.groups[0], self.case.options)


def cases() -> Iterator[Case]:
    """Yields every case."""
    for name, options in CASES.items():
        kinds = ("f64",) if name in F64_ONLY else ("f32", "f64")
        group = {"groups": DECAYED, "frozen": FROZEN}.get(name)
        yield Case("prodigyopt", "prodigy", name, options, Prodigy, kinds, group)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
