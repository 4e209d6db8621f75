"""A difference: the rates of a framework where our rule differs on purpose.

The docstring of its function says what the framework does. The function returns a trace of the framework, with our spec
for what was meant. `tests/rules/schedule_differences.rs` shows both values.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from make.schedules.trace import STEPS, Rates, Table, Trace, Unit


def difference(
    framework: str,
    schedule: Table | list[Table],
    base_lr: float,
    lr: list[float],
    unit: Unit = STEPS,
    total: int | None = None,
    metrics: list[float] | None = None,
) -> Trace:
    """Returns a trace of known rates. The function that calls this gives the trace its name."""
    return Trace(framework, "", schedule, base_lr, lambda: Rates(lr), unit, total, metrics)


@dataclass(frozen=True)
class Difference:
    """A function that returns the trace, and the type of the error that the framework raised after these rates. Without
    an error, the type is None."""

    function: Callable[[], tuple[Trace, str | None]]
    dtype: str = "f64"

    @property
    def name(self) -> str:
        """The key in the file."""
        return self.function.__name__

    def make(self) -> dict[str, Any]:
        """Runs the framework. Returns the fields under the key."""
        trace, error = self.function()
        rates = trace.measure()
        theirs = [None if math.isnan(rate) else rate for rate in rates.lr]
        return {"framework": trace.framework} | trace.task(rates) | {"theirs": theirs, "error": error}


def differences(*functions: Callable[[], tuple[Trace, str | None]]) -> Iterator[Difference]:
    """Yields the differences of a module."""
    yield from map(Difference, functions)
