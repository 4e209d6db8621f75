"""A change of units that gives groups to a reference that has none.

A rule that treats all parameters as one vector has one rate. To make the rate of one parameter m times as large, the
rule trains φ = θ/√m instead of θ. The gradient with respect to φ is √m·g, and a step of τ along it moves θ by τ·m·g.
The rule then computes norms and inner products from φ and its gradient.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from make.optimizers.trace import BIAS, WEIGHT, Arrays, ByStep, Case, Inputs, Run, Step

# A step: (φ, gradient with respect to φ, loss, factor of the rate) -> (new φ, the rate or None if it is not known,
# slots). Each slot has a power of √m, by which it is multiplied to belong to θ.
OneStep = Callable[[Arrays, Arrays, float, float], tuple[Any, float | None, dict[str, tuple[Any, int]]]]
Started = Callable[[Arrays], OneStep]


def dot(a: Any, b: Any) -> float:
    """Returns the inner product over all parameters."""
    return sum(float(np.vdot(a[name], b[name])) for name in a)


def multiple(case: Case, name: str) -> float:
    """Returns the factor of the nominal rate for the parameter `name`."""
    return case.in_group("lr_mult", 1.0) if name == BIAS else 1.0


def decay_of(case: Case, name: str) -> float:
    """Returns the weight decay of the parameter `name`."""
    decay = case.options.get("weight_decay", 0.0)
    return case.in_group("weight_decay", decay) if name == BIAS else decay


def nominal(case: Case, factor: float) -> ByStep:
    """Returns the nominal rates of a step under their names in the traces."""
    rate = case.options["lr"] * factor
    return {"lr": rate} | ({"lr.bias": rate * case.group["lr_mult"]} if case.group is not None else {})


def with_decay(case: Case, params: Arrays, grads: Arrays) -> Arrays:
    """Returns g + λ·θ."""
    return {name: grads[name] + decay_of(case, name) * params[name] for name in params}


def penalty(case: Case, params: Arrays) -> float:
    """Returns ½·Σ λ·‖θ‖², the penalty of coupled weight decay."""
    return sum(0.5 * decay_of(case, name) * float((value * value).sum()) for name, value in params.items())


def roots(case: Case, factor: float = 1.0) -> dict[str, float]:
    """Returns √m of every parameter. m includes the schedule's `factor`."""
    return {name: math.sqrt(multiple(case, name) * factor) for name in (WEIGHT, BIAS)}


class InUnits(Run):
    """A reference that trains φ.

    coupled    whether weight decay is part of the loss and the gradient. Otherwise the reference has its own
    scheduled  whether the reference can change its rate. Otherwise the units change instead, which is only right for a
               reference without slots
    """

    def __init__(self, case: Case, inputs: Inputs, begin: Started, coupled: bool, scheduled: bool):
        self.case, self.begin, self.coupled, self.scheduled = case, begin, coupled, scheduled
        self.params = {name: value.copy() for name, value in inputs.init.items()}
        self.one: OneStep | None = None
        self.unit: dict[str, float] = {}
        self.slots: dict[str, tuple[Any, int]] = {}

    @classmethod
    def starter(
        cls, begin: Callable[[Case], Started], coupled: bool = True, scheduled: bool = True
    ) -> Callable[[Case, Inputs, str], "InUnits"]:
        """Returns the `start` of a case for the reference that `begin` starts."""
        return lambda case, inputs, dtype: cls(case, inputs, begin(case), coupled, scheduled)

    def step(self, step: Step) -> ByStep:
        self.unit = unit = roots(self.case, 1.0 if self.scheduled else step.factor)
        by_unit = {name: value / unit[name] for name, value in self.params.items()}
        self.one = self.one or self.begin(by_unit)
        grads, loss = step.grads, step.loss
        if self.coupled:
            grads = with_decay(self.case, self.params, grads)
            loss += penalty(self.case, self.params)
        grads = {name: unit[name] * value for name, value in grads.items()}
        by_unit, rate, self.slots = self.one(by_unit, grads, loss, step.factor)
        self.params = {name: unit[name] * np.array(value) for name, value in by_unit.items()}
        if rate is None:
            return nominal(self.case, step.factor)
        found = rate if self.scheduled else rate * step.factor
        return nominal(self.case, step.factor) | self.case.effective(found)

    def values(self) -> Arrays:
        return {name: value.copy() for name, value in self.params.items()}

    def state(self) -> Arrays:
        return {
            f"{slot}/{name}": np.array(value[name]) * self.unit[name] ** power
            for slot, (value, power) in self.slots.items()
            for name in self.params
        }
