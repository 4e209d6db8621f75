"""A trace of an update rule: its case, the 100 steps, and the content of the file.

`tests/golden/README.md` describes the files.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from make.files import GOLDEN, arrays, join_spec, toml_table

Arrays = dict[str, np.ndarray]
ByStep = dict[str, float]

STEPS = 100
DROP_AT = 50  # an `lrdrop` case has a tenth of the rate from this step (from 0) on
KEPT = [1, 2, 3, 5, 10, 20, 50, 51, 52, 75, 100]
WEIGHT, BIAS = "layers.0.weight", "layers.0.bias"
SHAPES = {WEIGHT: (4, 5), BIAS: (4,)}
DTYPES = {"f32": np.float32, "f64": np.float64}

# The bias is a group of its own in the `groups` cases.
GROUP = {"name": "bias", "params": ["*.bias"], "lr_mult": 2.0, "weight_decay": 0.0}


@dataclass(frozen=True)
class Step:
    """The inputs of an optimizer for one step."""

    index: int  # from 0
    factor: float  # of the learning rate
    grads: Arrays
    loss: float
    hyper: dict[str, float]  # the values of scheduled hyper-parameters


class Run:
    """An optimizer of a framework in training. A subclass drives that framework."""

    def step(self, step: Step) -> ByStep:
        """Makes one step. Returns `lr` and the other values that the trace keeps of each step."""
        raise NotImplementedError

    def values(self) -> Arrays:
        """Returns copies of the parameters."""
        raise NotImplementedError

    def state(self) -> Arrays:
        """Returns the slots as `<slot>/<parameter>`, after the last step."""
        return {}

    def evaluated(self) -> Arrays:
        """Returns the parameters to evaluate with if they are not the trained ones, and nothing otherwise."""
        return {}


@dataclass(frozen=True)
class Inputs:
    """The data that a case trains on. `extra` holds other inputs of a method than gradients, by their names in the
    file."""

    init: Arrays
    grads: Arrays | None
    extra: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A set of options of one optimizer.

    framework  its name in versions.toml
    optimizer  our name, the `type` of `[optimizer]`
    name       the name of the case
    options    the keys of `[optimizer]`. A key that is not in them has the framework's default
    start      starts the framework's optimizer on a case and its inputs
    dtypes     the recorded dtypes. It is f64 alone if the framework's own f32 is not within 1e-6 of its f64
    group      the `[[group]]` table, if there is one
    spec       keys of `[optimizer]` that only our spec has
    seed       the seed of the case's own gradients. None means the shared gradients
    inputs     makes the data that the case trains on, if they are not gradients alone
    losses     whether the method gets a loss
    hyper      returns the scheduled hyper-parameters of a step, by their names
    not_kept   our slots that have no counterpart in the framework
    """

    framework: str
    optimizer: str
    name: str
    options: Mapping[str, Any]
    start: Callable[["Case", Inputs, str], Run]
    dtypes: tuple[str, ...] = ("f32", "f64")
    group: Mapping[str, Any] | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    inputs: Callable[["Case"], Inputs] | None = None
    losses: bool = False
    hyper: Callable[[int], dict[str, float]] | None = None
    not_kept: tuple[str, ...] = ()

    def factor(self, step: int) -> float:
        """Returns the factor of the learning rate in a step, from 0."""
        return 0.1 if "lrdrop" in self.name and step >= DROP_AT else 1.0

    def in_group(self, key: str, otherwise: float) -> float:
        """Returns a number of the group, or `otherwise` if there is no group or it does not set this number."""
        return (self.group or {}).get(key, otherwise)

    def effective(self, found: float) -> dict[str, float]:
        """Returns the rate that a method found for a step, and that of the group if there is one."""
        if self.group is None:
            return {"effective_lr": found}
        return {"effective_lr": found, "effective_lr.bias": found * self.in_group("lr_mult", 1.0)}


def seed_of(*words: str) -> int:
    """Returns the seed that belongs to a name of these words."""
    return zlib.crc32("/".join(words).encode())


def drawn(seed: int) -> Inputs:
    """Returns initial values and gradients in f64.

    The scale of the gradients differs by step and by element (about 1e-4 to 10). Some are exactly 0: the last row in
    every step, the first row in the first three steps, and everything in step 31.
    """
    random = np.random.RandomState(seed)
    init, grads = {}, {}
    for name, shape in SHAPES.items():
        init[name] = random.standard_normal(shape)
        by_step = random.choice([0.01, 0.1, 1.0, 3.0], size=(STEPS,) + (1,) * len(shape))
        by_element = random.choice([0.01, 0.1, 1.0, 3.0], size=shape)
        grad = random.standard_normal((STEPS,) + shape) * by_step * by_element
        grad[:, -1] = 0.0
        grad[:3, 0] = 0.0
        grad[30] = 0.0
        grads[name] = grad
    return Inputs(init, grads)


@cache
def shared() -> Inputs:
    """Returns the initial values and gradients that most cases have in common."""
    tensors = arrays((GOLDEN / "gradients" / "shared_f64.safetensors").read_bytes())
    return Inputs(*({name: tensors[f"{of}/{name}"] for name in SHAPES} for of in ("init", "grad")))


def inputs_of(case: Case) -> Inputs:
    """Returns the data that the case trains on, in f64."""
    if case.inputs is not None:
        return case.inputs(case)
    return shared() if case.seed is None else drawn(case.seed)


def losses_of(case: Case) -> list[float]:
    """Returns the losses of the 100 steps, between about 0.01 and 30."""
    seed = seed_of("loss", case.framework, case.optimizer, case.name) if case.seed is None else case.seed + 50_000
    return np.exp(np.random.RandomState(seed).standard_normal(STEPS) * 1.5).tolist()


@dataclass(frozen=True)
class Trace:
    """A case in one dtype."""

    case: Case
    dtype: str

    @property
    def name(self) -> str:
        """The name of its file, without the suffix."""
        return f"{self.case.framework}_{self.case.optimizer}_{self.case.name}_{self.dtype}"

    def spec(self) -> str:
        """Returns the part of an experiment file that has the same meaning."""
        case = self.case
        tables = [toml_table("[optimizer]", {"type": case.optimizer} | dict(case.spec) | dict(case.options))]
        if case.group is not None:
            tables.append(toml_table("[[group]]", case.group))
        return join_spec(*tables)

    def make(self) -> tuple[Arrays, dict[str, str]]:
        """Runs the 100 steps. Returns the tensors and the metadata of the file."""
        case, kind = self.case, DTYPES[self.dtype]
        inputs = inputs_of(case)
        inputs = Inputs(
            {name: value.astype(kind) for name, value in inputs.init.items()},
            None if inputs.grads is None else {name: value.astype(kind) for name, value in inputs.grads.items()},
            {name: value.astype(kind) if value.dtype == np.float64 else value for name, value in inputs.extra.items()},
        )
        run = case.start(case, inputs, self.dtype)
        losses = losses_of(case)
        kept: dict[str, list[np.ndarray]] = {name: [] for name in inputs.init}
        by_step: dict[str, list[float]] = {}
        for index in range(STEPS):
            grads = {name: value[index].copy() for name, value in (inputs.grads or {}).items()}
            hyper = case.hyper(index) if case.hyper else {}
            of_step = run.step(Step(index, case.factor(index), grads, losses[index], hyper))
            of_step |= {f"hyper/{name}": value for name, value in hyper.items()}
            for key, value in of_step.items():
                by_step.setdefault(key, []).append(value)
            if index + 1 in KEPT:
                for name, value in run.values().items():
                    kept[name].append(value)
        if case.losses:
            by_step["loss"] = losses

        of_dtype = {f"param/{name}": np.stack(values) for name, values in kept.items()}
        of_dtype |= {f"state/{key}": value for key, value in run.state().items()}
        of_dtype |= {f"evaluated/{key}": value for key, value in run.evaluated().items()}
        own = self.own(inputs)
        of_dtype |= own
        for key, value in of_dtype.items():
            assert value.dtype == kind or value.dtype == np.int64, f"{self.name}: {key} is {value.dtype}"
        tensors = {"steps": np.array(KEPT)}
        tensors |= {key: np.array(values, dtype=np.float64) for key, values in by_step.items()}
        metadata = {
            "framework": case.framework,
            "optimizer": case.optimizer,
            "case": case.name,
            "dtype": self.dtype,
            "spec": self.spec(),
        }
        if inputs.grads is not None and not own.keys() >= {f"grad/{name}" for name in SHAPES}:
            metadata["gradients"] = f"shared_{self.dtype}"
        if case.not_kept:
            metadata["not_kept"] = " ".join(case.not_kept)
        return tensors | of_dtype, metadata

    def own(self, inputs: Inputs) -> Arrays:
        """Returns the inputs that the file must hold, which are all but the shared ones."""
        kind, common = DTYPES[self.dtype], shared()
        own = dict(inputs.extra)
        of_both = [("init", inputs.init, common.init), ("grad", inputs.grads or {}, common.grads or {})]
        for prefix, values, others in of_both:
            for name, value in values.items():
                if inputs.grads is None or not np.array_equal(value, others[name].astype(kind)):
                    own[f"{prefix}/{name}"] = value
        return own


def in_each_dtype(cases: list[Case]) -> Iterator[Trace]:
    """Yields the traces of the cases, in their order."""
    for case in cases:
        for dtype in case.dtypes:
            yield Trace(case, dtype)
