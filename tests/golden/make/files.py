"""The files that traces are kept in: how a spec is written, and how tensors and JSON are saved, read and compared."""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import deserialize
from safetensors.numpy import save

GOLDEN = Path(__file__).resolve().parent.parent

# The largest allowed distance of a number from the recorded one, relative to the largest of its array. The Rust tests
# allow as much.
LIMIT = {"f32": 1e-6, "f64": 1e-12}
LIMIT_OF_NETWORKS = 1e-10


def toml_value(value: Any) -> str:
    """Returns one value as TOML. Floats are written so that they read back exactly."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(v)}" for key, v in value.items()) + " }"
    return repr(value)


def toml_table(header: str, entries: Mapping[str, Any]) -> str:
    """Returns a table such as `[optimizer]` or `[[group]]` with its entries."""
    lines = [header] + [f"{key} = {toml_value(value)}" for key, value in entries.items()]
    return "\n".join(lines) + "\n"


def join_spec(*tables: str) -> str:
    """Returns the tables one after another. Fails if the result is not TOML."""
    text = "\n".join(tables)
    tomllib.loads(text)
    return text


def distance(ours: Any, recorded: Any) -> float:
    """Returns the largest difference, relative to the largest absolute value of `recorded`.

    The result is infinite if the shapes differ, or if a value is finite in only one of them.
    """
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(recorded, dtype=np.float64)
    if a.shape != b.shape:
        return math.inf
    finite = np.isfinite(b)
    if not np.array_equal(np.isfinite(a), finite):
        return math.inf
    if not finite.any():
        return 0.0
    scale = float(np.abs(b[finite]).max()) or 1.0
    return float(np.abs(a[finite] - b[finite]).max()) / scale


@dataclass(frozen=True)
class TensorFile:
    """A safetensors file."""

    path: Path

    def exists(self) -> bool:
        """Returns whether the file has been recorded."""
        return self.path.exists()

    def content(self, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
        """Returns the bytes of the file.

        The library writes its header in random order. This function sorts it, so that the same numbers give the same
        bytes.
        """
        for name, tensor in tensors.items():
            if np.issubdtype(tensor.dtype, np.floating) and not np.isfinite(tensor).all():
                raise ValueError(f"{self.path.name}: {name} is not finite")
        data = save({k: np.asarray(v, order="C") for k, v in tensors.items()}, metadata=dict(metadata))
        end = 8 + int.from_bytes(data[:8], "little")
        header = json.dumps(json.loads(data[8:end]), sort_keys=True, separators=(",", ":")).encode()
        header += b" " * (-len(header) % 8)
        return len(header).to_bytes(8, "little") + header + data[end:]

    def write(self, made: tuple[Mapping[str, np.ndarray], Mapping[str, str]]) -> None:
        """Writes the tensors and their metadata."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.content(*made))

    def compare(self, made: tuple[Mapping[str, np.ndarray], Mapping[str, str]]) -> tuple[float, str]:
        """Returns how far `made` is from the file, and where. The result is (0, "") if the bytes are the same."""
        new, old = self.content(*made), self.path.read_bytes()
        if new == old:
            return 0.0, ""
        if metadata_of(new) != metadata_of(old):
            return math.inf, "its metadata"
        ours, recorded = arrays(new), arrays(old)
        if ours.keys() != recorded.keys():
            return math.inf, f"the tensors {sorted(ours.keys() ^ recorded.keys())}"
        return max((tensor_apart(name, ours, recorded), name) for name in ours)


def tensor_apart(name: str, ours: Mapping[str, np.ndarray], recorded: Mapping[str, np.ndarray]) -> float:
    """Returns how far the tensor `name` is from the recorded one.

    The difference of a sum is divided by the norm of its terms and not by the sum, because the terms may cancel.
    """
    squares = recorded.get(f"{name}_squares")
    if squares is None:
        return distance(ours[name], recorded[name])
    return float(abs(ours[name] - recorded[name]) / math.sqrt(squares))


def metadata_of(data: bytes) -> dict[str, str]:
    """Returns the metadata of a safetensors file."""
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]


def arrays(data: bytes) -> dict[str, np.ndarray]:
    """Returns the tensors of a safetensors file."""
    kinds = {"F32": np.float32, "F64": np.float64, "I64": np.int64}
    return {
        name: np.frombuffer(view["data"], dtype=kinds[view["dtype"]]).reshape(view["shape"])
        for name, view in deserialize(data)
    }


def json_text(fields: Mapping[str, Any]) -> str:
    """Returns a JSON object with one field per line. Python writes floats so that they read back exactly."""
    lines = [f"  {json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def numbers_apart(ours: Any, recorded: Any) -> float:
    """Returns how far two JSON values are from each other.

    The result is 0 if they are the same, and infinite if something other than a number differs.
    """
    if ours == recorded:
        return 0.0
    try:
        return distance(ours, recorded)  # None becomes NaN
    except (TypeError, ValueError):
        return math.inf


@dataclass(frozen=True)
class JsonFile:
    """A JSON object in a file of its own. If `key` is given, it is one member of the object in the file."""

    path: Path
    key: str | None = None

    def read(self) -> dict[str, Any]:
        """Returns the object in the file, or an empty one if there is no file."""
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def exists(self) -> bool:
        """Returns whether the object has been recorded."""
        return self.path.exists() and (self.key is None or self.key in self.read())

    def write(self, made: Mapping[str, Any]) -> None:
        """Writes the object. The other members of the file stay as they are."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json_text(made if self.key is None else self.read() | {self.key: made}))

    def compare(self, made: Mapping[str, Any]) -> tuple[float, str]:
        """Returns how far `made` is from the recorded object, and where."""
        old = self.read() if self.key is None else self.read()[self.key]
        new = json.loads(json.dumps(made))
        if new.keys() != old.keys():
            return math.inf, f"the fields {sorted(new.keys() ^ old.keys())}"
        return max((numbers_apart(new[field], old[field]), field) for field in new)


File = TensorFile | JsonFile
