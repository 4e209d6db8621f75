"""Traces of optax's schedules, which are functions of the count, in f64 (`jax_enable_x64`). Our base rate is the peak
of a schedule that has one, and otherwise its first argument."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from make.schedules.metrics import FALLING, IN_COOLDOWN, NAN_INSIDE, SHORT, STAGES, noisy, plateau_rule, reduce
from make.schedules.trace import EPOCHS, STEPS, Rates, Trace, absolute, rule

jax.config.update("jax_enable_x64", True)


def polynomial(base_lr, end, power, over):
    table = rule("polynomial", "optax", end=absolute(end), power=power, over=STEPS(over))
    return table, optax.polynomial_schedule(base_lr, end, power, over)


def linear(start, end, over, begin=0):
    """`begin` is `transition_begin`. In our spec, it is a constant part before the line."""
    line = rule("linear", "optax", start=absolute(start), end=absolute(end), over=STEPS(over))
    tables = [rule("constant", factor=absolute(start), for_=STEPS(begin)), line] if begin else line
    return tables, optax.linear_schedule(start, end, over, begin)


def multistep(base_lr, scales):
    milestones = [STEPS(b) for b in scales]
    table = rule("multistep", "optax", milestones=milestones, factor=list(scales.values()))
    return table, optax.piecewise_constant_schedule(base_lr, scales)


def interpolated(kind, base_lr, scales):
    """optax takes the factor between each value and the one before. Our spec has the values."""
    values = [1.0]
    for scale in scales.values():
        values.append(values[-1] * scale)
    boundaries = [STEPS(b) for b in scales]
    table = rule("piecewise", "optax", boundaries=boundaries, values=values, interpolation=kind)
    return table, optax.piecewise_interpolate_schedule(kind, base_lr, scales)


def exponential(base_lr, every, factor, staircase=False, end=None, begin=0):
    table = rule("exponential", "optax", factor=factor, every=STEPS(every), staircase=staircase)
    table |= {} if end is None else {"end": absolute(end)}
    tables = [rule("constant", "optax", for_=STEPS(begin)), table] if begin else table
    return tables, optax.exponential_decay(base_lr, every, factor, begin, staircase, end)


def cosine(base_lr, over, alpha=0.0, exponent=1.0):
    table = rule("cosine", "optax", over=STEPS(over), end=alpha, exponent=exponent)
    return table, optax.cosine_decay_schedule(base_lr, over, alpha, exponent)


def one_cycle(kind, over, peak, convention="optax", explicit=None, **options):
    """optax's linear schedule has three phases. The last one falls from the initial rate to the final one."""
    make = {"cos": optax.cosine_onecycle_schedule, "linear": optax.linear_onecycle_schedule}[kind]
    table = rule("one_cycle", convention, over=STEPS(over), anneal=kind) | options | (explicit or {})
    table |= {"three_phase": True} if kind == "linear" else {}
    return table, make(over, peak, **options)


def warmup(start, steps):
    return {"for": STEPS(steps), "start": absolute(start)}


def warmup_constant(start, peak, steps):
    table = rule("constant", "optax", warmup=warmup(start, steps))
    return table, optax.warmup_constant_schedule(start, peak, steps)


def warmup_cosine(start, peak, steps, over, end=0.0, exponent=1.0, convention="optax", **explicit):
    """`over` is `decay_steps`, which includes the warm-up."""
    table = rule("cosine", convention, over=STEPS(over), end=absolute(end), exponent=exponent)
    table["warmup"] = warmup(start, steps) | explicit
    return table, optax.warmup_cosine_decay_schedule(start, peak, steps, over, end, exponent)


def warmup_exponential(start, peak, steps, every, factor, **options):
    table = rule("exponential", "optax", factor=factor, every=STEPS(every), warmup=warmup(start, steps))
    ends = {"end": absolute(options["end_value"])} if "end_value" in options else {}
    table |= ends | ({"staircase": True} if options.get("staircase") else {})
    return table, optax.warmup_exponential_decay_schedule(start, peak, steps, every, factor, **options)


def sgdr(base_lr, *cycles):
    """Each cycle is (start, peak, warm-up, length, end), with rates as factors. In our spec, this is a sequence of
    cosines with a warm-up. A cosine with a lower peak is multiplied by a constant."""
    tables, kwargs = [], []
    for index, (start, peak, steps, length, end) in enumerate(cycles):
        table = rule("cosine", "optax", end=end / peak, warmup={"for": STEPS(steps), "start": start / peak})
        if peak != 1.0:
            table = rule("product", parts=[rule("constant", factor=peak), table])
        tables.append(table if index + 1 == len(cycles) else table | {"for": STEPS(length)})
        rates = {"init_value": start, "peak_value": peak, "end_value": end}
        kwargs.append({k: v * base_lr for k, v in rates.items()} | {"warmup_steps": steps, "decay_steps": length})
    return tables, optax.sgdr_schedule(kwargs)


def joined(*parts):
    """Each part is (length, (table, schedule)). The length of the last part is None. A part with several tables becomes
    a sequence of its own."""
    tables, schedules, boundaries = [], [], []
    for length, (table, schedule) in parts:
        table = rule("sequence", parts=table) if isinstance(table, list) else table
        tables.append(table if length is None else table | {"for": STEPS(length)})
        schedules.append(schedule)
        if length is not None:
            boundaries.append((boundaries or [0])[-1] + length)
    return tables, optax.join_schedules(schedules, boundaries)


# name -> (base rate, ticks, (table, schedule))
SCHEDULES = {
    "constant_plain": (0.1, 6, (rule("constant", "optax"), optax.constant_schedule(0.1))),
    "polynomial_square": (0.1, 40, polynomial(0.1, 0.001, 2.0, 30)),
    "polynomial_root": (0.003, 30, polynomial(0.003, 0.0, 0.5, 30)),
    "polynomial_up": (0.01, 30, polynomial(0.01, 0.2, 1.5, 20)),
    "linear_down": (0.1, 30, linear(0.1, 0.002, 25)),
    "linear_up": (0.1, 20, linear(0.0, 0.1, 12)),
    "linear_begin": (0.1, 40, linear(0.1, 0.02, 20, begin=9)),
    "multistep_one": (0.1, 30, multistep(0.1, {12: 0.1})),
    "multistep_each": (0.3, 40, multistep(0.3, {1: 2.0, 10: 0.5, 11: 0.2, 39: 0.1})),
    "piecewise_linear": (0.1, 60, interpolated("linear", 0.1, {10: 3.0, 25: 0.2, 50: 0.5})),
    "piecewise_cosine": (0.02, 60, interpolated("cosine", 0.02, {7: 4.0, 30: 0.1, 31: 2.0, 55: 0.01})),
    "piecewise_line_to_zero": (0.02, 30, interpolated("linear", 0.02, {1: 2.0, 20: 0.0})),
    "exponential_smooth": (0.1, 40, exponential(0.1, 10, 0.5)),
    "exponential_staircase": (0.1, 40, exponential(0.1, 7, 0.5, staircase=True)),
    "exponential_end": (0.1, 50, exponential(0.1, 5, 0.6, end=0.003)),
    "exponential_growing_end": (0.001, 50, exponential(0.001, 5, 1.8, end=0.05)),
    "exponential_begin": (0.1, 40, exponential(0.1, 6, 0.7, begin=11)),
    "exponential_begin_staircase": (0.1, 40, exponential(0.1, 6, 0.7, True, 0.02, begin=5)),
    "cosine_plain": (0.1, 50, cosine(0.1, 40)),
    "cosine_alpha": (0.003, 50, cosine(0.003, 50, 0.1)),
    "cosine_exponent": (0.1, 50, cosine(0.1, 45, 0.02, 2.5)),
    "cosine_exponent_root": (0.1, 50, cosine(0.1, 45, 0.0, 0.5)),
    "one_cycle_cosine": (0.1, 105, one_cycle("cos", 100, 0.1)),
    "one_cycle_cosine_options": (
        0.3, 45, one_cycle("cos", 37, 0.3, pct_start=0.4, div_factor=10.0, final_div_factor=50.0)
    ),
    "one_cycle_linear": (0.1, 105, one_cycle("linear", 100, 0.1)),
    "one_cycle_linear_options": (
        0.3, 50,
        one_cycle("linear", 43, 0.3, pct_start=0.2, pct_final=0.7, div_factor=4.0, final_div_factor=20.0),
    ),
    "one_cycle_explicit": (
        0.1, 45, one_cycle("cos", 40, 0.1, None, {"reach": "after", "cycle_momentum": False}, pct_start=0.25)
    ),
    "constant_warmup": (0.1, 20, warmup_constant(0.01, 0.1, 8)),
    "constant_warmup_from_zero": (0.1, 20, warmup_constant(0.0, 0.1, 1)),
    "cosine_warmup": (0.1, 60, warmup_cosine(0.0, 0.1, 10, 50)),
    "cosine_warmup_end": (0.2, 60, warmup_cosine(0.01, 0.2, 7, 60, 0.002)),
    "cosine_warmup_exponent": (0.2, 60, warmup_cosine(0.3, 0.2, 5, 40, 0.01, 2.0)),
    "cosine_warmup_explicit": (
        0.1, 55, warmup_cosine(0.01, 0.1, 12, 50, 0.003, 1.0, None, reach="after", clock="within", to="rule")
    ),
    "exponential_warmup": (0.1, 50, warmup_exponential(0.0, 0.1, 10, 12, 0.5)),
    "exponential_warmup_end": (
        0.1, 60, warmup_exponential(0.02, 0.1, 6, 9, 0.4, staircase=True, end_value=0.004)
    ),
    "sequence_sgdr": (0.1, 60, sgdr(0.1, (0.0, 1.0, 5, 20, 0.0), (0.1, 1.0, 3, 15, 0.05), (0.0, 1.0, 2, 25, 0.01))),
    "sequence_sgdr_lower": (
        0.1, 60, sgdr(0.1, (0.0, 1.0, 4, 16, 0.1), (0.1, 0.5, 4, 20, 0.05), (0.02, 0.25, 4, 24, 0.0))
    ),
    "sequence_join": (
        0.1, 60, joined((10, linear(0.0, 0.1, 10)), (20, cosine(0.1, 20, 0.1)), (None, exponential(0.1, 5, 0.8)))
    ),
    "sequence_join_cut": (
        0.1, 50, joined((10, cosine(0.1, 25)), (15, multistep(0.1, {3: 0.5, 9: 0.5})), (None, linear(0.01, 0.2, 15)))
    ),
    "sequence_join_nested": (
        0.1, 60,
        joined(
            (25, joined((5, linear(0.01, 0.1, 5)), (None, cosine(0.1, 18)))),
            (15, joined((6, exponential(0.1, 4, 0.5)), (None, polynomial(0.1, 0.01, 2.0, 7)))),
            (None, joined((8, warmup_constant(0.0, 0.1, 3)), (None, cosine(0.1, 12, 0.05)))),
        ),
    ),
}  # fmt: skip

# name -> (metrics, options in our words)
PLATEAUS = {
    "defaults": ([1.0, 0.5, 0.4] + [0.4] * 35, {}),
    "stages": (STAGES, reduce(0.5, 3)),
    "rtol": (noisy(60, 1), reduce(0.5, 3, threshold=0.0152)),
    "atol": (noisy(60, 3), reduce(0.5, 2, threshold=0.0152, threshold_mode="abs")),
    "rtol_and_atol": (noisy(60, 6), reduce(0.5, 2, threshold=0.01, threshold_abs=0.006)),
    "patience_one": (SHORT, reduce(0.5, 1)),
    "cooldown": (STAGES, reduce(0.5, 2, cooldown=2)),
    "cooldown_one": (STAGES, reduce(0.5, 2, cooldown=1)),
    "cooldown_long": (IN_COOLDOWN, reduce(0.5, 1, cooldown=4)),
    "min_scale": (FALLING, reduce(0.3, 2, floor=0.05)),
    "nan_inside": (NAN_INSIDE, reduce(0.5, 2)),
    "accumulation": (noisy(80, 4), reduce(0.5, 2, every=3, window=3)),
    "accumulation_cooldown": (noisy(80, 5), reduce(0.5, 1, every=2, window=2, cooldown=2)),
}


def run_plateau(base_lr: float, metrics: list[float], options: dict[str, Any]) -> Rates:
    """Returns the rates of a plateau. optax scales the updates. The rate is this scale times the base rate."""
    options = dict(options)
    absolute_mode = options.pop("threshold_mode", "rel") == "abs"
    threshold = options.pop("threshold", 1e-4)
    tolerance = {"rtol": 0.0, "atol": threshold} if absolute_mode else {"rtol": threshold}
    tolerance["atol"] = options.pop("threshold_abs", tolerance.get("atol", 0.0))
    names = {"floor": "min_scale", "window": "accumulation_size"}
    options = {names.get(key, key): value for key, value in options.items() if key != "every"}
    transform = optax.contrib.reduce_on_plateau(**tolerance, **options)
    ones = jnp.ones(1)
    state = transform.init(ones)
    update = jax.jit(lambda value, state: transform.update(ones, state, value=value))
    lr = [base_lr]
    for metric in metrics:
        updates, state = update(metric, state)
        lr.append(base_lr * float(updates[0]))
    return Rates(lr)


def run(function: Callable[[Any], Any], ticks: int) -> Rates:
    """Returns the rates of a schedule."""
    # This computes all ticks at once, because one by one takes minutes. It does not compile the function, because that
    # has errors of its own (see `differences/optax.py`).
    return Rates(jax.vmap(function)(jnp.arange(ticks)).tolist())


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    for name, (base_lr, ticks, (schedule, function)) in SCHEDULES.items():
        yield Trace("optax", name, schedule, base_lr, partial(run, function, ticks))
    for name, (metrics, options) in PLATEAUS.items():
        table = plateau_rule("plateau", options, "optax")
        measure = partial(run_plateau, 0.1, metrics, options)
        yield Trace("optax", f"plateau_{name}", table, 0.1, measure, EPOCHS, metrics=metrics)
