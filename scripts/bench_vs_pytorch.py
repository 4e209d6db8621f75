#!/usr/bin/env python3
"""Trains the same model on the same data in PyTorch and in lr-run in turns, and prints ratios of medians.

    python3 scripts/bench_vs_pytorch.py            # both models
    python3 scripts/bench_vs_pytorch.py mlp        # 784-128-10, batch 128, Adam
    python3 scripts/bench_vs_pytorch.py cnn        # DeepOBS's 2c2d, batch 128, SGD with momentum

PyTorch runs in two idioms. Each of them, and lr-run, has a process of its own:

    common   TensorDataset in a DataLoader, the optimizer with its default options
    best     tensors in memory, one index operation per batch, fused=True, channels-last for convolutions

Every process trains on 50,000 of the 60,000 images and evaluates the other 10,000 after each epoch. The script compares
two figures: the peak memory of the process, and the time of a training step including its batch. For lr-run the time is
an epoch's `train_seconds` divided by its steps. The median is over the epochs of all rounds, without the first epoch of
each process. With cnn, each process trains only a quarter of an epoch, and its time counts.

The machine should do nothing else meanwhile. Needs torch 2.11.0. If it is missing, the script installs it in a virtual
environment in .venv (scripts/requirements-bench.txt).
"""

import argparse
import csv
import itertools
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_lib import ROOT, find_python, processor

MODELS = {
    "mlp": {"spec": "experiments/mnist_adam.toml", "data": "mnist", "lr": 1e-3, "epochs": 6, "rounds": 5},
    "cnn": {
        "spec": "experiments/fashion_cnn_plateau.toml",
        "data": "fashion_mnist",
        "lr": 0.05,
        "epochs": 0.25,
        "rounds": 5,
    },
}
BATCH = 128
HELD_OUT = 10_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", choices=[[], *MODELS], help="models to train; by default both")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, help="how often each contestant runs")
    parser.add_argument("--inside", nargs=2, metavar=("MODEL", "IDIOM"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        train_in_pytorch(*arguments.inside, arguments.threads)
        return
    python = find_python()
    program = build()
    print(f"{processor()}, {arguments.threads} threads, {platform.system()}; torch 2.11.0, lr-run {version(program)}\n")
    for model in arguments.models or MODELS:
        compare(model, python, program, arguments.threads, arguments.rounds or MODELS[model]["rounds"])


def compare(model, python, program, threads, rounds):
    """Runs the three contestants in rounds, and prints the table."""
    contestants = {
        "lr-run": lambda: run_lr_run(model, program, threads),
        "PyTorch, best idiom": lambda: run_pytorch(model, "best", python, threads),
        "PyTorch, common idiom": lambda: run_pytorch(model, "common", python, threads),
    }
    steps = {name: [] for name in contestants}  # milliseconds of a step
    memory = {name: [] for name in contestants}
    loss = {}
    for round in range(rounds):
        for name, run in contestants.items():
            result = run()
            steps[name] += result["milliseconds"][1:] or result["milliseconds"]
            memory[name].append(result["peak_memory_bytes"])
            loss[name] = result["loss"]
            print(f"  {model}, round {round + 1}/{rounds}: {name}", file=sys.stderr)
    ours, our_memory = statistics.median(steps["lr-run"]), statistics.median(memory["lr-run"])
    config = MODELS[model]
    print(f"{model} on {config['data']}, batch {BATCH}: a training step, median of {len(steps['lr-run'])} measurements")
    print(f"  {'':22} {'ms':>7} {'quartiles':>17} {'ratio':>6} {'memory':>9} {'ratio':>6} {'last loss':>10}")
    for name in contestants:
        low, middle, high = statistics.quantiles(steps[name], n=4)
        peak = statistics.median(memory[name])
        print(
            f"  {name:22} {middle:7.2f} {f'{low:.2f} to {high:.2f}':>17} {middle / ours:5.2f}x"
            f" {peak / 2**20:5.0f} MiB {peak / our_memory:5.2f}x {loss[name]:10.4f}"
        )
    print(flush=True)


def run_lr_run(model, program, threads):
    config = MODELS[model]
    with tempfile.TemporaryDirectory() as out:
        overrides = [f"epochs={config['epochs']}", f"threads={threads}", "device=cpu", "target.stop=false"]
        if model == "cnn":
            overrides = overrides[:3] + ["schedule.type=constant"]
        command = [program, str(ROOT / config["spec"]), "--out", out, "--quiet"]
        for override in overrides:
            command += ["-s", override]
        subprocess.run(command, check=True)
        (record,) = Path(out).glob("*/*/run.json")
        with open(record.parent / "epochs.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        return {
            "milliseconds": [
                1000 * float(row["train_seconds"]) / (int(row["step"]) - int(before["step"]))
                for before, row in zip(rows, rows[1:])
            ],
            "loss": float(rows[-1]["train_loss"]),
            "peak_memory_bytes": json.loads(record.read_text())["peak_memory_bytes"],
        }


def run_pytorch(model, idiom, python, threads):
    command = [python, __file__, "--inside", model, idiom, "--threads", str(threads)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def train_in_pytorch(model_name, idiom, threads):
    """Trains in PyTorch, in a process of its own. Prints the time per step of each epoch, the last loss and the peak
    memory."""
    import resource
    import time

    import numpy
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    config = MODELS[model_name]
    folder = cache() / config["data"]

    def idx(name, offset):
        return numpy.frombuffer((folder / name).read_bytes(), dtype=numpy.uint8, offset=offset)

    images = torch.from_numpy(idx("train-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).copy()).float() / 255
    labels = torch.from_numpy(idx("train-labels-idx1-ubyte", 8).astype(numpy.int64))
    if model_name == "mlp":
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    else:
        model = nn.Sequential(
            nn.Conv2d(1, 32, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 49, 1024),
            nn.ReLU(),
            nn.Linear(1024, 10),
        )
        for layer in model:
            if hasattr(layer, "weight"):
                nn.init.trunc_normal_(layer.weight, std=0.05, a=-0.1, b=0.1)
                nn.init.constant_(layer.bias, 0.05)
    best = idiom == "best"
    if best and model_name == "cnn":
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    fused = {"fused": True} if best else {}
    if model_name == "mlp":
        optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"], **fused)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=config["lr"], momentum=0.9, **fused)
    loss_of = nn.CrossEntropyLoss()
    train, held = slice(0, len(images) - HELD_OUT), slice(len(images) - HELD_OUT, None)
    loader = DataLoader(TensorDataset(images[train], labels[train]), batch_size=BATCH, shuffle=True)

    def batches():
        if not best:
            yield from loader
            return
        order = torch.randperm(train.stop)
        for rows in order.split(BATCH):
            yield images[rows], labels[rows]

    milliseconds = []
    left = round(config["epochs"] * math.ceil(train.stop / BATCH))
    while left > 0:
        begin = time.perf_counter()
        total, hits, seen, steps = 0.0, 0, 0, 0
        for x, y in itertools.islice(batches(), left):
            output = model(x)
            loss = loss_of(output, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # Like lr-run, compute the mean loss and accuracy of the epoch.
            total += loss.item() * len(y)
            hits += (output.argmax(1) == y).sum().item()
            seen += len(y)
            steps += 1
        milliseconds.append(1000 * (time.perf_counter() - begin) / steps)
        left -= steps
        with torch.no_grad():
            for x, y in zip(images[held].split(256), labels[held].split(256)):
                loss_of(model(x), y)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"milliseconds": milliseconds, "loss": total / seen, "peak_memory_bytes": peak}))


def cache():
    """Returns the folder where lr-run keeps its data."""
    if "LR_RUN_DATA" in os.environ:
        return Path(os.environ["LR_RUN_DATA"])
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "lr-run"


def build():
    """Builds the program, fetches its data, and returns the path of the program."""
    run = ROOT / "scripts" / "run"
    subprocess.run([run, "fetch", *{config["data"] for config in MODELS.values()}], check=True, stdout=sys.stderr)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return str(target / "release" / "lr-run")


def version(program):
    return subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split()[-1]


if __name__ == "__main__":
    main()
