"""Where our rules differ from those of transformers on purpose."""

from collections.abc import Iterator

from make.differences.trace import Difference, difference, differences
from make.schedules.metrics import reduce
from make.schedules.trace import EPOCHS, STEPS, Trace, absolute, rule
from make.schedules.transformers import run, run_metric

Shown = tuple[Trace, str | None]


def transformers_polynomial_end_of_a_group() -> Shown:
    """`lr_end` becomes a factor of the optimizer's default rate. So another group ends at another rate. The trace has
    the second group, whose rate is a tenth of the first."""
    rates = run("polynomial", [0.1, 0.01], 12, 0, 10, {"lr_end": 0.001})
    table = rule("polynomial", "transformers", over=STEPS(10), end=absolute(0.001))
    return difference("transformers", table, 0.01, rates.groups[0.01]), None


def transformers_greedy_below_min_lr() -> Shown:
    """With GreedyLR's default `min_lr` of 1e-3, a rate of 5e-5 can never fall. It can only rise."""
    metrics = [1.0] * 12
    lr = run_metric("greedy", 5e-5, metrics, reduce(0.5, 1)).lr
    table = rule("greedy", factor=0.5, patience=EPOCHS(1))
    return difference("transformers", table, 5e-5, lr, EPOCHS, metrics=metrics), None


def traces() -> Iterator[Difference]:
    """Yields every difference."""
    return differences(transformers_polynomial_end_of_a_group, transformers_greedy_below_min_lr)
