"""Golden traces of the rules that look at a metric, of PyTorch and Keras: their `ReduceLROnPlateau`. `lr` is that of
each epoch, and after the last."""

from golden_lib import keras
from torch.optim import lr_scheduler

from golden_metrics import (
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
from golden_schedules_keras import in_both_precisions
from golden_schedules_torch import optimizer
from golden_trace import EPOCHS, Trace, rule

# name -> (base rate, metrics, options)
TORCH = {
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

KERAS = {
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


def run_torch(base_lrs, metrics, options):
    """The rates of each group."""
    stepped = optimizer(base_lrs)
    scheduler = lr_scheduler.ReduceLROnPlateau(stepped, **options)
    lr = [[group["lr"]] for group in stepped.param_groups]
    for metric in metrics:
        stepped.step()
        scheduler.step(metric)
        for rates, group in zip(lr, stepped.param_groups):
            rates.append(group["lr"])
    return lr


def run_torch_after_warmup(base_lr, metrics, options, start, warmup):
    """A warm-up by hand, as people write it: the plateau is not stepped while LinearLR is."""
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
    return lr


def run_keras(base_lr, metrics, options):
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


def traces():
    for name, (base_lr, metrics, options) in TORCH.items():
        [lr] = run_torch([base_lr], metrics, options)
        table = plateau_rule("plateau", options)
        yield Trace("torch", f"plateau_{name}", table, base_lr, lr, EPOCHS, metrics=metrics)

    options = reduce(0.5, 2, min_lr=0.004, cooldown=1)
    lr = run_torch([0.1, 0.02, 0.3], STAGES, options)
    table = plateau_rule("plateau", options, "torch")
    groups = {0.02: lr[1], 0.3: lr[2]}
    yield Trace("torch", "plateau_groups", table, 0.1, lr[0], EPOCHS, metrics=STAGES, groups=groups)

    options = reduce(0.5, 2)
    lr = run_torch_after_warmup(0.1, STAGES, options, 0.2, 5)
    table = plateau_rule("plateau", options)
    parts = [rule("linear", start=0.2, end=1.0, over=EPOCHS(5), tick="epoch", for_=EPOCHS(5)), table]
    yield Trace("torch", "plateau_after_linear", parts, 0.1, lr, EPOCHS, metrics=STAGES)
    # The start of a warm-up is 1/3 in PyTorch, that of LinearLR.
    lr = run_torch_after_warmup(0.1, STAGES, options, 1 / 3, 4)
    warmed = plateau_rule("plateau", options, "torch") | {"warmup": {"for": EPOCHS(4), "tick": "epoch"}}
    yield Trace("torch", "plateau_warmup", warmed, 0.1, lr, EPOCHS, metrics=STAGES)

    for name, (base_lr, metrics, options) in KERAS.items():
        table = plateau_rule("plateau", options, "keras")
        for dtype, lr in in_both_precisions(lambda: run_keras(base_lr, metrics, options)):
            trace_name = f"plateau_{name}_{dtype}"
            yield Trace("keras", trace_name, table, base_lr, lr, EPOCHS, metrics=metrics, dtype=dtype)
