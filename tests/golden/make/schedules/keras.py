"""Traces of Keras's schedules, which are functions of the step, and of its callbacks. They are recorded in f32, Keras's
default, and in f64."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import keras
import numpy as np
import torch

from make.schedules.metrics import (
    AT_THRESHOLD,
    IN_COOLDOWN,
    MAX,
    NAN_INSIDE,
    SHORT,
    STAGES,
    STEADY,
    noisy,
    plateau_rule,
    reduce,
)
from make.schedules.trace import EPOCHS, STEPS, Rates, Trace, absolute, rule

torch.set_num_threads(1)

schedules = keras.optimizers.schedules


def exponential(base_lr, factor, every, staircase):
    table = rule("exponential", "keras", factor=factor, every=STEPS(every), staircase=staircase)
    return table, lambda: schedules.ExponentialDecay(base_lr, every, factor, staircase)


def step_values(every, values):
    """PiecewiseConstantDecay changes after its boundary: boundaries 10 and 20 act from steps 11 and 21 on."""
    table = rule("step", first=STEPS(every + 1), every=STEPS(every), factor=values[1] / values[0])
    boundaries = [every * (i + 1) for i in range(len(values) - 1)]
    return table, lambda: schedules.PiecewiseConstantDecay(boundaries, values)


def piecewise(boundaries, values):
    table = rule("piecewise", "keras", boundaries=[STEPS(b) for b in boundaries], values=[absolute(v) for v in values])
    return table, lambda: schedules.PiecewiseConstantDecay(boundaries, values)


def multistep(base_lr, boundaries, factor):
    table = rule("multistep", "keras", milestones=[STEPS(b) for b in boundaries], factor=factor)
    values = [base_lr * factor**i for i in range(len(boundaries) + 1)]
    return table, lambda: schedules.PiecewiseConstantDecay(boundaries, values)


def polynomial(base_lr, over, end=None, power=1.0, cycle=False):
    table = rule("polynomial", "keras", over=STEPS(over), power=power, cycle=cycle)
    table |= {"end": absolute(end)} if end is not None else {}
    ends = {} if end is None else {"end_learning_rate": end}
    return table, lambda: schedules.PolynomialDecay(base_lr, over, power=power, cycle=cycle, **ends)


def linear(base_lr, over, end):
    table = rule("linear", "keras", start=1.0, end=absolute(end), over=STEPS(over))
    return table, lambda: schedules.PolynomialDecay(base_lr, over, end)


def inverse_time(base_lr, rate, every, staircase=False):
    table = rule("inverse_time", "keras", rate=rate, every=STEPS(every), staircase=staircase)
    return table, lambda: schedules.InverseTimeDecay(base_lr, every, rate, staircase)


def cosine(base_lr, over, alpha=0.0):
    table = rule("cosine", "keras", over=STEPS(over), end=alpha)
    return table, lambda: schedules.CosineDecay(base_lr, over, alpha)


def warmed_cosine(start, target, warmup, over, alpha=0.0, convention="keras", **explicit):
    """`over` is `decay_steps`, which does not include the warm-up."""
    table = rule("cosine", convention, over=STEPS(over), end=alpha)
    table["warmup"] = {"for": STEPS(warmup)} | ({"start": absolute(start)} if start else {}) | explicit
    return table, lambda: schedules.CosineDecay(start, over, alpha, warmup_target=target, warmup_steps=warmup)


def restarts(base_lr, period, mult=None, decay=None, alpha=0.0):
    table = rule("cosine_restarts", "keras", period=STEPS(period), end=alpha)
    table |= {"period_mult": mult} if mult else {}
    table |= {"decay": decay} if decay else {}
    return table, lambda: schedules.CosineDecayRestarts(base_lr, period, mult or 2.0, decay or 1.0, alpha)


# name -> (base rate, ticks, (table, Keras schedule))
SCHEDULES = {
    "exponential_smooth": (0.1, 50, exponential(0.1, 0.9, 10, False)),
    "exponential_each": (0.02, 30, exponential(0.02, 0.8, 1, False)),
    "exponential_growing": (1e-5, 50, exponential(1e-5, 2.0, 5, False)),
    "exponential_staircase": (0.1, 50, exponential(0.1, 0.9, 10, True)),
    "exponential_staircase_seven": (0.003, 40, exponential(0.003, 0.5, 7, True)),
    "step_piecewise": (0.5, 35, step_values(10, [0.5, 0.25, 0.125, 0.0625])),
    "piecewise_three": (0.1, 40, piecewise([5, 20], [0.3, 0.07, 0.001])),
    "piecewise_up": (0.1, 30, piecewise([1, 2, 20, 29], [0.01, 0.05, 0.1, 0.02, 0.5])),
    "piecewise_one": (1.0, 15, piecewise([11], [0.3, 0.07])),
    "multistep_piecewise": (0.5, 35, multistep(0.5, [4, 5, 20], 0.25)),
    "polynomial_defaults": (0.1, 40, polynomial(0.1, 30)),
    "polynomial_square": (0.1, 40, polynomial(0.1, 33, 0.01, 2.0)),
    "polynomial_root": (0.1, 40, polynomial(0.1, 40, 0.0, 0.5)),
    "polynomial_cycle": (0.1, 60, polynomial(0.1, 12, 0.01, 1.5, True)),
    "polynomial_cycle_line": (0.3, 40, polynomial(0.3, 7, None, 1.0, True)),
    "linear_polynomial": (0.1, 40, linear(0.1, 30, 0.002)),
    "inverse_time_smooth": (0.1, 50, inverse_time(0.1, 0.5, 10)),
    "inverse_time_each": (0.02, 50, inverse_time(0.02, 0.03, 1)),
    "inverse_time_staircase": (0.1, 50, inverse_time(0.1, 0.5, 8, True)),
    "cosine_plain": (0.1, 50, cosine(0.1, 40)),
    "cosine_alpha": (0.003, 45, cosine(0.003, 45, 0.05)),
    "cosine_warmup_from_zero": (0.1, 50, warmed_cosine(0.0, 0.1, 8, 35)),
    "cosine_warmup_alpha": (0.2, 50, warmed_cosine(0.02, 0.2, 10, 30, 0.1)),
    "cosine_warmup_explicit": (
        0.2,
        45,
        warmed_cosine(0.05, 0.2, 5, 30, 0.1, None, reach="after", clock="after", to="base"),
    ),
    "cosine_restarts_defaults": (0.1, 70, restarts(0.1, 8)),
    "cosine_restarts_equal": (0.1, 45, restarts(0.1, 10, 1.0)),
    # After the first restart, none falls on a whole step. In f32, Keras can miss such a restart (see
    # `differences/keras.py`).
    "cosine_restarts_fraction": (0.1, 80, restarts(0.1, 9, 1.5)),
    "cosine_restarts_three": (0.1, 120, restarts(0.1, 3, 3.0)),
    "cosine_restarts_decay": (0.1, 70, restarts(0.1, 9, 2.0, 0.7)),
    "cosine_restarts_alpha": (0.1, 70, restarts(0.1, 9, 2.0, 0.7, 0.1)),
    "cosine_restarts_alpha_fraction": (0.5, 90, restarts(0.5, 11, 1.5, 0.9, 0.02)),
}

# name -> (base rate, metrics, options)
PLATEAUS = {
    "defaults": (0.1, [1.0, 0.5, 0.4] + [0.4] * 35, {}),
    "stages": (0.1, STAGES, reduce(0.5, 3)),
    "threshold_min": (0.1, noisy(60, 1), reduce(0.5, 3, threshold=0.0152)),
    "threshold_max": (0.1, noisy(60, 2, sign=-1), reduce(0.3, 2, threshold=0.0152) | MAX),
    "at_threshold": (1.0, AT_THRESHOLD, reduce(0.5, 2, threshold=0.0625)),
    "patience_zero": (0.1, SHORT, reduce(0.5, 0)),
    "patience_one": (0.1, SHORT, reduce(0.5, 1)),
    "cooldown": (0.1, STAGES, reduce(0.5, 2, cooldown=2)),
    "cooldown_one": (0.1, STAGES, reduce(0.5, 2, cooldown=1)),
    "cooldown_long": (0.1, IN_COOLDOWN, reduce(0.5, 1, cooldown=4)),
    "min_lr": (0.05, STEADY, reduce(0.1, 2, min_lr=0.002)),
    "nan_inside": (0.1, NAN_INSIDE, reduce(0.5, 2)),
}

FLOATX = {"f32": "float32", "f64": "float64"}


def run(make: Callable[[], Any], ticks: int) -> list[float]:
    """Returns the rates that an optimizer reads from a schedule."""
    variable = keras.Variable(np.zeros(1))
    optimizer = keras.optimizers.SGD(make())
    optimizer.build([variable])
    lr = []
    for _ in range(ticks):
        lr.append(float(optimizer.learning_rate))
        optimizer.apply([torch.zeros(1, dtype=variable.value.dtype)])
    return lr


def model_at(base_lr: float) -> Any:
    """Returns a model for callbacks."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(base_lr), loss="mse")
    return model


def run_callback(function: Callable[[int, float], float], base_lr: float, ticks: int) -> list[float]:
    """Returns the rates of LearningRateScheduler, which sets them at the beginning of an epoch."""
    model = model_at(base_lr)
    callback = keras.callbacks.LearningRateScheduler(function)
    callback.set_model(model)
    lr = []
    for epoch in range(ticks):
        callback.on_epoch_begin(epoch, {})
        lr.append(float(model.optimizer.learning_rate))
    return lr


def run_plateau(base_lr: float, metrics: list[float], options: dict[str, Any]) -> list[float]:
    """Returns the rates of ReduceLROnPlateau, one more than there are metrics."""
    options = {"mode": "min"} | options
    if "threshold" in options:
        options["min_delta"] = options.pop("threshold")
    model = model_at(base_lr)
    callback = keras.callbacks.ReduceLROnPlateau(monitor="val_metric", **options)
    callback.set_model(model)
    callback.on_train_begin()
    lr = [float(model.optimizer.learning_rate)]
    for epoch, metric in enumerate(metrics):
        callback.on_epoch_end(epoch, {"val_metric": metric})
        lr.append(float(model.optimizer.learning_rate))
    return lr


def in_both_precisions(measure: Callable[[], list[float]]) -> dict[str, Callable[[], Rates]]:
    """Returns functions that measure the rates in f32, Keras's default, and in f64. The rates may differ by rounding
    errors, but not by a decision."""

    @cache
    def both() -> dict[str, list[float]]:
        rates = {}
        # A trace of an optimizer may have changed this default of PyTorch.
        torch.set_default_dtype(torch.float32)
        for dtype, floatx in FLOATX.items():
            keras.config.set_floatx(floatx)
            rates[dtype] = measure()
        assert np.allclose(rates["f32"], rates["f64"], rtol=1e-6, atol=1e-7 * max(rates["f64"]))
        return rates

    return {"f32": lambda: Rates(both()["f32"]), "f64": lambda: Rates(both()["f64"])}


def falling(epoch: int, lr: float) -> float:
    """Returns the rate of the example in Keras's documentation of LearningRateScheduler, for a base rate of 0.1."""
    return 0.1 if epoch < 5 else 0.1 * float(np.exp(0.1 * (5 - epoch)))


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    for name, (base_lr, ticks, (table, make)) in SCHEDULES.items():
        for dtype, measure in in_both_precisions(partial(run, make, ticks)).items():
            yield Trace("keras", f"{name}_{dtype}", table, base_lr, measure, dtype=dtype)
    table = rule("expression", formula="if(epoch < 5, 1, exp(0.1 * (5 - epoch)))", tick="epoch")
    for dtype, measure in in_both_precisions(partial(run_callback, falling, 0.1, 15)).items():
        yield Trace("keras", f"expression_callback_{dtype}", table, 0.1, measure, EPOCHS, dtype=dtype)
    for name, (base_lr, metrics, options) in PLATEAUS.items():
        table = plateau_rule("plateau", options, "keras")
        for dtype, measure in in_both_precisions(partial(run_plateau, base_lr, metrics, options)).items():
            label = f"plateau_{name}_{dtype}"
            yield Trace("keras", label, table, base_lr, measure, EPOCHS, metrics=metrics, dtype=dtype)
