"""Where our rules differ from those of timm on purpose."""

from collections.abc import Iterator

from timm import scheduler as timm

from make.differences.trace import Difference, difference, differences
from make.schedules.torch_rules import optimizer
from make.schedules.trace import STEPS, Trace, absolute, rule

Shown = tuple[Trace, str | None]


def timm_restarts_by_logarithm() -> Shown:
    """timm finds the cycle by a logarithm. At an exact restart, it gives the end of the previous cycle."""
    stepped = optimizer([0.1])
    scheduler = timm.CosineLRScheduler(stepped, 1, 0.001, cycle_mul=3.0, cycle_limit=10)
    lr = []
    for epoch in range(125):
        scheduler.step(epoch)
        lr.append(float(stepped.param_groups[0]["lr"]))
    table = rule("cosine_restarts", "timm", period=STEPS(1), period_mult=3.0, cycles=10, end=absolute(0.001))
    return difference("timm", table, 0.1, lr), None


def timm_tanh_starts_at_base() -> Shown:
    """timm's loop does not call the scheduler before the first epoch. So that epoch has the base rate and not the first
    rate of the curve."""
    stepped = optimizer([0.1])
    scheduler = timm.TanhLRScheduler(stepped, 20, lb=-2.0, ub=3.0)
    lr = [float(stepped.param_groups[0]["lr"])]
    for epoch in range(1, 20):
        scheduler.step(epoch)
        lr.append(float(stepped.param_groups[0]["lr"]))
    return difference("timm", rule("tanh", "timm", lb=-2.0, ub=3.0), 0.1, lr), None


def traces() -> Iterator[Difference]:
    """Yields every difference."""
    return differences(timm_restarts_by_logarithm, timm_tanh_starts_at_base)
