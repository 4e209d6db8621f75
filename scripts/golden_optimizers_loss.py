"""Golden traces of the update rules that find their own rate from losses, gradients or a line search.

Writes tests/golden/optimizers/<framework>_<optimizer>_<case>_<f32|f64>.safetensors, as golden_optimizers.py does; the
references are optax's and pytorch_optimizer's own classes, and for rules that no package has ("article") the article's
pseudo-code, written down here in numpy and f64.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_optimizers_loss.py
"""

import numpy as np

from golden_optimizer_trace import DTYPES, GROUP, KEPT, STEPS, inputs, rate_multiplier, remove, write

import torch


def in_numpy(tensors):
    return {name: value.numpy().copy() for name, value in tensors.items()}


def group_of(case):
    """What every parameter's nominal rate is multiplied by, and what takes its weight decay's place, in a case."""
    other = {"layers.0.bias": GROUP} if case == "groups" else {}
    return (
        lambda name: other[name]["lr_mult"] if name in other else 1.0,
        lambda name, decay: other[name]["weight_decay"] if name in other else decay,
    )


def nominal(case, lr):
    """The nominal rates by step, as the traces have them."""
    rates = [lr * rate_multiplier(case, step) for step in range(STEPS)]
    return {"lr": rates} | ({"lr.bias": [rate * GROUP["lr_mult"] for rate in rates]} if case == "groups" else {})


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
        if case == "groups":
            by_step["effective_lr.bias"] = [rate * rate_of("layers.0.bias") for rate in by_step["effective_lr"]]
        if with_loss:
            by_step["loss"] = losses
        slots = {key: torch.from_numpy(value) for key, value in state().items()}
        group = GROUP if case == "groups" else None
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


def main():
    remove("article", ["sgd_hd", "adam_hd"])
    article("sgd_hd", SGD_HD, sgd_hd, first_seed=4000)
    article("adam_hd", ADAM_HD, adam_hd, first_seed=4100)


if __name__ == "__main__":
    main()
