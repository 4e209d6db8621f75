"""Golden traces of the rules that average weights, go by the norms of layers, or bet on coins.

schedulefree's and Keras's Schedule-Free rules, optax's and Keras's LAMB, pytorch_optimizer's and optax's LARS, optax's
COCOB. Writes tests/golden/optimizers/<framework>_<optimizer>_<case>_<f32|f64>.safetensors; tests/golden/README.md
describes the files.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_optimizers_averaged.py
"""

from functools import partial

from golden_optimizer_trace import DROP_AT, DTYPES, GROUP, KEPT, SHAPES, STEPS, inputs, rate_multiplier, remove, write

import jax
import keras  # after golden_lib, which picks Keras's backend
import numpy as np
import optax
import pytorch_optimizer
import schedulefree
import torch

jax.config.update("jax_enable_x64", True)

WEIGHT, BIAS = SHAPES

# Optimizer -> case -> options of `[optimizer]`. The packages take them by the same names.
SCHEDULE_FREE = {
    "schedule_free_sgd": {
        "defaults": {},
        "options": {
            "lr": 0.3,
            "momentum": 0.8,
            "weight_decay": 0.05,
            "warmup_steps": 20,
            "r": 1.5,
            "weight_lr_power": 1.0,
        },
        "lrdrop": {"lr": 0.5},
        "groups": {"lr": 0.2, "weight_decay": 0.1, "warmup_steps": 10},
    },
    "schedule_free_adamw": {
        "defaults": {},
        "options": {
            "lr": 0.02,
            "betas": [0.8, 0.95],
            "eps": 1e-4,
            "weight_decay": 0.05,
            "warmup_steps": 20,
            "r": 1.5,
            "weight_lr_power": 1.0,
        },
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.1, "warmup_steps": 10},
    },
}
SCHEDULE_FREE_CLASS = {
    "schedule_free_sgd": schedulefree.SGDScheduleFree,
    "schedule_free_adamw": schedulefree.AdamWScheduleFree,
}
# In f64 only: in f32 Keras takes 1 − β₂ of a rounded β₂, which is 1e-5 off. It rounds its warm-up to f32 always.
SCHEDULE_FREE_KERAS = {
    "defaults": {},
    "options": {"lr": 0.02, "betas": [0.8, 0.95], "eps": 1e-4},
    "lrdrop": {"lr": 0.01},
}

LAMB = {
    "defaults": {},
    "options": {"lr": 0.02, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
    "lrdrop": {"lr": 0.01},
    "groups": {"lr": 0.005, "weight_decay": 0.1},
}
LAMB_KERAS = {case: LAMB[case] for case in ["defaults", "options", "lrdrop"]}
LARS = {
    "defaults": {},
    "options": {"lr": 0.5, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.05, "trust_coefficient": 0.02},
    "nesterov": {"lr": 2.0, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    "plain": {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.02, "trust_coefficient": 0.1},
    "lrdrop": {"lr": 0.5},
    "groups": {"lr": 0.5, "weight_decay": 0.1},
}
# Without weight decay: optax's denominator is of the sum, ours a sum of norms.
LARS_OPTAX = {
    "eps": {"lr": 0.1, "momentum": 0.8, "trust_coefficient": 0.02, "eps": 0.01},
    "nesterov": {"lr": 0.5, "nesterov": True, "trust_coefficient": 0.005},
    "lrdrop": {"lr": 2.0},
}
LARS_OPTAX = {case: it | {"exempt_vectors": False, "lr_in_momentum": True} for case, it in LARS_OPTAX.items()}
COCOB = {
    "defaults": {},
    "options": {"lr": 0.5, "alpha": 30.0, "eps": 1e-3, "weight_decay": 0.05},
    "lrdrop": {"alpha": 50.0},
}
# In f64 only: the decay brings weights so near 0 that θ₀ and the bet cancel, and f32 has few digits left.
COCOB_GROUPS = {"groups": {"weight_decay": 0.1}}
# A factor on all gradients of a weight cancels out, and so would `lr_mult`. With this decay no gradient is so small that
# the step is lost in the weights' rounding, and with it the effective rate.
COCOB_GROUP = {"name": GROUP["name"], "params": GROUP["params"], "weight_decay": 0.5}

OPTAX = {"lamb": optax.lamb, "lars": optax.lars, "cocob": optax.contrib.cocob}
OPTAX_LR = {"lamb": 1e-3, "cocob": 1.0}
OPTAX_SLOT = {
    "lamb": {"mu": "exp_avg", "nu": "exp_avg_sq"},
    "lars": {"trace": "momentum_buffer"},
    "cocob": {it: it for it in ["init_particles", "cumulative_gradients", "scale", "subgradients", "reward"]},
}


def run_schedule_free(optimizer, case, options, init, grads):
    """Train with schedulefree. Returns the keywords of `write`."""
    params = {name: value.clone().requires_grad_() for name, value in init.items()}
    groups = [{"params": [params[WEIGHT]]}, {"params": [params[BIAS]]}]
    opt = SCHEDULE_FREE_CLASS[optimizer](groups, **options)
    base = [group["lr"] for group in opt.param_groups]
    if case == "groups":
        base[1] *= GROUP["lr_mult"]
        opt.param_groups[1]["weight_decay"] = GROUP["weight_decay"]

    kept = {name: [] for name in params}
    rates, effective = [], []
    opt.train()
    for step in range(STEPS):
        for group, lr in zip(opt.param_groups, base):
            group["lr"] = lr * rate_multiplier(case, step)
        rates.append([group["lr"] for group in opt.param_groups])
        for name, param in params.items():
            param.grad = grads[name][step].clone()
        opt.step()
        effective.append([group["scheduled_lr"] for group in opt.param_groups])
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())
    state = {f"{slot}/{name}": value for name, param in params.items() for slot, value in opt.state[param].items()}
    opt.eval()
    extra = {f"evaluated/{name}": param.detach().clone() for name, param in params.items()}

    by_step = {"lr": [of_group[0] for of_group in rates], "effective_lr": [of_group[0] for of_group in effective]}
    if case == "groups":
        by_step |= {"lr.bias": [of_group[1] for of_group in rates]}
        by_step |= {"effective_lr.bias": [of_group[1] for of_group in effective]}
    return {"kept": kept, "state": state, "by_step": by_step, "extra": extra}


def run_lars(case, options, init, grads):
    """Train with pytorch_optimizer. Returns the keywords of `write`."""
    params = {name: value.clone().requires_grad_() for name, value in init.items()}
    opt = pytorch_optimizer.LARS([{"params": [params[WEIGHT]]}, {"params": [params[BIAS]]}], **options)
    base = [group["lr"] for group in opt.param_groups]
    if case == "groups":
        base[1] *= GROUP["lr_mult"]
        opt.param_groups[1]["weight_decay"] = GROUP["weight_decay"]
    kept, rates = {name: [] for name in params}, []
    for step in range(STEPS):
        for group, lr in zip(opt.param_groups, base):
            group["lr"] = lr * rate_multiplier(case, step)
        rates.append([group["lr"] for group in opt.param_groups])
        for name, param in params.items():
            param.grad = grads[name][step].clone()
        opt.step()
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())
    state = {f"{slot}/{name}": value for name, param in params.items() for slot, value in opt.state[param].items()}
    by_step = {"lr": [of_group[0] for of_group in rates]}
    if case == "groups":
        by_step["lr.bias"] = [of_group[1] for of_group in rates]
    return {"kept": kept, "state": state, "by_step": by_step}


def run_optax(optimizer, group, case, options, init, grads):
    """Train with optax, with an optimizer for each parameter: they have nothing in common. Returns the keywords of
    `write`."""
    arguments = {key: value for key, value in options.items() if key not in ("lr", "exempt_vectors", "lr_in_momentum")}
    if "betas" in arguments:
        arguments["b1"], arguments["b2"] = arguments.pop("betas")
    lr = {name: options.get("lr", OPTAX_LR.get(optimizer)) for name in init}
    of_param = {name: dict(arguments) for name in init}
    if case == "groups":
        lr[BIAS] *= group.get("lr_mult", 1.0)
        of_param[BIAS]["weight_decay"] = group["weight_decay"]

    def rate(name):
        if case != "lrdrop":
            return lr[name]
        return lambda step: jax.numpy.where(step < DROP_AT, 1.0, 0.1) * lr[name]

    opts = {name: OPTAX[optimizer](rate(name), **of_param[name]) for name in init}
    params = {name: jax.numpy.asarray(value.numpy()) for name, value in init.items()}
    states = {name: opts[name].init(params[name]) for name in init}
    kept = {name: [] for name in params}
    # Of each parameter ‖step‖ and ‖g‖, decay included, at each step.
    norms = {name: [] for name in params}
    for step in range(STEPS):
        for name, opt in opts.items():
            grad = jax.numpy.asarray(grads[name][step].numpy())
            update, states[name] = opt.update(grad, states[name], params[name])
            decayed = grad + of_param[name].get("weight_decay", 0.0) * params[name]
            norms[name].append([float(jax.numpy.linalg.norm(it)) for it in (update, decayed)])
            params[name] = optax.apply_updates(params[name], update)
            assert update.dtype == grad.dtype == params[name].dtype
            if step + 1 in KEPT:
                kept[name].append(torch.from_numpy(np.array(params[name])))
    state = {
        f"{slot}/{name}": torch.from_numpy(np.array(optax.tree.get(states[name], of_optax)))
        for of_optax, slot in OPTAX_SLOT[optimizer].items()
        for name in init
    }
    if optimizer == "lars":
        state = {name: -value for name, value in state.items()}  # optax's has the step's sign
    by_step = {"lr": [lr[WEIGHT] * rate_multiplier(case, step) for step in range(STEPS)]}
    if lr[BIAS] != lr[WEIGHT]:
        by_step["lr.bias"] = [lr[BIAS] * rate_multiplier(case, step) for step in range(STEPS)]
    # In f32 a step is a difference of rounded weights.
    if optimizer == "cocob" and init[WEIGHT].dtype == torch.float64:
        if case == "groups":
            by_step |= {"effective_lr": effective([norms[WEIGHT]]), "effective_lr.bias": effective([norms[BIAS]])}
        else:
            by_step |= {"effective_lr": effective(list(norms.values()))}
    return {"kept": kept, "state": state, "by_step": by_step}


def effective(norms):
    """‖step‖ / ‖g‖ over several parameters, by step; 0 where there is no gradient."""
    steps, gradients = np.sqrt((np.array(norms) ** 2).sum(axis=0)).T
    return [float(step / gradient) if gradient > 0 else 0.0 for step, gradient in zip(steps, gradients)]


def keras_arguments(options):
    """Keras's names of the options."""
    arguments = {{"lr": "learning_rate", "eps": "epsilon"}.get(key, key): value for key, value in options.items()}
    if "betas" in arguments:
        arguments["beta_1"], arguments["beta_2"] = arguments.pop("betas")
    return arguments


def run_keras(kind, slots, case, options, init, grads):
    """Train with one of keras.optimizers, in Keras's floatx; `slots` gives our names of its state. Returns the keywords
    of `write`."""
    opt = kind(**keras_arguments(options))
    params = {name: keras.Variable(value.numpy(), name=name) for name, value in init.items()}
    opt.build(list(params.values()))
    for variable in [*params.values(), *opt.variables]:
        assert variable.dtype in ("int32", "int64", keras.config.floatx()), variable.path
    base = options.get("lr", kind.__init__.__defaults__[0])
    kept, rates = {name: [] for name in params}, []
    for step in range(STEPS):
        rates.append(base * rate_multiplier(case, step))
        opt.learning_rate = rates[-1]
        opt.apply([grads[name][step].clone() for name in params])
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(torch.from_numpy(keras.ops.convert_to_numpy(param).copy()))
    values = {variable.name: torch.from_numpy(keras.ops.convert_to_numpy(variable).copy()) for variable in opt.variables}
    state = {f"{slot}/{name}": values[f"{name}_{of_keras}"] for of_keras, slot in slots.items() for name in params}
    assert len(state) == len([it for it in opt.variables if it.shape]), "a state variable without a name of ours"
    return {"kept": kept, "state": state, "by_step": {"lr": rates}}


class ScheduleFreeAdamW(keras.optimizers.ScheduleFreeAdamW):
    """Keras's, as it is on JAX and TensorFlow. It keeps z's old value to tell x by, but on the torch backend (3.15.1)
    `assign_sub` writes into that very tensor."""

    def __init__(self, learning_rate=0.0025, **options):
        super().__init__(learning_rate, **options)

    def assign_sub(self, variable, value):
        variable._value = variable.value - value


def schedule_free_of_keras(case, options, init, grads):
    kind = ScheduleFreeAdamW
    result = run_keras(kind, {"momentum": "z", "velocity": "exp_avg_sq"}, case, options, init, grads)
    # The average, as Keras itself tells it from its variables at the next step.
    beta = options.get("betas", [0.9])[0]
    average = {name: (result["kept"][name][-1] - (1 - beta) * result["state"][f"z/{name}"]) / beta for name in init}
    return result | {"extra": {f"evaluated/{name}": value for name, value in average.items()}}


def traces(framework, optimizer, cases, run, seed, group=GROUP, convention=None, dtypes=DTYPES):
    """One trace for each case and dtype; `run(case, options, init, grads)` returns the keywords of `write`."""
    for number, (case, options) in enumerate(cases.items()):
        for dtype in dtypes:
            kind = DTYPES[dtype]
            init, grads = inputs(seed + number)
            init = {name: value.to(kind) for name, value in init.items()}
            grads = {name: value.to(kind) for name, value in grads.items()}
            keras.config.set_floatx({"f32": "float32", "f64": "float64"}[dtype])
            result = run(case, options, init, grads)
            spec = ({"convention": convention} if convention else {}) | options
            of_group = group if case == "groups" else None
            write(framework, optimizer, case, dtype, options=spec, group=of_group, init=init, grads=grads, **result)


def lamb_of_keras(*case):
    return run_keras(keras.optimizers.Lamb, {"momentum": "exp_avg", "velocity": "exp_avg_sq"}, *case)


def main():
    remove("schedulefree", SCHEDULE_FREE)
    for i, (optimizer, cases) in enumerate(SCHEDULE_FREE.items()):
        traces("schedulefree", optimizer, cases, partial(run_schedule_free, optimizer), 2000 + 100 * i)
    remove("keras", ["schedule_free_adamw", "lamb"])
    keras_options = {"convention": "keras", "dtypes": ["f64"]}
    traces("keras", "schedule_free_adamw", SCHEDULE_FREE_KERAS, schedule_free_of_keras, 2200, **keras_options)
    traces("keras", "lamb", LAMB_KERAS, lamb_of_keras, 2300, convention="keras")
    remove("optax", OPTAX)
    traces("optax", "lamb", LAMB, partial(run_optax, "lamb", GROUP), 2400)
    traces("optax", "lars", LARS_OPTAX, partial(run_optax, "lars", GROUP), 2500)
    run_cocob = partial(run_optax, "cocob", COCOB_GROUP)
    traces("optax", "cocob", COCOB, run_cocob, 2600)
    traces("optax", "cocob", COCOB_GROUPS, run_cocob, 2650, group=COCOB_GROUP, dtypes=["f64"])
    remove("pytorch_optimizer", ["lars"])
    traces("pytorch_optimizer", "lars", LARS, run_lars, 2700)


if __name__ == "__main__":
    main()
