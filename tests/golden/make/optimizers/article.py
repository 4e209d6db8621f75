"""Traces of the article's algorithm, line by line in numpy and f64, for rules and options that no package has.

These are our own transcriptions and not an independent reference. `tests/golden/README.md` lists the packages that we
searched.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from make.optimizers.trace import GROUP, Arrays, ByStep, Case, Inputs, Run, Step, Trace, in_each_dtype
from make.optimizers.units import decay_of, dot, multiple, nominal, penalty, with_decay

Options = dict[str, dict[str, Any]]


class Transcription(Run):
    """An algorithm on numpy arrays. A subclass has its slots in `self.slots` and changes `self.params` in `advance`."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        self.case, self.options = case, case.options
        self.params = {name: value.copy() for name, value in inputs.init.items()}
        self.slots: dict[str, Arrays] = {}
        self.start()

    def start(self) -> None:
        """Prepares the first step."""

    def advance(self, t: int, grads: Arrays, loss: float, factor: float) -> float:
        """Makes step `t`, from 1. Returns the rate that the method found, without the factor of the schedule."""
        raise NotImplementedError

    def average(self, slot: str, beta: float, values: Arrays) -> Arrays:
        """Moves the moving average `slot` and returns it."""
        old = self.slots.get(slot, {})
        self.slots[slot] = {name: beta * old.get(name, 0.0) + (1 - beta) * value for name, value in values.items()}
        return self.slots[slot]

    def second_moment(self, beta: float, grads: Arrays) -> Arrays:
        """Moves the moving average of the squared gradients and returns it."""
        old = self.slots.get("exp_avg_sq", {})
        self.slots["exp_avg_sq"] = {name: beta * old.get(name, 0.0) + (1 - beta) * g * g for name, g in grads.items()}
        return self.slots["exp_avg_sq"]

    def step(self, step: Step) -> ByStep:
        found = self.advance(step.index + 1, step.grads, step.loss, step.factor)
        return nominal(self.case, step.factor) | self.case.effective(found * step.factor)

    def values(self) -> Arrays:
        return {name: value.copy() for name, value in self.params.items()}

    def state(self) -> Arrays:
        return {f"{slot}/{name}": value for slot, values in self.slots.items() for name, value in values.items()}


# --- Hypergradient descent (Baydin et al. 2018, arXiv 1703.04782), algorithms 4, 5 and 6.

SGD_HD: Options = {
    "defaults": {"lr": 1e-3},
    "article": {"lr": 1e-3, "hypergrad_lr": 1e-4},
    "momentum": {"lr": 0.02, "hypergrad_lr": 1e-5, "momentum": 0.9, "weight_decay": 0.05},
    "nesterov": {"lr": 0.01, "hypergrad_lr": 1e-5, "momentum": 0.8, "nesterov": True},
    "nesterov_lrdrop": {"lr": 0.01, "hypergrad_lr": 2e-5, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "lrdrop": {"lr": 0.05, "hypergrad_lr": 1e-4, "momentum": 0.5},
    "groups": {"lr": 0.01, "hypergrad_lr": 1e-4, "momentum": 0.6, "weight_decay": 0.1},
}
ADAM_HD: Options = {
    "defaults": {"lr": 1e-3},
    "article": {"lr": 1e-3, "hypergrad_lr": 1e-5},
    "options": {"lr": 5e-3, "hypergrad_lr": 1e-4, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
    "lrdrop": {"lr": 0.01, "hypergrad_lr": 1e-4},
    "groups": {"lr": 2e-3, "hypergrad_lr": 1e-4, "weight_decay": 0.1},
}


class Hypergradient(Transcription):
    """The rate is a ← a + β·h with h = −∂f/∂a. Each step subtracts factor·multiple·a·u from every parameter, where u is
    its direction."""

    default_speed: float

    def start(self) -> None:
        self.rate = self.options["lr"]
        self.speed = self.options.get("hypergrad_lr", self.default_speed)
        self.moved: dict[str, tuple[float, np.ndarray]] = {}

    def directions(self, t: int, grads: Arrays) -> Arrays:
        """Returns u of every parameter."""
        raise NotImplementedError

    def advance(self, t: int, grads: Arrays, loss: float, factor: float) -> float:
        grads = with_decay(self.case, self.params, grads)
        h = sum(part * np.vdot(grads[name], u) for name, (part, u) in self.moved.items())
        self.rate = self.rate + self.speed * h
        for name, u in self.directions(t, grads).items():
            part = factor * multiple(self.case, name)
            self.moved[name] = (part, u)
            self.params[name] = self.params[name] - part * self.rate * u
        return self.rate


class SgdHd(Hypergradient):
    """SGD-HD, and SGDN-HD with momentum."""

    default_speed = 1e-6

    def directions(self, t: int, grads: Arrays) -> Arrays:
        momentum = self.options.get("momentum", 0.0)
        old = self.slots.get("momentum_buffer", {})
        v = {name: momentum * old.get(name, 0.0) + g for name, g in grads.items()}
        self.slots["momentum_buffer"] = v
        if not self.options.get("nesterov", False):
            return v
        self.slots["direction"] = {name: g + momentum * v[name] for name, g in grads.items()}
        return self.slots["direction"]


class AdamHd(Hypergradient):
    """Adam-HD."""

    default_speed = 1e-8

    def directions(self, t: int, grads: Arrays) -> Arrays:
        beta1, beta2 = self.options.get("betas", (0.9, 0.999))
        eps = self.options.get("eps", 1e-8)
        m = self.average("exp_avg", beta1, grads)
        v = self.second_moment(beta2, grads)
        return {name: (m[name] / (1 - beta1**t)) / (np.sqrt(v[name] / (1 - beta2**t)) + eps) for name in grads}


# --- SPS_max with the article's smoothing of the cap (Loizou et al. 2021, arXiv 2002.10542), which optax does not have.

SPS_MAX: Options = {"smooth": {"lr": 0.02, "c": 0.2, "growth": 1.05}, "smooth_growth_2": {"lr": 0.001, "growth": 2.0}}


class SpsMax(Transcription):
    """The authors' "smooth_iter"."""

    def start(self) -> None:
        self.last: float | None = None

    def advance(self, t: int, grads: Arrays, loss: float, factor: float) -> float:
        square = dot(grads, grads)
        cap = self.options["lr"] if self.last is None else self.options["growth"] * self.last
        rate = min(loss / (self.options.get("c", 0.5) * square + 1e-8), cap)
        for name, g in grads.items():
            self.params[name] = self.params[name] - rate * g
        self.last = rate
        return rate


# --- MoMo (Schaipp et al. 2024, arXiv 2305.07583) with the article's weight decay and with groups. The step minimizes
# the model with its penalty. It is found by bisection, because the article's closed form is for one rate.

MOMO: Options = {
    "proximal": {"lr": 0.2, "weight_decay": 0.2, "proximal": True, "lower_bound": -2.0},
    "proximal_groups": {"lr": 0.1, "weight_decay": 0.4, "proximal": True, "lower_bound": -1.0},
}
MOMO_ADAM: Options = {
    "proximal": {"lr": 0.5, "weight_decay": 0.1, "proximal": True},
    "proximal_groups": {"lr": 0.4, "weight_decay": 0.2, "proximal": True, "lower_bound": -0.2},
}


class Momo(Transcription):
    """MoMo, or MoMo-Adam."""

    beta, beta2, eps = 0.9, 0.999, 1e-8

    def start(self) -> None:
        self.adam = self.case.optimizer == "momo_adam"
        self.mean_loss, self.mean_gamma = 0.0, 0.0

    def advance(self, t: int, grads: Arrays, loss: float, factor: float) -> float:
        params = self.params
        kept = self.beta if self.adam or t > 1 else 0.0
        filled = 1 - self.beta**t if self.adam else 1.0
        self.mean_loss = kept * self.mean_loss + (1 - kept) * loss
        self.mean_gamma = kept * self.mean_gamma + (1 - kept) * dot(grads, params)
        m = self.average("exp_avg", kept, grads)
        norm = {name: np.ones_like(g) for name, g in grads.items()}
        if self.adam:
            v = self.second_moment(self.beta2, grads)
            norm = {name: np.sqrt(v[name] / (1 - self.beta2**t)) + self.eps for name in v}
        rate = {name: self.options["lr"] * multiple(self.case, name) for name in params}
        decay = {name: decay_of(self.case, name) for name in params}

        # The step minimizes max(model(x) − f*, 0) + Σ ‖x − θ‖²_D / (2·lr) + λ/2·‖x‖²_D over x. If s is the multiplier
        # of "the model is above f*", then x = (θ − lr·s·d/D)/(1 + lr·λ).
        def at(s: float) -> Arrays:
            d = {name: m[name] / filled / norm[name] for name in params}
            return {n: (params[n] - rate[n] * s * d[n]) / (1 + rate[n] * decay[n]) for n in params}

        def above(s: float) -> float:
            model = (self.mean_loss - self.mean_gamma + dot(m, at(s))) / filled
            return model - self.options.get("lower_bound", 0.0)

        s = multiplier(above)
        self.params = at(s)
        return self.options["lr"] * s


def multiplier(above: Callable[[float], float]) -> float:
    """Returns the point in [0, 1] at which a falling function crosses 0.

    The result is 1 if the function is not below 0 at 1, and 0 if it is not above 0 at 0.
    """
    if above(1.0) >= 0:
        return 1.0
    if above(0.0) <= 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > 0 else (low, middle)
    return high


# --- L4 (Rolinek and Martius 2018, arXiv 1802.05074), algorithm 1.

L4: Options = {
    "momentum": {"lr": 0.15},
    "momentum_options": {
        "lr": 0.1,
        "momentum": 0.8,
        "gamma": 0.7,
        "init_factor": 0.5,
        "tau": 20.0,
        "weight_decay": 0.05,
    },
    "adam": {"lr": 0.15, "direction": "adam"},
    "adam_options": {
        "lr": 0.2,
        "direction": "adam",
        "betas": [0.8, 0.95],
        "adam_eps": 1e-2,
        "gamma": 0.8,
        "tau": 50.0,
        "eps": 1e-3,
    },
    "lrdrop": {"lr": 0.15, "direction": "adam"},
    "groups": {"lr": 0.1, "direction": "adam", "weight_decay": 0.1},
}


class L4Rule(Transcription):
    """L4 on the direction of momentum or of Adam."""

    def start(self) -> None:
        self.least: float | None = None

    def advance(self, t: int, grads: Arrays, loss: float, factor: float) -> float:
        options = self.options
        loss += penalty(self.case, self.params)
        grads = with_decay(self.case, self.params, grads)
        adam = options.get("direction") == "adam"
        beta1, beta2 = options.get("betas", (0.9, 0.999)) if adam else (options.get("momentum", 0.9), 0.0)
        mean = {name: m / (1 - beta1**t) for name, m in self.average("exp_avg", beta1, grads).items()}
        direction = mean
        if adam:
            v = self.second_moment(beta2, grads)
            eps = options.get("adam_eps", 1e-4)
            direction = {name: mean[name] / (np.sqrt(v[name] / (1 - beta2**t)) + eps) for name in grads}
        self.least = options.get("init_factor", 0.75) * loss if self.least is None else min(self.least, loss)
        slope = dot(mean, direction) + options.get("eps", 1e-12)
        full = (loss - options.get("gamma", 0.9) * self.least) / slope
        for name in self.params:
            moved = factor * multiple(self.case, name) * options["lr"] * full * direction[name]
            self.params[name] = self.params[name] - moved
        self.least *= 1 + 1 / options.get("tau", 1000.0)
        return options["lr"] * full


# --- FTRL-Proximal (McMahan et al. 2013), algorithm 1. Keras's FTRL is a different rule if the rate changes.

FTRL: Options = {"lrdrop": {"lr": 0.05, "l1": 0.2, "l2": 0.1, "beta": 1.0}}


class Ftrl(Transcription):
    """FTRL-Proximal with a rate that may change: σ = √n_t/lr_t − √n_(t−1)/lr_(t−1), and β is only in the closed form.
    Before the first step, n is 0.1, as in Keras."""

    def start(self) -> None:
        self.z = {name: np.zeros_like(value) for name, value in self.params.items()}
        self.n = {name: np.full_like(value, 0.1) for name, value in self.params.items()}
        self.inverse = {name: np.sqrt(n) / self.options["lr"] for name, n in self.n.items()}
        self.slots = {"accumulator": self.n, "linear": self.z}

    def step(self, step: Step) -> ByStep:
        rate, beta, l1, l2 = self.options["lr"] * step.factor, *(self.options[key] for key in ("beta", "l1", "l2"))
        for name, w in self.params.items():
            g = step.grads[name]
            self.n[name] = self.n[name] + g**2
            sigma = np.sqrt(self.n[name]) / rate - self.inverse[name]
            self.inverse[name] = np.sqrt(self.n[name]) / rate
            z = self.z[name] = self.z[name] + g - sigma * w
            closed = -(z - np.sign(z) * l1) / (beta / rate + self.inverse[name] + 2 * l2)
            self.params[name] = np.where(np.abs(z) <= l1, 0.0, closed)
        return {"lr": rate}


RULES: dict[str, tuple[Options, Callable[[Case, Inputs, str], Run]]] = {
    "sgd_hd": (SGD_HD, SgdHd),
    "adam_hd": (ADAM_HD, AdamHd),
    "sps_max": (SPS_MAX, SpsMax),
    "momo": (MOMO, Momo),
    "momo_adam": (MOMO_ADAM, Momo),
    "l4": (L4, L4Rule),
    "ftrl": (FTRL, Ftrl),
}
# Rules that see the loss.
BY_LOSS = ("sps_max", "momo", "momo_adam", "l4")


def cases() -> Iterator[Case]:
    """Yields every case."""
    for optimizer, (of_optimizer, start) in RULES.items():
        for name, options in of_optimizer.items():
            group = GROUP if name.endswith("groups") else None
            losses = optimizer in BY_LOSS
            yield Case("article", optimizer, name, options, start, ("f64",), group, losses=losses)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
