"""Traces of whole networks in f64: from given weights and data to losses, outputs and trained weights."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from make.files import join_spec, toml_table

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

ACTIVATIONS = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu}
EDGE = 16  # values kept at each end of a parameter that is too large to store


class Mlp(nn.Module):
    """A fully connected network."""

    def __init__(self, widths, activation, batch_norm=False):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) if batch_norm else nn.Identity() for width in widths[1:-1])
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        for layer, norm in zip(self.layers[:-1], self.norms):
            x = self.activation(norm(layer(x)))
        return self.layers[-1](x)


class Linear(nn.Module):
    """A linear regression."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x):
        return self.linear(x)


class LeNet(nn.Module):
    """Caffe's LeNet: no activation after the convolutions."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.fc1 = nn.Linear(800, 500)
        self.fc2 = nn.Linear(500, 10)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Cnn(nn.Module):
    """DeepOBS's 2c2d, with or without batch normalization before its activations."""

    def __init__(self, batch_norm=False):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 5, padding="same")
        self.conv2 = nn.Conv2d(32, 64, 5, padding="same")
        self.fc1 = nn.Linear(3136, 1024)
        self.fc2 = nn.Linear(1024, 10)
        self.norm1 = nn.BatchNorm2d(32) if batch_norm else nn.Identity()
        self.norm2 = nn.BatchNorm2d(64) if batch_norm else nn.Identity()

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def train(model, loss_of, optimizer, x, y, steps):
    """Trains on the whole batch. Returns the loss before each step, and the model's outputs after the last step."""
    losses = []
    for _ in range(steps):
        loss = loss_of(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        return torch.tensor(losses, dtype=torch.float64), model(x)


def snapshot(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def buffers(model):
    named = model.named_buffers()
    return {f"buffer/{name}": b.clone() for name, b in named if not name.endswith("num_batches_tracked")}


Made = tuple[dict[str, np.ndarray], dict[str, str]]


def file_of(tensors: dict[str, torch.Tensor], metadata: dict[str, str], *tables: str) -> Made:
    """Returns the content of the file."""
    arrays = {name: np.array(value.detach().numpy(), order="C") for name, value in tensors.items()}
    return arrays, {"framework": "torch", "dtype": "f64"} | metadata | {"spec": join_spec(*tables)}


def small(
    model: nn.Module, spec: dict[str, Any], loss: str, x: torch.Tensor, y: torch.Tensor, smoothing: float
) -> Made:
    """Trains a network that fits into the file for 20 steps. Returns the content of the file."""
    init = snapshot(model)
    loss_of = F.mse_loss if loss == "mse" else partial(F.cross_entropy, label_smoothing=smoothing)
    if spec.get("batch_norm"):
        # The gradient of a bias before a normalization is only a rounding error, which Adam would turn into steps.
        optimizer, table = torch.optim.SGD(model.parameters(), lr=0.1), {"type": "sgd", "lr": 0.1}
    else:
        optimizer, table = torch.optim.Adam(model.parameters(), lr=1e-2), {"type": "adam", "lr": 1e-2}
    losses, outputs = train(model, loss_of, optimizer, x, y, steps=20)

    tensors = {"x": x, "y": y, "losses": losses, "outputs": outputs}
    tensors |= {f"init/{name}": value for name, value in init.items()}
    tensors |= {f"param/{name}": value for name, value in snapshot(model).items()}
    tensors |= buffers(model)
    metadata = {"loss": loss, "label_smoothing": repr(smoothing)}
    return file_of(tensors, metadata, toml_table("[model]", spec), toml_table("[optimizer]", table))


def mlp(activation: str, smoothing: float = 0.0, **options: Any) -> Made:
    """Returns the trace of a classifier of 12 inputs and 5 classes."""
    torch.manual_seed(1)
    model = Mlp([12, 8, 6, 5], activation, **options)
    x, y = torch.randn(16, 12), torch.randint(5, (16,))
    spec = {"type": "mlp", "hidden": [8, 6], "activation": activation, **options}
    return small(model, spec, "cross_entropy", x, y, smoothing)


def linear() -> Made:
    """Returns the trace of a linear regression of 3 inputs."""
    torch.manual_seed(2)
    model = Linear(3, 1)
    x = torch.randn(32, 3)
    y = x @ torch.tensor([[1.5], [-2.0], [0.5]]) + 0.25 + 0.1 * torch.randn(32, 1)
    return small(model, {"type": "linear"}, "mse", x, y, 0.0)


def sine(count: int, phase: float, slope: float) -> torch.Tensor:
    """Returns sin(slope · i + phase) for i from 0."""
    return torch.tensor([math.sin(slope * i + phase) for i in range(count)], dtype=torch.float64)


def summary(prefix: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    """Returns the summary of a parameter that is too large to store."""
    flat = value.flatten()
    return {
        f"{prefix}/sum": torch.tensor(math.fsum(flat.tolist()), dtype=torch.float64),
        f"{prefix}/sum_squares": torch.tensor(math.fsum((flat * flat).tolist()), dtype=torch.float64),
        f"{prefix}/first": flat[:EDGE],
        f"{prefix}/last": flat[-EDGE:],
    }


def convolutional(make: Callable[..., nn.Module], spec: dict[str, Any], **options: Any) -> Made:
    """Returns the trace of a network that is too large for the file. Its weights and images follow from formulas."""
    model = make(**options)
    with torch.no_grad():
        for k, p in enumerate(model.parameters()):
            p.copy_(0.05 * sine(p.numel(), k, 0.37).view(p.shape))
    x = (0.5 + 0.5 * sine(2 * 28 * 28, 0, 0.11)).view(2, 1, 28, 28)
    y = torch.tensor([3, 7])
    init = snapshot(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    losses, outputs = train(model, F.cross_entropy, optimizer, x, y, steps=3)

    tensors = {"y": y, "losses": losses, "outputs": outputs}
    for parameter, value in snapshot(model).items():
        tensors |= summary(f"init/{parameter}", init[parameter])
        tensors |= summary(f"param/{parameter}", value)
        # A bias before a normalization changes only by rounding errors.
        if not (spec.get("batch_norm") and parameter in ("conv1.bias", "conv2.bias")):
            tensors |= summary(f"change/{parameter}", value - init[parameter])
    tensors |= buffers(model)
    metadata = {
        "loss": "cross_entropy",
        "label_smoothing": "0.0",
        "init": "0.05 * sin(0.37 * i + k): i the flat index, k the ordinal of the parameter",
        "x": "0.5 + 0.5 * sin(0.11 * i): i the flat index in [2, 1, 28, 28]",
        "parameters": ",".join(init),
    }
    table = {"type": "sgd", "lr": 0.01, "momentum": 0.9}
    return file_of(tensors, metadata, toml_table("[model]", spec), toml_table("[optimizer]", table))


@dataclass(frozen=True)
class Trace:
    """A network's trace."""

    label: str
    run: Callable[[], Made] = field(repr=False)
    dtype: str = "f64"

    @property
    def name(self) -> str:
        """The name of its file, without the suffix."""
        return self.label

    def make(self) -> Made:
        """Trains the network. Returns the tensors and the metadata of the file."""
        torch.set_default_dtype(torch.float64)
        return self.run()


def traces() -> Iterator[Trace]:
    """Yields every trace."""
    yield Trace("linear_regression", linear)
    for activation in ACTIVATIONS:
        yield Trace(f"mlp_{activation}", partial(mlp, activation))
    yield Trace("mlp_smoothing", partial(mlp, "relu", smoothing=0.1))
    yield Trace("mlp_batch_norm", partial(mlp, "relu", batch_norm=True))
    yield Trace("lenet_images", partial(convolutional, LeNet, {"type": "lenet"}))
    yield Trace("cnn_images", partial(convolutional, Cnn, {"type": "cnn"}))
    cnn = {"type": "cnn", "batch_norm": True}
    yield Trace("cnn_batch_norm_images", partial(convolutional, Cnn, cnn, batch_norm=True))
