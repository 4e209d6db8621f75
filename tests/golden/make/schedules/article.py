"""Traces of rules that no package has: Noam (arXiv 1706.03762, section 5.3), and Caffe's `inv` and `poly` policies
(caffe.proto, SolverParameter.lr_policy). Their formulas are computed in 40 decimal digits, not in floating point."""

from collections.abc import Iterator
from decimal import Decimal, getcontext
from functools import partial

from make.schedules.trace import EPOCHS, STEPS, Rates, Trace, rule

getcontext().prec = 40


def noam(d_model: int, warmup_steps: int, ticks: int) -> list[Decimal]:
    """Returns d_model^-0.5 · min(step_num^-0.5, step_num · warmup_steps^-1.5) for step_num from 1."""
    root, power = Decimal(1) / Decimal(d_model).sqrt(), Decimal(1) / (warmup_steps * Decimal(warmup_steps).sqrt())
    return [root * min(1 / Decimal(n).sqrt(), n * power) for n in range(1, ticks + 1)]


def caffe_inv(gamma: float, power: float, ticks: int) -> list[Decimal]:
    """Returns (1 + gamma · iter)^-power."""
    return [(1 + Decimal(gamma) * t) ** -Decimal(power) for t in range(ticks)]


def caffe_poly(power: float, max_iter: int, ticks: int) -> list[Decimal]:
    """Returns (1 - iter / max_iter)^power."""
    return [(1 - Decimal(t) / max_iter) ** Decimal(power) for t in range(ticks)]


def rates(base_lr: float, factors: list[Decimal]) -> Rates:
    """Returns base_lr times the factors, rounded once."""
    return Rates([float(Decimal(base_lr) * factor) for factor in factors])


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    # With `d_model`, `lr` is a factor of the article's formula. Without it, `lr` is the rate at the peak, which is at
    # step_num = warmup_steps.
    table = rule("noam", peak=STEPS(20), d_model=512)
    yield Trace("article", "noam_d_model", table, 1.0, partial(rates, 1.0, noam(512, 20, 70)))
    table = rule("noam", peak=STEPS(1), d_model=64)
    yield Trace("article", "noam_one_step", table, 2.0, partial(rates, 2.0, noam(64, 1, 20)))
    factors = noam(512, 25, 80)
    factors = [factor / max(factors) for factor in factors]
    yield Trace("article", "noam_peak", rule("noam", peak=STEPS(25)), 0.003, partial(rates, 0.003, factors))
    table = rule("noam", peak=EPOCHS(4), d_model=128, tick="epoch")
    yield Trace("article", "noam_epochs", table, 1.0, partial(rates, 1.0, noam(128, 4, 16)), EPOCHS)

    # The first case is LeNet's schedule in Caffe's examples.
    for name, gamma, power in [("lenet", 1e-4, 0.75), ("fast", 0.3, 0.75), ("square", 0.05, 2.0)]:
        table = rule("inverse_time", rate=gamma, every=STEPS(1), power=power)
        measure = partial(rates, 0.01, caffe_inv(gamma, power, 50))
        yield Trace("article", f"inverse_time_caffe_{name}", table, 0.01, measure)
    table = rule("polynomial", power=1.7)
    yield Trace("article", "polynomial_caffe", table, 0.01, partial(rates, 0.01, caffe_poly(1.7, 40, 40)))
