"""Where our rules differ from a framework on purpose: what the framework gives there, recorded.

golden_schedules.py writes it to tests/golden/schedule_differences.json; tests/integration/schedule_differences.rs shows
both values. Each function below is one difference: its docstring says what the framework does, its result is a trace of
theirs with our spec for what was meant. `error` is what the framework raises after the rates that it gave.
"""

import math

import jax
import jax.numpy as jnp
import optax
from golden_lib import keras
from pytorch_optimizer import REXScheduler
from timm import scheduler as timm

import golden_schedule_differences_torch
from golden_metrics import reduce
from golden_schedule_differences_torch import difference
from golden_schedules_keras import run as run_keras
from golden_schedules_optax import run_plateau as run_optax_plateau
from golden_schedules_plateau import run_keras as run_keras_plateau
from golden_schedules_torch import optimizer
from golden_schedules_transformers import run as run_transformers
from golden_schedules_transformers import run_metric
from golden_trace import EPOCHS, NAN, STEPS, absolute, rule


def keras_plateau_after_nan():
    """A first value that is NaN stays the best for good: the rate falls although the loss does."""
    keras.config.set_floatx("float64")
    metrics = [NAN] + [1.0 - 0.05 * i for i in range(11)]
    lr = run_keras_plateau(0.1, metrics, reduce(0.5, 2))
    table = rule("plateau", "keras", factor=0.5, patience=EPOCHS(2))
    return difference("keras", table, 0.1, lr, EPOCHS, metrics=metrics), None


def keras_restarts_in_f32():
    """CosineDecayRestarts finds the cycle by a logarithm: in f32, its default, a restart at a whole step is missed."""
    keras.config.set_floatx("float32")
    make = lambda: keras.optimizers.schedules.CosineDecayRestarts(0.1, 10, 1.5)
    lr = run_keras(make, 30)
    return difference("keras", rule("cosine_restarts", "keras", period=STEPS(10), period_mult=1.5), 0.1, lr), None


def optax_plateau_of_no_patience():
    """With patience 0 the scale falls whenever the value improves, and never when it does not."""
    metrics = [1.0, 0.9, 0.8, 0.8, 0.8, 0.7, 0.7]
    lr = run_optax_plateau(0.1, metrics, reduce(0.5, 0))
    table = rule("plateau", "optax", factor=0.5, patience=EPOCHS(0))
    return difference("optax", table, 0.1, lr, EPOCHS, metrics=metrics), None


def optax_polynomial_compiled():
    """Compiled, the division by the length becomes a product with its inverse: 1 - t / T is below 0 at the end, and a
    power of that that is not whole is NaN. (None stands for NaN.)"""
    schedule = jax.jit(optax.polynomial_schedule(0.01, 0.2, 1.5, 20))
    lr = [float(schedule(jnp.asarray(tick))) for tick in range(24)]
    table = rule("polynomial", "optax", over=STEPS(20), power=1.5, end=absolute(0.2))
    return difference("optax", table, 0.01, lr), None


def timm_restarts_by_logarithm():
    """timm finds the cycle by a logarithm: at an exact restart it gives the end of the cycle before."""
    stepped = optimizer([0.1])
    scheduler = timm.CosineLRScheduler(stepped, 1, 0.001, cycle_mul=3.0, cycle_limit=10)
    lr = []
    for epoch in range(125):
        scheduler.step(epoch)
        lr.append(float(stepped.param_groups[0]["lr"]))
    table = rule("cosine_restarts", "timm", period=STEPS(1), period_mult=3.0, cycles=10, end=absolute(0.001))
    return difference("timm", table, 0.1, lr), None


def timm_tanh_starts_at_base():
    """Its loop does not call the scheduler before the first epoch, which is at the base rate and not on the curve."""
    stepped = optimizer([0.1])
    scheduler = timm.TanhLRScheduler(stepped, 20, lb=-2.0, ub=3.0)
    lr = [float(stepped.param_groups[0]["lr"])]
    for epoch in range(1, 20):
        scheduler.step(epoch)
        lr.append(float(stepped.param_groups[0]["lr"]))
    return difference("timm", rule("tanh", "timm", lb=-2.0, ub=3.0), 0.1, lr), None


def transformers_polynomial_end_of_a_group():
    """`lr_end` is turned into a factor of the optimizer's default rate: another group ends elsewhere. Of the second
    group, at a tenth of the first."""
    lr = run_transformers("polynomial", [0.1, 0.01], 12, 0, 10, {"lr_end": 0.001})
    table = rule("polynomial", "transformers", over=STEPS(10), end=absolute(0.001))
    return difference("transformers", table, 0.01, lr[1]), None


def transformers_greedy_below_min_lr():
    """With GreedyLR's `min_lr` of 1e-3 a rate of 5e-5 can never be lowered, only raised."""
    metrics = [1.0] * 12
    lr = run_metric("greedy", 5e-5, metrics, reduce(0.5, 1))
    table = rule("greedy", factor=0.5, patience=EPOCHS(1))
    return difference("transformers", table, 5e-5, lr, EPOCHS, metrics=metrics), None


def pytorch_optimizer_rex_starts_at_the_end():
    """The constructor leaves the optimizer at `min_lr`: the first update is made at 0. And one group's rate is every
    group's."""
    stepped = optimizer([0.1])
    scheduler = REXScheduler(stepped, 20, 0.1)
    lr = []
    for _ in range(20):
        lr.append(float(stepped.param_groups[0]["lr"]))
        stepped.step()
        scheduler.step()
    return difference("pytorch_optimizer", rule("rex"), 0.1, lr), None


DIFFERENCES = golden_schedule_differences_torch.DIFFERENCES + [
    keras_plateau_after_nan,
    keras_restarts_in_f32,
    optax_plateau_of_no_patience,
    optax_polynomial_compiled,
    timm_restarts_by_logarithm,
    timm_tanh_starts_at_base,
    transformers_polynomial_end_of_a_group,
    transformers_greedy_below_min_lr,
    pytorch_optimizer_rex_starts_at_the_end,
]


def recorded():
    """name -> fields, of every difference."""
    fields = {}
    for function in DIFFERENCES:
        trace, error = function()
        lr = [None if math.isnan(rate) else rate for rate in trace.lr]
        fields[function.__name__] = trace.source() | trace.task() | {"theirs": lr, "error": error}
    return fields
