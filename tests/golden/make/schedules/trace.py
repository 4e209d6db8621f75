"""A trace of a learning-rate rule: how a spec is put together, what a trace is, and the content of its file.

Everything is counted in ticks, which are steps or epochs. `Unit` turns them into the durations of a spec.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from make.files import join_spec, toml_table

STEPS_PER_EPOCH = 10
NAN = math.nan

Table = dict[str, Any]


def rule(type: str, convention: str | None = None, **keys: Any) -> Table:
    """Returns the table of a rule. Python reserves the words `for` and `from`, so they are `for_` and `from_` here."""
    table = {"type": type} | ({"convention": convention} if convention else {})
    return table | {key.rstrip("_"): value for key, value in keys.items()}


def absolute(rate: float) -> dict[str, float]:
    """Returns a rate as a spec writes it where a number alone would be a factor."""
    return {"lr": rate}


@dataclass(frozen=True)
class Unit:
    """The unit of a tick: steps or epochs."""

    name: str

    def __call__(self, ticks: float) -> str:
        """Returns the duration of `ticks` ticks."""
        return f"{ticks} {self.name}"

    @property
    def tick(self) -> dict[str, str]:
        """The key that makes a rule keep its value inside an epoch, if ticks are epochs. Otherwise there is no key."""
        return {"tick": "epoch"} if self.name == "epochs" else {}


STEPS = Unit("steps")
EPOCHS = Unit("epochs")


@dataclass(frozen=True)
class Rates:
    """The rates of a framework's scheduler.

    lr        the rate of each tick, from 0
    momentum  the momentum of each tick, for rules that cycle it
    groups    the rates of the other groups under the same schedule: base rate -> rates
    """

    lr: list[float]
    momentum: list[float] | None = None
    groups: dict[float, list[float]] = field(default_factory=dict)

    @classmethod
    def of_groups(cls, base_lrs: list[float], lr: list[list[float]]) -> "Rates":
        """Returns the rates of several groups. The first is the base group."""
        return cls(lr[0], groups=dict(zip(base_lrs[1:], lr[1:])))


@dataclass(frozen=True)
class Trace:
    """A rule of ours and how to get the rates of a framework's scheduler.

    label     the name of the file without the framework
    schedule  the table of our rule, or a list of tables one after another
    base_lr   the rate that factors are of
    measure   runs the scheduler
    total     the ticks of the run, by default as many as the trace has. The trace may be longer than the run
    metrics   the values at the end of each tick, for rules that observe a metric. The trace then has one more rate
    """

    framework: str
    label: str
    schedule: Table | list[Table]
    base_lr: float
    measure: Callable[[], Rates]
    unit: Unit = STEPS
    total: int | None = None
    metrics: list[float] | None = None
    dtype: str = "f64"

    @property
    def name(self) -> str:
        """The name of its file, without the suffix."""
        return f"{self.framework}_{self.label}"

    def task(self, rates: Rates) -> dict[str, Any]:
        """Returns the fields from which a test runs our rule."""
        tables = self.schedule if isinstance(self.schedule, list) else [self.schedule]
        header = "[[schedule]]" if isinstance(self.schedule, list) else "[schedule]"
        ticks = self.total or len(rates.lr if self.metrics is None else self.metrics)
        fields = {
            "spec": join_spec(*(toml_table(header, table) for table in tables)),
            "unit": self.unit.name.removesuffix("s"),
            "base_lr": self.base_lr,
            "total_steps": ticks * STEPS_PER_EPOCH if self.unit == EPOCHS else ticks,
            "steps_per_epoch": STEPS_PER_EPOCH,
        }
        if self.metrics is not None:
            fields["metrics"] = [None if math.isnan(m) else m for m in self.metrics]
        return fields

    def make(self) -> dict[str, Any]:
        """Runs the scheduler. Returns the fields of the file."""
        rates, f32 = self.measure(), self.dtype == "f32"
        fields = {"framework": self.framework, "dtype": self.dtype}
        fields["relative_tolerance"] = 1e-6 if f32 else 1e-12
        fields["absolute_tolerance"] = (1e-7 if f32 else 1e-16) * self.base_lr
        fields |= self.task(rates) | {"lr": rates.lr}
        if rates.momentum is not None:
            fields["momentum"] = rates.momentum
        if rates.groups:
            fields["groups"] = [{"base_lr": base_lr, "lr": lr} for base_lr, lr in rates.groups.items()]
        return fields
