"""Golden traces of the update rules: recorded gradients in, parameters and state out.

Writes tests/golden/optimizers/<framework>_<optimizer>_<case>_<f32|f64>.safetensors, each 100 steps of
PyTorch's or Keras's own optimizer on two small parameters. tests/golden/README.md describes the files.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_optimizers.py
"""

import numpy as np

from golden_optimizer_trace import DTYPES, GROUP, KEPT, STEPS, inputs, rate_multiplier, remove, write

import keras  # after golden_lib, which picks Keras's backend
import torch


# Optimizer -> case -> options of `[optimizer]`. PyTorch takes them by the same names.
TORCH = {
    "sgd": {
        "defaults": {},
        "momentum": {"lr": 0.05, "momentum": 0.9},
        "dampening": {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01},
        "nesterov": {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05},
        "lrdrop": {"lr": 0.1, "momentum": 0.9},
        "groups": {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1},
        "scheduled_momentum": {"lr": 0.05, "momentum": 0.95, "nesterov": True},
    },
    "adagrad": {
        "defaults": {},
        "options": {
            "lr": 0.05,
            "lr_decay": 0.01,
            "initial_accumulator_value": 0.1,
            "eps": 1e-6,
            "weight_decay": 0.02,
        },
        "lrdrop": {"lr": 0.1},
        "groups": {"lr": 0.05, "lr_decay": 0.001, "weight_decay": 0.1},
    },
    "rmsprop": {
        "defaults": {},
        "momentum": {"lr": 0.003, "alpha": 0.9, "momentum": 0.9},
        "options": {
            "lr": 0.002,
            "alpha": 0.95,
            "eps": 1e-5,
            "weight_decay": 0.03,
            "momentum": 0.7,
            "centered": True,
        },
        "lrdrop": {"lr": 0.01, "momentum": 0.9},
        "groups": {"lr": 0.005, "momentum": 0.5, "weight_decay": 0.1},
    },
    "adam": {
        "defaults": {},
        "options": {
            "lr": 0.004,
            "betas": [0.8, 0.95],
            "eps": 1e-4,
            "weight_decay": 0.05,
            "amsgrad": True,
        },
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
        "scheduled_beta1": {"lr": 0.005, "betas": [0.95, 0.99]},
    },
    "adamw": {
        "defaults": {},
        "options": {
            "lr": 0.004,
            "betas": [0.8, 0.95],
            "eps": 1e-4,
            "weight_decay": 0.2,
            "amsgrad": True,
        },
        "lrdrop": {"lr": 0.01},
        "groups": {"lr": 0.005, "weight_decay": 0.3},
        "scheduled_weight_decay": {"lr": 0.005, "weight_decay": 0.3},
    },
    "adadelta": {
        "defaults": {},
        "options": {"lr": 0.5, "rho": 0.95, "eps": 1e-4, "weight_decay": 0.05},
        "lrdrop": {"lr": 2.0},
        "groups": {"lr": 0.5, "weight_decay": 0.1},
    },
    "adamax": {
        "defaults": {},
        "options": {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
        "lrdrop": {"lr": 0.02},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
    },
    "radam": {
        "defaults": {},
        "options": {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
        "decoupled": {"lr": 0.01, "betas": [0.9, 0.99], "weight_decay": 0.2, "decoupled_weight_decay": True},
        "lrdrop": {"lr": 0.02},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
    },
    "nadam": {
        "defaults": {},
        "options": {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05, "momentum_decay": 0.02},
        "decoupled": {"lr": 0.01, "betas": [0.9, 0.99], "weight_decay": 0.2, "decoupled_weight_decay": True},
        "lrdrop": {"lr": 0.02},
        "groups": {"lr": 0.005, "weight_decay": 0.1},
    },
    "rprop": {
        "defaults": {},
        "options": {"lr": 0.05, "etas": [0.3, 1.5], "step_sizes": [1e-3, 0.2]},
        "groups": {"lr": 0.005},
    },
    "asgd": {
        "defaults": {},
        "options": {"lr": 0.05, "lambd": 0.2, "alpha": 0.5, "t0": 30, "weight_decay": 0.05, "eval_average": True},
        "lrdrop": {"lr": 0.1, "lambd": 0.05, "t0": 10},
        "groups": {"lr": 0.05, "t0": 20, "weight_decay": 0.1},
    },
}

KERAS = {
    "sgd": {
        "defaults": {},
        "momentum": {"lr": 0.05, "momentum": 0.9},
        "nesterov": {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05},
        "lrdrop": {"lr": 0.1, "momentum": 0.9},
        "lrdrop_nesterov": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    },
    "adagrad": {
        "defaults": {},
        "options": {
            "lr": 0.05,
            "initial_accumulator_value": 0.3,
            "eps": 1e-4,
            "weight_decay": 0.02,
        },
        "lrdrop": {"lr": 0.1},
    },
    "rmsprop": {
        "defaults": {},
        "momentum": {"lr": 0.003, "alpha": 0.95, "momentum": 0.9},
        "options": {
            "lr": 0.002,
            "alpha": 0.95,
            "eps": 1e-5,
            "weight_decay": 0.03,
            "momentum": 0.7,
            "centered": True,
        },
        "lrdrop": {"lr": 0.01, "momentum": 0.9},
    },
    "adam": {
        "defaults": {},
        "options": {
            "lr": 0.004,
            "betas": [0.8, 0.95],
            "eps": 1e-4,
            "weight_decay": 0.05,
            "amsgrad": True,
        },
        "lrdrop": {"lr": 0.01},
    },
    "adamw": {
        "defaults": {},
        "options": {
            "lr": 0.004,
            "betas": [0.8, 0.95],
            "eps": 1e-4,
            "weight_decay": 0.2,
            "amsgrad": True,
        },
        "lrdrop": {"lr": 0.01},
    },
    "adadelta": {
        "defaults": {},
        "options": {"lr": 0.5, "rho": 0.9, "eps": 1e-4, "weight_decay": 0.05},
        "lrdrop": {"lr": 2.0},
    },
    "adamax": {
        "defaults": {},
        "options": {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
        "lrdrop": {"lr": 0.02},
    },
    "nadam": {
        "defaults": {},
        "options": {"lr": 0.01, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
        "lrdrop": {"lr": 0.01},
    },
    "lion": {
        "defaults": {},
        "options": {"lr": 0.004, "betas": [0.8, 0.95], "weight_decay": 0.2},
        "lrdrop": {"lr": 0.01},
    },
    "ftrl": {
        "defaults": {},
        "options": {
            "lr": 0.05,
            "learning_rate_power": -0.7,
            "initial_accumulator_value": 0.3,
            "l1": 0.2,
            "l2": 0.1,
            "l2_shrinkage": 0.05,
            "beta": 0.5,
            "weight_decay": 0.1,
        },
        "sparse": {"lr": 0.1, "l1": 1.0, "beta": 1.0},
    },
}

TORCH_CLASS = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "adadelta": torch.optim.Adadelta,
    "adamax": torch.optim.Adamax,
    "radam": torch.optim.RAdam,
    "nadam": torch.optim.NAdam,
    "rprop": torch.optim.Rprop,
    "asgd": torch.optim.ASGD,
}

KERAS_CLASS = {
    "sgd": keras.optimizers.SGD,
    "adagrad": keras.optimizers.Adagrad,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "adadelta": keras.optimizers.Adadelta,
    "adamax": keras.optimizers.Adamax,
    "nadam": keras.optimizers.Nadam,
    "lion": keras.optimizers.Lion,
    "ftrl": keras.optimizers.Ftrl,
}

# Keras's names of options and of state variables, where they differ.
KERAS_OPTION = {
    "lr": "learning_rate",
    "alpha": "rho",
    "eps": "epsilon",
    "l1": "l1_regularization_strength",
    "l2": "l2_regularization_strength",
    "l2_shrinkage": "l2_shrinkage_regularization_strength",
}
KERAS_SLOT = {
    "sgd": {"momentum": "momentum_buffer"},
    "adagrad": {"accumulator": "sum"},
    "rmsprop": {
        "velocity": "square_avg",
        "momentum": "momentum_buffer",
        "average_gradient": "grad_avg",
    },
    "adam": {
        "momentum": "exp_avg",
        "velocity": "exp_avg_sq",
        "velocity_hat": "max_exp_avg_sq",
    },
}
KERAS_SLOT["adamw"] = KERAS_SLOT["adam"]
KERAS_SLOT["adadelta"] = {"accumulated_grad": "square_avg", "accumulated_delta_var": "acc_delta"}
KERAS_SLOT["nadam"] = {"momentum": "exp_avg", "velocity": "exp_avg_sq"}
KERAS_SLOT["adamax"] = {"momentum": "exp_avg", "norm": "exp_inf"}
KERAS_SLOT["lion"] = {"momentum": "exp_avg"}
KERAS_SLOT["ftrl"] = {"accumulator": "accumulator", "linear": "linear"}

# Counters and numbers on the host, which are not slots.
NOT_SLOTS = ("step", "mu_product", "eta", "mu")

# Options of ours alone, which do not change the update.
NOT_TORCH = ("eval_average",)

# Of Keras alone: there is no convention to choose.
KERAS_ONLY = ("ftrl",)

# FTRL takes small differences of large powers: in f32 Keras is up to 1e-5 from its own f64.
F64_ONLY = (("ftrl", "options"), ("ftrl", "sparse"))


def scheduled(case, options, step):
    """The hyper-parameter that the case changes in this step (from 0), by its name here; none in the others."""
    there_and_back = abs(1 - 2 * step / STEPS)
    match case:
        case "scheduled_momentum":
            return {"momentum": options["momentum"] * (0.85 + 0.15 * there_and_back)}
        case "scheduled_beta1":
            return {"beta1": options["betas"][0] * (0.85 + 0.15 * there_and_back)}
        case "scheduled_weight_decay":
            return {"weight_decay": options["weight_decay"] * (1 - step / STEPS)}
    return {}


def run_torch(optimizer, case, options, init, grads):
    """Train with torch.optim. Returns the values kept of each parameter, the final state, and the rates and
    scheduled hyper-parameters by step."""
    params = {name: value.clone().requires_grad_() for name, value in init.items()}
    groups = [{"params": [params["layers.0.weight"]]}, {"params": [params["layers.0.bias"]]}]
    if case == "groups":
        groups[1] |= {"lr": options["lr"] * GROUP["lr_mult"], "weight_decay": GROUP["weight_decay"]}
    opt = TORCH_CLASS[optimizer](groups, **{key: value for key, value in options.items() if key not in NOT_TORCH})
    base = [group["lr"] for group in opt.param_groups]

    kept, rates = {name: [] for name in params}, []
    etas = []
    hyper = {}
    for step in range(STEPS):
        values = scheduled(case, options, step)
        for name, value in values.items():
            hyper.setdefault(f"hyper/{name}", []).append(value)
        if "beta1" in values:
            values["betas"] = (values.pop("beta1"), options["betas"][1])
        for group, lr in zip(opt.param_groups, base):
            group["lr"] = lr * rate_multiplier(case, step)
            assert values.keys() <= group.keys(), "what torch does not read changes nothing"
            group.update(values)
        rates.append([group["lr"] for group in opt.param_groups])
        if optimizer == "asgd":
            # The rate that this step goes by; at the first one there is no state yet.
            etas.append([opt.state[param]["eta"].item() if step else lr for param, lr in zip(params.values(), base)])
        for name, param in params.items():
            param.grad = grads[name][step].clone()
        opt.step()
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())

    state = {
        f"{slot}/{name}": value
        for name, param in params.items()
        for slot, value in opt.state[param].items()
        if slot not in NOT_SLOTS and value is not None
    }
    lr = {"lr": [r[0] for r in rates]}
    if case == "groups":
        lr["lr.bias"] = [r[1] for r in rates]
    if etas:
        lr["effective_lr"] = [r[0] for r in etas]
        if case == "groups":
            lr["effective_lr.bias"] = [r[1] for r in etas]
    return kept, state, lr | hyper


def run_keras(optimizer, case, options, init, grads):
    """Train with keras.optimizers, in Keras's floatx. Returns what run_torch returns."""
    arguments = {KERAS_OPTION.get(key, key): value for key, value in options.items()}
    if "betas" in arguments:
        arguments["beta_1"], arguments["beta_2"] = arguments.pop("betas")
    opt = KERAS_CLASS[optimizer](**arguments)
    params = {name: keras.Variable(value.numpy(), name=name) for name, value in init.items()}
    opt.build(list(params.values()))
    for variable in [*params.values(), *opt.variables]:
        assert variable.dtype in ("int32", "int64", keras.config.floatx()), variable.path

    # The rate as asked for; Keras rounds it to floatx. A default is read from the signature.
    base = options.get("lr")
    if base is None:
        base = KERAS_CLASS[optimizer].__init__.__defaults__[0]
    assert np.dtype(keras.config.floatx()).type(base) == float(opt.learning_rate)

    kept, rates = {name: [] for name in params}, []
    for step in range(STEPS):
        rates.append(base * rate_multiplier(case, step))
        if rate_multiplier(case, step) != 1.0:
            opt.learning_rate = rates[-1]
        opt.apply([grads[name][step].clone() for name in params])
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(torch.from_numpy(keras.ops.convert_to_numpy(param).copy()))

    state = {}
    for variable in opt.variables:
        for name in params:
            for keras_slot, slot in KERAS_SLOT[optimizer].items():
                if variable.name == f"{name}_{keras_slot}":
                    value = keras.ops.convert_to_numpy(variable).copy()
                    state[f"{slot}/{name}"] = torch.from_numpy(value)
    assert len(state) == len([it for it in opt.variables if it.shape]), "a state variable without a name of ours"
    return kept, state, {"lr": rates}


def trace(framework, optimizer, case, options, dtype, seed):
    init, grads = inputs(seed)
    init = {name: value.to(DTYPES[dtype]) for name, value in init.items()}
    grads = {name: value.to(DTYPES[dtype]) for name, value in grads.items()}
    if framework == "torch":
        # Of the kind that torch keeps its own scalars in, such as NAdam's product of momenta.
        torch.set_default_dtype(DTYPES[dtype])
        kept, state, by_step = run_torch(optimizer, case, options, init, grads)
    else:
        keras.config.set_floatx({"f32": "float32", "f64": "float64"}[dtype])
        kept, state, by_step = run_keras(optimizer, case, options, init, grads)
        if optimizer not in KERAS_ONLY:
            options = {"convention": "keras"} | options
    group = GROUP if case == "groups" else None
    extra = {}
    if options.get("eval_average"):
        extra = {f"evaluated/{name}": state[f"ax/{name}"] for name in init}
    common = {"init": init, "grads": grads, "kept": kept, "state": state, "by_step": by_step}
    write(framework, optimizer, case, dtype, options=options, group=group, extra=extra, **common)


def main():
    for framework, cases in [("torch", TORCH), ("keras", KERAS)]:
        remove(framework, cases)
        for i, optimizer in enumerate(cases):
            for j, (case, options) in enumerate(cases[optimizer].items()):
                for dtype in DTYPES if (optimizer, case) not in F64_ONLY else ["f64"]:
                    trace(framework, optimizer, case, options, dtype, seed=100 * i + j)


if __name__ == "__main__":
    main()
