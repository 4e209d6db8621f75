"""Where our rules differ from PyTorch's on purpose."""

from collections.abc import Callable, Iterator
from typing import Any

from torch.optim import lr_scheduler

from make.differences.trace import Difference, difference, differences
from make.schedules.metrics import reduce
from make.schedules.torch_plateau import run as run_plateau
from make.schedules.torch_rules import optimizer, run
from make.schedules.trace import EPOCHS, STEPS, Trace, absolute, rule

Shown = tuple[Trace, str | None]


def run_until_error(make: Callable[[Any], Any], base_lr: float, ticks: int) -> tuple[list[float], str | None]:
    """Returns the rates before the first error, and the type of the error. Without an error, the type is None."""
    stepped = optimizer([base_lr])
    lr = []
    try:
        scheduler = make(stepped)
        for _ in range(ticks):
            lr.append(float(stepped.param_groups[0]["lr"]))
            stepped.step()
            scheduler.step()
    except Exception as error:  # noqa: BLE001 (whatever it raises is recorded)
        return lr, type(error).__name__
    return lr, None


def torch_sequence_in_sequence() -> Shown:
    """A SequentialLR that is a later part of another one raises NotImplementedError at the milestone, during
    training."""

    def make(o):
        inner = lr_scheduler.SequentialLR(o, [lr_scheduler.ConstantLR(o, 1.0, 99), lr_scheduler.StepLR(o, 2, 0.5)], [3])
        return lr_scheduler.SequentialLR(o, [lr_scheduler.LinearLR(o, 0.2, 1.0, 4), inner], [4])

    lr, error = run_until_error(make, 0.1, 12)
    inner = [rule("constant", for_=STEPS(3)), rule("step", every=STEPS(2), factor=0.5)]
    first = rule("linear", start=0.2, end=1.0, over=STEPS(4), for_=STEPS(4))
    return difference("torch", [first, rule("sequence", parts=inner)], 0.1, lr, total=12), error


def torch_chained_in_sequence() -> Shown:
    """A ChainedScheduler that is a later part of a SequentialLR raises NotImplementedError at the milestone."""

    def make(o):
        chained = lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(o, 0.9), lr_scheduler.StepLR(o, 2, 0.5)])
        return lr_scheduler.SequentialLR(o, [lr_scheduler.ConstantLR(o, 1.0, 99), chained], [4])

    lr, error = run_until_error(make, 0.1, 12)
    parts = [rule("exponential", factor=0.9, every=STEPS(1)), rule("step", every=STEPS(2), factor=0.5)]
    tables = [rule("constant", for_=STEPS(4)), rule("product", parts=parts)]
    return difference("torch", tables, 0.1, lr, total=12), error


def torch_sequence_first_in_sequence() -> Shown:
    """A SequentialLR that is the first part of another one reaches all its milestones a tick early."""

    def make(o):
        inner = lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, 0.25, 1.0, 4), lr_scheduler.StepLR(o, 3, 0.5)], [4]
        )
        return lr_scheduler.SequentialLR(o, [inner, lr_scheduler.ConstantLR(o, 1.0, 99)], [12])

    lr, error = run_until_error(make, 0.1, 16)
    line = rule("linear", start=0.25, end=1.0, over=STEPS(4), for_=STEPS(4))
    inner = rule("sequence", parts=[line, rule("step", every=STEPS(3), factor=0.5)], for_=STEPS(12))
    return difference("torch", [inner, rule("constant")], 0.1, lr), error


def torch_chained_first_in_sequence() -> Shown:
    """A ChainedScheduler that is the first part of a SequentialLR has already decayed once at t = 0."""

    def make(o):
        chained = lr_scheduler.ChainedScheduler(
            [lr_scheduler.ConstantLR(o, 0.5, 99), lr_scheduler.ExponentialLR(o, 0.9)]
        )
        return lr_scheduler.SequentialLR(o, [chained, lr_scheduler.ConstantLR(o, 1.0, 99)], [5])

    lr, error = run_until_error(make, 1.0, 8)
    parts = [rule("constant", factor=0.5), rule("exponential", factor=0.9, every=STEPS(1))]
    tables = [rule("product", parts=parts, for_=STEPS(5)), rule("constant")]
    return difference("torch", tables, 1.0, lr), error


def torch_one_cycle_in_sequence() -> Shown:
    """OneCycleLR's constructor sets `initial_lr` to max_lr / 25, and the part before it starts from that rate."""

    def make(o):
        first = lr_scheduler.ConstantLR(o, 0.5, 99)
        cycle = lr_scheduler.OneCycleLR(o, 0.4, total_steps=20)
        return lr_scheduler.SequentialLR(o, [first, cycle], [5])

    lr, error = run_until_error(make, 0.1, 15)
    cycle = rule("one_cycle", max=absolute(0.4), over=STEPS(20))
    return difference("torch", [rule("constant", factor=0.5, for_=STEPS(5)), cycle], 0.1, lr, total=25), error


def torch_plateau_in_sequence() -> Shown:
    """SequentialLR refuses a ReduceLROnPlateau."""

    def make(o):
        parts = [lr_scheduler.ConstantLR(o, 0.5, 99), lr_scheduler.ReduceLROnPlateau(o)]
        return lr_scheduler.SequentialLR(o, parts, [5])

    lr, error = run_until_error(make, 0.1, 8)
    plateau = rule("plateau", factor=0.1, patience=EPOCHS(0))
    metrics = [1.0] * 8
    tables = [rule("constant", factor=0.5, for_=EPOCHS(5)), plateau]
    return difference("torch", tables, 0.1, lr, EPOCHS, total=8, metrics=metrics), error


def torch_milestone_zero() -> Shown:
    """With a milestone at 0, the first part still applies."""

    def make(o):
        parts = [lr_scheduler.ConstantLR(o, 0.5, 99), lr_scheduler.ConstantLR(o, 0.25, 99)]
        return lr_scheduler.SequentialLR(o, parts, [0])

    lr, error = run_until_error(make, 0.1, 5)
    tables = [rule("constant", factor=0.5, for_=STEPS(0)), rule("constant", factor=0.25)]
    return difference("torch", tables, 0.1, lr), error


def torch_constant_of_zero() -> Shown:
    """ConstantLR accepts a factor of 0, and divides by it at its end."""
    lr, error = run_until_error(lambda o: lr_scheduler.ConstantLR(o, 0.0, 3), 0.1, 8)
    tables = [rule("constant", factor=0.0, for_=STEPS(3)), rule("constant")]
    return difference("torch", tables, 0.1, lr, total=8), error


def torch_resumed_by_last_epoch() -> Shown:
    """StepLR decays a second time if it is resumed on a boundary with `last_epoch` one less than the ticks done."""
    first = optimizer([1.0])
    scheduler = lr_scheduler.StepLR(first, 5, 0.1)
    lr = []
    for _ in range(5):
        lr.append(float(first.param_groups[0]["lr"]))
        first.step()
        scheduler.step()
    second = optimizer([1.0])
    second.load_state_dict(first.state_dict())
    lr_scheduler.StepLR(second, 5, 0.1, last_epoch=scheduler.last_epoch - 1)
    lr.append(float(second.param_groups[0]["lr"]))
    return difference("torch", rule("step", every=STEPS(5), factor=0.1), 1.0, lr, total=20), None


def torch_resumed_without_optimizer() -> Shown:
    """The scheduler's state alone does not restore the rate, so the later rates are computed from a wrong one."""
    first = optimizer([1.0])
    scheduler = lr_scheduler.ExponentialLR(first, 0.5)
    lr = []
    for _ in range(3):
        lr.append(float(first.param_groups[0]["lr"]))
        first.step()
        scheduler.step()
    second = optimizer([1.0])
    resumed = lr_scheduler.ExponentialLR(second, 0.5)
    resumed.load_state_dict(scheduler.state_dict())
    for _ in range(3):
        lr.append(float(second.param_groups[0]["lr"]))
        second.step()
        resumed.step()
    return difference("torch", rule("exponential", factor=0.5, every=STEPS(1)), 1.0, lr), None


def torch_restarts_by_epoch() -> Shown:
    """`step(epoch)` finds the cycle by a logarithm. At an exact restart, it gives the end of the previous cycle."""
    stepped = optimizer([0.1])
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(stepped, 1, 3, 0.001)
    lr = []
    for epoch in range(125):
        scheduler.step(epoch)
        lr.append(float(stepped.param_groups[0]["lr"]))
    table = rule("cosine_restarts", "torch", period=STEPS(1), period_mult=3.0, end=absolute(0.001))
    return difference("torch", table, 0.1, lr), None


def torch_restarts_by_last_epoch() -> Shown:
    """Constructed with `last_epoch`, the scheduler does not know the length of the current cycle."""
    lr, _ = run(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5, 2), [1.0], 20)
    resumed = optimizer([1.0])
    for group in resumed.param_groups:
        group["initial_lr"] = 1.0
    lr_scheduler.CosineAnnealingWarmRestarts(resumed, 5, 2, last_epoch=19)
    lr = [*lr[0], float(resumed.param_groups[0]["lr"])]
    return difference("torch", rule("cosine_restarts", "torch", period=STEPS(5), period_mult=2.0), 1.0, lr), None


def torch_one_cycle_extra_tick() -> Shown:
    """OneCycleLR accepts one tick more than its length, and the rate rises again at this tick."""

    def make(o):
        return lr_scheduler.OneCycleLR(o, 0.1, total_steps=20, cycle_momentum=False)

    lr, error = run_until_error(make, 0.1, 25)
    return difference("torch", rule("one_cycle", "torch", over=STEPS(20)), 0.1, lr, total=20), error


def torch_one_cycle_levels_groups() -> Shown:
    """A single `max_lr` replaces the rates of all groups. The trace has the second group, whose rate is a tenth of the
    first."""

    def make(o):
        return lr_scheduler.OneCycleLR(o, 0.1, total_steps=20, cycle_momentum=False)

    lr, _ = run(make, [0.1, 0.01], 20)
    return difference("torch", rule("one_cycle", "torch"), 0.01, lr[1]), None


def torch_chained_with_eta_min() -> Shown:
    """With an absolute term, ChainedScheduler does not give the product of its parts."""

    def make(o):
        return lr_scheduler.ChainedScheduler(
            [lr_scheduler.CosineAnnealingLR(o, 10, 0.1), lr_scheduler.ExponentialLR(o, 0.9)]
        )

    [lr], _ = run(make, [1.0], 10)
    parts = [
        rule("cosine", "torch", over=STEPS(10), end=absolute(0.1)),
        rule("exponential", factor=0.9, every=STEPS(1)),
    ]
    return difference("torch", rule("product", parts=parts), 1.0, lr), None


def torch_eta_min_above_a_group() -> Shown:
    """`eta_min` is one rate for all groups. So a group whose own rate is lower rises to it. The trace has the second
    group, whose rate is 0.1."""
    lr, _ = run(lambda o: lr_scheduler.CosineAnnealingLR(o, 10, 0.2), [1.0, 0.1], 11)
    return difference("torch", rule("cosine", "torch", over=STEPS(10), end=0.2), 0.1, lr[1]), None


def torch_plateau_of_negative_metric() -> Shown:
    """With a relative threshold and a negative best value, a loss that gets worse counts as an improvement."""
    metrics = [-1.0 * 0.95**i for i in range(12)]
    options = reduce(0.5, 2, threshold=0.1)
    lr = run_plateau([0.1], metrics, options).lr
    table = rule("plateau", "torch", factor=0.5, patience=EPOCHS(2), threshold=0.1)
    return difference("torch", table, 0.1, lr, EPOCHS, metrics=metrics), None


def traces() -> Iterator[Difference]:
    """Yields every difference."""
    return differences(
        torch_sequence_in_sequence,
        torch_chained_in_sequence,
        torch_sequence_first_in_sequence,
        torch_chained_first_in_sequence,
        torch_one_cycle_in_sequence,
        torch_plateau_in_sequence,
        torch_milestone_zero,
        torch_constant_of_zero,
        torch_resumed_by_last_epoch,
        torch_resumed_without_optimizer,
        torch_restarts_by_epoch,
        torch_restarts_by_last_epoch,
        torch_one_cycle_extra_tick,
        torch_one_cycle_levels_groups,
        torch_chained_with_eta_min,
        torch_eta_min_above_a_group,
        torch_plateau_of_negative_metric,
    )
