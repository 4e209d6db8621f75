"""Golden traces of what the large frameworks do not have: REX from pytorch_optimizer; and from their formulas, in 40
decimal digits and not in floating point, Noam (arXiv 1706.03762, section 5.3) and Caffe's `inv` and `poly` policies
(caffe.proto, SolverParameter.lr_policy), of which no implementation can be installed beside the others."""

from decimal import Decimal, getcontext

from golden_schedules_torch import optimizer
from pytorch_optimizer import REXScheduler

from golden_trace import EPOCHS, STEPS, Trace, absolute, rule

getcontext().prec = 40


def rex(over, peak, ticks, end=0.0):
    """The scheduler's own formula at each of its ticks. Its constructor leaves the optimizer at `min_lr`, so that a
    loop would train one tick at that, and never one at the first of these."""
    scheduler = REXScheduler(optimizer([peak]), over, peak, end)
    lr = []
    for tick in range(ticks):
        scheduler.step_t = tick
        lr.append(float(scheduler.get_linear_lr()))
    return lr


def noam(d_model, warmup_steps, ticks):
    """lrate = d_model^-0.5 · min(step_num^-0.5, step_num · warmup_steps^-1.5), step_num from 1."""
    root, power = Decimal(1) / Decimal(d_model).sqrt(), Decimal(1) / (warmup_steps * Decimal(warmup_steps).sqrt())
    return [root * min(1 / Decimal(n).sqrt(), n * power) for n in range(1, ticks + 1)]


def caffe_inv(gamma, power, ticks):
    """base_lr · (1 + gamma · iter)^-power"""
    return [(1 + Decimal(gamma) * t) ** -Decimal(power) for t in range(ticks)]


def caffe_poly(power, max_iter, ticks):
    """base_lr · (1 - iter / max_iter)^power"""
    return [(1 - Decimal(t) / max_iter) ** Decimal(power) for t in range(ticks)]


def rates(base_lr, factors):
    return [float(Decimal(base_lr) * factor) for factor in factors]


def traces():
    for name, over, peak, end, ticks in [("plain", 40, 0.1, 0.0, 45), ("end", 33, 0.02, 0.001, 40)]:
        table = rule("rex", over=STEPS(over), **({"end": absolute(end)} if end else {}))
        yield Trace("pytorch_optimizer", f"rex_{name}", table, peak, rex(over, peak, ticks, end))
    table = rule("rex", over=EPOCHS(12), tick="epoch")
    yield Trace("pytorch_optimizer", "rex_epochs", table, 0.1, rex(12, 0.1, 15), EPOCHS)

    # `lr` is a mere factor of the article's formula; or the rate at the peak, which it has at step_num = warmup_steps.
    table = rule("noam", peak=STEPS(20), d_model=512)
    yield Trace("article", "noam_d_model", table, 1.0, rates(1.0, noam(512, 20, 70)))
    table = rule("noam", peak=STEPS(1), d_model=64)
    yield Trace("article", "noam_one_step", table, 2.0, rates(2.0, noam(64, 1, 20)))
    factors = noam(512, 25, 80)
    table = rule("noam", peak=STEPS(25))
    yield Trace("article", "noam_peak", table, 0.003, rates(0.003, [factor / max(factors) for factor in factors]))
    table = rule("noam", peak=EPOCHS(4), d_model=128, tick="epoch")
    yield Trace("article", "noam_epochs", table, 1.0, rates(1.0, noam(128, 4, 16)), EPOCHS)

    # LeNet's of Caffe's examples, and others.
    for name, gamma, power in [("lenet", 1e-4, 0.75), ("fast", 0.3, 0.75), ("square", 0.05, 2.0)]:
        table = rule("inverse_time", rate=gamma, every=STEPS(1), power=power)
        yield Trace("article", f"inverse_time_caffe_{name}", table, 0.01, rates(0.01, caffe_inv(gamma, power, 50)))
    table = rule("polynomial", power=1.7)
    yield Trace("article", "polynomial_caffe", table, 0.01, rates(0.01, caffe_poly(1.7, 40, 40)))
