"""Golden traces of the methods that find their own rate by a distance: recorded gradients in, parameters and state out.

Writes tests/golden/optimizers/<framework>_<optimizer>_<case>_<f32|f64>.safetensors: the authors' own Prodigy
(prodigyopt), D-Adaptation (dadaptation) and DoG (dog-optimizer), and optax's DoG and DoWG. tests/golden/README.md
describes the files.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_optimizers_distance.py
"""

from golden_optimizer_trace import DTYPES, GROUP, KEPT, STEPS, inputs, rate_multiplier, remove, write

import dadaptation
import dog
import jax
import numpy as np
import optax.contrib
import prodigyopt
import torch

jax.config.update("jax_enable_x64", True)

# Methods with one rate for all groups: the others differ by weight decay, or stand still.
DECAYED = {"name": "bias", "params": ["*.bias"], "weight_decay": 0.0}
FROZEN = {"name": "bias", "params": ["*.bias"], "lr_mult": 0.0}

# Framework -> optimizer -> case -> options of `[optimizer]`.
CASES = {
    "prodigyopt": {
        "prodigy": {
            "defaults": {},
            "started": {"lr": 0.5, "d0": 0.01, "d_coef": 0.5, "growth_rate": 1.02},
            "options": {
                "betas": [0.8, 0.95],
                "beta3": 0.9,
                "eps": 1e-6,
                "weight_decay": 0.1,
                "use_bias_correction": True,
                "safeguard_warmup": True,
                "d0": 1e-3,
            },
            "coupled": {"d0": 1e-3, "growth_rate": 1.05, "weight_decay": 0.2, "decoupled_weight_decay": False},
            "lrdrop": {"d0": 1e-3, "growth_rate": 1.1},
            "groups": {"d0": 1e-3, "weight_decay": 0.3},
            "frozen": {"d0": 1e-3},
        }
    },
    "dadaptation": {
        "dadapt_adam": {
            "defaults": {},
            "started": {"lr": 2.0, "d0": 0.01, "growth_rate": 1.02},
            "options": {
                "betas": [0.8, 0.95],
                "eps": 1e-6,
                "weight_decay": 0.1,
                "decoupled_weight_decay": True,
                "use_bias_correction": True,
                "d0": 1e-3,
            },
            "coupled": {"d0": 1e-3, "growth_rate": 1.05, "weight_decay": 0.2},
            "lrdrop": {"d0": 1e-3},
            "groups": {"d0": 1e-3, "weight_decay": 0.3},
            "frozen": {"d0": 1e-3, "growth_rate": 1.05},
        },
        "dadapt_sgd": {
            "growth": {"growth_rate": 1.2},
            "momentum": {"lr": 0.5, "momentum": 0.9, "d0": 0.1},
            "options": {"momentum": 0.5, "d0": 0.1, "growth_rate": 1.05, "weight_decay": 0.2},
            "lrdrop": {"d0": 1e-3, "momentum": 0.9, "growth_rate": 1.1},
            "groups": {"d0": 1e-3, "weight_decay": 0.3},
            "frozen": {"d0": 1e-3, "growth_rate": 1.05},
        },
    },
    "dog-optimizer": {
        name: {
            "defaults": {},
            "options": {"lr": 0.5, "reps_rel": 0.01, "eps": 1e-3, "weight_decay": 0.1},
            "init_eta": {"init_eta": 0.01},
            "lrdrop": {"reps_rel": 1e-3},
            "groups": {"lr": 0.5, "reps_rel": 1e-3, "weight_decay": 0.3},
        }
        for name in ["dog", "ldog"]
    },
    "optax": {
        "dog": {
            "defaults": {},
            "options": {"lr": 0.5, "reps_rel": 0.01, "eps": 1e-3, "weight_decay": 0.1},
            "init_eta": {"lr": 0.5, "init_eta": 0.01},
        },
        "dowg": {
            "defaults": {},
            "options": {"lr": 0.5, "init_estim_sq_dist": 0.01, "eps": 1e-3, "weight_decay": 0.1},
            "lrdrop": {"eps": 1e-5},
            "groups": {"lr": 0.5, "weight_decay": 0.3},
        },
    },
}

# Recorded in f64 only. A distance is a difference of parameters, of which f32 keeps few digits: in these cases the
# reference in f32 comes up to 2e-4 away from itself in f64, and so does whoever rounds in another order.
ONLY_F64 = {
    ("prodigyopt", "prodigy", "options"),
    ("prodigyopt", "prodigy", "coupled"),
    ("prodigyopt", "prodigy", "groups"),
    ("prodigyopt", "prodigy", "frozen"),
    ("dadaptation", "dadapt_sgd", "groups"),
    ("dog-optimizer", "dog", "init_eta"),
    ("dog-optimizer", "ldog", "groups"),
}

CLASS = {
    "prodigy": prodigyopt.Prodigy,
    "dadapt_adam": dadaptation.DAdaptAdam,
    "dadapt_sgd": dadaptation.DAdaptSGD,
    "dog": dog.DoG,
    "ldog": dog.LDoG,
}


def group_of(optimizer, case):
    """The trace's [[group]]; none where it has none."""
    one_rate = optimizer in ("prodigy", "dadapt_adam", "dadapt_sgd")
    return {"groups": DECAYED if one_rate else GROUP, "frozen": FROZEN}.get(case)


def own_rates(optimizer, groups, d, options):
    """The rate that each group just stepped by. `d`: the estimate before the step."""
    if optimizer in ("dog", "ldog"):
        # One for each parameter tensor of the group: of L-DoG they differ.
        return [float(np.mean([float(eta) for eta in group["eta"]])) for group in groups]
    factor = 1.0
    if optimizer == "dadapt_sgd":
        factor = 1 / groups[0]["g0_norm"]
    elif options.get("use_bias_correction"):
        (beta1, beta2), steps = options["betas"], groups[0]["k"]
        factor = (1 - beta2**steps) ** 0.5 / (1 - beta1**steps)
    return [d * group["lr"] * factor for group in groups]


def state_of(optimizer, opt, params):
    """The final state under our names; of DAdaptSGD without z, which is x0 − s."""
    if optimizer in ("dog", "ldog"):
        buffers = [it for group in opt.param_groups for it in group["init_buffer"]]
        return {f"init_buffer/{name}": it for name, it in zip(params, buffers)}
    not_slots = ("step", "z")
    return {
        f"{slot}/{name}": value.reshape(param.shape).clone()
        for name, param in params.items()
        for slot, value in opt.state[param].items()
        if slot not in not_slots
    }


def run_torch(optimizer, case, options, init, grads):
    """Trains with the authors' PyTorch code. Returns the values kept of each parameter, the final state, and the
    rates by step."""
    params = {name: value.clone().requires_grad_() for name, value in init.items()}
    group = group_of(optimizer, case)
    groups = [{"params": list(params.values())}]
    if group is not None:
        groups = [{"params": [param]} for param in params.values()]
        groups[1]["lr"] = options.get("lr", 1.0) * group.get("lr_mult", 1.0)
        groups[1]["weight_decay"] = group.get("weight_decay", options.get("weight_decay", 0.0))
    arguments = dict(options)
    if "decoupled_weight_decay" in arguments:
        arguments["decouple"] = arguments.pop("decoupled_weight_decay")
    # DAdaptSGD leaves the decay out of the first gradient's norm, and gives all groups the first one's. So it gets
    # gradients of the loss with the penalty.
    penalties = [0.0] * len(groups)
    if optimizer == "dadapt_sgd":
        penalties = [group.pop("weight_decay", arguments.get("weight_decay", 0.0)) for group in groups]
        arguments.pop("weight_decay", None)
    opt = CLASS[optimizer](groups, **arguments)
    base = [group["lr"] for group in opt.param_groups]

    kept, by_step = {name: [] for name in params}, {}
    for step in range(STEPS):
        for group, lr in zip(opt.param_groups, base):
            group["lr"] = lr * rate_multiplier(case, step)
        for (name, param), penalty in zip(params.items(), penalties * (len(params) // len(groups))):
            param.grad = grads[name][step] + penalty * param.detach()
        d = opt.param_groups[0].get("d")
        opt.step()
        own = own_rates(optimizer, opt.param_groups, d, options)
        for name, group, rate in zip(["", ".bias"], opt.param_groups, own):
            by_step.setdefault(f"lr{name}", []).append(group["lr"])
            by_step.setdefault(f"effective_lr{name}", []).append(rate)
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())
    return kept, state_of(optimizer, opt, params), by_step


def run_optax(optimizer, case, options, init, grads):
    """Trains with optax. Returns what run_torch returns."""
    params = {name: jax.numpy.asarray(value.numpy()) for name, value in init.items()}
    group = group_of(optimizer, case) or {}
    lr = {name: options.get("lr", 1.0) for name in init}
    decay = {name: options.get("weight_decay", 0.0) for name in init}
    lr["layers.0.bias"] *= group.get("lr_mult", 1.0)
    decay["layers.0.bias"] = group.get("weight_decay", decay["layers.0.bias"])
    if optimizer == "dog":
        eps = options.get("eps", 1e-8)
        first = ("heuristic", options.get("reps_rel", 1e-6))
        if "init_eta" in options:
            first = ("learning_rate", options["init_eta"])
        find = optax.contrib.dog(init_step=first, eps=eps)
    else:
        eps = options.get("eps", 1e-4)
        find = optax.contrib.dowg(init_estim_sq_dist=options.get("init_estim_sq_dist"), eps=eps)

    state = find.init(params)
    kept, by_step = {name: [] for name in init}, {}
    for step in range(STEPS):
        gradient = {name: grads[name][step].numpy() + decay[name] * params[name] for name in params}
        update, state = find.update(gradient, state, params)
        of_method = state[1]
        if optimizer == "dog":
            found = float(of_method.max_dist / np.sqrt(of_method.sum_sq_norm_grads + eps))
            if step == 0:
                found = options.get("init_eta", found)
        else:
            found = float(of_method.estim_sq_dist / (np.sqrt(of_method.weighted_sq_norm_grads) + eps))
        for name in params:
            assert np.allclose(update[name], -found * gradient[name], rtol=1e-5, atol=0)
        rates = {name: lr[name] * rate_multiplier(case, step) for name in params}
        params = {name: params[name] + rates[name] * update[name] for name in params}
        for end, rate in zip(["", ".bias"] if group else [""], rates.values()):
            by_step.setdefault(f"lr{end}", []).append(rate)
            by_step.setdefault(f"effective_lr{end}", []).append(found * rate)
        if step + 1 in KEPT:
            for name in params:
                kept[name].append(torch.from_numpy(np.array(params[name])))
    slot = {"dog": "init_buffer", "dowg": "x0"}[optimizer]
    return kept, {f"{slot}/{name}": value.clone() for name, value in init.items()}, by_step


def main():
    for framework, cases in CASES.items():
        remove(framework, cases)
        run = run_optax if framework == "optax" else run_torch
        for i, optimizer in enumerate(cases):
            for j, (case, options) in enumerate(cases[optimizer].items()):
                for dtype, kind in DTYPES.items():
                    if dtype == "f32" and (framework, optimizer, case) in ONLY_F64:
                        continue
                    init, grads = inputs(seed=1000 + 100 * i + j)
                    init = {name: value.to(kind) for name, value in init.items()}
                    grads = {name: value.to(kind) for name, value in grads.items()}
                    kept, state, by_step = run(optimizer, case, options, init, grads)
                    common = {"init": init, "grads": grads, "kept": kept, "state": state, "by_step": by_step}
                    group = group_of(optimizer, case)
                    write(framework, optimizer, case, dtype, options=options, group=group, **common)


if __name__ == "__main__":
    main()
