"""Where our rules differ from those of optax on purpose."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import optax

from make.differences.trace import Difference, difference, differences
from make.schedules.metrics import reduce
from make.schedules.optax import run_plateau
from make.schedules.trace import EPOCHS, STEPS, Trace, absolute, rule

Shown = tuple[Trace, str | None]


def optax_plateau_of_no_patience() -> Shown:
    """With patience 0, the scale falls whenever the value improves, and never when it does not."""
    metrics = [1.0, 0.9, 0.8, 0.8, 0.8, 0.7, 0.7]
    lr = run_plateau(0.1, metrics, reduce(0.5, 0)).lr
    table = rule("plateau", "optax", factor=0.5, patience=EPOCHS(0))
    return difference("optax", table, 0.1, lr, EPOCHS, metrics=metrics), None


def optax_polynomial_compiled() -> Shown:
    """When compiled, the division by the length becomes a multiplication by its inverse. So 1 - t / T is below 0 at the
    end, and its power with a fractional exponent is NaN (None in the trace)."""
    schedule = jax.jit(optax.polynomial_schedule(0.01, 0.2, 1.5, 20))
    lr = [float(schedule(jnp.asarray(tick))) for tick in range(24)]
    table = rule("polynomial", "optax", over=STEPS(20), power=1.5, end=absolute(0.2))
    return difference("optax", table, 0.01, lr), None


def traces() -> Iterator[Difference]:
    """Yields every difference."""
    return differences(optax_plateau_of_no_patience, optax_polynomial_compiled)
