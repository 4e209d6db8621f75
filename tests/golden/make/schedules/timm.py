"""Traces of timm's schedulers, from `step(epoch)` and `step_update(num_updates)` with arguments from 0.

timm's own loop does not call `step(0)`, and starts at the base rate. For the tangent, the base rate is slightly higher.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from timm import scheduler as timm

from make.schedules.metrics import FALLING, MAX, STAGES, UPWARDS, noisy, plateau_rule, reduce
from make.schedules.torch_rules import optimizer
from make.schedules.trace import EPOCHS, STEPS, Rates, Trace, Unit, absolute, rule


def warmed(table, warmup, start, unit, **explicit):
    """Adds the warm-up: `warmup` is timm's `warmup_t`, and the rate `start` is its `warmup_lr_init`."""
    if warmup:
        table["warmup"] = {"for": unit(warmup)} | ({"start": absolute(start)} if start else {}) | explicit
    return table | unit.tick


def clock_of(prefix, default):
    """With timm's `warmup_prefix`, the rule counts from the end of the warm-up. The key is written only if the
    convention sets another value."""
    return {} if prefix == default else {"clock": "after" if prefix else "beneath"}


def cosine(over, lr_min=None, k=1.0, warmup=0, start=0.0, prefix=False, unit=STEPS):
    table = rule("cosine", "timm", over=unit(over), k_decay=k) | ({"end": absolute(lr_min)} if lr_min else {})
    table = warmed(table, warmup, start, unit, **clock_of(prefix, False))
    options = {"k_decay": k, "warmup_t": warmup, "warmup_lr_init": start, "warmup_prefix": prefix}
    return table, timm.CosineLRScheduler, {"t_initial": over, "lr_min": lr_min or 0.0} | options


def restarts(period, mult=1.0, decay=1.0, limit=1, lr_min=None, k=1.0, warmup=0, start=0.0, prefix=False, unit=STEPS):
    table = rule("cosine_restarts", "timm", period=unit(period), period_mult=mult, decay=decay, k_decay=k)
    table |= {"cycles": limit} if limit != 1 else {}
    table |= {"end": absolute(lr_min)} if lr_min else {}
    table = warmed(table, warmup, start, unit, **clock_of(prefix, False))
    options = {"cycle_mul": mult, "cycle_decay": decay, "cycle_limit": limit, "k_decay": k, "warmup_t": warmup}
    options |= {"lr_min": lr_min or 0.0, "warmup_lr_init": start, "warmup_prefix": prefix}
    return table, timm.CosineLRScheduler, {"t_initial": period} | options


def tanh(over, lb=-7.0, ub=3.0, lr_min=None, warmup=0, start=0.0, prefix=False, unit=STEPS):
    table = rule("tanh", "timm", over=unit(over), lb=lb, ub=ub) | ({"end": absolute(lr_min)} if lr_min else {})
    # With a prefix, the warm-up rises to the base rate. Without one, it rises to the curve.
    explicit = clock_of(prefix, False) | ({"to": "base"} if prefix else {})
    table = warmed(table, warmup, start, unit, **explicit)
    options = {"lb": lb, "ub": ub, "lr_min": lr_min or 0.0}
    options |= {"warmup_t": warmup, "warmup_lr_init": start, "warmup_prefix": prefix}
    return table, timm.TanhLRScheduler, {"t_initial": over} | options


def polynomial(over, power=None, lr_min=None, k=1.0, warmup=0, start=0.0, prefix=False, unit=STEPS):
    table = rule("polynomial", "timm", over=unit(over), k_decay=k) | ({"power": power} if power else {})
    table |= {"end": absolute(lr_min)} if lr_min else {}
    table = warmed(table, warmup, start, unit, **clock_of(prefix, False))
    options = {"k_decay": k, "lr_min": lr_min or 0.0} | ({"power": power} if power else {})
    options |= {"warmup_t": warmup, "warmup_lr_init": start, "warmup_prefix": prefix}
    return table, timm.PolyLRScheduler, {"t_initial": over} | options


def step(every, factor=None, warmup=0, start=0.0, prefix=True, unit=STEPS):
    table = rule("step", "timm", every=unit(every)) | ({"factor": factor} if factor else {})
    table = warmed(table, warmup, start, unit, **clock_of(prefix, True))
    options = {"decay_t": every, "warmup_t": warmup, "warmup_lr_init": start, "warmup_prefix": prefix}
    return table, timm.StepLRScheduler, options | ({"decay_rate": factor} if factor else {})


def multistep(milestones, factor, warmup=0, start=0.0, prefix=True, unit=STEPS, convention="timm", **explicit):
    table = rule("multistep", convention, milestones=[unit(m) for m in milestones], factor=factor) | explicit
    table = warmed(table, warmup, start, unit, **clock_of(prefix, True))
    options = {"decay_t": milestones, "decay_rate": factor, "warmup_t": warmup, "warmup_lr_init": start}
    return table, timm.MultiStepLRScheduler, options | {"warmup_prefix": prefix}


def wsd(over, decay, shape=None, lr_min=None, warmup=0, start=0.0, unit=STEPS, **shape_options):
    """`shape_options` are `decay_ratio` and `decay_power`."""
    keys = {key.removeprefix("decay_"): value for key, value in shape_options.items()}
    table = rule("wsd", "timm", over=unit(over), decay=unit(decay)) | keys
    table |= {"shape": {"exp": "exponential"}.get(shape, shape)} if shape else {}
    table |= {"end": absolute(lr_min)} if lr_min else {}
    options = {"t_initial": over, "decay_t": decay, "lr_min": lr_min or 0.0, "warmup_t": warmup}
    options |= {"warmup_lr_init": start} | shape_options | ({"decay_fn": shape} if shape else {})
    return warmed(table, warmup, start, unit), timm.WSDLRScheduler, options


def wsd_falling(over, decay, warmup, timescale=None, power=None):
    """A stable phase that falls, like Big Vision's rsqrt with a cooldown at the end. In our spec, it is a product."""
    table = rule("inverse_sqrt", **({"timescale": STEPS(timescale)} if timescale else {}))
    if power is not None:
        table = rule("expression", formula=f"(1 + t / {timescale}) ^ -{power}")
    parts = [table, rule("wsd", "timm", over=STEPS(over), decay=STEPS(decay))]
    warmup_keys = {"for": STEPS(warmup), "reach": "after", "clock": "after", "to": "base"}
    options = {"t_initial": over, "decay_t": decay, "warmup_t": warmup, "stable_timescale": timescale}
    options |= {"stable_fn": "rsqrt"} if power is None else {"stable_fn": "power", "stable_power": power}
    return rule("product", parts=parts, warmup=warmup_keys), timm.WSDLRScheduler, options


def cycles_as_sequence(kind, period, decay, **options):
    """Two cycles of timm's tangent or polynomial. In our spec, they are a sequence whose second part is multiplied by a
    constant."""
    table, make, keywords = {"tanh": tanh, "polynomial": polynomial}[kind](period, **options)
    lower = rule("product", parts=[rule("constant", factor=decay), table])
    end = rule("constant", factor=0.0)
    tables = [table | {"for": STEPS(period)}, lower | {"for": STEPS(period)}, end]
    return tables, make, keywords | {"cycle_limit": 2, "cycle_decay": decay}


# name -> (base rate, ticks, unit, rule)
SCHEDULES = {
    "cosine_plain": (0.1, 40, STEPS, cosine(30)),
    "cosine_lr_min": (0.1, 40, STEPS, cosine(33, 0.002)),
    "cosine_k_decay": (0.1, 45, STEPS, cosine(40, 0.001, k=1.5)),
    "cosine_k_decay_below_one": (0.1, 45, STEPS, cosine(40, k=0.7)),
    "cosine_warmup": (0.1, 40, STEPS, cosine(35, 0.001, warmup=5, start=0.01)),
    "cosine_warmup_prefix": (0.1, 50, STEPS, cosine(35, 0.001, warmup=8, prefix=True)),
    "cosine_epochs": (0.1, 20, EPOCHS, cosine(16, 0.001, warmup=3, start=1e-4, unit=EPOCHS)),
    "cosine_epochs_prefix": (0.1, 20, EPOCHS, cosine(14, warmup=4, start=0.02, prefix=True, unit=EPOCHS)),
    "cosine_restarts_one": (0.1, 30, STEPS, restarts(20, lr_min=0.004)),
    "cosine_restarts_equal": (0.1, 50, STEPS, restarts(10, decay=0.5, limit=4, lr_min=0.001)),
    "cosine_restarts_double": (0.1, 80, STEPS, restarts(10, 2.0, 0.8, limit=3, lr_min=0.001)),
    "cosine_restarts_fraction": (0.1, 80, STEPS, restarts(9, 1.5, 0.9, limit=10)),
    "cosine_restarts_k_decay": (0.1, 60, STEPS, restarts(15, decay=0.5, limit=3, k=2.0, lr_min=0.01)),
    "cosine_restarts_warmup": (0.1, 60, STEPS, restarts(12, 2.0, 0.5, 3, warmup=5, start=0.005)),
    "cosine_restarts_prefix": (0.1, 60, STEPS, restarts(12, 2.0, 0.5, 2, 0.001, warmup=5, prefix=True)),
    "cosine_restarts_epochs": (0.1, 24, EPOCHS, restarts(5, 2.0, 0.5, 3, 0.001, unit=EPOCHS)),
    "tanh_plain": (0.1, 40, STEPS, tanh(35)),
    "tanh_options": (0.1, 40, STEPS, tanh(40, -4.0, 4.0, 0.003)),
    "tanh_warmup": (0.1, 45, STEPS, tanh(35, -3.0, 3.0, 0.001, warmup=7, start=0.01)),
    "tanh_warmup_prefix": (0.1, 45, STEPS, tanh(35, -3.0, 3.0, warmup=7, prefix=True)),
    "tanh_epochs": (0.1, 20, EPOCHS, tanh(15, lr_min=0.001, unit=EPOCHS)),
    "tanh_cycles": (0.1, 45, STEPS, cycles_as_sequence("tanh", 20, 0.5, lb=-6.0, ub=4.0)),
    "polynomial_plain": (0.1, 40, STEPS, polynomial(30)),
    "polynomial_square": (0.1, 40, STEPS, polynomial(37, 2.0, 0.004)),
    "polynomial_k_decay": (0.1, 40, STEPS, polynomial(37, 1.0, 0.004, k=2.5)),
    "polynomial_warmup": (0.1, 45, STEPS, polynomial(37, 0.9, warmup=6, start=0.01)),
    "polynomial_warmup_prefix": (0.1, 45, STEPS, polynomial(30, 0.9, 0.001, warmup=6, prefix=True)),
    "polynomial_epochs": (0.1, 20, EPOCHS, polynomial(15, warmup=2, unit=EPOCHS)),
    "polynomial_cycles": (0.1, 45, STEPS, cycles_as_sequence("polynomial", 20, 0.3, power=2.0)),
    "step_default": (0.1, 12, STEPS, step(5)),
    "step_half": (0.1, 40, STEPS, step(7, 0.5)),
    "step_warmup": (0.1, 40, STEPS, step(6, 0.5, warmup=8, start=0.02)),
    "step_warmup_beneath": (0.1, 40, STEPS, step(6, 0.5, warmup=8, start=0.02, prefix=False)),
    "step_epochs": (0.1, 15, EPOCHS, step(4, 0.3, warmup=3, start=0.001, unit=EPOCHS)),
    "multistep_two": (0.1, 30, STEPS, multistep([5, 20], 0.1)),
    "multistep_first_tick": (0.1, 12, STEPS, multistep([1, 2, 9], 0.5)),
    "multistep_explicit": (0.1, 30, STEPS, multistep([8, 20], 0.3, convention=None, boundary="before")),
    "multistep_warmup": (0.1, 40, STEPS, multistep([5, 20], 0.1, warmup=6)),
    "multistep_warmup_beneath": (0.1, 40, STEPS, multistep([4, 20], 0.1, warmup=6, prefix=False)),
    "multistep_epochs": (0.1, 15, EPOCHS, multistep([3, 9], 0.5, unit=EPOCHS)),
    "wsd_default": (0.1, 45, STEPS, wsd(40, 12)),
    "wsd_linear": (0.1, 45, STEPS, wsd(40, 10, "linear", 0.002)),
    "wsd_cosine": (0.1, 45, STEPS, wsd(40, 20, "cosine", 0.002)),
    "wsd_exponential": (0.1, 45, STEPS, wsd(40, 20, "exp", 0.002)),
    "wsd_exponential_ratio": (0.1, 45, STEPS, wsd(40, 20, "exp", decay_ratio=0.01)),
    "wsd_power": (0.1, 45, STEPS, wsd(40, 20, "power", decay_power=2.0)),
    "wsd_power_default": (0.1, 45, STEPS, wsd(40, 20, "power", 0.001)),
    "wsd_all_decay": (0.1, 25, STEPS, wsd(20, 20, "linear")),
    "wsd_warmup": (0.1, 55, STEPS, wsd(40, 12, warmup=10, start=0.001)),
    "wsd_warmup_cosine": (0.1, 55, STEPS, wsd(40, 12, "cosine", 0.001, warmup=7)),
    "wsd_epochs": (0.1, 22, EPOCHS, wsd(17, 5, "1-sqrt", 0.001, warmup=3, unit=EPOCHS)),
    "wsd_rsqrt": (0.1, 70, STEPS, wsd_falling(50, 15, 10, timescale=10)),
    "wsd_rsqrt_timescale": (0.1, 70, STEPS, wsd_falling(50, 15, 5, timescale=30)),
    "wsd_stable_power": (0.1, 70, STEPS, wsd_falling(50, 15, 5, timescale=20, power=0.8)),
}

GROUPS = {
    "groups_cosine": ([0.1, 0.02], 40, cosine(30, 0.001, warmup=5, start=0.01)),
    "groups_wsd": ([0.1, 0.3], 40, wsd(30, 10, "linear", 0.002, warmup=5, start=0.01)),
}

# name -> (metrics, options in our words, warm-up, its start)
PLATEAUS = {
    "default_mode": (UPWARDS, reduce(0.5, 2), 0, 0.0),
    "min": (STAGES, reduce(0.5, 3, mode="min"), 0, 0.0),
    "warmup": (noisy(50, 6), reduce(0.5, 2, mode="min", threshold=0.01), 6, 0.0),
    "warmup_start": (noisy(50, 7, -1), reduce(0.3, 1, cooldown=2, min_lr=0.001) | MAX, 3, 0.02),
    "cooldown": (FALLING, reduce(0.5, 2, mode="min", cooldown=3), 0, 0.0),
}


def run(make: Callable[..., Any], options: dict[str, Any], base_lrs: list[float], ticks: int, unit: Unit) -> Rates:
    """Returns the rates of a scheduler, for each group."""
    stepped = optimizer(base_lrs)
    scheduler = make(stepped, t_in_epochs=unit == EPOCHS, **options)
    lr = [[] for _ in base_lrs]
    for tick in range(ticks):
        scheduler.step(tick) if unit == EPOCHS else scheduler.step_update(tick)
        for rates, group in zip(lr, stepped.param_groups):
            rates.append(float(group["lr"]))
    return Rates.of_groups(base_lrs, lr)


def run_plateau(base_lr: float, metrics: list[float], options: dict[str, Any], warmup: int, start: float) -> Rates:
    """Returns the rates of a plateau, one more than there are metrics."""
    names = {"factor": "decay_rate", "patience": "patience_t", "cooldown": "cooldown_t", "min_lr": "lr_min"}
    options = {names.get(key, key): value for key, value in options.items()}
    stepped = optimizer([base_lr])
    scheduler = timm.PlateauLRScheduler(stepped, warmup_t=warmup, warmup_lr_init=start, **options)
    lr = [float(stepped.param_groups[0]["lr"])]
    for epoch, metric in enumerate(metrics):
        scheduler.step(epoch + 1, metric)
        lr.append(float(stepped.param_groups[0]["lr"]))
    return Rates(lr)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    for name, (base_lr, ticks, unit, (schedule, make, options)) in SCHEDULES.items():
        yield Trace("timm", name, schedule, base_lr, partial(run, make, options, [base_lr], ticks, unit), unit)
    for name, (base_lrs, ticks, (schedule, make, options)) in GROUPS.items():
        yield Trace("timm", name, schedule, base_lrs[0], partial(run, make, options, base_lrs, ticks, STEPS))
    for name, (metrics, options, warmup, start) in PLATEAUS.items():
        table = plateau_rule("plateau", options, "timm")
        if warmup:
            table["warmup"] = {"for": EPOCHS(warmup), "tick": "epoch"} | ({"start": absolute(start)} if start else {})
        measure = partial(run_plateau, 0.1, metrics, options, warmup, start)
        yield Trace("timm", f"plateau_{name}", table, 0.1, measure, EPOCHS, metrics=metrics)
