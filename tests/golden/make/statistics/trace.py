"""A file of golden cases: columns of inputs, and of the results that a package computes from them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Columns = dict[str, Any]


@dataclass(frozen=True)
class Cases:
    """A function that returns the columns of a file. The columns are lists with one entry per case.

    A column of numbers is compared with a tolerance. So every result of a package is a column of its own.
    """

    framework: str
    function: Callable[[], Columns]
    dtype: str = "f64"

    @property
    def name(self) -> str:
        """The name of its file, without the suffix."""
        return f"{self.framework}_{self.function.__name__}"

    def make(self) -> dict[str, Any]:
        """Runs the package. Returns the fields of the file."""
        columns = self.function()
        if len({len(column) for column in columns.values()}) != 1:
            raise ValueError(f"{self.name}: the columns have different lengths")
        return {"framework": self.framework} | {name: plain(column) for name, column in columns.items()}


def plain(value: Any) -> Any:
    """Returns `value` as lists and Python's own numbers. A number that JSON cannot hold becomes None. It means that
    there is no result, or that a target was missed."""
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (int, np.integer)):
        return int(value)
    if value is None or not np.isfinite(value):
        return None
    return float(value)


def cases(framework: str, *functions: Callable[[], Columns]) -> Iterator[Cases]:
    """Yields the files of a module."""
    for function in functions:
        yield Cases(framework, function)


def samples(name: str, sizes: list[int], scale: float = 0.01, centre: float = 0.9) -> list[list[float]]:
    """Returns a sample of each size. The values are normal, like accuracies, and rounded to six decimals. The name is
    the seed."""
    random = np.random.default_rng(list(name.encode()))
    return [[round(float(x), 6) for x in centre + scale * random.standard_normal(size)] for size in sizes]
