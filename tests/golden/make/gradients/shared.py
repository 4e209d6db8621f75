"""The initial values and gradients that most cases have in common, in a file for each dtype."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from make.optimizers.trace import DTYPES, Arrays, drawn, seed_of


@dataclass(frozen=True)
class SharedInputs:
    """The shared inputs in one dtype. The f32 inputs are the f64 inputs, rounded."""

    dtype: str

    @property
    def name(self) -> str:
        """The name of the file, without the suffix."""
        return f"shared_{self.dtype}"

    def make(self) -> tuple[Arrays, dict[str, str]]:
        """Returns `init/<parameter>` and `grad/<parameter>`, and the metadata of the file."""
        inputs = drawn(seed_of("gradients"))
        tensors: dict[str, np.ndarray] = {f"init/{name}": value for name, value in inputs.init.items()}
        tensors |= {f"grad/{name}": value for name, value in (inputs.grads or {}).items()}
        return {name: value.astype(DTYPES[self.dtype]) for name, value in tensors.items()}, {"dtype": self.dtype}


def traces() -> Iterator[SharedInputs]:
    """Yields the shared inputs in each dtype."""
    for dtype in DTYPES:
        yield SharedInputs(dtype)
