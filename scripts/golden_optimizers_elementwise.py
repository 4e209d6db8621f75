"""Golden traces of elementwise update rules that PyTorch does not have: Lion, AdaBelief, ADOPT, AdEMAMix and Adan of
pytorch_optimizer or optax, and FTRL in groups (Keras, one optimizer a group) and at a changing rate (the article).

Writes tests/golden/optimizers/<framework>_<optimizer>_<case>_<f32|f64>.safetensors; tests/golden/README.md describes
the files. Run, after golden_optimizers.py, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_optimizers_elementwise.py
"""

from golden_optimizers import run_keras
from golden_optimizer_trace import DTYPES, GROUP, KEPT, STEPS, inputs, rate_multiplier, remove, write

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytorch_optimizer
import torch

jax.config.update("jax_enable_x64", True)

# Optimizer -> case -> options of `[optimizer]`.
PYTORCH_OPTIMIZER = {
    "adabelief": {
        "defaults": {},
        "options": {"lr": 0.004, "betas": [0.8, 0.95], "eps": 1e-6, "eps_root": 1e-6, "weight_decay": 0.2},
        "coupled": {"lr": 0.01, "weight_decay": 0.05, "decoupled_weight_decay": False},
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
    },
    "adopt": {
        "defaults": {},
        "options": {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.05},
        "unclipped": {"lr": 0.004, "betas": [0.9, 0.99], "eps": 0.1, "use_clipping": False},
        "decoupled": {"lr": 0.01, "weight_decay": 0.2, "decoupled_weight_decay": True},
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
    },
    "ademamix": {
        "defaults": {},
        "options": {"lr": 0.004, "betas": [0.8, 0.95, 0.99], "alpha": 8.0, "eps": 1e-4, "weight_decay": 0.2},
        "warmup": {"lr": 0.005, "betas": [0.9, 0.99, 0.999], "t_alpha_beta3": 60},
        "coupled": {"lr": 0.005, "weight_decay": 0.05, "decoupled_weight_decay": False},
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
    },
    "adan": {
        "defaults": {},
        "options": {"lr": 0.01, "betas": [0.9, 0.8, 0.95], "eps": 1e-4, "weight_decay": 0.2},
        "no_prox": {"lr": 0.01, "weight_decay": 0.2, "no_prox": True},
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
        "scheduled_weight_decay": {"lr": 0.01, "weight_decay": 0.3},
    },
}

OPTAX = {
    "lion": {
        "defaults": {},
        "options": {"lr": 0.004, "betas": [0.8, 0.95], "weight_decay": 0.2},
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
    },
    "adabelief": {
        "defaults": {},
        "eps_root": {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-3, "eps_root": 1e-5},
    },
    "adopt": {
        "defaults": {},
        "unclipped": {"lr": 0.004, "betas": [0.9, 0.99], "eps": 0.1, "use_clipping": False},
    },
    "ademamix": {
        "defaults": {},
        "options": {"lr": 0.004, "betas": [0.8, 0.95, 0.99], "alpha": 8.0, "eps": 1e-4, "weight_decay": 0.2},
    },
}

CLASS = {
    "adabelief": pytorch_optimizer.AdaBelief,
    "adopt": pytorch_optimizer.ADOPT,
    "ademamix": pytorch_optimizer.AdEMAMix,
    "adan": pytorch_optimizer.Adan,
}

# What optax calls the state.
OPTAX_SLOT = {
    "lion": {"mu": "exp_avg"},
    "adabelief": {"mu": "exp_avg", "nu": "exp_avg_var"},
    "adopt": {"mu": "exp_avg", "nu": "exp_avg_sq"},
    "ademamix": {"m1": "exp_avg", "m2": "exp_avg_slow", "nu": "exp_avg_sq"},
}


def from_one(step):
    """ADOPT's clipping in the article and its code counts from the first step that moves."""
    return (step - 1) ** 0.25


def arguments_of(optimizer, options):
    """The options as pytorch_optimizer takes them."""
    arguments = dict(options)
    if optimizer == "adabelief":
        # One ε stands in both places.
        assert arguments.pop("eps_root", 1e-16) == arguments.get("eps", 1e-16)
    if optimizer == "adopt":
        arguments["clip_lambda"] = from_one if arguments.pop("use_clipping", True) else None
    if optimizer == "adan":
        arguments["weight_decouple"] = arguments.pop("no_prox", False)
    elif optimizer == "adopt":
        arguments["weight_decouple"] = arguments.pop("decoupled_weight_decay", False)
    else:
        arguments["weight_decouple"] = arguments.pop("decoupled_weight_decay", True)
    return arguments


def run_pytorch_optimizer(optimizer, case, options, init, grads):
    """Train with pytorch_optimizer. Returns the values kept of each parameter, the final state, and what changes by
    step."""
    params = {name: value.clone().requires_grad_() for name, value in init.items()}
    groups = [{"params": [params["layers.0.weight"]]}, {"params": [params["layers.0.bias"]]}]
    if case == "groups":
        groups[1] |= {"lr": options["lr"] * GROUP["lr_mult"], "weight_decay": GROUP["weight_decay"]}
    opt = CLASS[optimizer](groups, **arguments_of(optimizer, options))
    base = [group["lr"] for group in opt.param_groups]

    kept, rates, decays = {name: [] for name in params}, [], []
    for step in range(STEPS):
        if case == "scheduled_weight_decay":
            decays.append(options["weight_decay"] * (1 - step / STEPS))
        for group, lr in zip(opt.param_groups, base):
            group["lr"] = lr * rate_multiplier(case, step)
            if decays:
                group["weight_decay"] = decays[-1]
        rates.append([group["lr"] for group in opt.param_groups])
        for name, param in params.items():
            param.grad = grads[name][step].clone()
        opt.step()
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())

    state = {f"{slot}/{name}": value for name, param in params.items() for slot, value in opt.state[param].items()}
    # It keeps the opposite of the gradient before.
    state = {key: -value if key.startswith("previous_grad/") else value for key, value in state.items()}
    by_step = {"lr": [r[0] for r in rates]}
    if case == "groups":
        by_step["lr.bias"] = [r[1] for r in rates]
    if decays:
        by_step["hyper/weight_decay"] = decays
    return kept, state, by_step


def transformation(optimizer, case, options):
    """Optax's transformation, its rate by step as the case has it, and the rate."""
    options = dict(options)
    lr = options.pop("lr", 1e-4 if optimizer == "lion" else 1e-3)
    for name, beta in zip(("b1", "b2", "b3"), options.pop("betas", ())):
        options[name] = beta
    if optimizer == "lion":
        options.setdefault("weight_decay", 0.0)
    multipliers = jnp.array([rate_multiplier(case, step) for step in range(STEPS)])
    make = {
        "lion": optax.lion,
        "adabelief": optax.adabelief,
        "adopt": optax.contrib.adopt,
        "ademamix": optax.contrib.ademamix,
    }
    return make[optimizer](lambda step: lr * multipliers[step], **options), lr


def run_optax(optimizer, case, options, init, grads):
    """Train with optax, a transformation for each parameter. Returns what run_pytorch_optimizer returns."""
    kept, state, by_step = {name: [] for name in init}, {}, {}
    for name in init:
        of_group = dict(options)
        if case == "groups" and name.endswith(".bias"):
            of_group |= {"lr": options["lr"] * GROUP["lr_mult"], "weight_decay": GROUP["weight_decay"]}
        opt, lr = transformation(optimizer, case, of_group)
        param = jnp.array(init[name].numpy())
        of_opt = opt.init(param)
        for step in range(STEPS):
            update, of_opt = opt.update(jnp.array(grads[name][step].numpy()), of_opt, param)
            param = optax.apply_updates(param, update)
            if step + 1 in KEPT:
                kept[name].append(torch.from_numpy(np.array(param)))
        for theirs, ours in OPTAX_SLOT[optimizer].items():
            state[f"{ours}/{name}"] = torch.from_numpy(np.array(getattr(of_opt[0], theirs)))
        key = "lr.bias" if case == "groups" and name.endswith(".bias") else "lr"
        by_step[key] = [lr * rate_multiplier(case, step) for step in range(STEPS)]
    return kept, state, by_step


def run_keras_in_groups(optimizer, case, options, init, grads):
    """One of Keras's optimizers for each group, which is a parameter. Returns what run_pytorch_optimizer returns."""
    kept, state, by_step = {}, {}, {}
    for name in init:
        of_group, key = dict(options), "lr"
        if name.endswith(".bias"):
            of_group |= {"lr": options["lr"] * GROUP["lr_mult"], "weight_decay": GROUP["weight_decay"]}
            key = "lr.bias"
        of_kept, of_state, of_step = run_keras(optimizer, case, of_group, {name: init[name]}, grads)
        kept |= of_kept
        state |= of_state
        by_step[key] = of_step["lr"]
    return kept, state, by_step


def run_ftrl_of_the_article(options, init, grads, case):
    """McMahan et al. 2013, algorithm 1, in f64 and with all of sigma = 1/eta_t - 1/eta_(t-1) for
    eta_t = lr_t / (beta + sqrt(n_t)), so that the rate may change. At first 1/eta is that of n = 0.1, as in Keras."""
    lr, beta, l1, l2 = options["lr"], options["beta"], options["l1"], options["l2"]
    rates = [lr * rate_multiplier(case, step) for step in range(STEPS)]
    kept, state = {name: [] for name in init}, {}
    for name in init:
        w = init[name].numpy().copy()
        z, n = np.zeros_like(w), np.full_like(w, 0.1)
        inverse = np.sqrt(n) / lr
        for step, rate in enumerate(rates):
            g = grads[name][step].numpy()
            n = n + g**2
            sigma = np.sqrt(n) / rate - inverse
            inverse = np.sqrt(n) / rate
            z = z + g - sigma * w
            closed = -(z - np.sign(z) * l1) / (beta / rate + inverse + 2 * l2)
            w = np.where(np.abs(z) <= l1, 0.0, closed)
            if step + 1 in KEPT:
                kept[name].append(torch.from_numpy(w.copy()))
        state |= {f"accumulator/{name}": torch.from_numpy(n), f"linear/{name}": torch.from_numpy(z)}
    return kept, state, {"lr": rates}


def trace(framework, run, optimizer, case, options, dtype, seed):
    init, grads = inputs(seed)
    init = {name: value.to(DTYPES[dtype]) for name, value in init.items()}
    grads = {name: value.to(DTYPES[dtype]) for name, value in grads.items()}
    torch.set_default_dtype(DTYPES[dtype])
    keras.config.set_floatx({"f32": "float32", "f64": "float64"}[dtype])
    kept, state, by_step = run(optimizer, case, options, init, grads)
    group = GROUP if case == "groups" else None
    common = {"init": init, "grads": grads, "kept": kept, "state": state, "by_step": by_step}
    write(framework, optimizer, case, dtype, options=options, group=group, **common)


def main():
    remove("pytorch_optimizer", PYTORCH_OPTIMIZER)
    remove("optax", OPTAX)
    remove("article", ["ftrl"])
    for i, optimizer in enumerate(PYTORCH_OPTIMIZER):
        for j, (case, options) in enumerate(PYTORCH_OPTIMIZER[optimizer].items()):
            for dtype in DTYPES:
                seed = 2000 + 100 * i + j
                trace("pytorch_optimizer", run_pytorch_optimizer, optimizer, case, options, dtype, seed)
    for i, optimizer in enumerate(OPTAX):
        for j, (case, options) in enumerate(OPTAX[optimizer].items()):
            trace("optax", run_optax, optimizer, case, options, "f64", seed=3000 + 100 * i + j)
    options = {"lr": 0.05, "l1": 0.2, "weight_decay": 0.1}
    trace("keras", run_keras_in_groups, "ftrl", "groups", options, "f64", seed=3900)
    options = {"lr": 0.05, "l1": 0.2, "l2": 0.1, "beta": 1.0}
    of_article = lambda _, case, *rest: run_ftrl_of_the_article(*rest, case)  # noqa: E731
    trace("article", of_article, "ftrl", "lrdrop", options, "f64", seed=3901)


if __name__ == "__main__":
    main()
