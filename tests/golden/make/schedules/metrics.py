"""The metrics that the plateau rules of all frameworks observe. A value that must be exactly at the threshold is exact
in binary, too."""

from typing import Any

import numpy as np

from make.schedules.trace import NAN


def noisy(count: int, seed: int, sign: int = 1) -> list[float]:
    """Returns values that fall in stages, with noise. They rise if `sign` is -1. They have three decimals, so that
    people can read them."""
    random = np.random.RandomState(seed)
    values = [0.5 + 0.5 * 0.4 ** (i // 12) + 0.02 * random.standard_normal() for i in range(count)]
    return [round(float(v if sign > 0 else 1.5 - v), 3) for v in values]


STAGES = [1.0, 0.8, 0.6, 0.5] + [0.5] * 7 + [0.4, 0.35] + [0.36] * 9 + [0.3] + [0.31] * 13
UPWARDS = [0.1, 0.3, 0.5] + [0.5] * 5 + [0.505, 0.511, 0.6] + [0.59] * 8 + [0.7, 0.7001] + [0.69] * 7
IN_COOLDOWN = [1.0] + [1.0] * 3 + [0.5] + [0.6] * 4 + [0.4, 0.3] + [0.45] * 10
STEADY = [1.0] * 16
SHORT = [1.0, 1.0, 0.9, 0.9, 0.9, 0.8, 0.7, 0.7]
SIXTEENTHS = [16, 15, 14, 13, 12, 11, 12, 8, 7, 7, 6, 4, 3, 2, 1]
AT_THRESHOLD = [value / 16 for value in SIXTEENTHS]  # often better by exactly 1/16
NAN_INSIDE = [1.0, 0.9, NAN, 0.8, NAN, NAN, NAN, 0.7, 0.75, NAN, 0.75, 0.75, 0.6] + [NAN] * 6
NAN_FIRST = [NAN, 1.0, 0.9, 0.8, 0.8, 0.8, 0.8, 0.7]
FALLING = [1.0 - 0.03 * i for i in range(12)] + [0.67] * 12 + [0.66 - 0.02 * i for i in range(10)] + [0.48] * 14

REL = {"threshold": 0.0152, "threshold_mode": "rel"}
ABS = {"threshold": 0.0152, "threshold_mode": "abs"}
MAX = {"mode": "max"}


def reduce(factor: float, patience: int, **options: Any) -> dict[str, Any]:
    """Returns the options of a plateau."""
    return {"factor": factor, "patience": patience} | options


def plateau_rule(type: str, options: dict[str, Any], convention: str | None = None) -> dict[str, Any]:
    """Returns the options as a table. Frameworks count evaluations. The table counts epochs, `every` per evaluation."""
    counts = ("patience", "cooldown", "raise_cooldown")
    every = options.get("every", 1)
    table = {"type": type} | ({"convention": convention} if convention else {})
    epochs = {key: f"{value * every} epochs" if key in counts else value for key, value in options.items()}
    return table | epochs | ({"every": f"{every} epochs"} if "every" in options else {})
