"""Methods with PyTorch's interface that compute one rate for all parameters from a distance."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from make.optimizers.torch_run import Groups, TorchRun
from make.optimizers.trace import ByStep, Case, Inputs, Step

# There is only one rate, so groups differ in weight decay, or do not move.
DECAYED = {"name": "bias", "params": ["*.bias"], "weight_decay": 0.0}
FROZEN = {"name": "bias", "params": ["*.bias"], "lr_mult": 0.0}


def adam_factor(group: Mapping[str, Any], options: Mapping[str, Any]) -> float:
    """Returns Adam's bias correction of the rate, or 1 if the options do not ask for it."""
    if not options.get("use_bias_correction"):
        return 1.0
    (beta1, beta2), steps = options["betas"], group["k"]
    return (1 - beta2**steps) ** 0.5 / (1 - beta1**steps)


class OneRate(TorchRun):
    """A method whose groups keep its estimate of the distance as `d`."""

    kind: ClassVar[type[torch.optim.Optimizer]]

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        self.case = case
        super().__init__(case, inputs, lambda groups: self.kind(groups, **self.arguments()), dtype)

    def arguments(self) -> dict[str, Any]:
        """Returns the options as the package takes them."""
        names = {"decoupled_weight_decay": "decouple"}
        return {names.get(key, key): value for key, value in self.case.options.items()}

    def parameter_groups(self) -> Groups:
        if self.case.group is None:
            return self.one_group()
        return super().parameter_groups()

    def options_of_group(self, group: Mapping[str, Any]) -> dict[str, Any]:
        options = self.case.options
        return {
            "lr": options.get("lr", 1.0) * group.get("lr_mult", 1.0),
            "weight_decay": group.get("weight_decay", options.get("weight_decay", 0.0)),
        }

    def before(self, step: Step) -> Any:
        return self.groups[0].get("d")

    def rate_factor(self) -> float:
        """Returns the factor of d times the rate of a group. Called after the step."""
        raise NotImplementedError

    def found(self, d: Any) -> list[float]:
        """Returns the rate of each group in the last step. `d` is the estimate before that step."""
        return [d * group["lr"] * self.rate_factor() for group in self.groups]

    def after(self, step: Step, before: Any) -> ByStep:
        return dict(zip(("effective_lr", "effective_lr.bias"), self.found(before)))

    def slots(self, name: str, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
        # This omits the z of DAdaptSGD, which is x0 − s.
        shape = self.params[name].shape
        return {slot: value.reshape(shape) for slot, value in state.items() if slot not in ("step", "z")}
