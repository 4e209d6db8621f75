"""What the makers of optimizer traces share: recorded gradients, the cases that every optimizer has, the file.

tests/golden/README.md describes the files. Import this module before torch and keras (it imports golden_lib).
"""

import importlib.metadata

import numpy as np

from golden_lib import GOLDEN, join_spec, save_tensors, toml_table

import torch

STEPS = 100
DROP_AT = 50  # the steps before this one keep the rate; this one and those after it have a tenth
KEPT = [1, 2, 3, 5, 10, 20, 50, 51, 52, 75, 100]
SHAPES = {"layers.0.weight": (4, 5), "layers.0.bias": (4,)}
DTYPES = {"f32": torch.float32, "f64": torch.float64}

# The bias is a group of its own in the `groups` cases.
GROUP = {"name": "bias", "params": ["*.bias"], "lr_mult": 2.0, "weight_decay": 0.0}


def inputs(seed):
    """Initial values and gradients in f64. The gradients differ in scale by step and by element
    (about 1e-4 to 10) and are exactly zero: the last row always, the first row in the first three
    steps, everything in step 31."""
    random = np.random.RandomState(seed)
    init, grads = {}, {}
    for name, shape in SHAPES.items():
        init[name] = torch.from_numpy(random.standard_normal(shape))
        by_step = random.choice([0.01, 0.1, 1.0, 3.0], size=(STEPS,) + (1,) * len(shape))
        by_element = random.choice([0.01, 0.1, 1.0, 3.0], size=shape)
        grad = random.standard_normal((STEPS,) + shape) * by_step * by_element
        grad[:, -1] = 0.0
        grad[:3, 0] = 0.0
        grad[30] = 0.0
        grads[name] = torch.from_numpy(grad)
    return init, grads


def rate_multiplier(case, step):
    """What the case multiplies the learning rate by in this step (from 0)."""
    return 0.1 if case.startswith("lrdrop") and step >= DROP_AT else 1.0


def remove(framework, optimizers):
    """Removes the traces of an earlier run; returns the folder."""
    folder = GOLDEN / "optimizers"
    folder.mkdir(parents=True, exist_ok=True)
    for optimizer in optimizers:
        for old in folder.glob(f"{framework}_*.safetensors"):
            # By what is written in it: "sgd_hd" begins with "sgd".
            if f'"optimizer":"{optimizer}"'.encode() in old.read_bytes():
                old.unlink()
    return folder


def write(
    framework,
    optimizer,
    case,
    dtype,
    *,
    options,
    init,
    kept,
    by_step,
    grads=None,
    state=None,
    group=None,
    extra=None,
    not_kept=(),
):
    """One trace. `options` is the spec's [optimizer] but for its type, `group` its [[group]]; `kept` and `state` are as run_torch of golden_optimizers.py returns them; `by_step` holds
    `lr`, `lr.<group>`, `hyper/<name>`, `loss`, `effective_lr`, each one number a step; `extra` other tensors, by name;
    `not_kept` names slots of ours that the reference does not have."""
    tables = [toml_table("[optimizer]", {"type": optimizer} | options)]
    if group is not None:
        tables.append(toml_table("[[group]]", group))
    tensors = {"steps": torch.tensor(KEPT)}
    tensors |= {key: torch.tensor(value, dtype=torch.float64) for key, value in by_step.items()}
    of_dtype = {}
    for name in init:
        of_dtype[f"init/{name}"] = init[name]
        if grads is not None:
            of_dtype[f"grad/{name}"] = grads[name]
        of_dtype[f"param/{name}"] = torch.stack(kept[name])
    of_dtype |= {f"state/{key}": value for key, value in (state or {}).items()}
    for key, value in of_dtype.items():
        assert value.dtype == DTYPES[dtype], key
    metadata = {
        "framework": framework,
        # What is written after an article has no release.
        "version": "" if framework == "article" else importlib.metadata.version(framework).split("+")[0],
        "optimizer": optimizer,
        "case": case,
        "dtype": dtype,
        "spec": join_spec(*tables),
    }
    if not_kept:
        metadata["not_kept"] = " ".join(not_kept)
    path = GOLDEN / "optimizers" / f"{framework}_{optimizer}_{case}_{dtype}.safetensors"
    save_tensors(path, tensors | of_dtype | (extra or {}), metadata)
