"""Traces of PyTorch's schedulers."""

from collections.abc import Iterator

from make.schedules import torch_composed, torch_plateau, torch_rules
from make.schedules.trace import Trace


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    yield from torch_rules.traces()
    yield from torch_composed.traces()
    yield from torch_plateau.traces()
