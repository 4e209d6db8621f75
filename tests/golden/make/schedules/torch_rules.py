"""Traces of PyTorch's single schedulers that depend on the clock. One `scheduler.step()` is a tick.

Each builder below returns the table of our rule and a function that makes the scheduler of the same meaning. If the
convention sets options of the rule, the table has only the convention. The `*_explicit` cases have the options instead.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch.optim import lr_scheduler

from make.schedules.trace import EPOCHS, STEPS, Rates, Trace, absolute, rule

FOREVER = 10**6


def constant(factor=None, unit=STEPS):
    table = rule("constant") if factor is None else rule("constant", factor=factor)
    return table, lambda o: lr_scheduler.ConstantLR(o, factor or 1.0, total_iters=FOREVER)


def constant_then_base(factor, until):
    """ConstantLR as PyTorch has it: a factor for some steps, then the base rate. In our spec, it is a sequence."""
    tables = [rule("constant", factor=factor, for_=STEPS(until)), rule("constant")]
    return tables, lambda o: lr_scheduler.ConstantLR(o, factor, until)


def step(every, factor, unit=STEPS):
    return rule("step", every=unit(every), factor=factor), lambda o: lr_scheduler.StepLR(o, every, factor)


def step_from(first, every, factor, unit=STEPS):
    """Drops at `first`, `first + every`, …"""
    table = rule("step", first=unit(first), every=unit(every), factor=factor)
    return table, lambda o: lr_scheduler.MultiStepLR(o, list(range(first, 1000, every)), factor)


def multistep(milestones, factor=0.1, unit=STEPS):
    table = rule("multistep", "torch", milestones=[unit(m) for m in milestones])
    table |= {"factor": factor} if factor != 0.1 else {}
    return table, lambda o: lr_scheduler.MultiStepLR(o, milestones, factor)


def linear(start, end, over, unit=STEPS):
    table = rule("linear", start=start, end=end, over=unit(over)) | unit.tick
    return table, lambda o: lr_scheduler.LinearLR(o, start, end, over)


def linear_default(over):
    return rule("linear", "torch", over=STEPS(over)), lambda o: lr_scheduler.LinearLR(o, total_iters=over)


def exponential(factor, unit=STEPS):
    table = rule("exponential", factor=factor, every=unit(1)) | unit.tick
    return table, lambda o: lr_scheduler.ExponentialLR(o, factor)


def polynomial(over, power=1.0, unit=STEPS):
    table = rule("polynomial", "torch", over=unit(over), power=power) | unit.tick
    return table, lambda o: lr_scheduler.PolynomialLR(o, over, power)


def cosine(over, eta_min=None, unit=STEPS, convention="torch", **keys):
    """`keys` are explicit options instead of the convention."""
    table = rule("cosine", convention, over=unit(over), **keys) | unit.tick
    table |= {"end": absolute(eta_min)} if eta_min else {}
    return table, lambda o: lr_scheduler.CosineAnnealingLR(o, over, eta_min or 0.0)


def restarts(period, mult=1, eta_min=None, unit=STEPS):
    table = rule("cosine_restarts", "torch", period=unit(period)) | unit.tick
    table |= {"period_mult": float(mult)} if mult != 1 else {}
    table |= {"end": absolute(eta_min)} if eta_min else {}
    return table, lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, period, mult, eta_min or 0.0)


def cyclic(low, high, up, down=None, unit=STEPS, **options):
    table = rule("cyclic", "torch", low=absolute(low), high=absolute(high), up=unit(up)) | options | unit.tick
    table |= {"down": unit(down)} if down else {}
    return table, lambda o: lr_scheduler.CyclicLR(o, low, high, up, down, **options)


def one_cycle(over, peak, unit=STEPS, convention="torch", **options):
    names = {"anneal_strategy": "anneal"}
    keys = {names.get(key, key): value for key, value in options.items()}
    table = rule("one_cycle", convention, max=absolute(peak), over=unit(over)) | keys | unit.tick
    return table, lambda o: lr_scheduler.OneCycleLR(o, peak, total_steps=over, **options)


def expression(formula, function, unit=STEPS):
    table = rule("expression", formula=formula) | unit.tick
    return table, lambda o: lr_scheduler.LambdaLR(o, function)


SEVEN_PIECES = expression(
    "if(t < 5, (t + 1) / 5, if(t >= 20 && t != 22, max(0.1, 1 - t / T), sqrt(abs(cos(t)))))",
    lambda t: (t + 1) / 5 if t < 5 else max(0.1, 1 - t / 30) if t >= 20 and t != 22 else math.sqrt(abs(math.cos(t))),
)

# name -> (base rate, ticks, unit, rule)
SCHEDULES = {
    "constant_plain": (0.1, 8, STEPS, constant()),
    "constant_factor": (0.4, 8, STEPS, constant(0.25)),
    "constant_then_base": (0.1, 12, STEPS, constant_then_base(1 / 3, 5)),
    "constant_then_base_once": (0.02, 6, STEPS, constant_then_base(0.1, 1)),
    "step_ten": (0.1, 45, STEPS, step(10, 0.1)),
    "step_seven": (0.003, 40, STEPS, step(7, 0.5)),
    "step_each": (1.0, 12, STEPS, step(1, 0.3)),
    "step_epochs": (0.2, 12, EPOCHS, step(3, 0.3, EPOCHS)),
    "step_first": (0.1, 35, STEPS, step_from(1, 10, 0.1)),
    "step_first_early": (0.5, 30, STEPS, step_from(4, 6, 0.7)),
    "step_first_late": (0.5, 30, STEPS, step_from(12, 5, 0.2)),
    "multistep_two": (0.1, 40, STEPS, multistep([12, 30])),
    "multistep_neighbours": (0.3, 20, STEPS, multistep([1, 2, 3, 10], 0.5)),
    "multistep_last_tick": (0.3, 20, STEPS, multistep([10, 19], 0.2)),
    "multistep_growing": (0.01, 20, STEPS, multistep([5, 15], 1.5)),
    "multistep_epochs": (0.1, 12, EPOCHS, multistep([3, 8], 0.3, EPOCHS)),
    "linear_default": (0.1, 12, STEPS, linear_default(5)),
    "linear_up": (0.1, 20, STEPS, linear(1 / 3, 1.0, 5)),
    "linear_down": (0.02, 30, STEPS, linear(1.0, 0.1, 17)),
    "linear_to_zero": (0.5, 12, STEPS, linear(0.8, 0.0, 8)),
    "linear_once": (0.5, 6, STEPS, linear(0.25, 0.75, 1)),
    "linear_epochs": (0.1, 10, EPOCHS, linear(0.1, 1.0, 6, EPOCHS)),
    "exponential_slow": (0.1, 60, STEPS, exponential(0.95)),
    "exponential_fast": (0.003, 30, STEPS, exponential(0.6)),
    "exponential_epochs": (0.1, 15, EPOCHS, exponential(0.8, EPOCHS)),
    "polynomial_line": (0.1, 20, STEPS, polynomial(16)),
    "polynomial_square": (0.3, 40, STEPS, polynomial(30, 2.0)),
    "polynomial_root": (0.003, 30, STEPS, polynomial(25, 0.5)),
    "polynomial_once": (0.1, 5, STEPS, polynomial(1, 3.0)),
    "polynomial_epochs": (0.1, 12, EPOCHS, polynomial(9, 1.5, EPOCHS)),
    "cosine_whole": (0.1, 50, STEPS, cosine(50)),
    "cosine_rises": (0.1, 70, STEPS, cosine(20)),
    "cosine_rises_explicit": (0.1, 45, STEPS, cosine(15, 0.004, convention=None, past_end="rise")),
    "cosine_eta_min": (0.2, 60, STEPS, cosine(25, 0.003)),
    "cosine_odd": (0.003, 30, STEPS, cosine(7, 1e-5)),
    "cosine_once": (0.1, 9, STEPS, cosine(1)),
    "cosine_epochs": (0.1, 24, EPOCHS, cosine(10, 0.001, EPOCHS)),
    "cosine_restarts_one": (0.1, 45, STEPS, restarts(10)),
    "cosine_restarts_two": (0.1, 80, STEPS, restarts(5, 2)),
    "cosine_restarts_three": (0.3, 120, STEPS, restarts(3, 3, 0.002)),
    "cosine_restarts_eta_min": (0.01, 40, STEPS, restarts(7, 1, 0.001)),
    "cosine_restarts_each": (0.01, 12, STEPS, restarts(1, 2)),
    "cosine_restarts_epochs": (0.1, 24, EPOCHS, restarts(3, 2, unit=EPOCHS)),
    "cyclic_triangular": (0.1, 60, STEPS, cyclic(0.01, 0.1, 12, cycle_momentum=False)),
    "cyclic_asymmetric": (0.1, 60, STEPS, cyclic(0.02, 0.3, 4, 13, cycle_momentum=False)),
    "cyclic_triangular2": (0.1, 90, STEPS, cyclic(0.01, 0.1, 8, 5, mode="triangular2", cycle_momentum=False)),
    "cyclic_exp_range": (0.1, 80, STEPS, cyclic(0.01, 0.5, 6, 9, mode="exp_range", gamma=0.97, cycle_momentum=False)),
    "cyclic_once": (0.1, 9, STEPS, cyclic(0.01, 0.1, 1, 1, cycle_momentum=False)),
    "cyclic_epochs": (0.1, 20, EPOCHS, cyclic(0.01, 0.1, 3, 4, EPOCHS, cycle_momentum=False)),
    "cyclic_exp_range_epochs": (
        0.1,
        20,
        EPOCHS,
        cyclic(0.01, 0.1, 3, 2, EPOCHS, mode="exp_range", gamma=0.9, cycle_momentum=False),
    ),
    "one_cycle_defaults": (0.1, 100, STEPS, one_cycle(100, 0.1, cycle_momentum=False)),
    # This trace is long enough to detect a formula that loses digits where the rate is small.
    "one_cycle_long": (0.1, 1500, STEPS, one_cycle(1500, 0.1, cycle_momentum=False)),
    "one_cycle_linear": (0.1, 40, STEPS, one_cycle(40, 0.1, anneal_strategy="linear", cycle_momentum=False)),
    "one_cycle_fraction": (0.02, 37, STEPS, one_cycle(37, 0.5, pct_start=0.25, cycle_momentum=False)),
    "one_cycle_explicit": (
        0.1,
        30,
        STEPS,
        one_cycle(
            30,
            0.1,
            convention=None,
            pct_start=0.4,
            div_factor=10.0,
            final_div_factor=100.0,
            anneal_strategy="linear",
            cycle_momentum=False,
        ),
    ),
    "one_cycle_three_phase": (0.1, 60, STEPS, one_cycle(60, 0.1, three_phase=True, cycle_momentum=False)),
    "one_cycle_three_phase_linear": (
        0.1,
        45,
        STEPS,
        one_cycle(
            45,
            0.3,
            pct_start=0.35,
            three_phase=True,
            anneal_strategy="linear",
            div_factor=4.0,
            final_div_factor=50.0,
            cycle_momentum=False,
        ),
    ),
    "one_cycle_epochs": (0.1, 20, EPOCHS, one_cycle(20, 0.1, EPOCHS, cycle_momentum=False)),
    "expression_line": (0.1, 20, STEPS, expression("1 - t / T", lambda t: 1 - t / 20)),
    "expression_cosine": (
        0.3,
        30,
        STEPS,
        expression("0.5 * (1 + cos(pi * t / T))", lambda t: 0.5 * (1 + math.cos(math.pi * t / 30))),
    ),
    "expression_power": (
        0.02,
        30,
        STEPS,
        expression("0.9 ^ (t % 10) * 0.5 ^ floor(t / 10)", lambda t: 0.9 ** (t % 10) * 0.5 ** (t // 10)),
    ),
    "expression_pieces": (0.5, 30, STEPS, SEVEN_PIECES),
    "expression_exp": (
        0.1,
        25,
        STEPS,
        expression(
            "exp(-0.1 * step) / (1 + ln(1 + t)) - min(0.01, 0.001 * t)",
            lambda t: math.exp(-0.1 * t) / (1 + math.log(1 + t)) - min(0.01, 0.001 * t),
        ),
    ),
    "expression_epochs": (0.1, 12, EPOCHS, expression("1 / (1 + 0.3 * epoch)", lambda t: 1 / (1 + 0.3 * t), EPOCHS)),
}

# Schedulers that also set the momentum (or β₁): name -> (base rate, ticks, optimizer, rule)
WITH_MOMENTUM = {
    "cyclic_momentum": (0.1, 50, "sgd", cyclic(0.01, 0.1, 9)),
    "cyclic_momentum_triangular2": (
        0.1,
        70,
        "sgd",
        cyclic(0.01, 0.1, 7, 4, mode="triangular2", base_momentum=0.7, max_momentum=0.95),
    ),
    "cyclic_momentum_exp_range": (0.1, 50, "sgd", cyclic(0.01, 0.1, 7, 4, mode="exp_range", gamma=0.96)),
    "cyclic_beta1": (0.003, 40, "adam", cyclic(0.0001, 0.003, 6, 10)),
    "one_cycle_momentum": (0.1, 60, "sgd", one_cycle(60, 0.1)),
    "one_cycle_momentum_linear": (
        0.1,
        50,
        "sgd",
        one_cycle(50, 0.1, anneal_strategy="linear", base_momentum=0.8, max_momentum=0.9, pct_start=0.45),
    ),
    "one_cycle_momentum_three_phase": (0.1, 60, "sgd", one_cycle(60, 0.1, three_phase=True)),
    "one_cycle_beta1": (0.001, 40, "adam", one_cycle(40, 0.01, pct_start=0.2)),
}


def optimizer(base_lrs: list[float], name: str = "sgd") -> torch.optim.Optimizer:
    """Returns an optimizer with a parameter in each group."""
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in base_lrs]
    if name == "adam":
        return torch.optim.Adam(groups, lr=base_lrs[0])
    return torch.optim.SGD(groups, lr=base_lrs[0], momentum=0.9)


def momentum_of(group: dict[str, Any]) -> float:
    """Returns the momentum of a group, or its β₁."""
    return float(group["betas"][0] if "betas" in group else group["momentum"])


def run(
    make: Callable[[Any], Any], base_lrs: list[float], ticks: int, name: str = "sgd"
) -> tuple[list[list[float]], list[float]]:
    """Returns the rates of each group, and the momentum of the first."""
    stepped = optimizer(base_lrs, name)
    scheduler = make(stepped)
    lr, momentum = [[] for _ in base_lrs], []
    for tick in range(ticks):
        for rates, group in zip(lr, stepped.param_groups):
            rates.append(float(group["lr"]))
        momentum.append(momentum_of(stepped.param_groups[0]))
        stepped.step()
        # OneCycleLR has no tick after its last.
        if tick + 1 < ticks:
            scheduler.step()
    return lr, momentum


def rates(make: Callable[[Any], Any], base_lrs: list[float], ticks: int) -> Rates:
    """Returns the rates of a scheduler, for each group."""
    lr, _ = run(make, base_lrs, ticks)
    return Rates.of_groups(base_lrs, lr)


def rates_and_momentum(make: Callable[[Any], Any], base_lr: float, ticks: int, name: str) -> Rates:
    """Returns the rates of a scheduler and the momentum that it sets."""
    [lr], momentum = run(make, [base_lr], ticks, name)
    return Rates(lr, momentum)


def traces() -> Iterator[Trace]:
    """Yields the traces of single schedulers."""
    for name, (base_lr, ticks, unit, (schedule, make)) in SCHEDULES.items():
        yield Trace("torch", name, schedule, base_lr, partial(rates, make, [base_lr], ticks), unit)
    for name, (base_lr, ticks, optimizer_name, (schedule, make)) in WITH_MOMENTUM.items():
        measure = partial(rates_and_momentum, make, base_lr, ticks, optimizer_name)
        yield Trace("torch", name, schedule, base_lr, measure)
    # The trace is half as long again as the run, because PyTorch's cosine rises after its end.
    make = partial(lr_scheduler.CosineAnnealingLR, T_max=20)
    yield Trace("torch", "cosine_past_the_run", rule("cosine", "torch"), 0.1, partial(rates, make, [0.1], 30), total=20)
