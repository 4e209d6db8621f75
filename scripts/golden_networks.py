"""Golden traces of whole networks: given weights and data in, losses, logits and trained weights out, in f64.

Writes tests/golden/networks/<model>_<task>.safetensors, made by torch.nn and torch.optim.
tests/golden/README.md describes the files.

Run, in an environment with scripts/requirements-golden.txt:

    python scripts/golden_networks.py
"""

import math

from golden_lib import VERSIONS, fresh_folder, join_spec, save_tensors, toml_table

import torch
import torch.nn.functional as F
from torch import nn

ACTIVATIONS = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu}
EDGE = 16  # values kept at each end of a parameter too large to store


class Mlp(nn.Module):
    def __init__(self, widths, activation, batch_norm=False):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) if batch_norm else nn.Identity() for width in widths[1:-1])
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        for layer, norm in zip(self.layers[:-1], self.norms):
            x = self.activation(norm(layer(x)))
        return self.layers[-1](x)


class Linear(nn.Module):
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
    """DeepOBS's 2c2d, or that with batch normalization before its activations."""

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
    """Full-batch steps. Returns the loss before each step, and the model's outputs after the last."""
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


def write_small(folder, task, model, spec, loss, x, y, label_smoothing=0.0):
    """A network that fits into the file: initial weights, data, 20 steps."""
    init = snapshot(model)
    if loss == "mse":
        loss_of = F.mse_loss
    else:
        loss_of = lambda logits, y: F.cross_entropy(logits, y, label_smoothing=label_smoothing)
    if spec.get("batch_norm"):
        # The gradient of a bias before a normalization is nothing but rounding, which Adam would make steps of.
        optimizer, table = torch.optim.SGD(model.parameters(), lr=0.1), {"type": "sgd", "lr": 0.1}
    else:
        optimizer, table = torch.optim.Adam(model.parameters(), lr=1e-2), {"type": "adam", "lr": 1e-2}
    losses, outputs = train(model, loss_of, optimizer, x, y, steps=20)

    tensors = {"x": x, "y": y, "losses": losses, "outputs": outputs}
    tensors |= {f"init/{name}": value for name, value in init.items()}
    tensors |= {f"param/{name}": value for name, value in snapshot(model).items()}
    tensors |= buffers(model)
    metadata = {
        "framework": "torch",
        "version": VERSIONS["torch"],
        "dtype": "f64",
        "loss": loss,
        "label_smoothing": repr(label_smoothing),
        "spec": join_spec(
            toml_table("[model]", spec),
            toml_table("[optimizer]", table),
        ),
    }
    save_tensors(folder / f"{spec['type']}_{task}.safetensors", tensors, metadata)


def write_mlp(folder, task, activation, label_smoothing=0.0, **options):
    torch.manual_seed(1)
    model = Mlp([12, 8, 6, 5], activation, **options)
    x, y = torch.randn(16, 12), torch.randint(5, (16,))
    spec = {"type": "mlp", "hidden": [8, 6], "activation": activation, **options}
    write_small(folder, task, model, spec, "cross_entropy", x, y, label_smoothing)


def write_linear(folder):
    torch.manual_seed(2)
    model = Linear(3, 1)
    x = torch.randn(32, 3)
    y = x @ torch.tensor([[1.5], [-2.0], [0.5]]) + 0.25 + 0.1 * torch.randn(32, 1)
    write_small(folder, "regression", model, {"type": "linear"}, "mse", x, y)


def sine(count, phase, slope):
    return torch.tensor([math.sin(slope * i + phase) for i in range(count)], dtype=torch.float64)


def summary(prefix, value):
    """What is kept of a parameter too large to store."""
    flat = value.flatten()
    return {
        f"{prefix}/sum": torch.tensor(math.fsum(flat.tolist()), dtype=torch.float64),
        f"{prefix}/sum_squares": torch.tensor(math.fsum((flat * flat).tolist()), dtype=torch.float64),
        f"{prefix}/first": flat[:EDGE],
        f"{prefix}/last": flat[-EDGE:],
    }


def write_convolutional(folder, name, model, spec):
    """A network too large for the file: weights and images follow from a formula."""
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
        # A bias before a normalization changes by rounding alone.
        if not (spec.get("batch_norm") and parameter in ("conv1.bias", "conv2.bias")):
            tensors |= summary(f"change/{parameter}", value - init[parameter])
    tensors |= buffers(model)
    metadata = {
        "framework": "torch",
        "version": VERSIONS["torch"],
        "dtype": "f64",
        "loss": "cross_entropy",
        "label_smoothing": "0.0",
        "init": "0.05 * sin(0.37 * i + k): i the flat index, k the ordinal of the parameter",
        "x": "0.5 + 0.5 * sin(0.11 * i): i the flat index in [2, 1, 28, 28]",
        "parameters": ",".join(init),
        "spec": join_spec(
            toml_table("[model]", spec),
            toml_table("[optimizer]", {"type": "sgd", "lr": 0.01, "momentum": 0.9}),
        ),
    }
    save_tensors(folder / f"{name}_images.safetensors", tensors, metadata)


def main():
    torch.set_default_dtype(torch.float64)
    folder = fresh_folder("networks")
    write_linear(folder)
    for activation in ACTIVATIONS:
        write_mlp(folder, activation, activation)
    write_mlp(folder, "smoothing", "relu", label_smoothing=0.1)
    write_mlp(folder, "batch_norm", "relu", batch_norm=True)
    write_convolutional(folder, "lenet", LeNet(), {"type": "lenet"})
    write_convolutional(folder, "cnn", Cnn(), {"type": "cnn"})
    write_convolutional(folder, "cnn_batch_norm", Cnn(batch_norm=True), {"type": "cnn", "batch_norm": True})


if __name__ == "__main__":
    main()
