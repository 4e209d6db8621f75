"""What the makers of golden traces share: where the files go, how a spec is written, how a file is saved.

Import this module before torch and keras: it picks Keras's backend.
"""

import json
import os
import tomllib
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import save  # noqa: E402

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
VERSIONS = {"torch": torch.__version__.split("+")[0], "keras": keras.__version__}

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def toml_value(value):
    """One value as TOML. Floats are written so that they read back exactly."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(v)}" for key, v in value.items()) + " }"
    return repr(value)


def toml_table(header, entries):
    """A table such as `[optimizer]` or `[[group]]` with its entries."""
    lines = [header] + [f"{key} = {toml_value(value)}" for key, value in entries.items()]
    return "\n".join(lines) + "\n"


def join_spec(*tables):
    """Tables one after another; what is not TOML fails here and not in a test."""
    text = "\n".join(tables)
    tomllib.loads(text)
    return text


def fresh_folder(name):
    """tests/golden/<name>, without the files of an earlier run."""
    folder = GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.safetensors"), *folder.glob("*.json")]:
        old.unlink()
    return folder


def save_tensors(path, tensors, metadata):
    """A safetensors file. The library writes its header in random order; here it is sorted,
    so that the same numbers are the same bytes."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ValueError(f"{path.name}: {name} is not finite")
    data = save({k: v.detach().clone().contiguous() for k, v in tensors.items()}, metadata=metadata)
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[end:])


def save_json(path, fields):
    """A JSON file, one field a line. Python writes floats so that they read back exactly."""
    lines = [f"  {json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in fields.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
