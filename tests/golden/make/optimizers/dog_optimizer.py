"""Traces of DoG and L-DoG from their authors' package."""

from collections.abc import Iterator
from typing import Any

import dog
import numpy as np

from make.optimizers.one_rate import OneRate
from make.optimizers.torch_run import numpy_of
from make.optimizers.trace import GROUP, Arrays, Case, Trace, in_each_dtype

CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "options": {"lr": 0.5, "reps_rel": 0.01, "eps": 1e-3, "weight_decay": 0.1},
    "init_eta": {"init_eta": 0.01},
    "lrdrop": {"reps_rel": 1e-3},
    "groups": {"lr": 0.5, "reps_rel": 1e-3, "weight_decay": 0.3},
}

# The distance is a difference of parameters, of which f32 keeps few digits. In these cases, the reference in f32 is far
# from itself in f64, and so is any code that rounds in another order.
F64_ONLY = [("dog", "init_eta"), ("ldog", "groups")]


class Dog(OneRate):
    """dog.DoG."""

    kind = dog.DoG

    def found(self, d: Any) -> list[float]:
        # A group has a rate for each parameter tensor, and those of L-DoG differ. The trace has their mean.
        return [float(np.mean([float(eta) for eta in group["eta"]])) for group in self.groups]

    def state(self) -> Arrays:
        buffers = [it for group in self.groups for it in group["init_buffer"]]
        return {f"init_buffer/{name}": numpy_of(it) for name, it in zip(self.params, buffers)}


class LDog(Dog):
    """dog.LDoG."""

    kind = dog.LDoG


def cases() -> Iterator[Case]:
    """Yields every case."""
    for optimizer, start in {"dog": Dog, "ldog": LDog}.items():
        for name, options in CASES.items():
            kinds = ("f64",) if (optimizer, name) in F64_ONLY else ("f32", "f64")
            group = GROUP if name == "groups" else None
            yield Case("dog-optimizer", optimizer, name, options, start, kinds, group)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
