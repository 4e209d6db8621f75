"""Traces of Keras's own optimizers, on its PyTorch backend."""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes

from make.optimizers.trace import (
    BIAS,
    GROUP,
    WEIGHT,
    Arrays,
    ByStep,
    Case,
    Inputs,
    Run,
    Step,
    Trace,
    in_each_dtype,
)

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

# Optimizer -> case -> options of `[optimizer]`.
CASES: dict[str, dict[str, dict[str, Any]]] = {
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

LAMB: dict[str, dict[str, Any]] = {
    "defaults": {},
    "options": {"lr": 0.02, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.05},
    "lrdrop": {"lr": 0.01},
}
# In f64 only. In f32, Keras computes 1 − β₂ from a rounded β₂, with an error of 1e-5. No case has a warm-up, because
# Keras always rounds it to f32.
SCHEDULE_FREE_ADAMW: dict[str, dict[str, Any]] = {
    "defaults": {},
    "options": {"lr": 0.02, "betas": [0.8, 0.95], "eps": 1e-4},
    "lrdrop": {"lr": 0.01},
}
ADAFACTOR: dict[str, dict[str, Any]] = {
    "defaults": {},
    "options": {"lr": 0.05, "beta2_decay": -0.5, "eps1": 1e-6, "eps2": 0.1, "d": 1.5, "weight_decay": 0.3},
    "lrdrop": {"lr": 0.2},
}
# In f64 only. In f32, rounding errors grow in Keras's iteration, which multiplies small singular values by hundreds.
MUON: dict[str, dict[str, Any]] = {
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
FTRL_GROUPS = {"lr": 0.05, "l1": 0.2, "weight_decay": 0.1}

# FTRL takes small differences of large powers. So Keras's result in f32 is up to 1e-5 away from its result in f64.
F64_ONLY = [("ftrl", "options"), ("ftrl", "sparse")]

# In these cases, rounding errors on the shared gradients grow beyond what the tests allow. So the cases have their own
# gradients: optimizer, case -> seed.
SEED = {("adam", "lrdrop"): 302, ("adamw", "lrdrop"): 402, ("ftrl", "defaults"): 900}


class ScheduleFreeAdamW(keras.optimizers.ScheduleFreeAdamW):
    """Keras's ScheduleFreeAdamW as it works on JAX and TensorFlow. Keras keeps the old value of z and computes x from
    it. On the PyTorch backend (Keras 3.15.1), `assign_sub` overwrites the tensor of the old value, so it is replaced
    here."""

    def __init__(self, learning_rate: float = 0.0025, **options: Any):
        super().__init__(learning_rate, **options)

    def assign_sub(self, variable: Any, value: Any) -> None:
        variable._value = variable.value - value


CLASS = {
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
    "lamb": keras.optimizers.Lamb,
    "schedule_free_adamw": ScheduleFreeAdamW,
    "adafactor": keras.optimizers.Adafactor,
    "muon": keras.optimizers.Muon,
}
# Keras's names of options, where they differ.
OPTION = {
    "lr": "learning_rate",
    "alpha": "rho",
    "eps": "epsilon",
    "l1": "l1_regularization_strength",
    "l2": "l2_regularization_strength",
    "l2_shrinkage": "l2_shrinkage_regularization_strength",
    "beta2_decay": "beta_2_decay",
    "eps1": "epsilon_1",
    "eps2": "epsilon_2",
    "d": "clip_threshold",
    "fallback_eps": "epsilon",
    "fallback_weight_decay": "adam_weight_decay",
}
# Options that are one list in a spec and several arguments in Keras.
OPTION_LIST = {
    "betas": ("beta_1", "beta_2"),
    "fallback_betas": ("adam_beta_1", "adam_beta_2"),
    "ns_coefficients": ("muon_a", "muon_b", "muon_c"),
}
# Our names of Keras's state variables.
SLOT = {
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
    "adamw": {"momentum": "exp_avg", "velocity": "exp_avg_sq", "velocity_hat": "max_exp_avg_sq"},
    "adadelta": {"accumulated_grad": "square_avg", "accumulated_delta_var": "acc_delta"},
    "nadam": {"momentum": "exp_avg", "velocity": "exp_avg_sq"},
    "adamax": {"momentum": "exp_avg", "norm": "exp_inf"},
    "lion": {"momentum": "exp_avg"},
    "ftrl": {"accumulator": "accumulator", "linear": "linear"},
    "lamb": {"momentum": "exp_avg", "velocity": "exp_avg_sq"},
    "schedule_free_adamw": {"momentum": "z", "velocity": "exp_avg_sq"},
}

FLOATX = {"f32": "float32", "f64": "float64"}
RESULT_TYPE = dtypes.result_type


def widened(*of: Any) -> Any:
    """Replaces Keras's `result_type`, which is float32 for a mean, a root or a norm even of float64 values. Returns
    float64 in its place."""
    kind = RESULT_TYPE(*of)
    return "float64" if kind == "float32" else kind


def arguments_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options as Keras takes them."""
    arguments = {OPTION.get(key, key): value for key, value in options.items() if key not in OPTION_LIST}
    for key, names in OPTION_LIST.items():
        arguments |= dict(zip(names, options.get(key, ())))
    return arguments


def array_of(variable: Any) -> np.ndarray:
    """Returns a copy of a variable."""
    return keras.ops.convert_to_numpy(variable).copy()


class KerasRun(Run):
    """One of keras.optimizers in Keras's floatx. If the case has groups, each parameter has its own optimizer."""

    def __init__(self, case: Case, inputs: Inputs, dtype: str):
        keras.config.set_floatx(FLOATX[dtype])
        # The backend computes some numbers, such as the scale of Muon, in this dtype.
        torch.set_default_dtype({"f32": torch.float32, "f64": torch.float64}[dtype])
        widen = dtype == "f64" and case.optimizer in ("adafactor", "muon")
        dtypes.result_type = widened if widen else RESULT_TYPE
        self.case = case
        kind = CLASS[case.optimizer]
        self.params = {name: keras.Variable(value, name=name) for name, value in inputs.init.items()}
        # The rate before Keras rounds it to floatx. A default is read from the signature.
        base = case.options.get("lr", kind.__init__.__defaults__[0])
        self.base, self.optimizers = [], []
        groups = [[WEIGHT], [BIAS]] if case.group is not None else [[WEIGHT, BIAS]]
        for names, mult in zip(groups, (1.0, case.in_group("lr_mult", 1.0))):
            options = dict(case.options)
            if names == [BIAS]:
                options |= {"lr": base * mult, "weight_decay": case.in_group("weight_decay", 0.0)}
            optimizer = kind(**arguments_of(options))
            optimizer.build([self.params[name] for name in names])
            for variable in [*self.params.values(), *optimizer.variables]:
                assert variable.dtype in ("int32", "int64", FLOATX[dtype]), variable.path
            assert np.dtype(FLOATX[dtype]).type(base * mult) == float(optimizer.learning_rate)
            self.base.append(base * mult)
            self.optimizers.append((names, optimizer))

    def step(self, step: Step) -> ByStep:
        rates = {}
        for key, lr, (names, optimizer) in zip(("lr", "lr.bias"), self.base, self.optimizers):
            rates[key] = lr * step.factor
            if step.factor != 1.0:
                optimizer.learning_rate = rates[key]
            optimizer.apply([torch.from_numpy(step.grads[name].copy()) for name in names])
        return rates

    def values(self) -> Arrays:
        return {name: array_of(param) for name, param in self.params.items()}

    def state(self) -> Arrays:
        variables = {variable.name: variable for _, optimizer in self.optimizers for variable in optimizer.variables}
        state = {
            f"{slot}/{name}": array_of(variables[f"{name}_{of_keras}"])
            for of_keras, slot in SLOT[self.case.optimizer].items()
            for name in self.params
            if f"{name}_{of_keras}" in variables
        }
        with_shape = [it for _, optimizer in self.optimizers for it in optimizer.variables if it.shape]
        assert len(state) == len(with_shape), "a state variable without a name of ours"
        return state


class ScheduleFreeRun(KerasRun):
    """Schedule-Free, which trains y and evaluates with the average x."""

    def evaluated(self) -> Arrays:
        # Keras computes the average from its variables in this way at the next step.
        beta = self.case.options.get("betas", [0.9])[0]
        y, state = self.values(), self.state()
        return {name: (y[name] - (1 - beta) * state[f"z/{name}"]) / beta for name in y}


class AdafactorRun(KerasRun):
    """Adafactor, whose variables cannot be told apart by their names."""

    def state(self) -> Arrays:
        ((_, optimizer),) = self.optimizers
        # Keras drops the dimension that PyTorch keeps with a size of 1.
        return {
            f"row_var/{WEIGHT}": np.expand_dims(array_of(optimizer._r[0]), -1),
            f"col_var/{WEIGHT}": np.expand_dims(array_of(optimizer._c[0]), -2),
            f"variance/{BIAS}": array_of(optimizer._v[1]),
        }


class MuonRun(KerasRun):
    """Muon, which updates the bias with AdamW."""

    def state(self) -> Arrays:
        ((_, optimizer),) = self.optimizers
        return {
            f"momentum_buffer/{WEIGHT}": array_of(optimizer.momentums[0]),
            f"exp_avg/{BIAS}": array_of(optimizer.momentums[1]),
            f"exp_avg_sq/{BIAS}": array_of(optimizer.adam_velocities[1]),
        }


CONVENTION = {"convention": "keras"}


def cases() -> Iterator[Case]:
    """Yields every case."""
    for optimizer, of_optimizer in CASES.items():
        for name, options in of_optimizer.items():
            kinds = ("f64",) if (optimizer, name) in F64_ONLY else ("f32", "f64")
            # Only Keras has FTRL, so there is no convention to choose.
            spec = {} if optimizer == "ftrl" else CONVENTION
            yield Case("keras", optimizer, name, options, KerasRun, kinds, spec=spec, seed=SEED.get((optimizer, name)))
    yield Case("keras", "ftrl", "groups", FTRL_GROUPS, KerasRun, ("f64",), GROUP)
    for name, options in LAMB.items():
        yield Case("keras", "lamb", name, options, KerasRun, spec=CONVENTION)
    for name, options in SCHEDULE_FREE_ADAMW.items():
        yield Case("keras", "schedule_free_adamw", name, options, ScheduleFreeRun, ("f64",), spec=CONVENTION)
    for name, options in ADAFACTOR.items():
        yield Case("keras", "adafactor", name, options, AdafactorRun, spec=CONVENTION)
    for name, options in MUON.items():
        yield Case("keras", "muon", name, options, MuonRun, ("f64",), spec=CONVENTION)


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    return in_each_dtype(list(cases()))
