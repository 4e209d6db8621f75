"""Traces of transformers's `get_scheduler`: schedules that multiply the rate at each step, and the two that observe a
metric. W is the length of the warm-up, and N the number of training steps."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from transformers import get_scheduler

from make.schedules.metrics import FALLING, MAX, STAGES, UPWARDS, noisy, plateau_rule, reduce
from make.schedules.torch_rules import optimizer
from make.schedules.trace import EPOCHS, STEPS, Rates, Trace, absolute, rule


def warmed(type, warmup, over=None, **keys):
    """`over` includes the warm-up."""
    table = rule(type, "transformers", **keys)
    table |= {"over": STEPS(over)} if over else {}
    return table | ({"warmup": STEPS(warmup)} if warmup else {})


def constant(warmup):
    return warmed("constant", warmup), "constant_with_warmup", warmup, None, {}


def linear(warmup, total):
    return warmed("linear", warmup, total), "linear", warmup, total, {}


def cosine(warmup, total, cycles=None):
    """`cycles` is `num_cycles`, the number of waves. Half a wave is a decay to 0."""
    options = {"num_cycles": cycles} if cycles else {}
    return warmed("cosine", warmup, total, **options), "cosine", warmup, total, options


def restarts(warmup, total, cycles=None):
    """Cycles of equal length fill the steps after the warm-up."""
    options = {"num_cycles": cycles} if cycles else {}
    return warmed("cosine_restarts", warmup, cycles=cycles or 1), "cosine_with_restarts", warmup, total, options


def polynomial(warmup, total, power=None, end=None):
    keys = ({"power": power} if power else {}) | ({"end": absolute(end)} if end else {})
    options = ({"power": power} if power else {}) | ({"lr_end": end} if end else {})
    return warmed("polynomial", warmup, total, **keys), "polynomial", warmup, total, options


def inverse_sqrt(warmup, timescale=None):
    keys = {"timescale": STEPS(timescale)} if timescale else {}
    options = {"timescale": timescale} if timescale else {}
    return warmed("inverse_sqrt", warmup, **keys), "inverse_sqrt", warmup, None, options


def cosine_min_lr(warmup, total, **end):
    level = absolute(end["min_lr"]) if "min_lr" in end else end["min_lr_rate"]
    return warmed("cosine", warmup, total, end=level), "cosine_with_min_lr", warmup, total, end


def cosine_warmup_min_lr(warmup, total, rate=None, **end):
    """The warm-up reaches its top at its last step, W - 1, which is the first step of the cosine. The cosine takes N -
    W steps."""
    level = absolute(end["min_lr"]) if "min_lr" in end else end["min_lr_rate"]
    start = rate if rate is not None else 1 / warmup
    table = rule("cosine", "transformers", over=STEPS(total - warmup), end=level)
    table["warmup"] = {"for": STEPS(warmup - 1), "start": start, "clock": "after"}
    options = end | ({} if rate is None else {"warmup_lr_rate": rate})
    return table, "cosine_warmup_with_min_lr", warmup, total, options


def wsd(warmup, stable, decay, warmup_type=None, decay_type=None, end=None, total=None):
    """If `total`, the `num_training_steps`, is given, the steps between warm-up and decay are stable."""
    table = warmed("wsd", None, total, decay=STEPS(decay)) | ({} if total else {"stable": STEPS(stable)})
    table["warmup"] = {"for": STEPS(warmup)} | ({"shape": warmup_type} if warmup_type else {})
    table |= ({"shape": decay_type} if decay_type else {}) | ({"end": end} if end else {})
    options = {"num_decay_steps": decay} | ({} if total else {"num_stable_steps": stable})
    options |= {"warmup_type": warmup_type} if warmup_type else {}
    options |= {"decay_type": decay_type} if decay_type else {}
    return table, "warmup_stable_decay", warmup, total, options | ({"min_lr_ratio": end} if end else {})


def explicit_linear(warmup, total):
    """Writes out the options that the convention sets."""
    keys = {"for": STEPS(warmup), "start": 0.0, "reach": "after", "clock": "within", "to": "rule"}
    table = rule("linear", start=1.0, end=0.0, over=STEPS(total), warmup=keys)
    return table, "linear", warmup, total, {}


# name -> (base rate, ticks, ticks of the run, (table, name there, W, N, options))
SCHEDULES = {
    "constant_plain": (0.1, 6, None, (rule("constant", "transformers"), "constant", None, None, {})),
    "constant_warmup": (0.1, 20, None, constant(7)),
    "linear_warmup": (0.1, 45, 45, linear(5, 40)),
    "linear_no_warmup": (0.003, 35, 30, linear(0, 30)),
    "linear_explicit": (0.1, 45, 45, explicit_linear(5, 40)),
    "cosine_warmup": (0.1, 55, 50, cosine(10, 50)),
    "cosine_no_warmup": (0.1, 45, 40, cosine(0, 40)),
    "cosine_waves": (0.1, 60, 55, cosine(7, 55, 2.0)),
    "cosine_quarter": (0.1, 50, 50, cosine(10, 50, 0.25)),
    "cosine_waves_and_a_bit": (0.1, 60, 60, cosine(8, 60, 1.25)),
    "cosine_nearly_a_wave": (0.1, 60, 60, cosine(0, 60, 0.9)),
    "cosine_restarts_one": (0.1, 55, 50, restarts(10, 50)),
    "cosine_restarts_three": (0.1, 55, 50, restarts(5, 50, 3)),
    "cosine_restarts_uneven": (0.1, 55, 50, restarts(0, 50, 7)),
    "polynomial_default": (0.1, 45, 40, polynomial(5, 40)),
    "polynomial_square": (0.1, 45, 45, polynomial(8, 40, 2.0, 0.002)),
    "polynomial_no_warmup": (0.02, 45, 45, polynomial(0, 40, 0.5, 1e-4)),
    "inverse_sqrt_default": (0.1, 30, None, inverse_sqrt(0)),
    "inverse_sqrt_warmup": (0.1, 60, None, inverse_sqrt(9)),
    "inverse_sqrt_timescale": (0.1, 60, None, inverse_sqrt(6, 25)),
    "cosine_min_lr": (0.1, 55, 50, cosine_min_lr(5, 50, min_lr=0.003)),
    "cosine_min_lr_rate": (0.1, 55, 50, cosine_min_lr(0, 50, min_lr_rate=0.1)),
    "cosine_warmup_min_lr": (0.1, 55, 55, cosine_warmup_min_lr(8, 50, min_lr=0.003)),
    "cosine_warmup_min_lr_rate": (0.1, 50, 50, cosine_warmup_min_lr(6, 50, 0.1, min_lr_rate=0.05)),
    "wsd_default": (0.1, 50, 45, wsd(10, 20, 15)),
    "wsd_linear": (0.1, 50, 50, wsd(10, 20, 15, "linear", "linear", 0.05)),
    "wsd_cosine": (0.1, 50, 50, wsd(12, 15, 15, "cosine", "cosine", 0.1)),
    "wsd_root": (0.1, 50, 50, wsd(12, 15, 15, "1-sqrt", "1-sqrt", 0.02)),
    "wsd_from_total": (0.1, 45, 45, wsd(10, None, 12, "linear", "1-sqrt", total=40)),
}

GROUPS = {
    "groups_linear": ([0.1, 0.02], 40, linear(5, 40)),
    "groups_restarts": ([0.1, 0.3], 40, restarts(4, 40, 3)),
}

PLATEAUS = {
    "min": (0.1, STAGES, reduce(0.5, 3, mode="min")),
    "max": (0.1, UPWARDS, reduce(0.5, 2, threshold=0.02, cooldown=1) | MAX),
}

# Options in our words.
WIDE = {"min_lr": 1e-5, "max_lr": 10.0}
BOUNCING = noisy(100, 8)
GREEDY = {
    "defaults": (0.1, FALLING + [0.5] * 30, {}),
    "falling": (0.1, FALLING, reduce(0.8, 2, min_lr=0.01, max_lr=0.3)),
    "limits": (0.1, FALLING + [0.7] * 30, reduce(0.5, 1, min_lr=0.04, max_lr=0.25)),
    "cooldown": (0.1, FALLING, reduce(0.7, 1, cooldown=3) | WIDE),
    "raise_cooldown": (0.1, FALLING, reduce(0.7, 1, raise_cooldown=2) | WIDE),
    "both_cooldowns": (0.1, BOUNCING, reduce(0.9, 0, cooldown=1, raise_cooldown=3) | WIDE),
    "bouncing": (0.1, BOUNCING, reduce(0.9, 0) | WIDE),
    "relative": (0.1, BOUNCING, reduce(0.9, 1, threshold=0.02, threshold_mode="rel") | WIDE),
    "max": (0.1, noisy(100, 9, -1), reduce(0.9, 1) | WIDE | MAX),
    "window": (0.1, BOUNCING, reduce(0.9, 1, window=5) | WIDE),
    "window_cooldown": (0.1, BOUNCING, reduce(0.85, 0, window=3, cooldown=2, raise_cooldown=1) | WIDE),
    "reset": (0.1, FALLING + [0.9] * 60, reduce(0.5, 0, min_lr=0.01, max_lr=1.0, reset=4)),
    "reset_cooldown": (0.1, FALLING + [0.9] * 60, reduce(0.5, 0, min_lr=0.01, max_lr=1.0, reset=3, cooldown=2)),
    "reset_window": (0.1, FALLING + [0.9] * 60, reduce(0.5, 0, min_lr=0.01, max_lr=1.0, reset=3, window=4)),
    "default_min_lr": (5e-4, FALLING, {"factor": 0.9, "patience": 1}),
}  # fmt: skip


def run(
    name: str, base_lrs: list[float], ticks: int, warmup: int | None, total: int | None, options: dict[str, Any]
) -> Rates:
    """Returns the rates of a scheduler, for each group."""
    stepped = optimizer(base_lrs)
    scheduler = get_scheduler(name, stepped, warmup, total, options)
    lr = [[] for _ in base_lrs]
    for _ in range(ticks):
        for rates, group in zip(lr, stepped.param_groups):
            rates.append(float(group["lr"]))
        stepped.step()
        scheduler.step()
    return Rates.of_groups(base_lrs, lr)


def run_metric(name: str, base_lr: float, metrics: list[float], options: dict[str, Any]) -> Rates:
    """Returns the rates of a scheduler that observes metrics, one more than there are metrics."""
    names = {"raise_cooldown": "warmup", "reset": "reset_start", "window": "window_size"}
    options = {names.get(key, key): value for key, value in options.items()}
    options |= {"smooth": True} if "window_size" in options else {}
    stepped = optimizer([base_lr])
    scheduler = get_scheduler(name, stepped, scheduler_specific_kwargs=options)
    lr = [float(stepped.param_groups[0]["lr"])]
    for metric in metrics:
        stepped.step()
        scheduler.step(metric)
        lr.append(float(stepped.param_groups[0]["lr"]))
    return Rates(lr)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    for name, (base_lr, ticks, run_ticks, (table, theirs, warmup, total, options)) in SCHEDULES.items():
        measure = partial(run, theirs, [base_lr], ticks, warmup, total, options)
        yield Trace("transformers", name, table, base_lr, measure, total=run_ticks)
    for name, (base_lrs, ticks, (table, theirs, warmup, total, options)) in GROUPS.items():
        measure = partial(run, theirs, base_lrs, ticks, warmup, total, options)
        yield Trace("transformers", name, table, base_lrs[0], measure)
    for rule_name, theirs, cases in [("plateau", "reduce_lr_on_plateau", PLATEAUS), ("greedy", "greedy", GREEDY)]:
        for name, (base_lr, metrics, options) in cases.items():
            measure = partial(run_metric, theirs, base_lr, metrics, options)
            table = plateau_rule(rule_name, options, "transformers")
            yield Trace("transformers", f"{rule_name}_{name}", table, base_lr, measure, EPOCHS, metrics=metrics)
