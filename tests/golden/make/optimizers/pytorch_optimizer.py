"""Traces of pytorch_optimizer's classes."""

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytorch_optimizer
import torch
from pytorch_optimizer import AliG

from make.optimizers.torch_run import Groups, TorchRun, numpy_of
from make.optimizers.trace import (
    BIAS,
    GROUP,
    SHAPES,
    STEPS,
    Arrays,
    ByStep,
    Case,
    Inputs,
    Step,
    Trace,
    drawn,
    in_each_dtype,
    seed_of,
    shared,
)
from make.optimizers.units import InUnits, Started, nominal

# Optimizer -> case -> options of `[optimizer]`. The package takes them by the same names, except for those that
# `arguments_of` translates.
ELEMENTWISE: dict[str, dict[str, dict[str, Any]]] = {
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
LARS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "options": {"lr": 0.5, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.05, "trust_coefficient": 0.02},
    "nesterov": {"lr": 2.0, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    "plain": {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.02, "trust_coefficient": 0.1},
    "lrdrop": {"lr": 0.5},
    "groups": {"lr": 0.5, "weight_decay": 0.1},
}

CLASS = {
    "adabelief": pytorch_optimizer.AdaBelief,
    "adopt": pytorch_optimizer.ADOPT,
    "ademamix": pytorch_optimizer.AdEMAMix,
    "adan": pytorch_optimizer.Adan,
    "lars": pytorch_optimizer.LARS,
}


def from_one(step: int) -> float:
    """Returns ADOPT's clipping bound of a step, from 1. The count of the article begins with the first step that moves
    the weights, which is the second."""
    return (step - 1) ** 0.25


def arguments_of(optimizer: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options as pytorch_optimizer takes them."""
    arguments = dict(options)
    match optimizer:
        case "adabelief":
            # The package uses one ε in both places.
            assert arguments.pop("eps_root", 1e-16) == arguments.get("eps", 1e-16)
            arguments["weight_decouple"] = arguments.pop("decoupled_weight_decay", True)
        case "adopt":
            arguments["clip_lambda"] = from_one if arguments.pop("use_clipping", True) else None
            arguments["weight_decouple"] = arguments.pop("decoupled_weight_decay", False)
        case "ademamix":
            arguments["weight_decouple"] = arguments.pop("decoupled_weight_decay", True)
        case "adan":
            arguments["weight_decouple"] = arguments.pop("no_prox", False)
    return arguments


class Grouped(TorchRun):
    """A class with groups that differ in rate and weight decay, and slots under our names."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        arguments = arguments_of(case.optimizer, case.options)
        super().__init__(case, inputs, lambda groups: CLASS[case.optimizer](groups, **arguments), dtype)

    def slots(self, name: str, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        # The package's Adan keeps the negative of the previous gradient.
        return {slot: -value if slot == "previous_grad" else value for slot, value in state.items()}


# --- Sophia-H, which gets the diagonal of the Hessian.

SOPHIA_H: dict[str, dict[str, Any]] = {
    "defaults": {},
    "options": {"lr": 0.02, "betas": [0.9, 0.8], "eps": 1e-3, "p": 0.5, "update_period": 3, "weight_decay": 0.2},
    "coupled": {
        "lr": 0.05,
        "p": 0.1,
        "update_period": 1,
        "weight_decay": 0.1,
        "decoupled_weight_decay": False,
    },
    "lrdrop": {"lr": 0.1, "p": 0.2},
    "groups": {"lr": 0.03, "update_period": 4, "weight_decay": 0.3},
}


def with_hessian(case: Case) -> Inputs:
    """Returns gradients and `hessian/<parameter>` [100, …], the diagonal of a Hessian at each step."""
    inputs = shared() if case.seed is None else drawn(case.seed)
    random = np.random.RandomState(seed_of("hessian", case.name) if case.seed is None else 1000 + case.seed)
    hessian = {}
    for name, shape in SHAPES.items():
        size = random.choice([0.1, 3.0, 30.0, 1000.0], size=(STEPS,) + shape)
        value = random.standard_normal((STEPS,) + shape) * size + 0.3 * size
        value[:, -1] = 0.0
        hessian[f"hessian/{name}"] = value
    return Inputs(inputs.init, inputs.grads, hessian)


class SophiaH(TorchRun):
    """pytorch_optimizer's SophiaH."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        arguments = dict(case.options)
        if "decoupled_weight_decay" in arguments:
            arguments["weight_decouple"] = arguments.pop("decoupled_weight_decay")
        self.hessian = inputs.extra
        super().__init__(case, inputs, lambda groups: pytorch_optimizer.SophiaH(groups, **arguments), dtype)

    def advance(self, step: Step) -> None:
        (optimizer,) = self.optimizers
        seen = [torch.from_numpy(self.hessian[f"hessian/{name}"][step.index].copy()) for name in self.params]
        optimizer.step(hessian=seen if step.index % optimizer.update_period == 0 else None)

    def slots(self, name: str, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        return {"exp_avg": state["momentum"], "hessian_moment": state["hessian_moment"]}


# --- ALI-G.

ALIG: dict[str, dict[str, Any]] = {
    "defaults": {"lr": 0.1},
    "momentum": {"lr": 0.05, "momentum": 0.9},
    "adjusted": {"lr": 0.1, "momentum": 0.8, "adjusted_momentum": True, "weight_decay": 0.02},
    "weight_decay": {"lr": 0.2, "weight_decay": 0.1},
    "lrdrop": {"lr": 0.1, "momentum": 0.9},
    "groups": {"lr": 0.1, "momentum": 0.7, "weight_decay": 0.1},
}

# The cases that are recorded in the package's own f32, too.
ALIG_F32 = ("defaults", "momentum")


class AliG64(AliG):
    """ALI-G with its norm in f64. The package computes the norm in f32, whatever the dtype of the parameters is."""

    def compute_step_size(self, loss: float) -> float:
        square = sum(p.grad.square().sum() for group in self.param_groups for p in group["params"])
        return loss / (square + 1e-6).item()


def alig_arguments(case: Case) -> dict[str, Any]:
    """Returns the options as AliG takes them."""
    arguments = {key: case.options[key] for key in ("momentum", "adjusted_momentum") if key in case.options}
    return arguments | {"max_lr": case.options["lr"]}


def alig(case: Case) -> Started:
    """Returns a function that starts ALI-G in f64."""

    def start(first: Arrays) -> Any:
        params = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in first.items()}
        opt = AliG64(list(params.values()), **alig_arguments(case))

        def step(now: Arrays, grads: Arrays, loss: float, factor: float) -> Any:
            opt.param_groups[0]["max_lr"] = case.options["lr"] * factor
            for name, param in params.items():
                param.data.copy_(torch.from_numpy(np.asarray(now[name])))
                param.grad = torch.from_numpy(np.asarray(grads[name]).copy())
            opt.step(lambda: loss)
            slots = {}
            if case.options.get("momentum"):
                buffers = {name: opt.state[param]["momentum_buffer"].numpy() for name, param in params.items()}
                slots = {"momentum_buffer": (buffers, 1)}
            return {name: numpy_of(param) for name, param in params.items()}, opt.param_groups[0]["step_size"], slots

        return step

    return start


class AliG32(TorchRun):
    """ALI-G in f32, unchanged from the package."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        def make(groups: Groups) -> AliG:
            opt = AliG(groups, **alig_arguments(case))
            opt.param_groups[0]["lr"] = case.options["lr"]
            return opt

        super().__init__(case, inputs, make, dtype)

    def parameter_groups(self) -> Groups:
        return self.one_group()

    def advance(self, step: Step) -> None:
        (optimizer,) = self.optimizers
        optimizer.step(lambda: step.loss)

    def rates(self, step: Step) -> ByStep:
        return nominal(self.case, step.factor) | {"effective_lr": self.groups[0]["step_size"]}


# --- Shampoo and SOAP.

# In f64 only. Rounding errors grow in the inverse roots of eigenvalues that are much smaller than others.
SHAMPOO: dict[str, dict[str, Any]] = {
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
SOAP: dict[str, dict[str, Any]] = {
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


def even(case: Case) -> Inputs:
    """Returns gradients that determine all eigenvectors to the last digits.

    If two eigenvalues are 0, their eigenvectors are arbitrary, and in a direction without a gradient Adam divides one
    rounding error by another. So no row is 0 except in step 31, and all elements of a step have the same scale. The
    first gradient of the vector in `vectors` is along an axis, because SOAP's basis begins with its direction alone.
    """
    assert case.seed is not None
    inputs = drawn(case.seed)
    random = np.random.RandomState(10_000 + case.seed)
    grads = {}
    for name, grad in (inputs.grads or {}).items():
        by_step = random.choice([0.1, 1.0, 3.0], size=(STEPS,) + (1,) * (grad.ndim - 1))
        grads[name] = random.standard_normal(grad.shape) * by_step
        grads[name][30] = 0.0
    if case.name == "vectors":
        grads[BIAS][0, 1:] = 0.0
    return Inputs(inputs.init, grads)


class Shampoo(TorchRun):
    """pytorch_optimizer's Shampoo."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        arguments = dict(case.options)
        if "decoupled_weight_decay" in arguments:
            arguments["weight_decouple"] = arguments.pop("decoupled_weight_decay")
        # The class computes its roots when this interval divides the step, and does not move the weights before. With
        # this first value, it computes them at the first step.
        first = {"step": case.options.get("preconditioning_compute_steps", 1) - 1}

        def make(groups: Groups) -> torch.optim.Optimizer:
            return pytorch_optimizer.Shampoo([group | first for group in groups], **arguments)

        super().__init__(case, inputs, make, dtype)

    def slots(self, name: str, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        eps = self.case.options.get("matrix_eps", 1e-6)
        slots = {}
        for slot, value in state.items():
            slots[slot] = value - eps * torch.eye(len(value), dtype=value.dtype) if slot[:3] == "pre" else value
        return slots


class InF64:
    """A replacement of `torch` for a module that uses float32 where it should use the dtype of the parameters."""

    float32 = torch.float64

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


class Soap(TorchRun):
    """pytorch_optimizer's SOAP, with its QR in f64 if the parameters are in f64."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        module = sys.modules[pytorch_optimizer.SOAP.__module__]
        module.torch = InF64() if dtype == "f64" else torch
        super().__init__(case, inputs, lambda groups: pytorch_optimizer.SOAP(groups, **case.options), dtype)

    def slots(self, name: str, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        kept = {slot: state[slot] for slot in ("exp_avg", "exp_avg_sq")}
        factors = [(f"{of}_{i}", value) for of in ("GG", "Q") for i, value in enumerate(state[of])]
        return kept | {slot: value for slot, value in factors if len(value) > 0}


# Case -> seed of gradients that suit these rules.
SHAMPOO_SEED = {"defaults": 10_200, "options": 10_201, "every": 10_202, "lrdrop": 10_203, "groups": 10_204}
SOAP_SEED = {
    "defaults": 10_210,
    "options": 10_211,
    "one_side": 10_212,
    "vectors": 10_213,
    "lrdrop": 10_214,
    "groups": 10_215,
}


def decaying(options: Mapping[str, Any], step: int) -> dict[str, float]:
    """Returns the scheduled weight decay of a step, from 0."""
    return {"weight_decay": options["weight_decay"] * (1 - step / STEPS)}


def cases() -> Iterator[Case]:
    """Yields every case."""
    package, f64 = "pytorch_optimizer", ("f64",)
    for optimizer, of_optimizer in (ELEMENTWISE | {"lars": LARS}).items():
        for name, options in of_optimizer.items():
            hyper = None
            if name == "scheduled_weight_decay":
                hyper = partial(decaying, options)
            group = GROUP if name == "groups" else None
            yield Case(package, optimizer, name, options, Grouped, group=group, hyper=hyper)
    for name, options in SOPHIA_H.items():
        group = GROUP if name == "groups" else None
        yield Case(package, "sophia_h", name, options, SophiaH, group=group, inputs=with_hessian)
    for name, options in ALIG.items():
        group = GROUP if name == "groups" else None
        yield Case(package, "alig", name, options, InUnits.starter(alig), f64, group, losses=True)
        if name in ALIG_F32:
            yield Case(package, "alig", name, options, AliG32, ("f32",), losses=True)
    for name, options in SHAMPOO.items():
        group = GROUP if name == "groups" else None
        yield Case(package, "shampoo", name, options, Shampoo, f64, group, seed=SHAMPOO_SEED[name], inputs=even)
    for name, options in SOAP.items():
        group = GROUP if name == "groups" else None
        yield Case(package, "soap", name, options, Soap, group=group, seed=SOAP_SEED[name], inputs=even)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
