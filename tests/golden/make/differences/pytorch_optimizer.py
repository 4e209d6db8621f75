"""Where our rules differ from those of pytorch_optimizer on purpose."""

from collections.abc import Iterator

from pytorch_optimizer import REXScheduler

from make.differences.trace import Difference, difference, differences
from make.schedules.torch_rules import optimizer
from make.schedules.trace import Trace, rule

Shown = tuple[Trace, str | None]


def pytorch_optimizer_rex_starts_at_the_end() -> Shown:
    """The constructor sets the rate to `min_lr`, which is 0 here, so the first update has that rate. Also, the
    scheduler gives all groups the rate of one group."""
    stepped = optimizer([0.1])
    scheduler = REXScheduler(stepped, 20, 0.1)
    lr = []
    for _ in range(20):
        lr.append(float(stepped.param_groups[0]["lr"]))
        stepped.step()
        scheduler.step()
    return difference("pytorch_optimizer", rule("rex"), 0.1, lr), None


def traces() -> Iterator[Difference]:
    """Yields every difference."""
    return differences(pytorch_optimizer_rex_starts_at_the_end)
