"""Traces of PyTorch's ReduceLROnPlateau. `lr` has the rate of each epoch, and the rate after the last one."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from torch.optim import lr_scheduler

from make.schedules.metrics import (
    ABS,
    AT_THRESHOLD,
    FALLING,
    IN_COOLDOWN,
    MAX,
    NAN_FIRST,
    NAN_INSIDE,
    REL,
    SHORT,
    STAGES,
    STEADY,
    UPWARDS,
    noisy,
    plateau_rule,
    reduce,
)
from make.schedules.torch_rules import optimizer
from make.schedules.trace import EPOCHS, Rates, Trace, rule

# name -> (base rate, metrics, options)
CASES = {
    "defaults": (0.1, [1.0, 0.5, 0.4] + [0.4] * 35, {}),
    "stages": (0.1, STAGES, reduce(0.5, 3)),
    "rel_min": (0.1, noisy(60, 1), reduce(0.5, 3) | REL),
    "rel_max": (0.1, noisy(60, 2, sign=-1), reduce(0.3, 2) | REL | MAX),
    "abs_min": (0.1, noisy(60, 3), reduce(0.5, 2) | ABS),
    "abs_max": (0.1, UPWARDS, reduce(0.5, 2) | ABS | MAX),
    "abs_negative": (0.1, [-m for m in FALLING], reduce(0.5, 2) | ABS | MAX),
    "at_threshold_abs": (1.0, AT_THRESHOLD, reduce(0.5, 1, threshold=0.0625, threshold_mode="abs")),
    "at_threshold_rel": (1.0, [1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125], reduce(0.5, 0, threshold=0.25)),
    "patience_zero": (0.1, SHORT, reduce(0.5, 0)),
    "cooldown": (0.1, STAGES, reduce(0.5, 2, cooldown=2)),
    "cooldown_long": (0.1, IN_COOLDOWN, reduce(0.5, 1, cooldown=4)),
    "cooldown_patience_zero": (0.1, STEADY, reduce(0.5, 0, cooldown=1)),
    "min_lr": (0.05, STEADY, reduce(0.1, 1, min_lr=0.002)),
    "eps_default": (1e-7, STEADY, reduce(0.5, 1)),
    "eps_zero": (1e-7, STEADY, reduce(0.5, 1, eps=0.0)),
    "eps_exact": (1.0, STEADY, reduce(0.5, 1, eps=0.125)),
    "nan_inside": (0.1, NAN_INSIDE, reduce(0.5, 2)),
    "nan_first": (0.1, NAN_FIRST, reduce(0.5, 1)),
}


def run(base_lrs: list[float], metrics: list[float], options: dict[str, Any]) -> Rates:
    """Returns the rates of each group, one more than there are metrics."""
    stepped = optimizer(base_lrs)
    scheduler = lr_scheduler.ReduceLROnPlateau(stepped, **options)
    lr = [[group["lr"]] for group in stepped.param_groups]
    for metric in metrics:
        stepped.step()
        scheduler.step(metric)
        for rates, group in zip(lr, stepped.param_groups):
            rates.append(group["lr"])
    return Rates.of_groups(base_lrs, lr)


def run_after_warmup(base_lr: float, metrics: list[float], options: dict[str, Any], start: float, warmup: int) -> Rates:
    """Returns the rates with a warm-up by hand, as people write it: a loop that steps LinearLR first, and then the
    plateau."""
    stepped = optimizer([base_lr])
    plateau = lr_scheduler.ReduceLROnPlateau(stepped, **options)
    linear = lr_scheduler.LinearLR(stepped, start, 1.0, warmup)
    lr = [stepped.param_groups[0]["lr"]]
    for epoch, metric in enumerate(metrics):
        stepped.step()
        if epoch < warmup:
            linear.step()
        else:
            plateau.step(metric)
        lr.append(stepped.param_groups[0]["lr"])
    return Rates(lr)


def traces() -> Iterator[Trace]:
    """Yields the traces of plateaus."""
    for name, (base_lr, metrics, options) in CASES.items():
        measure = partial(run, [base_lr], metrics, options)
        yield Trace(
            "torch", f"plateau_{name}", plateau_rule("plateau", options), base_lr, measure, EPOCHS, metrics=metrics
        )

    options = reduce(0.5, 2, min_lr=0.004, cooldown=1)
    measure = partial(run, [0.1, 0.02, 0.3], STAGES, options)
    table = plateau_rule("plateau", options, "torch")
    yield Trace("torch", "plateau_groups", table, 0.1, measure, EPOCHS, metrics=STAGES)

    options = reduce(0.5, 2)
    measure = partial(run_after_warmup, 0.1, STAGES, options, 0.2, 5)
    table = plateau_rule("plateau", options)
    parts = [rule("linear", start=0.2, end=1.0, over=EPOCHS(5), tick="epoch", for_=EPOCHS(5)), table]
    yield Trace("torch", "plateau_after_linear", parts, 0.1, measure, EPOCHS, metrics=STAGES)
    # In PyTorch's convention, a warm-up starts at 1/3, as LinearLR does.
    measure = partial(run_after_warmup, 0.1, STAGES, options, 1 / 3, 4)
    warmed = plateau_rule("plateau", options, "torch") | {"warmup": {"for": EPOCHS(4), "tick": "epoch"}}
    yield Trace("torch", "plateau_warmup", warmed, 0.1, measure, EPOCHS, metrics=STAGES)
