"""Traces of PyTorch's composed schedulers (SequentialLR, ChainedScheduler, SWALR after another scheduler), and of
several parameter groups under one schedule."""

from collections.abc import Iterator
from functools import partial

from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR

from make.schedules.torch_rules import (
    constant,
    cosine,
    exponential,
    expression,
    linear,
    multistep,
    optimizer,
    polynomial,
    rates,
    restarts,
    step,
)
from make.schedules.trace import EPOCHS, STEPS, Rates, Trace, absolute, rule


def sequence(*parts, unit=STEPS):
    """Each part is (length, (table, scheduler)). The length of the last part is None."""
    tables = [table if length is None else table | {"for": unit(length)} for length, (table, _) in parts]
    milestones, end = [], 0
    for length, _ in parts[:-1]:
        end += length
        milestones.append(end)
    return tables, lambda o: lr_scheduler.SequentialLR(o, [make(o) for _, (_, make) in parts], milestones)


def nested(*parts, inner):
    """A sequence in which the parts `inner` (a slice) are a sequence of their own. PyTorch gets all parts in one
    sequence, because a nested one is a tick early or fails (see `differences/torch.py`)."""
    tables, make = sequence(*parts)
    within = tables[inner]
    table = rule("sequence", parts=[*within[:-1], {k: v for k, v in within[-1].items() if k != "for"}])
    if inner.stop is not None:
        table["for"] = STEPS(sum(length for length, _ in parts[inner]))
    return [*tables[: inner.start], table, *tables[len(tables[: inner.start]) + len(within) :]], make


def product(*parts):
    """ChainedScheduler of rules that only multiply. Then it is the product of the rules."""
    table = rule("product", parts=[table for table, _ in parts])
    return table, lambda o: lr_scheduler.ChainedScheduler([make(o) for _, make in parts])


# name -> (base rate, ticks, unit, rule)
SCHEDULES = {
    "sequence_linear_hold_step": (
        0.1,
        40,
        STEPS,
        sequence((5, linear(1 / 3, 1.0, 5)), (10, constant()), (None, step(4, 0.5))),
    ),
    "sequence_linear_hold_exponential": (
        0.02,
        40,
        STEPS,
        sequence((8, linear(0.1, 1.0, 8)), (4, constant()), (None, exponential(0.9))),
    ),
    "sequence_cut_short": (
        0.3,
        30,
        STEPS,
        sequence((4, linear(0.2, 1.0, 10)), (6, exponential(0.8)), (None, step(3, 0.1))),
    ),
    "sequence_longer_than_child": (
        0.3,
        30,
        STEPS,
        sequence((9, linear(0.5, 0.8, 4)), (11, constant(0.5)), (None, linear(1.0, 0.1, 5))),
    ),
    "sequence_step_then_linear": (
        0.1,
        25,
        STEPS,
        sequence((3, constant(0.5)), (7, step(2, 0.3)), (None, linear(1.0, 0.2, 6))),
    ),
    "sequence_epochs": (
        0.1,
        15,
        EPOCHS,
        sequence((3, linear(0.25, 1.0, 3, EPOCHS)), (4, constant()), (None, step(2, 0.1, EPOCHS)), unit=EPOCHS),
    ),
    "sequence_linear_cosine": (0.1, 50, STEPS, sequence((5, linear(0.01, 1.0, 5)), (None, cosine(45)))),
    "sequence_cosine_rising": (0.1, 50, STEPS, sequence((30, cosine(12, 0.01)), (None, polynomial(15, 2.0)))),
    "sequence_multistep_restarts": (
        0.1,
        60,
        STEPS,
        sequence((20, multistep([4, 9], 0.5)), (None, restarts(6, 2, 0.001))),
    ),
    "sequence_expression": (
        0.1,
        30,
        STEPS,
        sequence((10, expression("(t + 1) / 10", lambda t: (t + 1) / 10)), (None, exponential(0.9))),
    ),
    "sequence_nested_first": (
        0.1,
        40,
        STEPS,
        nested((4, linear(0.25, 1.0, 4)), (12, step(3, 0.5)), (None, cosine(24)), inner=slice(0, 2)),
    ),
    "sequence_nested_last": (
        0.1,
        40,
        STEPS,
        nested(
            (5, linear(0.2, 1.0, 5)),
            (10, constant()),
            (10, exponential(0.9)),
            (None, cosine(15)),
            inner=slice(2, None),
        ),
    ),
    "sequence_nested_middle": (
        0.1,
        36,
        STEPS,
        nested(
            (6, linear(0.5, 1.0, 6)),
            (9, step(2, 0.7)),
            (9, polynomial(9)),
            (None, linear(0.5, 0.1, 12)),
            inner=slice(1, 3),
        ),
    ),
    "product_two": (0.1, 40, STEPS, product(step(7, 0.5), exponential(0.97))),
    "product_three": (0.3, 40, STEPS, product(linear(0.25, 1.0, 8), multistep([10, 25], 0.3), exponential(0.99))),
    "product_with_polynomial": (0.3, 30, STEPS, product(constant(0.5), polynomial(30, 2.0))),
    "product_with_cosine": (0.1, 30, STEPS, product(cosine(30), step(11, 0.6))),
}

# Two or three groups under one schedule: name -> (base rates, ticks, rule)
WITH_GROUPS = {
    "groups_cosine_eta_min": ([0.1, 0.02, 1.0], 40, cosine(25, 0.003)),
    "groups_restarts": ([0.1, 0.05], 40, restarts(6, 2, 0.001)),
    "groups_multistep": ([0.1, 0.3], 20, multistep([5, 12], 0.5)),
    "groups_polynomial": ([0.1, 0.003], 20, polynomial(15, 2.0)),
    "groups_linear": ([0.01, 0.2], 20, linear(0.1, 0.9, 12)),
    "groups_expression": ([0.1, 0.01], 20, expression("1 - t / T", lambda t: 1 - t / 20)),
    "groups_sequence": ([0.1, 0.02], 30, sequence((5, linear(0.2, 1.0, 5)), (None, cosine(25, 0.001)))),
    "groups_product": ([0.1, 0.02], 30, product(step(7, 0.5), exponential(0.97))),
}


def swa(strategy: str, base_lr: float, swa_lr: float, start: int, anneal: int, ticks: int) -> Rates:
    """Returns the rates of MultiStepLR, and of SWALR from `start` on, as in the example of PyTorch's documentation. The
    first tick of SWALR still has the rate of the tick before."""
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
    return Rates(lr)


def swa_traces() -> Iterator[Trace]:
    """Yields the traces of SWALR."""
    start = 10
    drop = rule("multistep", milestones=[EPOCHS(start // 2)], factor=0.5, for_=EPOCHS(start - 1))
    for strategy, anneal in [("linear", 6), ("cos", 8)]:
        # The rate falls from 0.05 to 0.02, and the base rate is 0.1. A part with `from = "current"` could not have an
        # absolute end.
        if strategy == "linear":
            end = rule("linear", start=0.5, end=absolute(0.02), over=EPOCHS(anneal), tick="epoch")
        else:
            between = f"0.5 + (0.02 / base - 0.5) * 0.5 * (1 - cos(pi * min(t, {anneal}) / {anneal}))"
            end = rule("expression", formula=between, tick="epoch")
        measure = partial(swa, strategy, 0.1, 0.02, start, anneal, 24)
        yield Trace("torch", f"swa_{strategy}", [drop, end], 0.1, measure, EPOCHS)


def traces() -> Iterator[Trace]:
    """Yields the traces of composed schedulers."""
    for name, (base_lr, ticks, unit, (schedule, make)) in SCHEDULES.items():
        yield Trace("torch", name, schedule, base_lr, partial(rates, make, [base_lr], ticks), unit)
    for name, (base_lrs, ticks, (schedule, make)) in WITH_GROUPS.items():
        yield Trace("torch", name, schedule, base_lrs[0], partial(rates, make, base_lrs, ticks))
    yield from swa_traces()
