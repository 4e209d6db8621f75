"""Golden traces of PyTorch's schedulers that look at the clock. One `scheduler.step()` is a tick.

Each builder below gives the table of our rule and the scheduler it stands for. Where a rule has options that the
convention sets, the table has only the convention; `*_explicit` cases have the options.
"""

import math

import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR

from golden_trace import EPOCHS, STEPS, Trace, absolute, rule

FOREVER = 10**6


def constant(factor=None, unit=STEPS):
    table = rule("constant") if factor is None else rule("constant", factor=factor)
    return table, lambda o: lr_scheduler.ConstantLR(o, factor or 1.0, total_iters=FOREVER)


def constant_then_base(factor, until):
    """ConstantLR as it is: a factor for some steps, then the base rate. In a spec, a sequence."""
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
    """`keys`: explicit options instead of the convention."""
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


def sequence(*parts, unit=STEPS):
    """Parts are (length, (table, scheduler)); the last has length None."""
    tables = [table if length is None else table | {"for": unit(length)} for length, (table, _) in parts]
    milestones, end = [], 0
    for length, _ in parts[:-1]:
        end += length
        milestones.append(end)
    return tables, lambda o: lr_scheduler.SequentialLR(o, [make(o) for _, (_, make) in parts], milestones)


def nested(*parts, inner):
    """A sequence in which the parts `inner` (a slice) are a sequence of their own. PyTorch gets them flat: nested, it is
    a tick early or fails (see golden_schedule_differences.py)."""
    tables, make = sequence(*parts)
    within = tables[inner]
    table = rule("sequence", parts=[*within[:-1], {k: v for k, v in within[-1].items() if k != "for"}])
    if inner.stop is not None:
        table["for"] = STEPS(sum(length for length, _ in parts[inner]))
    return [*tables[: inner.start], table, *tables[len(tables[: inner.start]) + len(within) :]], make


def product(*parts):
    """ChainedScheduler of rules that only multiply: there it is the product."""
    table = rule("product", parts=[table for table, _ in parts])
    return table, lambda o: lr_scheduler.ChainedScheduler([make(o) for _, make in parts])


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
    "cyclic_triangular2": (
        0.1, 90, STEPS, cyclic(0.01, 0.1, 8, 5, mode="triangular2", cycle_momentum=False)
    ),
    "cyclic_exp_range": (
        0.1, 80, STEPS, cyclic(0.01, 0.5, 6, 9, mode="exp_range", gamma=0.97, cycle_momentum=False)
    ),
    "cyclic_once": (0.1, 9, STEPS, cyclic(0.01, 0.1, 1, 1, cycle_momentum=False)),
    "cyclic_epochs": (0.1, 20, EPOCHS, cyclic(0.01, 0.1, 3, 4, EPOCHS, cycle_momentum=False)),
    "cyclic_exp_range_epochs": (
        0.1, 20, EPOCHS, cyclic(0.01, 0.1, 3, 2, EPOCHS, mode="exp_range", gamma=0.9, cycle_momentum=False)
    ),
    "one_cycle_defaults": (0.1, 100, STEPS, one_cycle(100, 0.1, cycle_momentum=False)),
    "one_cycle_linear": (0.1, 40, STEPS, one_cycle(40, 0.1, anneal_strategy="linear", cycle_momentum=False)),
    "one_cycle_fraction": (0.02, 37, STEPS, one_cycle(37, 0.5, pct_start=0.25, cycle_momentum=False)),
    "one_cycle_explicit": (
        0.1, 30, STEPS,
        one_cycle(30, 0.1, convention=None, pct_start=0.4, div_factor=10.0, final_div_factor=100.0,
                  anneal_strategy="linear", cycle_momentum=False),
    ),
    "one_cycle_three_phase": (0.1, 60, STEPS, one_cycle(60, 0.1, three_phase=True, cycle_momentum=False)),
    "one_cycle_three_phase_linear": (
        0.1, 45, STEPS,
        one_cycle(45, 0.3, pct_start=0.35, three_phase=True, anneal_strategy="linear", div_factor=4.0,
                  final_div_factor=50.0, cycle_momentum=False),
    ),
    "one_cycle_epochs": (0.1, 20, EPOCHS, one_cycle(20, 0.1, EPOCHS, cycle_momentum=False)),
    "expression_line": (0.1, 20, STEPS, expression("1 - t / T", lambda t: 1 - t / 20)),
    "expression_cosine": (
        0.3, 30, STEPS, expression("0.5 * (1 + cos(pi * t / T))", lambda t: 0.5 * (1 + math.cos(math.pi * t / 30)))
    ),
    "expression_power": (0.02, 30, STEPS, expression("0.9 ^ (t % 10) * 0.5 ^ floor(t / 10)",
                                                    lambda t: 0.9 ** (t % 10) * 0.5 ** (t // 10))),
    "expression_pieces": (0.5, 30, STEPS, SEVEN_PIECES),
    "expression_exp": (
        0.1, 25, STEPS,
        expression("exp(-0.1 * step) / (1 + ln(1 + t)) - min(0.01, 0.001 * t)",
                   lambda t: math.exp(-0.1 * t) / (1 + math.log(1 + t)) - min(0.01, 0.001 * t)),
    ),
    "expression_epochs": (0.1, 12, EPOCHS, expression("1 / (1 + 0.3 * epoch)", lambda t: 1 / (1 + 0.3 * t), EPOCHS)),
    "sequence_linear_hold_step": (
        0.1, 40, STEPS,
        sequence((5, linear(1 / 3, 1.0, 5)), (10, constant()), (None, step(4, 0.5))),
    ),
    "sequence_linear_hold_exponential": (
        0.02, 40, STEPS,
        sequence((8, linear(0.1, 1.0, 8)), (4, constant()), (None, exponential(0.9))),
    ),
    "sequence_cut_short": (
        0.3, 30, STEPS,
        sequence((4, linear(0.2, 1.0, 10)), (6, exponential(0.8)), (None, step(3, 0.1))),
    ),
    "sequence_longer_than_child": (
        0.3, 30, STEPS,
        sequence((9, linear(0.5, 0.8, 4)), (11, constant(0.5)), (None, linear(1.0, 0.1, 5))),
    ),
    "sequence_step_then_linear": (
        0.1, 25, STEPS,
        sequence((3, constant(0.5)), (7, step(2, 0.3)), (None, linear(1.0, 0.2, 6))),
    ),
    "sequence_epochs": (
        0.1, 15, EPOCHS,
        sequence(
            (3, linear(0.25, 1.0, 3, EPOCHS)), (4, constant()), (None, step(2, 0.1, EPOCHS)), unit=EPOCHS
        ),
    ),
    "sequence_linear_cosine": (0.1, 50, STEPS, sequence((5, linear(0.01, 1.0, 5)), (None, cosine(45)))),
    "sequence_cosine_rising": (0.1, 50, STEPS, sequence((30, cosine(12, 0.01)), (None, polynomial(15, 2.0)))),
    "sequence_multistep_restarts": (
        0.1, 60, STEPS, sequence((20, multistep([4, 9], 0.5)), (None, restarts(6, 2, 0.001)))
    ),
    "sequence_expression": (
        0.1, 30, STEPS,
        sequence((10, expression("(t + 1) / 10", lambda t: (t + 1) / 10)), (None, exponential(0.9))),
    ),
    "sequence_nested_first": (
        0.1, 40, STEPS,
        nested(
            (4, linear(0.25, 1.0, 4)), (12, step(3, 0.5)), (None, cosine(24)), inner=slice(0, 2)
        ),
    ),
    "sequence_nested_last": (
        0.1, 40, STEPS,
        nested(
            (5, linear(0.2, 1.0, 5)), (10, constant()), (10, exponential(0.9)), (None, cosine(15)),
            inner=slice(2, None),
        ),
    ),
    "sequence_nested_middle": (
        0.1, 36, STEPS,
        nested(
            (6, linear(0.5, 1.0, 6)), (9, step(2, 0.7)), (9, polynomial(9)), (None, linear(0.5, 0.1, 12)),
            inner=slice(1, 3),
        ),
    ),
    "product_two": (0.1, 40, STEPS, product(step(7, 0.5), exponential(0.97))),
    "product_three": (
        0.3, 40, STEPS, product(linear(0.25, 1.0, 8), multistep([10, 25], 0.3), exponential(0.99))
    ),
    "product_with_polynomial": (0.3, 30, STEPS, product(constant(0.5), polynomial(30, 2.0))),
    "product_with_cosine": (0.1, 30, STEPS, product(cosine(30), step(11, 0.6))),
}

# The same, with momentum (or β₁): name -> (base rate, ticks, optimizer, rule)
WITH_MOMENTUM = {
    "cyclic_momentum": (0.1, 50, "sgd", cyclic(0.01, 0.1, 9)),
    "cyclic_momentum_triangular2": (
        0.1, 70, "sgd",
        cyclic(0.01, 0.1, 7, 4, mode="triangular2", base_momentum=0.7, max_momentum=0.95),
    ),
    "cyclic_momentum_exp_range": (0.1, 50, "sgd", cyclic(0.01, 0.1, 7, 4, mode="exp_range", gamma=0.96)),
    "cyclic_beta1": (0.003, 40, "adam", cyclic(0.0001, 0.003, 6, 10)),
    "one_cycle_momentum": (0.1, 60, "sgd", one_cycle(60, 0.1)),
    "one_cycle_momentum_linear": (
        0.1, 50, "sgd",
        one_cycle(50, 0.1, anneal_strategy="linear", base_momentum=0.8, max_momentum=0.9, pct_start=0.45),
    ),
    "one_cycle_momentum_three_phase": (0.1, 60, "sgd", one_cycle(60, 0.1, three_phase=True)),
    "one_cycle_beta1": (0.001, 40, "adam", one_cycle(40, 0.01, pct_start=0.2)),
}

# Two or three groups under one schedule: name -> (base rates, ticks, rule)
WITH_GROUPS = {
    "groups_cosine_eta_min": ([0.1, 0.02, 1.0], 40, cosine(25, 0.003)),
    "groups_restarts": ([0.1, 0.05], 40, restarts(6, 2, 0.001)),
    "groups_multistep": ([0.1, 0.3], 20, multistep([5, 12], 0.5)),
    "groups_polynomial": ([0.1, 0.003], 20, polynomial(15, 2.0)),
    "groups_linear": ([0.01, 0.2], 20, linear(0.1, 0.9, 12)),
    "groups_expression": ([0.1, 0.01], 20, expression("1 - t / T", lambda t: 1 - t / 20)),
    "groups_sequence": (
        [0.1, 0.02], 30, sequence((5, linear(0.2, 1.0, 5)), (None, cosine(25, 0.001)))
    ),
    "groups_product": ([0.1, 0.02], 30, product(step(7, 0.5), exponential(0.97))),
}


def optimizer(base_lrs, name="sgd"):
    """One parameter in each group."""
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in base_lrs]
    if name == "adam":
        return torch.optim.Adam(groups, lr=base_lrs[0])
    return torch.optim.SGD(groups, lr=base_lrs[0], momentum=0.9)


def momentum_of(group):
    return float(group["betas"][0] if "betas" in group else group["momentum"])


def run(make, base_lrs, ticks, name="sgd"):
    """The rates of each group, and the first group's momentum."""
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


# PyTorch computes most rates from the one before, and collects rounding on the way.
SLACK = 1e-14


def swa(strategy, base_lr, swa_lr, start, anneal, ticks):
    """MultiStepLR, and from `start` on SWALR in its place, as its documentation has it. SWALR's first tick is still at
    the rate it finds, which is that of the tick before."""
    stepped = optimizer([base_lr])
    scheduler = lr_scheduler.MultiStepLR(stepped, [start // 2], 0.5)
    averaged = SWALR(stepped, swa_lr, anneal, strategy)
    lr = []
    for tick in range(ticks):
        lr.append(float(stepped.param_groups[0]["lr"]))
        stepped.step()
        if tick + 1 < start:
            scheduler.step()
        else:
            averaged.step()
    return lr


def swa_traces():
    start = 10
    drop = rule("multistep", milestones=[EPOCHS(start // 2)], factor=0.5, for_=EPOCHS(start - 1))
    for strategy, anneal in [("linear", 6), ("cos", 8)]:
        # From 0.05 to 0.02 when the base rate is 0.1; `current` would do as well, but not with an absolute end.
        if strategy == "linear":
            end = rule("linear", start=0.5, end=absolute(0.02), over=EPOCHS(anneal), tick="epoch")
        else:
            between = f"0.5 + (0.02 / base - 0.5) * 0.5 * (1 - cos(pi * min(t, {anneal}) / {anneal}))"
            end = rule("expression", formula=between, tick="epoch")
        lr = swa(strategy, 0.1, 0.02, start, anneal, 24)
        yield Trace("torch", f"swa_{strategy}", [drop, end], 0.1, lr, EPOCHS, slack=SLACK)


def traces():
    for name, (base_lr, ticks, unit, (schedule, make)) in SCHEDULES.items():
        [lr], _ = run(make, [base_lr], ticks)
        yield Trace("torch", name, schedule, base_lr, lr, unit, slack=SLACK)
    for name, (base_lr, ticks, optimizer_name, (schedule, make)) in WITH_MOMENTUM.items():
        [lr], momentum = run(make, [base_lr], ticks, optimizer_name)
        yield Trace("torch", name, schedule, base_lr, lr, momentum=momentum, slack=SLACK)
    for name, (base_lrs, ticks, (schedule, make)) in WITH_GROUPS.items():
        lr, _ = run(make, base_lrs, ticks)
        groups = dict(zip(base_lrs[1:], lr[1:]))
        yield Trace("torch", name, schedule, base_lrs[0], lr[0], groups=groups, slack=SLACK)
    # Half as long again as the run: past the end, a cosine in PyTorch comes up.
    [lr], _ = run(lambda o: lr_scheduler.CosineAnnealingLR(o, 20), [0.1], 30)
    yield Trace("torch", "cosine_past_the_run", rule("cosine", "torch"), 0.1, lr, total=20, slack=SLACK)
    yield from swa_traces()
