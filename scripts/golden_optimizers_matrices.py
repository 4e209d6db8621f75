"""Golden traces of the update rules that see a parameter as a matrix: Adafactor, Muon, Shampoo, SOAP.

As golden_optimizers.py, which says how to run it; besides that file's packages it takes pytorch_optimizer 4.1.0.
"""

import numpy as np

from golden_optimizer_trace import DTYPES, GROUP, KEPT, STEPS, inputs, rate_multiplier, remove, write

import keras  # after golden_lib, which picks Keras's backend
import pytorch_optimizer
import torch
from keras.src.backend.common import dtypes

RESULT_TYPE = dtypes.result_type
WEIGHT, BIAS = "layers.0.weight", "layers.0.bias"

# Vectors follow AdamW in Muon, with decay of their own.
MUON_GROUP = {"name": "bias", "params": ["*.bias"], "lr_mult": 2.0, "fallback_weight_decay": 0.0}
ADAMW_GROUP = {"name": "weight", "params": ["*.weight"], "orthogonalize": False, "fallback_lr_ratio": 0.3}

ADAFACTOR = {
    "defaults": {},
    "options": {"lr": 0.05, "beta2_decay": -0.5, "eps1": 1e-3, "eps2": 0.1, "d": 1.5, "weight_decay": 0.3},
    "lrdrop": {"lr": 0.2},
    "groups": {"lr": 0.05, "weight_decay": 0.1},
}
KERAS_ADAFACTOR = {
    "defaults": {},
    "options": {"lr": 0.05, "beta2_decay": -0.5, "eps1": 1e-6, "eps2": 0.1, "d": 1.5, "weight_decay": 0.3},
    "lrdrop": {"lr": 0.2},
}
# In f64 PyTorch's iteration is kept from rounding to bfloat16, which two machines need not do alike.
MUON = {
    "defaults": {},
    "options": {
        "lr": 0.02,
        "momentum": 0.8,
        "nesterov": False,
        "ns_coefficients": [3.0, -3.2, 1.2],
        "ns_steps": 4,
        "eps": 1e-3,
        "weight_decay": 0.3,
        "fallback_lr_ratio": 0.1,
        "fallback_betas": [0.8, 0.95],
        "fallback_eps": 1e-4,
        "fallback_weight_decay": 0.2,
    },
    "match_rms": {"lr": 0.01, "adjust_lr_fn": "match_rms_adamw"},
    "lrdrop": {"lr": 0.02},
    "groups": {"lr": 0.02},
    "last_layer": {"lr": 0.01},
}
KERAS_MUON = {
    "defaults": {},
    "options": {
        "lr": 0.02,
        "momentum": 0.8,
        "nesterov": False,
        "ns_coefficients": [3.0, -3.2, 1.2],
        "ns_steps": 4,
        "weight_decay": 0.3,
        "fallback_betas": [0.8, 0.95],
        "fallback_eps": 1e-4,
        "fallback_weight_decay": 0.2,
    },
    "lrdrop": {"lr": 0.02},
}
SHAMPOO = {
    "defaults": {},
    "options": {
        "lr": 0.1,
        "momentum": 0.9,
        "matrix_eps": 0.1,
        "weight_decay": 0.1,
        "decoupled_weight_decay": True,
    },
    "every": {"lr": 0.1, "preconditioning_compute_steps": 7, "matrix_eps": 1.0, "weight_decay": 0.05},
    "lrdrop": {"lr": 0.1, "momentum": 0.5},
    "groups": {"lr": 0.05, "weight_decay": 0.1},
}
SOAP = {
    "defaults": {},
    "options": {
        "lr": 0.01,
        "betas": [0.8, 0.98],
        "shampoo_beta": 0.9,
        "eps": 1e-4,
        "weight_decay": 0.2,
        "precondition_frequency": 7,
        "correct_bias": False,
    },
    "one_side": {"lr": 0.01, "max_precondition_dim": 4},
    "vectors": {"lr": 0.01, "precondition_1d": True},
    "lrdrop": {"lr": 0.02},
    "groups": {"lr": 0.005, "weight_decay": 0.1},
}

KERAS_OPTION = {
    "lr": "learning_rate",
    "beta2_decay": "beta_2_decay",
    "eps1": "epsilon_1",
    "eps2": "epsilon_2",
    "d": "clip_threshold",
    "fallback_eps": "epsilon",
    "fallback_weight_decay": "adam_weight_decay",
}


def even_inputs(case, seed):
    """Gradients that determine eigenvectors to the last digits. Two eigenvalues that are both 0 have no eigenvectors of their own, and what
    Adam makes of a direction without gradient is rounding over rounding: so no rows of zeros here but in step 31, one
    size for all elements, and for the vector in SOAP's basis, which begins with one direction alone, that is an axis."""
    init, grads = inputs(seed)
    random = np.random.RandomState(10_000 + seed)
    for name, grad in grads.items():
        by_step = random.choice([0.1, 1.0, 3.0], size=(STEPS,) + (1,) * (grad.dim() - 1))
        grads[name] = torch.from_numpy(random.standard_normal(grad.shape) * by_step)
        grads[name][30] = 0.0
    if case == "vectors":
        grads[BIAS][0, 1:] = 0.0
    return init, grads


def muon(params, case, options):
    """PyTorch's Muon for the matrix, its AdamW for the vector."""
    options = dict(options)
    lr = options.pop("lr", 1e-3)
    adamw = {"lr": lr * options.pop("fallback_lr_ratio", 1.0)}
    for ours, theirs in [("betas", "betas"), ("eps", "eps"), ("weight_decay", "weight_decay")]:
        if f"fallback_{ours}" in options:
            adamw[theirs] = options.pop(f"fallback_{ours}")
    if case == "last_layer":
        matrix = torch.optim.AdamW([params[WEIGHT]], lr=lr * ADAMW_GROUP["fallback_lr_ratio"])
    else:
        matrix = torch.optim.Muon([params[WEIGHT]], lr=lr, **options)
    if case == "groups":
        adamw |= {"lr": adamw["lr"] * MUON_GROUP["lr_mult"], "weight_decay": MUON_GROUP["fallback_weight_decay"]}
    return [matrix, torch.optim.AdamW([params[BIAS]], **adamw)], lr


def grouped(make, params, case, options, lr, **of_group):
    """Both parameters as groups of one optimizer."""
    groups = [{"params": [params[WEIGHT]]} | of_group, {"params": [params[BIAS]]} | of_group]
    if case == "groups":
        groups[1] |= {"lr": options["lr"] * GROUP["lr_mult"], "weight_decay": GROUP["weight_decay"]}
    return [make(groups, **options)], options.get("lr", lr)


def adafactor(params, case, options):
    options = dict(options)
    eps = (options.pop("eps1", None), options.pop("eps2", 1e-3))
    return grouped(torch.optim.Adafactor, params, case, {"eps": eps} | options, 1e-2)


def shampoo(params, case, options):
    options = dict(options)
    if "decoupled_weight_decay" in options:
        options["weight_decouple"] = options.pop("decoupled_weight_decay")
    # It takes roots when this divides the step, and moves nothing before: so the first step is such a one.
    first = options.get("preconditioning_compute_steps", 1) - 1
    return grouped(pytorch_optimizer.Shampoo, params, case, options, 1e-3, step=first)


def soap(params, case, options):
    return grouped(pytorch_optimizer.SOAP, params, case, options, 3e-3)


def slots(optimizer, options, state):
    """The state of one parameter by our names."""
    match optimizer:
        case "shampoo":
            eps = options.get("matrix_eps", 1e-6)
            minus_eps = lambda value: value - eps * torch.eye(len(value), dtype=value.dtype)
            return {slot: minus_eps(value) if slot[:3] == "pre" else value for slot, value in state.items()}
        case "soap":
            kept = {slot: state[slot] for slot in ("exp_avg", "exp_avg_sq")}
            factors = [(f"{of}_{i}", value) for of in ("GG", "Q") for i, value in enumerate(state[of])]
            return kept | {slot: value for slot, value in factors if len(value) > 0}
    return {slot: value for slot, value in state.items() if slot != "step"}


def run_torch(optimizer, case, options, init, grads):
    """What run_torch of golden_optimizers.py returns."""
    params = {name: value.clone().requires_grad_() for name, value in init.items()}
    make = {"adafactor": adafactor, "muon": muon, "shampoo": shampoo, "soap": soap}[optimizer]
    opts, lr = make(params, case, options)
    groups = [group for opt in opts for group in opt.param_groups]
    base = [group["lr"] for group in groups]
    kept, rates = {name: [] for name in params}, []
    for step in range(STEPS):
        for group, of_group in zip(groups, base):
            group["lr"] = of_group * rate_multiplier(case, step)
        rates.append(lr * rate_multiplier(case, step))
        for name, param in params.items():
            param.grad = grads[name][step].clone()
        for opt in opts:
            opt.step()
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(param.detach().clone())
    of_param = {name: next(opt.state[param] for opt in opts if param in opt.state) for name, param in params.items()}
    state = {
        f"{slot}/{name}": value.clone().contiguous()
        for name, of_slot in of_param.items()
        for slot, value in slots(optimizer, options, of_slot).items()
    }
    by_step = {"lr": rates}
    if case == "groups":
        by_step["lr.bias"] = [rate * GROUP["lr_mult"] for rate in rates]
    return kept, state, by_step


def run_keras(optimizer, options, case, init, grads):
    """The same with keras.optimizers, in Keras's floatx."""
    arguments = {KERAS_OPTION.get(key, key): value for key, value in options.items()}
    if "fallback_betas" in arguments:
        arguments["adam_beta_1"], arguments["adam_beta_2"] = arguments.pop("fallback_betas")
    if "ns_coefficients" in arguments:
        arguments["muon_a"], arguments["muon_b"], arguments["muon_c"] = arguments.pop("ns_coefficients")
    opt = {"adafactor": keras.optimizers.Adafactor, "muon": keras.optimizers.Muon}[optimizer](**arguments)
    params = {name: keras.Variable(value.numpy(), name=name) for name, value in init.items()}
    opt.build(list(params.values()))
    base = options.get("lr", 1e-3)
    assert np.dtype(keras.config.floatx()).type(base) == float(opt.learning_rate)
    kept, rates = {name: [] for name in params}, []
    tensor = lambda variable: torch.from_numpy(keras.ops.convert_to_numpy(variable).copy())
    for step in range(STEPS):
        rates.append(base * rate_multiplier(case, step))
        if rate_multiplier(case, step) != 1.0:
            opt.learning_rate = rates[-1]
        opt.apply([grads[name][step].clone() for name in params])
        if step + 1 in KEPT:
            for name, param in params.items():
                kept[name].append(tensor(param))
    if optimizer == "adafactor":
        weight, bias = [opt._r[0], opt._c[0]], opt._v[1]
        # Keras drops the dimension that PyTorch keeps with a size of 1.
        state = {
            f"row_var/{WEIGHT}": tensor(weight[0]).unsqueeze(-1),
            f"col_var/{WEIGHT}": tensor(weight[1]).unsqueeze(-2),
            f"variance/{BIAS}": tensor(bias),
        }
    else:
        state = {
            f"momentum_buffer/{WEIGHT}": tensor(opt.momentums[0]),
            f"exp_avg/{BIAS}": tensor(opt.momentums[1]),
            f"exp_avg_sq/{BIAS}": tensor(opt.adam_velocities[1]),
        }
    return kept, state, {"lr": rates}


def trace(framework, optimizer, case, options, dtype, seed):
    init, grads = even_inputs(case, seed) if optimizer in ("shampoo", "soap") else inputs(seed)
    init = {name: value.to(DTYPES[dtype]) for name, value in init.items()}
    grads = {name: value.to(DTYPES[dtype]) for name, value in grads.items()}
    group = None
    if framework == "keras":
        keras.config.set_floatx({"f32": "float32", "f64": "float64"}[dtype])
        dtypes.result_type = in_floatx(RESULT_TYPE)
        kept, state, by_step = run_keras(optimizer, options, case, init, grads)
        options = {"convention": "keras"} | options
    else:
        torch.set_default_dtype(DTYPES[dtype])
        kept, state, by_step = run_torch(optimizer, case, options, init, grads)
        if optimizer == "muon" and dtype == "f64":
            options = {"ns_dtype": "parameter"} | options
        if case in ("groups", "last_layer"):
            group = {"last_layer": ADAMW_GROUP, "groups": MUON_GROUP if optimizer == "muon" else GROUP}[case]
    common = {"init": init, "grads": grads, "kept": kept, "state": state, "by_step": by_step}
    write(framework, optimizer, case, dtype, options=options, group=group, **common)


def in_floatx(result_type):
    """Keras's rule for the type of a mean, a root or a norm, which says f32 even of f64."""
    widened = {"float32": "float64"} if keras.config.floatx() == "float64" else {}
    return lambda *of: widened.get(result_type(*of), result_type(*of))


class InF64:
    """torch for a module that names float32 where it should name the parameters' kind."""

    float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


# In f32 rounding grows: in Keras's iteration, which multiplies small singular values by hundreds, and in the inverse
# roots of eigenvalues that are small beside others.
OF_DTYPE = {("keras", "muon"): ["f64"], ("pytorch_optimizer", "shampoo"): ["f64"]}


def main():
    by_framework = {
        "torch": {"adafactor": ADAFACTOR, "muon": MUON},
        "keras": {"adafactor": KERAS_ADAFACTOR, "muon": KERAS_MUON},
        "pytorch_optimizer": {"shampoo": SHAMPOO, "soap": SOAP},
    }
    to_bfloat16, soap_module = torch.Tensor.bfloat16, __import__("sys").modules[pytorch_optimizer.SOAP.__module__]
    for i, (framework, of_framework) in enumerate(by_framework.items()):
        remove(framework, of_framework)
        for j, (optimizer, cases) in enumerate(of_framework.items()):
            for k, (case, options) in enumerate(cases.items()):
                for dtype in OF_DTYPE.get((framework, optimizer), DTYPES):
                    torch.Tensor.bfloat16 = torch.Tensor.clone if dtype == "f64" else to_bfloat16
                    soap_module.torch = InF64() if dtype == "f64" else torch
                    trace(framework, optimizer, case, options, dtype, seed=10_000 + 100 * i + 10 * j + k)


if __name__ == "__main__":
    main()
