"""Traces of PyTorch's own optimizers."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch

from make.optimizers.torch_run import TorchRun, numpy_of
from make.optimizers.trace import (
    BIAS,
    GROUP,
    SHAPES,
    STEPS,
    WEIGHT,
    Arrays,
    ByStep,
    Case,
    Inputs,
    Run,
    Step,
    Trace,
    drawn,
    in_each_dtype,
)

# Optimizer -> case -> options of `[optimizer]`. PyTorch takes them by the same names.
CASES: dict[str, dict[str, dict[str, Any]]] = {
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
CLASS = {
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

# Options of ours alone, which do not change the update.
NOT_TORCH = ("eval_average",)


def there_and_back(step: int) -> float:
    """Returns a number that falls from 1 to 0 and rises to 1 again over the steps."""
    return abs(1 - 2 * step / STEPS)


# The scheduled hyper-parameters: case -> a function of the options and the step (from 0) that returns the values by our
# names.
SCHEDULED = {
    "scheduled_momentum": lambda options, t: {"momentum": options["momentum"] * (0.85 + 0.15 * there_and_back(t))},
    "scheduled_beta1": lambda options, t: {"beta1": options["betas"][0] * (0.85 + 0.15 * there_and_back(t))},
    "scheduled_weight_decay": lambda options, t: {"weight_decay": options["weight_decay"] * (1 - t / STEPS)},
}


class Builtin(TorchRun):
    """A class of torch.optim with groups that differ in rate and weight decay."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        options = {key: value for key, value in case.options.items() if key not in NOT_TORCH}
        super().__init__(case, inputs, lambda groups: CLASS[case.optimizer](groups, **options), dtype)

    def before(self, step: Step) -> list[float]:
        if self.case.optimizer != "asgd":
            return []
        # The step uses the rate in the state. The first step has no state yet, and uses `lr`.
        (optimizer,) = self.optimizers
        of_param = zip(self.params.values(), self.base)
        return [optimizer.state[param]["eta"].item() if step.index else lr for param, lr in of_param]

    def after(self, step: Step, before: list[float]) -> ByStep:
        names = ["effective_lr"] + (["effective_lr.bias"] if self.case.group is not None else [])
        return dict(zip(names, before))

    def evaluated(self) -> Arrays:
        if not self.case.options.get("eval_average"):
            return {}
        (optimizer,) = self.optimizers
        return {name: numpy_of(optimizer.state[param]["ax"]) for name, param in self.params.items()}


ADAFACTOR: dict[str, dict[str, Any]] = {
    "defaults": {},
    "options": {"lr": 0.05, "beta2_decay": -0.5, "eps1": 1e-3, "eps2": 0.1, "d": 1.5, "weight_decay": 0.3},
    "lrdrop": {"lr": 0.2},
    "groups": {"lr": 0.05, "weight_decay": 0.1},
}


class Adafactor(TorchRun):
    """PyTorch's Adafactor, whose two ε are one argument."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        options = dict(case.options)
        options["eps"] = (options.pop("eps1", None), options.pop("eps2", 1e-3))
        super().__init__(case, inputs, lambda groups: torch.optim.Adafactor(groups, **options), dtype)


# In Muon, AdamW updates the vectors, with a weight decay of its own.
MUON_GROUP = {"name": "bias", "params": ["*.bias"], "lr_mult": 2.0, "fallback_weight_decay": 0.0}
ADAMW_GROUP = {"name": "weight", "params": ["*.weight"], "orthogonalize": False, "fallback_lr_ratio": 0.3}
MUON: dict[str, dict[str, Any]] = {
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

# In this case, rounding errors on the shared gradients grow beyond what the tests allow. So the case has its own
# gradients: case -> seed.
MUON_SEED = {"options": 10011}

TO_BFLOAT16 = torch.Tensor.bfloat16


class Muon(TorchRun):
    """PyTorch's Muon for the matrix and its AdamW for the vector. In `last_layer`, AdamW updates the matrix, too."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        # PyTorch's iteration rounds to bfloat16, and two machines may do so differently. In f64, nothing is rounded.
        torch.Tensor.bfloat16 = torch.Tensor.clone if dtype == "f64" else TO_BFLOAT16
        options = dict(case.options)
        lr = options.pop("lr", 1e-3)
        adamw: dict[str, Any] = {"lr": lr * options.pop("fallback_lr_ratio", 1.0)}
        for key in ("betas", "eps", "weight_decay"):
            if f"fallback_{key}" in options:
                adamw[key] = options.pop(f"fallback_{key}")
        if case.group is MUON_GROUP:
            adamw |= {"lr": adamw["lr"] * MUON_GROUP["lr_mult"], "weight_decay": MUON_GROUP["fallback_weight_decay"]}
        self.lr = lr

        def make(_: Any) -> list[torch.optim.Optimizer]:
            if case.group is ADAMW_GROUP:
                matrix = torch.optim.AdamW([self.params[WEIGHT]], lr=lr * ADAMW_GROUP["fallback_lr_ratio"])
            else:
                matrix = torch.optim.Muon([self.params[WEIGHT]], lr=lr, **options)
            return [matrix, torch.optim.AdamW([self.params[BIAS]], **adamw)]

        super().__init__(case, inputs, make, dtype)

    def options_of_group(self, group: Any) -> dict[str, Any]:
        return {}

    def rates(self, step: Step) -> ByStep:
        lr = self.lr * step.factor
        return {"lr": lr} | ({"lr.bias": lr * MUON_GROUP["lr_mult"]} if self.case.group is MUON_GROUP else {})


# Case -> seed, and options of `[optimizer]`. PyTorch takes them by the same names, except for `weight_decay`, which is
# a penalty in the closure's loss. If the batches change, L-BFGS is often chaotic: a rounding error grows until no digit
# agrees. With these seeds and options it is not, as `stable_lbfgs` checks.
LBFGS: dict[str, tuple[int, dict[str, Any]]] = {
    # Every step on the same batch, with the whole history.
    "history": (702, {"lr": 0.02, "max_iter": 1, "weight_decay": 0.1}),
    "options": (
        704,
        {
            "lr": 0.5,
            "max_iter": 3,
            "max_eval": 4,
            "history_size": 2,
            "tolerance_grad": 1e-3,
            "tolerance_change": 1e-4,
            "weight_decay": 0.1,
        },
    ),
    "lrdrop": (700, {"lr": 1.0, "max_iter": 3, "history_size": 1, "weight_decay": 0.1}),
    "wolfe": (701, {"line_search_fn": "strong_wolfe", "max_iter": 3, "history_size": 2}),
    # Far enough from the minimum for a second evaluation.
    "wolfe_far": (
        700,
        {
            "lr": 4.0,
            "line_search_fn": "strong_wolfe",
            "max_iter": 3,
            "max_eval": 8,
            "history_size": 1,
            "weight_decay": 0.1,
        },
    ),
}


def batches(case: Case) -> Inputs:
    """Returns x [5, 32, 5] and y [5, 32], five batches of a noisy problem that the steps use in turn. The case
    `history` has only the first batch."""
    assert case.seed is not None
    random = np.random.RandomState(case.seed)
    teacher = random.standard_normal((4, 5))
    x = random.standard_normal((5, 32, 5))
    y = np.argmax(x @ teacher.T + 2.0 * random.gumbel(size=(5, 32, 4)), axis=-1)
    count = 1 if case.name == "history" else 5
    return Inputs(drawn(case.seed).init, None, {"x": x[:count], "y": y[:count]})


class Lbfgs(Run):
    """torch.optim.LBFGS on softmax regression."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str, disturbed: float = 0.0):
        torch.set_default_dtype(torch.float64)
        self.batches = {name: torch.from_numpy(value) for name, value in inputs.extra.items()}
        self.params = {
            name: torch.from_numpy(value * (1 + disturbed)).requires_grad_() for name, value in inputs.init.items()
        }
        self.decay = case.options.get("weight_decay", 0.0)
        options = {key: value for key, value in case.options.items() if key != "weight_decay"}
        self.optimizer = torch.optim.LBFGS(self.params.values(), **options)
        self.base = self.optimizer.param_groups[0]["lr"]

    def step(self, step: Step) -> ByStep:
        index = step.index % len(self.batches["x"])
        x, y = self.batches["x"][index], self.batches["y"][index]

        def closure() -> torch.Tensor:
            self.optimizer.zero_grad()
            output = x @ self.params[WEIGHT].T + self.params[BIAS]
            loss = torch.nn.functional.cross_entropy(output, y)
            loss = loss + 0.5 * self.decay * sum((param * param).sum() for param in self.params.values())
            loss.backward()
            return loss

        lr = self.base * step.factor
        self.optimizer.param_groups[0]["lr"] = lr
        self.optimizer.step(closure)
        return {"lr": lr}

    def values(self) -> Arrays:
        return {name: numpy_of(param) for name, param in self.params.items()}

    def state(self) -> Arrays:
        (first,) = [state for state in self.optimizer.state.values() if state]
        rows = {"d": first["d"], "prev_flat_grad": first["prev_flat_grad"]}
        for slot in ("old_dirs", "old_stps"):
            rows |= {f"{slot}.{index}": row for index, row in enumerate(first[slot])}
        state = {}
        for slot, row in rows.items():
            parts = row.split([int(np.prod(shape)) for shape in SHAPES.values()])
            for (name, shape), part in zip(SHAPES.items(), parts, strict=True):
                state[f"{slot}/{name}"] = numpy_of(part.view(shape))
        return state


def stable_lbfgs(case: Case, inputs: Inputs, dtype: str) -> Lbfgs:
    """Starts L-BFGS. Fails if a relative change of 1e-15 in the initial values grows beyond 3e-13 over the steps."""
    ends = []
    for disturbed in (0.0, 1e-15):
        run = Lbfgs(case, inputs, dtype, disturbed)
        for index in range(STEPS):
            run.step(Step(index, case.factor(index), {}, 0.0, {}))
        ends.append(run.values() | run.state())
    exact, other = ends
    assert exact.keys() == other.keys(), f"{case.name}: the history differs"
    apart = max(float(np.linalg.norm(exact[name] - other[name]) / np.linalg.norm(other[name])) for name in exact)
    assert apart < 3e-13, f"{case.name}: a change of 1e-15 grows to {apart:.1e}"
    return Lbfgs(case, inputs, dtype)


def cases() -> Iterator[Case]:
    """Yields every case."""
    for optimizer, of_optimizer in CASES.items():
        for name, options in of_optimizer.items():
            hyper = SCHEDULED.get(name)
            yield Case(
                "torch",
                optimizer,
                name,
                options,
                Builtin,
                group=GROUP if name == "groups" else None,
                hyper=partial(hyper, options) if hyper else None,
            )
    for name, options in ADAFACTOR.items():
        yield Case("torch", "adafactor", name, options, Adafactor, group=GROUP if name == "groups" else None)
    for name, options in MUON.items():
        group = {"groups": MUON_GROUP, "last_layer": ADAMW_GROUP}.get(name)
        seed, spec = MUON_SEED.get(name), {"ns_dtype": "parameter"}
        yield Case("torch", "muon", name, options, Muon, ("f64",), group, spec, seed)
        yield Case("torch", "muon", name, options, Muon, ("f32",), group, seed=seed)
    for name, (seed, options) in LBFGS.items():
        yield Case("torch", "lbfgs", name, options, stable_lbfgs, ("f64",), seed=seed, inputs=batches)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
