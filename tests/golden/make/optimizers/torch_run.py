"""Training with PyTorch's optimizers, and with those that have their interface."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.optim import Optimizer

from make.optimizers.trace import BIAS, WEIGHT, Arrays, ByStep, Case, Inputs, Run, Step

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

KINDS = {"f32": torch.float32, "f64": torch.float64}

# Counters and numbers on the host, which are not slots.
NOT_SLOTS = ("step", "mu_product", "eta", "mu")

Groups = list[dict[str, Any]]


def numpy_of(tensor: torch.Tensor) -> np.ndarray:
    """Returns a copy of a tensor."""
    return np.array(tensor.detach().numpy(), order="C")


class TorchRun(Run):
    """One optimizer, or several that step together, on the two parameters."""

    def __init__(self, case: Case, inputs: Inputs, make: Callable[[Groups], Optimizer | list[Optimizer]], dtype: str):
        # PyTorch keeps some scalars in this dtype, such as NAdam's product of momenta.
        torch.set_default_dtype(KINDS[dtype])
        self.case = case
        self.params = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in inputs.init.items()}
        made = make(self.parameter_groups())
        self.optimizers: list[Optimizer] = made if isinstance(made, list) else [made]
        self.groups: Groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        self.base = [group["lr"] for group in self.groups]

    def parameter_groups(self) -> Groups:
        """Returns the groups for the optimizer: the weight and the bias, each in a group of its own."""
        groups: Groups = [{"params": [self.params[WEIGHT]]}, {"params": [self.params[BIAS]]}]
        if self.case.group is not None:
            groups[1] |= self.options_of_group(self.case.group)
        return groups

    def one_group(self) -> Groups:
        """Returns both parameters in one group."""
        return [{"params": list(self.params.values())}]

    def options_of_group(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the options of the second group of a case with groups."""
        return {"lr": self.case.options["lr"] * group["lr_mult"], "weight_decay": group["weight_decay"]}

    def scheduled(self, hyper: dict[str, float]) -> dict[str, Any]:
        """Returns the scheduled hyper-parameters under the names that they have in the optimizer's groups."""
        if "beta1" in hyper:
            return {"betas": (hyper["beta1"], self.case.options["betas"][1])}
        return dict(hyper)

    def step(self, step: Step) -> ByStep:
        scheduled = self.scheduled(step.hyper)
        for group, lr in zip(self.groups, self.base):
            group["lr"] = lr * step.factor
            assert scheduled.keys() <= group.keys(), "the optimizer does not read this hyper-parameter"
            group.update(scheduled)
        for name, param in self.params.items():
            param.grad = self.gradient(name, step)
        before = self.before(step)
        self.advance(step)
        return self.rates(step) | self.after(step, before)

    def gradient(self, name: str, step: Step) -> torch.Tensor:
        """Returns the gradient for the parameter `name`."""
        return torch.from_numpy(step.grads[name])

    def advance(self, step: Step) -> None:
        """Calls the optimizer."""
        for optimizer in self.optimizers:
            optimizer.step()

    def rates(self, step: Step) -> ByStep:
        """Returns the nominal rate, and that of the second group if the case has groups."""
        rates = {"lr": self.groups[0]["lr"]}
        return rates | ({"lr.bias": self.groups[1]["lr"]} if self.case.group is not None else {})

    def before(self, step: Step) -> Any:
        """Returns what `after` needs from the state before the step."""
        return None

    def after(self, step: Step, before: Any) -> ByStep:
        """Returns the other values that the trace keeps of each step."""
        return {}

    def values(self) -> Arrays:
        return {name: numpy_of(param) for name, param in self.params.items()}

    def slots(self, name: str, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        """Returns the state of the parameter `name` under our names."""
        return {slot: value for slot, value in state.items() if slot not in NOT_SLOTS and value is not None}

    def state(self) -> Arrays:
        of_param = {
            name: next((optimizer.state[param] for optimizer in self.optimizers if param in optimizer.state), {})
            for name, param in self.params.items()
        }
        return {
            f"{slot}/{name}": numpy_of(value)
            for name, state in of_param.items()
            for slot, value in self.slots(name, state).items()
        }
