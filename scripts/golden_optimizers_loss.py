"""Golden traces of the update rules that find their own rate from losses, gradients or a line search.

Writes tests/golden/optimizers/<framework>_<optimizer>_<case>_<f32|f64>.safetensors, as golden_optimizers.py does; the
references are optax's and pytorch_optimizer's own classes, and for rules that no package has ("article") the article's
pseudo-code, written down here in numpy and f64.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_optimizers_loss.py
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
from pytorch_optimizer import AliG

from golden_optimizer_trace import DTYPES, GROUP, KEPT, STEPS, inputs, rate_multiplier, remove, write

import torch

jax.config.update("jax_enable_x64", True)


def in_numpy(tensors):
    return {name: value.numpy().copy() for name, value in tensors.items()}


def group_of(case):
    """What every parameter's nominal rate is multiplied by, and what takes its weight decay's place, in a case."""
    other = {"layers.0.bias": GROUP} if case.endswith("groups") else {}
    return (
        lambda name: other[name]["lr_mult"] if name in other else 1.0,
        lambda name, decay: other[name]["weight_decay"] if name in other else decay,
    )


def nominal(case, lr):
    """The nominal rates by step, as the traces have them."""
    rates = [lr * rate_multiplier(case, step) for step in range(STEPS)]
    return {"lr": rates} | ({"lr.bias": [rate * GROUP["lr_mult"] for rate in rates]} if case.endswith("groups") else {})


def article(optimizer, cases, make, *, with_loss=False, first_seed=0):
    """Traces of a transcription. `make(options, case)` gives `step(t, params, grads, loss, scale)`, which changes
    `params`, and returns the base rate that it found, and `state()`; `scale` is the schedule's factor."""
    for number, (case, options) in enumerate(cases.items()):
        init, grads = inputs(first_seed + number)
        params, kept = in_numpy(init), {name: [] for name in init}
        losses = loss_by_step(first_seed + number)
        step, state = make(options, case)
        found = []
        for t in range(STEPS):
            of_step = {name: value[t].numpy().copy() for name, value in grads.items()}
            found.append(step(t + 1, params, of_step, losses[t], rate_multiplier(case, t)))
            if t + 1 in KEPT:
                for name, value in params.items():
                    kept[name].append(torch.from_numpy(value.copy()))
        rate_of, _ = group_of(case)
        by_step = nominal(case, options["lr"])
        scales = [rate_multiplier(case, t) for t in range(STEPS)]
        by_step["effective_lr"] = [rate * scale for rate, scale in zip(found, scales)]
        if case.endswith("groups"):
            by_step["effective_lr.bias"] = [rate * rate_of("layers.0.bias") for rate in by_step["effective_lr"]]
        if with_loss:
            by_step["loss"] = losses
        slots = {key: torch.from_numpy(value) for key, value in state().items()}
        group = GROUP if case.endswith("groups") else None
        common = {"init": init, "grads": grads, "kept": kept, "state": slots, "by_step": by_step}
        write("article", optimizer, case, "f64", options=options, group=group, **common)


def loss_by_step(seed):
    """Losses between about 0.01 and 30."""
    return np.exp(np.random.RandomState(seed + 50_000).standard_normal(STEPS) * 1.5).tolist()


# --- Hypergradient descent (Baydin et al. 2018, arXiv 1703.04782), algorithms 4, 5 and 6.

SGD_HD = {
    "defaults": {"lr": 1e-3},
    "article": {"lr": 1e-3, "hypergrad_lr": 1e-4},
    "momentum": {"lr": 0.02, "hypergrad_lr": 1e-5, "momentum": 0.9, "weight_decay": 0.05},
    "nesterov": {"lr": 0.01, "hypergrad_lr": 1e-5, "momentum": 0.8, "nesterov": True},
    "nesterov_lrdrop": {"lr": 0.01, "hypergrad_lr": 2e-5, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "lrdrop": {"lr": 0.05, "hypergrad_lr": 1e-4, "momentum": 0.5},
    "groups": {"lr": 0.01, "hypergrad_lr": 1e-4, "momentum": 0.6, "weight_decay": 0.1},
}

ADAM_HD = {
    "defaults": {"lr": 1e-3},
    "article": {"lr": 1e-3, "hypergrad_lr": 1e-5},
    "options": {"lr": 5e-3, "hypergrad_lr": 1e-4, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
    "lrdrop": {"lr": 0.01, "hypergrad_lr": 1e-4},
    "groups": {"lr": 2e-3, "hypergrad_lr": 1e-4, "weight_decay": 0.1},
}


class Hypergradient:
    """The rate a ← a + β·h, where h = −∂f/∂a: every parameter moved by scale·multiple·a along its direction u."""

    def __init__(self, options, default, case):
        self.rate, self.speed = options["lr"], options.get("hypergrad_lr", default)
        self.multiple, _ = group_of(case)
        self.before = {}

    def found(self, grads, scale):
        h = sum(part * np.vdot(grads[name], u) for name, (part, u) in self.before.items())
        self.rate = self.rate + self.speed * h
        self.scale = scale
        return self.rate

    def moved(self, name, value, u):
        part = self.scale * self.multiple(name)
        self.before[name] = (part, u)
        return value - part * self.rate * u


def with_decay(params, grads, options, case):
    """g + λ·θ, as the authors' code adds it."""
    _, decay_of = group_of(case)
    decay = {name: decay_of(name, options.get("weight_decay", 0.0)) for name in params}
    return {name: grads[name] + decay[name] * params[name] for name in params}


def sgd_hd(options, case):
    rate = Hypergradient(options, 1e-6, case)
    momentum, nesterov = options.get("momentum", 0.0), options.get("nesterov", False)
    v, last = {}, {}

    def step(t, params, grads, loss, scale):
        grads = with_decay(params, grads, options, case)
        rate.found(grads, scale)
        for name, g in grads.items():
            v[name] = momentum * v.get(name, 0.0) + g
            last[name] = g + momentum * v[name] if nesterov else v[name]
            params[name] = rate.moved(name, params[name], last[name])
        return rate.rate

    def state():
        slots = {f"momentum_buffer/{name}": value for name, value in v.items()}
        return slots | ({f"direction/{name}": value for name, value in last.items()} if nesterov else {})

    return step, state


def adam_hd(options, case):
    rate = Hypergradient(options, 1e-8, case)
    (beta1, beta2), eps = options.get("betas", (0.9, 0.999)), options.get("eps", 1e-8)
    m, v = {}, {}

    def step(t, params, grads, loss, scale):
        grads = with_decay(params, grads, options, case)
        rate.found(grads, scale)
        for name, g in grads.items():
            m[name] = beta1 * m.get(name, 0.0) + (1 - beta1) * g
            v[name] = beta2 * v.get(name, 0.0) + (1 - beta2) * g * g
            u = (m[name] / (1 - beta1**t)) / (np.sqrt(v[name] / (1 - beta2**t)) + eps)
            params[name] = rate.moved(name, params[name], u)
        return rate.rate

    def state():
        return {f"{slot}/{name}": value[name] for slot, value in [("exp_avg", m), ("exp_avg_sq", v)] for name in m}

    return step, state


# --- References without groups, run in other units.
#
# A rule that is a function of the parameters as one vector knows one rate. To run it with a rate that is m times as
# large for one parameter, it is given φ = θ/√m in its place: the gradient by φ is √m·g, and a step τ along that moves θ
# by τ·m·g. Whatever the rule makes of loss, norms and products, it makes of those by φ.


def units(case, step=None):
    """√m of every parameter; with a step (from 0), with the schedule's factor in m."""
    multiple, _ = group_of(case)
    scale = 1.0 if step is None else rate_multiplier(case, step)
    return {name: math.sqrt(multiple(name) * scale) for name in ("layers.0.weight", "layers.0.bias")}


def penalty(params, options, case):
    """½·Σ λ·‖θ‖², of coupled weight decay."""
    _, decay_of = group_of(case)
    decay = options.get("weight_decay", 0.0)
    return sum(0.5 * decay_of(name, decay) * float((value * value).sum()) for name, value in params.items())


def run(framework, optimizer, case, options, begin, *, seed, coupled=True, scheduled=True):
    """A trace of a reference in φ. `begin(φ)` gives `step(φ, gradient, loss)`, which returns φ, the rate by φ (None where
    it is not known), and the slots with the power of √m that makes each one by θ. `scheduled`: it can change its rate;
    otherwise the units change in its place, which a reference with slots would not bear."""
    init, grads = inputs(seed)
    params, kept, losses = in_numpy(init), {name: [] for name in init}, loss_by_step(seed)
    step, found, slots = None, [], {}
    for t in range(STEPS):
        unit = units(case) if scheduled else units(case, t)
        by_unit = {name: value / unit[name] for name, value in params.items()}
        step = step or begin(by_unit)
        g = {name: value[t].numpy() for name, value in grads.items()}
        loss = losses[t]
        if coupled:
            g = with_decay(params, g, options, case)
            loss += penalty(params, options, case)
        by_unit, rate, slots = step(by_unit, {name: unit[name] * value for name, value in g.items()}, loss)
        params = {name: unit[name] * np.array(value) for name, value in by_unit.items()}
        found.append(rate if scheduled or rate is None else rate * rate_multiplier(case, t))
        if t + 1 in KEPT:
            for name, value in params.items():
                kept[name].append(torch.from_numpy(value.copy()))
    by_step = nominal(case, options["lr"]) | {"loss": losses}
    if None not in found:
        multiple, _ = group_of(case)
        by_step["effective_lr"] = found
        if case.endswith("groups"):
            by_step["effective_lr.bias"] = [rate * multiple("layers.0.bias") for rate in found]
    state = {
        f"{slot}/{name}": torch.from_numpy(np.array(value[name]) * unit[name] ** power)
        for slot, (value, power) in slots.items()
        for name in params
    }
    group = GROUP if case.endswith("groups") else None
    common = {"init": init, "grads": grads, "kept": kept, "state": state, "by_step": by_step}
    write(framework, optimizer, case, "f64", options=options, group=group, **common)


def dot(a, b):
    return sum(float(np.vdot(a[name], b[name])) for name in a)


# --- SPS_max: optax.polyak_sgd. Its direction is scaled before its norm is taken, so that `scaling` is the article's c
# (and not 1/c, as by the formula in its documentation).

SPS_MAX = {
    "defaults": {"lr": 1.0},
    "plain": {"lr": 0.3, "c": 1.0, "eps": 0.0, "f_star": 0.2},
    "options": {"lr": 0.1, "c": 0.2, "eps": 1e-3, "f_star": -0.5, "weight_decay": 0.05},
    "lrdrop": {"lr": 0.1, "c": 0.5, "eps": 0.0},
    "groups": {"lr": 0.1, "c": 0.4, "eps": 0.01, "weight_decay": 0.1},
}


def sps_max(options):
    scaling, lr, eps = options.get("c", 0.5), options["lr"], options.get("eps", 1e-8)
    opt = optax.polyak_sgd(
        max_learning_rate=lr / scaling,
        scaling=scaling,
        f_min=options.get("f_star", 0.0),
        eps=eps * scaling,
        variant="sps+",
    )

    def begin(params):
        state = opt.init(params)

        def step(params, grads, loss):
            updates, _ = opt.update(grads, state, params, value=loss)
            square = dot(grads, grads)
            # optax does not show its rate. Of no gradient it is the cap, or 0 without eps.
            rate = -dot(updates, grads) / square if square > 0 else lr * (eps > 0)
            return optax.apply_updates(params, updates), rate, {}

        return step

    return begin


# With the article's smoothing of the cap, which optax does not have.
SPS_MAX_SMOOTH = {"smooth": {"lr": 0.02, "c": 0.2, "growth": 1.05}, "smooth_growth_2": {"lr": 0.001, "growth": 2.0}}


def sps_max_smooth(options, case):
    """The authors' "smooth_iter"; a rate of 0 is not what the next one grows from."""
    last = None

    def step(t, params, grads, loss, scale):
        nonlocal last
        square = dot(grads, grads)
        cap = options["lr"] if last is None else options["growth"] * last
        rate = min(loss / (options.get("c", 0.5) * square + 1e-8), cap)
        for name, g in grads.items():
            params[name] = params[name] - rate * g
        last = rate
        return rate

    return step, dict


# --- ALI-G: pytorch_optimizer.

ALIG = {
    "defaults": {"lr": 0.1},
    "momentum": {"lr": 0.05, "momentum": 0.9},
    "adjusted": {"lr": 0.1, "momentum": 0.8, "adjusted_momentum": True, "weight_decay": 0.02},
    "weight_decay": {"lr": 0.2, "weight_decay": 0.1},
    "lrdrop": {"lr": 0.1, "momentum": 0.9},
    "groups": {"lr": 0.1, "momentum": 0.7, "weight_decay": 0.1},
}


class AliG64(AliG):
    """The package computes the norm in f32 whatever the parameters; here it is in f64."""

    def compute_step_size(self, loss):
        square = sum(p.grad.square().sum() for group in self.param_groups for p in group["params"])
        return loss / (square + 1e-6).item()


def alig(options, case):
    arguments = {key: options[key] for key in ("momentum", "adjusted_momentum") if key in options}

    def begin(params):
        params = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in params.items()}
        opt = AliG64(list(params.values()), max_lr=options["lr"], **arguments)
        t = 0

        def step(now, grads, loss):
            nonlocal t
            opt.param_groups[0]["max_lr"] = options["lr"] * rate_multiplier(case, t)
            t += 1
            for name, param in params.items():
                param.data.copy_(torch.from_numpy(np.asarray(now[name])))
                param.grad = torch.from_numpy(np.asarray(grads[name]).copy())
            opt.step(lambda: loss)
            slots = {}
            if options.get("momentum"):
                buffers = {name: opt.state[param]["momentum_buffer"].numpy() for name, param in params.items()}
                slots = {"momentum_buffer": (buffers, 1)}
            rate = opt.param_groups[0]["step_size"]
            return {name: param.detach().numpy().copy() for name, param in params.items()}, rate, slots

        return step

    return begin


def alig_f32(case, options, seed):
    """The package as it is."""
    init, grads = inputs(seed)
    init = {name: value.float() for name, value in init.items()}
    grads = {name: value.float() for name, value in grads.items()}
    losses, found = loss_by_step(seed), []
    params, kept = {name: value.clone().requires_grad_() for name, value in init.items()}, {name: [] for name in init}
    arguments = {key: options[key] for key in ("momentum", "adjusted_momentum") if key in options}
    opt = AliG(list(params.values()), max_lr=options["lr"], **arguments)
    for t in range(STEPS):
        for name, param in params.items():
            param.grad = grads[name][t].clone()
        opt.step(lambda: losses[t])
        found.append(opt.param_groups[0]["step_size"])
        if t + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())
    state = {f"{slot}/{name}": value for name, p in params.items() for slot, value in opt.state[p].items()}
    by_step = nominal(case, options["lr"]) | {"loss": losses, "effective_lr": found}
    common = {"init": init, "grads": grads, "kept": kept, "state": state, "by_step": by_step}
    write("pytorch_optimizer", "alig", case, "f32", options=options, **common)


# --- MoMo and MoMo-Adam: optax.contrib.

MOMO = {
    "defaults": {"lr": 1.0},
    "options": {"lr": 0.05, "beta": 0.7, "lower_bound": -0.5, "weight_decay": 0.3},
    "adapt": {"lr": 0.2, "adapt_lower_bound": True, "lower_bound": -20.0, "weight_decay": 0.05},
    "lrdrop": {"lr": 0.05, "lower_bound": -1.0, "weight_decay": 0.01},
    "groups": {"lr": 0.05, "beta": 0.8},
}

MOMO_ADAM = {
    "defaults": {"lr": 1e-2},
    "options": {"lr": 0.5, "betas": [0.8, 0.95], "eps": 1e-4, "lower_bound": -0.5, "weight_decay": 0.1},
    "capped": {"lr": 0.4, "betas": [0.8, 0.99]},
    "adapt": {"lr": 0.5, "adapt_lower_bound": True, "lower_bound": -20.0, "weight_decay": 0.05},
    "lrdrop": {"lr": 0.5, "lower_bound": -1.0, "weight_decay": 0.01},
}


def momo(options, case, adam):
    names = {"lr": "learning_rate"}
    arguments = {names.get(key, key): value for key, value in options.items()}
    if "betas" in arguments:
        arguments["b1"], arguments["b2"] = arguments.pop("betas")
    lr = options["lr"]
    if case == "lrdrop":
        arguments["learning_rate"] = lambda count: jnp.where(count >= STEPS // 2, 0.1 * lr, lr)
    opt = (optax.contrib.momo_adam if adam else optax.contrib.momo)(**arguments)
    b1, b2 = options.get("betas", (0.9, 0.999))
    eps = options.get("eps", 1e-8)

    def begin(params):
        state = opt.init(params)
        update = jax.jit(lambda grads, state, params, loss: opt.update(grads, state, params, value=loss))
        t = 0

        def step(params, grads, loss):
            nonlocal state, t
            t += 1
            updates, state = update(grads, state, params, loss)
            slots = {"exp_avg": (state.exp_avg, -1)}
            d, filled = state.exp_avg, 1.0
            if adam:
                slots["exp_avg_sq"] = (state.exp_avg_sq, -2)
                root = {name: jnp.sqrt(v / (1 - b2**t)) + eps for name, v in state.exp_avg_sq.items()}
                d, filled = {name: m / root[name] for name, m in d.items()}, 1 - b1**t
            # optax does not show τ; without weight decay the update is −τ·d.
            square = dot(d, d)
            rate = None if "weight_decay" in options else -dot(updates, d) / square * filled if square > 0 else 0.0
            return optax.apply_updates(params, updates), rate, slots

        return step

    return begin


# As the article has weight decay, and with groups: the step that minimizes the model with its penalty, found by
# bisection in place of the article's closed form, which is for one rate.
MOMO_PROXIMAL = {
    "proximal": {"lr": 0.2, "weight_decay": 0.2, "proximal": True, "lower_bound": -2.0},
    "proximal_groups": {"lr": 0.1, "weight_decay": 0.4, "proximal": True, "lower_bound": -1.0},
}
MOMO_ADAM_PROXIMAL = {
    "proximal": {"lr": 0.5, "weight_decay": 0.1, "proximal": True},
    "proximal_groups": {"lr": 0.4, "weight_decay": 0.2, "proximal": True, "lower_bound": -0.2},
}


def momo_proximal(adam):
    def make(options, case):
        multiple, decay_of = group_of(case)
        beta, beta2, eps = 0.9, 0.999, 1e-8
        average = {"loss": 0.0, "gamma": 0.0}
        m, v = {}, {}

        def step(t, params, grads, loss, scale):
            kept = beta if adam or t > 1 else 0.0
            filled = 1 - beta**t if adam else 1.0
            average["loss"] = kept * average["loss"] + (1 - kept) * loss
            average["gamma"] = kept * average["gamma"] + (1 - kept) * dot(grads, params)
            norm = {}
            for name, g in grads.items():
                m[name] = kept * m.get(name, 0.0) + (1 - kept) * g
                v[name] = beta2 * v.get(name, 0.0) + (1 - beta2) * g * g
                norm[name] = np.sqrt(v[name] / (1 - beta2**t)) + eps if adam else np.ones_like(g)
            rate = {name: options["lr"] * multiple(name) for name in params}
            decay = {name: decay_of(name, options["weight_decay"]) for name in params}

            # min over x of max(model(x) − f*, 0) + Σ ‖x − θ‖²_D / (2·lr) + λ/2·‖x‖²_D: where the model is above f* with
            # the multiplier s, x = (θ − lr·s·d/D)/(1 + lr·λ).
            def at(s):
                d = {name: m[name] / filled / norm[name] for name in params}
                return {n: (params[n] - rate[n] * s * d[n]) / (1 + rate[n] * decay[n]) for n in params}

            def above(s):
                model = (average["loss"] - average["gamma"] + dot(m, at(s))) / filled
                return model - options.get("lower_bound", 0.0)

            low, high = 0.0, 1.0
            if above(1.0) >= 0:
                low = 1.0
            elif above(0.0) <= 0:
                high = 0.0
            else:
                for _ in range(200):
                    middle = (low + high) / 2
                    low, high = (middle, high) if above(middle) > 0 else (low, middle)
            s = low if above(1.0) >= 0 else high
            params.update(at(s))
            return options["lr"] * s

        def state():
            slots = {f"exp_avg/{name}": value for name, value in m.items()}
            return slots | ({f"exp_avg_sq/{name}": value for name, value in v.items()} if adam else {})

        return step, state

    return make


# --- L4 (Rolinek and Martius 2018, arXiv 1802.05074), algorithm 1.

L4 = {
    "momentum": {"lr": 0.15},
    "momentum_options": {"lr": 0.1, "momentum": 0.8, "gamma": 0.7, "init_factor": 0.5, "tau": 20.0, "weight_decay": 0.05},
    "adam": {"lr": 0.15, "direction": "adam"},
    "adam_options": {
        "lr": 0.2, "direction": "adam", "betas": [0.8, 0.95], "adam_eps": 1e-2, "gamma": 0.8, "tau": 50.0, "eps": 1e-3,
    },
    "lrdrop": {"lr": 0.15, "direction": "adam"},
    "groups": {"lr": 0.1, "direction": "adam", "weight_decay": 0.1},
}


def l4(options, case):
    multiple, _ = group_of(case)
    adam = options.get("direction") == "adam"
    beta1, beta2 = options.get("betas", (0.9, 0.999)) if adam else (options.get("momentum", 0.9), None)
    m, v = {}, {}
    least = None

    def step(t, params, grads, loss, scale):
        nonlocal least
        loss += penalty(params, options, case)
        grads = with_decay(params, grads, options, case)
        mean, direction = {}, {}
        for name, g in grads.items():
            m[name] = beta1 * m.get(name, 0.0) + (1 - beta1) * g
            mean[name] = direction[name] = m[name] / (1 - beta1**t)
            if adam:
                v[name] = beta2 * v.get(name, 0.0) + (1 - beta2) * g * g
                direction[name] = mean[name] / (np.sqrt(v[name] / (1 - beta2**t)) + options.get("adam_eps", 1e-4))
        least = options.get("init_factor", 0.75) * loss if least is None else min(least, loss)
        full = (loss - options.get("gamma", 0.9) * least) / (dot(mean, direction) + options.get("eps", 1e-12))
        for name in params:
            params[name] = params[name] - scale * multiple(name) * options["lr"] * full * direction[name]
        least *= 1 + 1 / options.get("tau", 1000.0)
        return options["lr"] * full

    def state():
        slots = {f"exp_avg/{name}": value for name, value in m.items()}
        return slots | {f"exp_avg_sq/{name}": value for name, value in v.items()}

    return step, state


# --- The Armijo line search: optax, on softmax regression.

ARMIJO = {
    "defaults": {"lr": 1.0},
    "options": {
        "lr": 0.8, "c": 0.3, "decrease_factor": 0.6, "increase_factor": 2.0, "max_backtracking_steps": 4, "weight_decay": 0.05,
    },
    "lrdrop": {"lr": 0.5, "c": 0.1},
    "groups": {"lr": 0.5, "c": 0.1, "weight_decay": 0.1},
}


# Case -> seed and size of the inputs: with most, steps as long as this rule takes them multiply a difference of one
# rounding by thousands over the 100 steps.
ARMIJO_INPUTS = {"defaults": (4701, 0.3), "options": (4702, 1.0), "lrdrop": (4706, 1.0), "groups": (4701, 1.0)}


def armijo(case, options, seed, size):
    init, _ = inputs(seed)
    random = np.random.RandomState(seed)
    x = random.standard_normal((STEPS, 8, 5)) * random.choice([0.3, 1.0, 4.0, 12.0], size=(STEPS, 1, 1)) * size
    y = random.randint(0, 4, size=(STEPS, 8))
    multiple, decay_of = group_of(case)
    decay = options.get("weight_decay", 0.0)
    opt = optax.chain(
        optax.sgd(1.0),
        optax.scale_by_backtracking_linesearch(
            max_backtracking_steps=options.get("max_backtracking_steps", 15),
            slope_rtol=options.get("c", 1e-4),
            decrease_factor=options.get("decrease_factor", 0.8),
            increase_factor=options.get("increase_factor", 1.5),
            max_learning_rate=options["lr"],
        ),
    )

    def value_fn(by_unit, unit, x, y):
        params = {name: unit[name] * value for name, value in by_unit.items()}
        logits = x @ params["layers.0.weight"].T + params["layers.0.bias"]
        loss = -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(len(y)), y])
        return loss + sum(0.5 * decay_of(name, decay) * jnp.sum(p * p) for name, p in params.items())

    @jax.jit
    def step(by_unit, state, batch):
        value, grad = jax.value_and_grad(value_fn)(by_unit, **batch)
        updates, state = opt.update(grad, state, by_unit, value=value, grad=grad, value_fn=value_fn, **batch)
        return optax.apply_updates(by_unit, updates), state

    params, kept, found, state = in_numpy(init), {name: [] for name in init}, [], None
    for t in range(STEPS):
        unit = units(case, t)
        by_unit = {name: jnp.array(value / unit[name]) for name, value in params.items()}
        state = state or opt.init(by_unit)
        batch = {"unit": unit, "x": jnp.array(x[t]), "y": jnp.array(y[t])}
        by_unit, state = step(by_unit, state, batch)
        params = {name: unit[name] * np.array(value) for name, value in by_unit.items()}
        found.append(float(state[-1].learning_rate) * rate_multiplier(case, t))
        if t + 1 in KEPT:
            for name, value in params.items():
                kept[name].append(torch.from_numpy(value.copy()))
    by_step = nominal(case, options["lr"]) | {"effective_lr": found}
    if case.endswith("groups"):
        by_step["effective_lr.bias"] = [rate * multiple("layers.0.bias") for rate in found]
    group = GROUP if case.endswith("groups") else None
    extra = {"x": torch.from_numpy(x), "y": torch.from_numpy(y)}
    common = {"init": init, "kept": kept, "by_step": by_step, "extra": extra}
    write("optax", "armijo", case, "f64", options=options, group=group, **common)


def main():
    remove("article", ["sgd_hd", "adam_hd", "sps_max", "momo", "momo_adam", "l4"])
    remove("optax", ["sps_max", "momo", "momo_adam", "armijo"])
    remove("pytorch_optimizer", ["alig"])
    article("sgd_hd", SGD_HD, sgd_hd, first_seed=4000)
    article("adam_hd", ADAM_HD, adam_hd, first_seed=4100)
    for number, (case, options) in enumerate(SPS_MAX.items()):
        run("optax", "sps_max", case, options, sps_max(options), seed=4200 + number, scheduled=False)
    article("sps_max", SPS_MAX_SMOOTH, sps_max_smooth, with_loss=True, first_seed=4250)
    for number, (case, options) in enumerate(ALIG.items()):
        run("pytorch_optimizer", "alig", case, options, alig(options, case), seed=4300 + number)
    for number, case in enumerate(["defaults", "momentum"]):
        alig_f32(case, ALIG[case], seed=4350 + number)
    for number, (case, options) in enumerate(MOMO.items()):
        run("optax", "momo", case, options, momo(options, case, False), seed=4400 + number, coupled=False)
    article("momo", MOMO_PROXIMAL, momo_proximal(False), with_loss=True, first_seed=4450)
    for number, (case, options) in enumerate(MOMO_ADAM.items()):
        run("optax", "momo_adam", case, options, momo(options, case, True), seed=4500 + number, coupled=False)
    article("momo_adam", MOMO_ADAM_PROXIMAL, momo_proximal(True), with_loss=True, first_seed=4550)
    article("l4", L4, l4, with_loss=True, first_seed=4600)
    for case, options in ARMIJO.items():
        armijo(case, options, *ARMIJO_INPUTS[case])


if __name__ == "__main__":
    main()
