"""Traces of the REX scheduler of pytorch_optimizer."""

from collections.abc import Iterator
from functools import partial

from pytorch_optimizer import REXScheduler

from make.schedules.torch_rules import optimizer
from make.schedules.trace import EPOCHS, STEPS, Rates, Trace, absolute, rule


def rex(over: int, peak: float, ticks: int, end: float = 0.0) -> Rates:
    """Returns the rates of the scheduler's own formula at its ticks, from 0. A training loop would have another first
    rate, because the constructor sets the rate to `min_lr`."""
    scheduler = REXScheduler(optimizer([peak]), over, peak, end)
    lr = []
    for tick in range(ticks):
        scheduler.step_t = tick
        lr.append(float(scheduler.get_linear_lr()))
    return Rates(lr)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    for name, over, peak, end, ticks in [("plain", 40, 0.1, 0.0, 45), ("end", 33, 0.02, 0.001, 40)]:
        table = rule("rex", over=STEPS(over), **({"end": absolute(end)} if end else {}))
        yield Trace("pytorch_optimizer", f"rex_{name}", table, peak, partial(rex, over, peak, ticks, end))
    table = rule("rex", over=EPOCHS(12), tick="epoch")
    yield Trace("pytorch_optimizer", "rex_epochs", table, 0.1, partial(rex, 12, 0.1, 15), EPOCHS)
