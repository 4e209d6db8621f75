"""Traces of hypergradient descent by automatic differentiation, from gradient-descent-the-ultimate-optimizer.

The package differentiates the loss with respect to the learning rate of the previous step. The loss here is the inner
product of the recorded gradient and the parameters, so its gradient is the recorded one.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from gradient_descent_the_ultimate_optimizer import gdtuo

from make.optimizers.torch_run import numpy_of
from make.optimizers.trace import Arrays, ByStep, Case, Inputs, Run, Step, Trace, in_each_dtype

# Without Nesterov's momentum, groups and schedules, which the package does not have.
SGD_HD: dict[str, dict[str, Any]] = {
    "defaults": {"lr": 1e-3},
    "article": {"lr": 1e-3, "hypergrad_lr": 1e-4},
    "momentum": {"lr": 0.02, "hypergrad_lr": 1e-5, "momentum": 0.9, "weight_decay": 0.05},
}
ADAM_HD: dict[str, dict[str, Any]] = {
    "defaults": {"lr": 1e-3},
    "article": {"lr": 1e-3, "hypergrad_lr": 1e-5},
    "options": {"lr": 5e-3, "hypergrad_lr": 1e-4, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
}


class Weights(gdtuo.Optimizable):
    """The parameters, at the bottom of the stack."""

    def step(self) -> None:
        self.optimizer.step(self.parameters)


class Hypergradient(Run):
    """The package's SGD or Adam, whose learning rate is trained by the package's SGD."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        torch.set_default_dtype(torch.float64)
        self.case, options = case, case.options
        adam = case.optimizer == "adam_hd"
        speed = options.get("hypergrad_lr", 1e-8 if adam else 1e-6)
        above = gdtuo.SGDPerParam([("alpha", speed)])
        parameters = {name: torch.from_numpy(value.copy()) for name, value in inputs.init.items()}
        if adam:
            beta1, beta2 = options.get("betas", (0.9, 0.999))
            log_eps = math.log10(options.get("eps", 1e-8))
            self.rule = gdtuo.AdamBaydin(options["lr"], beta1, beta2, log_eps, optimizer=above)
            # The package starts v at ε instead of 0, for a derivative that this trace does not need.
            for name, value in parameters.items():
                self.rule.cache[name] = {"m": torch.zeros_like(value), "v": torch.zeros_like(value)}
        else:
            self.rule = gdtuo.SGD(options["lr"], options.get("momentum", 0.0), optimizer=above)
        self.weights = Weights(parameters, self.rule)

    def step(self, step: Step) -> ByStep:
        decay = self.case.options.get("weight_decay", 0.0)
        self.weights.begin()
        self.weights.zero_grad()
        loss = torch.zeros(())
        for name, value in self.weights.parameters.items():
            gradient = torch.from_numpy(step.grads[name]) + decay * value.detach()
            loss = loss + (gradient * value).sum()
        loss.backward()
        self.weights.step()
        return {"lr": self.case.options["lr"], "effective_lr": self.rule.parameters["alpha"].item()}

    def values(self) -> Arrays:
        return {name: numpy_of(value) for name, value in self.weights.parameters.items()}

    def state(self) -> Arrays:
        if self.case.optimizer == "adam_hd":
            slots = {"m": "exp_avg", "v": "exp_avg_sq"}
            of_param = self.rule.cache.items()
            return {f"{slots[key]}/{name}": numpy_of(it) for name, of in of_param for key, it in of.items()}
        return {f"momentum_buffer/{name}": numpy_of(value) for name, value in self.rule.state.items()}


def cases() -> Iterator[Case]:
    """Yields every case."""
    for optimizer, of_optimizer in {"sgd_hd": SGD_HD, "adam_hd": ADAM_HD}.items():
        for name, options in of_optimizer.items():
            # Without momentum, the package has no buffer. Our rule has one, which holds the gradient.
            no_buffer = optimizer == "sgd_hd" and "momentum" not in options
            not_kept = ("momentum_buffer/",) if no_buffer else ()
            yield Case("gdtuo", optimizer, name, options, Hypergradient, ("f64",), not_kept=not_kept)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
