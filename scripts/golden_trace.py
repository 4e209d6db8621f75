"""The traces of learning-rate rules: how a spec is put together, what a trace is, how it is written.

Everything is counted in ticks, which are steps or epochs; `Unit` turns them into what a spec says.
"""

import math
from dataclasses import dataclass, field
from importlib.metadata import version

from golden_lib import join_spec, save_json, toml_table

STEPS_PER_EPOCH = 10
NAN = math.nan


def rule(type, convention=None, **keys):
    """The table of a rule. `for` and `from`, which Python keeps for itself, are `for_` and `from_` here."""
    table = {"type": type} | ({"convention": convention} if convention else {})
    return table | {key.rstrip("_"): value for key, value in keys.items()}


def absolute(rate):
    """A rate, where a number would be a factor."""
    return {"lr": rate}


@dataclass(frozen=True)
class Unit:
    """What a tick is."""

    name: str

    def __call__(self, ticks):
        """A duration of so many ticks."""
        return f"{ticks} {self.name}"

    @property
    def tick(self):
        """What a rule that changes at every tick needs to stand still inside an epoch."""
        return {"tick": "epoch"} if self.name == "epochs" else {}


STEPS = Unit("steps")
EPOCHS = Unit("epochs")


@dataclass
class Trace:
    """What a framework's scheduler gave: a rate for each tick, from 0.

    schedule  the table of our rule, or a list of tables one after another
    base_lr   the rate that factors are of
    total     ticks of the run; the trace may go beyond. By default as many as the trace has
    metrics   what is observed at the end of each tick, for rules that look at a metric; the trace is then one longer
    momentum  of each tick, for rules that cycle it
    groups    base rate -> rates, of other groups under the same schedule
    """

    framework: str
    name: str
    schedule: dict | list
    base_lr: float
    lr: list
    unit: Unit = STEPS
    total: int | None = None
    metrics: list | None = None
    momentum: list | None = None
    groups: dict = field(default_factory=dict)
    dtype: str = "f64"

    def source(self):
        """The framework and its release; an article has none."""
        release = "" if self.framework == "article" else version(self.framework)
        return {"framework": self.framework, "version": release}

    def task(self):
        """The fields that say what our rule is to do."""
        tables = self.schedule if isinstance(self.schedule, list) else [self.schedule]
        header = "[[schedule]]" if isinstance(self.schedule, list) else "[schedule]"
        ticks = self.total or len(self.lr if self.metrics is None else self.metrics)
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

    def write(self, folder):
        """Writes <folder>/<framework>_<name>.json."""
        path = folder / f"{self.framework}_{self.name}.json"
        if path.exists():
            raise ValueError(f"two traces have the name {path.name}")
        f32 = self.dtype == "f32"
        fields = self.source() | {"dtype": self.dtype}
        fields["relative_tolerance"] = 1e-6 if f32 else 1e-12
        fields["absolute_tolerance"] = (1e-7 if f32 else 1e-16) * self.base_lr
        fields |= self.task() | {"lr": self.lr}
        if self.momentum is not None:
            fields["momentum"] = self.momentum
        if self.groups:
            fields["groups"] = [{"base_lr": base_lr, "lr": lr} for base_lr, lr in self.groups.items()]
        save_json(path, fields)
