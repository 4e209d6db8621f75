"""Where our rules differ from Keras's on purpose."""

from collections.abc import Iterator

from make.differences.trace import Difference, difference, differences
from make.schedules.keras import keras, run, run_plateau
from make.schedules.metrics import reduce
from make.schedules.trace import EPOCHS, NAN, STEPS, Trace, rule

Shown = tuple[Trace, str | None]


def keras_plateau_after_nan() -> Shown:
    """If the first value is NaN, it stays the best value for good. So the rate falls although the loss improves."""
    keras.config.set_floatx("float64")
    metrics = [NAN] + [1.0 - 0.05 * i for i in range(11)]
    lr = run_plateau(0.1, metrics, reduce(0.5, 2))
    table = rule("plateau", "keras", factor=0.5, patience=EPOCHS(2))
    return difference("keras", table, 0.1, lr, EPOCHS, metrics=metrics), None


def keras_restarts_in_f32() -> Shown:
    """CosineDecayRestarts finds the cycle by a logarithm. In f32, its default, it can miss a restart at a whole
    step."""
    keras.config.set_floatx("float32")

    def make():
        return keras.optimizers.schedules.CosineDecayRestarts(0.1, 10, 1.5)

    lr = run(make, 30)
    return difference("keras", rule("cosine_restarts", "keras", period=STEPS(10), period_mult=1.5), 0.1, lr), None


def traces() -> Iterator[Difference]:
    """Yields every difference."""
    return differences(keras_plateau_after_nan, keras_restarts_in_f32)
