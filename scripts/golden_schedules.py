"""Golden traces of learning-rate rules: the rate at each tick, from PyTorch's and Keras's own schedulers.

Writes tests/golden/schedules/<framework>_<rule>_<case>.json, for Keras with the precision it ran in at
the end of the name. tests/golden/README.md describes the files.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_schedules.py
"""

import math

import numpy as np

from golden_lib import VERSIONS, fresh_folder, join_spec, save_json, toml_table

import keras  # after golden_lib, which picks Keras's backend
import torch
from torch.optim import lr_scheduler

STEPS_PER_EPOCH = 10
FOREVER = 10**6
NAN = math.nan


# Each of these gives a table of `[schedule]` and the PyTorch scheduler it stands for. `unit` is "steps" or
# "epochs". A rule that changes at every tick needs `tick = "epoch"` to stand still inside an epoch.


def tick_of(unit):
    return {"tick": "epoch"} if unit == "epochs" else {}


def constant(factor=None, unit="steps"):
    table = {"type": "constant"} | ({} if factor is None else {"factor": factor})
    return table, lambda o: lr_scheduler.ConstantLR(o, factor or 1.0, total_iters=FOREVER)


def step(every, factor, unit="steps"):
    table = {"type": "step", "every": f"{every} {unit}", "factor": factor}
    return table, lambda o: lr_scheduler.StepLR(o, every, factor)


def step_from(first, every, factor, unit="steps"):
    """Drops at `first`, `first + every`, …"""
    table = {"type": "step", "first": f"{first} {unit}", "every": f"{every} {unit}", "factor": factor}
    return table, lambda o: lr_scheduler.MultiStepLR(o, list(range(first, 1000, every)), factor)


def linear(start, end, over, unit="steps"):
    table = {"type": "linear", "start": start, "end": end, "over": f"{over} {unit}"} | tick_of(unit)
    return table, lambda o: lr_scheduler.LinearLR(o, start, end, over)


def exponential(factor, unit="steps"):
    table = {"type": "exponential", "factor": factor, "every": f"1 {unit}"} | tick_of(unit)
    return table, lambda o: lr_scheduler.ExponentialLR(o, factor)


def constant_then_base(factor, until):
    """ConstantLR as it is: a factor for some steps, then the base rate. In a spec, a sequence."""
    tables = [{"type": "constant", "factor": factor, "for": f"{until} steps"}, {"type": "constant"}]
    return tables, lambda o: lr_scheduler.ConstantLR(o, factor, until)


def sequence(*parts, unit="steps"):
    """Parts are (length, (table, scheduler)); the last has length None."""
    tables = [
        table if length is None else table | {"for": f"{length} {unit}"} for length, (table, _) in parts
    ]
    milestones, end = [], 0
    for length, _ in parts[:-1]:
        end += length
        milestones.append(end)
    return tables, lambda o: lr_scheduler.SequentialLR(o, [make(o) for _, (_, make) in parts], milestones)


# name -> (base rate, ticks, unit, rule)
TORCH = {
    "constant_plain": (0.1, 8, "step", constant()),
    "constant_factor": (0.4, 8, "step", constant(0.25)),
    "constant_then_base": (0.1, 12, "step", constant_then_base(1 / 3, 5)),
    "constant_then_base_once": (0.02, 6, "step", constant_then_base(0.1, 1)),
    "step_ten": (0.1, 45, "step", step(10, 0.1)),
    "step_seven": (0.003, 40, "step", step(7, 0.5)),
    "step_each": (1.0, 12, "step", step(1, 0.3)),
    "step_epochs": (0.2, 12, "epoch", step(3, 0.3, "epochs")),
    "step_first": (0.1, 35, "step", step_from(1, 10, 0.1)),
    "step_first_early": (0.5, 30, "step", step_from(4, 6, 0.7)),
    "step_first_late": (0.5, 30, "step", step_from(12, 5, 0.2)),
    "linear_up": (0.1, 20, "step", linear(1 / 3, 1.0, 5)),
    "linear_down": (0.02, 30, "step", linear(1.0, 0.1, 17)),
    "linear_to_zero": (0.5, 12, "step", linear(0.8, 0.0, 8)),
    "linear_once": (0.5, 6, "step", linear(0.25, 0.75, 1)),
    "linear_epochs": (0.1, 10, "epoch", linear(0.1, 1.0, 6, "epochs")),
    "exponential_slow": (0.1, 60, "step", exponential(0.95)),
    "exponential_fast": (0.003, 30, "step", exponential(0.6)),
    "exponential_epochs": (0.1, 15, "epoch", exponential(0.8, "epochs")),
    "sequence_linear_hold_step": (
        0.1, 40, "step",
        sequence((5, linear(1 / 3, 1.0, 5)), (10, constant()), (None, step(4, 0.5))),
    ),
    "sequence_linear_hold_exponential": (
        0.02, 40, "step",
        sequence((8, linear(0.1, 1.0, 8)), (4, constant()), (None, exponential(0.9))),
    ),
    "sequence_cut_short": (
        0.3, 30, "step",
        sequence((4, linear(0.2, 1.0, 10)), (6, exponential(0.8)), (None, step(3, 0.1))),
    ),
    "sequence_longer_than_child": (
        0.3, 30, "step",
        sequence((9, linear(0.5, 0.8, 4)), (11, constant(0.5)), (None, linear(1.0, 0.1, 5))),
    ),
    "sequence_step_then_linear": (
        0.1, 25, "step",
        sequence((3, constant(0.5)), (7, step(2, 0.3)), (None, linear(1.0, 0.2, 6))),
    ),
    "sequence_epochs": (
        0.1, 15, "epoch",
        sequence(
            (3, linear(0.25, 1.0, 3, "epochs")),
            (4, constant()),
            (None, step(2, 0.1, "epochs")),
            unit="epochs",
        ),
    ),
}


def torch_optimizer(base_lr):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base_lr)


def run_torch(make, base_lr, ticks):
    optimizer = torch_optimizer(base_lr)
    scheduler = make(optimizer)
    lr = []
    for _ in range(ticks):
        lr.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return lr


# Metrics for the plateau rules. Where a value is to be exactly at the threshold, it is so in binary too.


def noisy(count, seed, sign=1):
    """Falls (or rises) in stages, with noise; three digits, so that it stays readable."""
    random = np.random.RandomState(seed)
    values = [0.5 + 0.5 * 0.4 ** (i // 12) + 0.02 * random.standard_normal() for i in range(count)]
    return [round(v if sign > 0 else 1.5 - v, 3) for v in values]


STAGES = [1.0, 0.8, 0.6, 0.5] + [0.5] * 7 + [0.4, 0.35] + [0.36] * 9 + [0.3] + [0.31] * 13
UPWARDS = [0.1, 0.3, 0.5] + [0.5] * 5 + [0.505, 0.511, 0.6] + [0.59] * 8 + [0.7, 0.7001] + [0.69] * 7
IN_COOLDOWN = [1.0] + [1.0] * 3 + [0.5] + [0.6] * 4 + [0.4, 0.3] + [0.45] * 10
STEADY = [1.0] * 16
SHORT = [1.0, 1.0, 0.9, 0.9, 0.9, 0.8, 0.7, 0.7]
SIXTEENTHS = [16, 15, 14, 13, 12, 11, 12, 8, 7, 7, 6, 4, 3, 2, 1]
AT_THRESHOLD = [value / 16 for value in SIXTEENTHS]  # often better by exactly 1/16
NAN_INSIDE = [1.0, 0.9, NAN, 0.8, NAN, NAN, NAN, 0.7, 0.75, NAN, 0.75, 0.75, 0.6] + [NAN] * 6
NAN_FIRST = [NAN, 1.0, 0.9, 0.8, 0.8, 0.8, 0.8, 0.7]

REL = {"threshold": 0.0152, "threshold_mode": "rel"}
ABS = {"threshold": 0.0152, "threshold_mode": "abs"}
MAX = {"mode": "max"}


def reduce(factor, patience, **options):
    return {"factor": factor, "patience": patience} | options


# name -> (base rate, metrics, options)
TORCH_PLATEAU = {
    "defaults": (0.1, [1.0, 0.5, 0.4] + [0.4] * 35, {}),
    "stages": (0.1, STAGES, reduce(0.5, 3)),
    "rel_min": (0.1, noisy(60, 1), reduce(0.5, 3) | REL),
    "rel_max": (0.1, noisy(60, 2, sign=-1), reduce(0.3, 2) | REL | MAX),
    "abs_min": (0.1, noisy(60, 3), reduce(0.5, 2) | ABS),
    "abs_max": (0.1, UPWARDS, reduce(0.5, 2) | ABS | MAX),
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

KERAS_PLATEAU = {
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


def plateau_spec(options, convention=None):
    table = {"type": "plateau"} | ({"convention": convention} if convention else {})
    for key, value in options.items():
        table[key] = f"{value} epochs" if key in ("patience", "cooldown") else value
    return table


def run_torch_plateau(base_lr, metrics, options):
    optimizer = torch_optimizer(base_lr)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    lr = [optimizer.param_groups[0]["lr"]]
    for metric in metrics:
        optimizer.step()
        scheduler.step(metric)
        lr.append(optimizer.param_groups[0]["lr"])
    return lr


def run_keras_plateau(base_lr, metrics, options):
    options = {"mode": "min"} | options
    if "threshold" in options:
        options["min_delta"] = options.pop("threshold")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(base_lr), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(monitor="val_metric", **options)
    callback.set_model(model)
    callback.on_train_begin()
    lr = [float(model.optimizer.learning_rate)]
    for epoch, metric in enumerate(metrics):
        callback.on_epoch_end(epoch, {"val_metric": metric})
        lr.append(float(model.optimizer.learning_rate))
    return lr


# name -> (base rate, ticks, table, Keras schedule). PiecewiseConstantDecay changes after its boundary:
# boundaries 10 and 20 act from steps 11 and 21 on.
def decay(base_lr, ticks, factor, every, staircase):
    table = {"type": "exponential", "factor": factor, "every": f"{every} steps", "staircase": staircase}
    make = lambda: keras.optimizers.schedules.ExponentialDecay(base_lr, every, factor, staircase)
    return base_lr, ticks, table, make


def piecewise(base_lr, ticks, every, values):
    factor = values[1] / values[0]
    table = {"type": "step", "first": f"{every + 1} steps", "every": f"{every} steps", "factor": factor}
    boundaries = [every * (i + 1) for i in range(len(values) - 1)]
    make = lambda: keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)
    return base_lr, ticks, table, make


KERAS = {
    "exponential_smooth": decay(0.1, 50, 0.9, 10, False),
    "exponential_each": decay(0.02, 30, 0.8, 1, False),
    "exponential_staircase": decay(0.1, 50, 0.9, 10, True),
    "exponential_staircase_seven": decay(0.003, 40, 0.5, 7, True),
    "step_piecewise": piecewise(0.5, 35, 10, [0.5, 0.25, 0.125, 0.0625]),
}


def run_keras(make, ticks):
    variable = keras.Variable(np.zeros(1))
    optimizer = keras.optimizers.SGD(make())
    optimizer.build([variable])
    lr = []
    for _ in range(ticks):
        lr.append(float(optimizer.learning_rate))
        optimizer.apply([torch.zeros(1, dtype=variable.value.dtype)])
    return lr


def write(folder, framework, name, unit, base_lr, tables, lr, metrics=None, dtype="f64"):
    tables = tables if isinstance(tables, list) else [tables]
    header = "[schedule]" if len(tables) == 1 else "[[schedule]]"
    ticks = len(lr) if metrics is None else len(metrics)
    fields = {
        "framework": framework,
        "version": VERSIONS[framework],
        "dtype": dtype,
        "relative_tolerance": 1e-12 if dtype == "f64" else 1e-6,
        "absolute_tolerance": 1e-16 * base_lr if dtype == "f64" else 0.0,
        "spec": join_spec(*(toml_table(header, table) for table in tables)),
        "unit": unit,
        "base_lr": base_lr,
        "total_steps": ticks * STEPS_PER_EPOCH if unit == "epoch" else ticks,
        "steps_per_epoch": STEPS_PER_EPOCH,
        "lr": lr,
    }
    if metrics is not None:
        fields["metrics"] = [None if math.isnan(m) else m for m in metrics]
    suffix = "" if framework == "torch" else f"_{dtype}"
    save_json(folder / f"{framework}_{name}{suffix}.json", fields)


def in_both_precisions(run):
    """Keras's rates in f32, its default, and in f64. They may differ by rounding, not in a decision."""
    rates = {}
    for dtype, floatx in [("f32", "float32"), ("f64", "float64")]:
        keras.config.set_floatx(floatx)
        rates[dtype] = run()
    assert np.allclose(rates["f32"], rates["f64"], rtol=1e-6, atol=0.0)
    return rates.items()


def main():
    folder = fresh_folder("schedules")
    for name, (base_lr, ticks, unit, (tables, make)) in TORCH.items():
        write(folder, "torch", name, unit, base_lr, tables, run_torch(make, base_lr, ticks))
    for name, (base_lr, metrics, options) in TORCH_PLATEAU.items():
        lr = run_torch_plateau(base_lr, metrics, options)
        write(folder, "torch", f"plateau_{name}", "epoch", base_lr, plateau_spec(options), lr, metrics)
    for name, (base_lr, ticks, table, make) in KERAS.items():
        for dtype, lr in in_both_precisions(lambda: run_keras(make, ticks)):
            write(folder, "keras", name, "step", base_lr, table, lr, dtype=dtype)
    for name, (base_lr, metrics, options) in KERAS_PLATEAU.items():
        for dtype, lr in in_both_precisions(lambda: run_keras_plateau(base_lr, metrics, options)):
            spec = plateau_spec(options, convention="keras")
            write(folder, "keras", f"plateau_{name}", "epoch", base_lr, spec, lr, metrics, dtype)


if __name__ == "__main__":
    main()
