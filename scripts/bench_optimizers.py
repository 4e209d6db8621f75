#!/usr/bin/env python3
"""Times optimizer steps of lr-run and of PyTorch in turns, and prints ratios of medians.

    python3 scripts/bench_optimizers.py            # everything, about ten minutes
    python3 scripts/bench_optimizers.py adam sgd   # some optimizers

Nothing is trained. The gradients are constant, and half of them are zero, as for inputs that are always zero. Only
`step` is timed. Each contestant runs in a process of its own, once per round.

    large   10,000,000 f32 parameters in 10 tensors, two threads. Each step is followed by an in-place pass over the
            same number of memory streams in the same process (parameters and state read and written, gradients read).
    small   100,000 f32 parameters in 8 tensors, one thread.
    late    As small: steps 2,000 to 2,200 compared with steps 20 to 220. Moments of zero gradients decay into
            subnormals.

PyTorch's optimizers run with their default options (on the CPU, a loop over tensors) and, if they have it, with
`fused=True`. The machine should do nothing else meanwhile. Needs torch 2.11.0. If it is missing, the script installs it
in a virtual environment in .venv (scripts/requirements-bench.txt).
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time

from bench_lib import ROOT, find_python, processor

# For each optimizer: its class in PyTorch, whether the class has `fused`, and its options. None if PyTorch has no such
# optimizer.
OPTIMIZERS = {
    "sgd": ("SGD", True, {}),
    "sgd momentum=0.9": ("SGD", True, {"momentum": 0.9}),
    "adagrad": ("Adagrad", True, {}),
    "adam": ("Adam", True, {}),
    "adam amsgrad=true": ("Adam", True, {"amsgrad": True}),
    "adamw": ("AdamW", True, {}),
    "rmsprop": ("RMSprop", False, {}),
    "rmsprop momentum=0.9 centered=true": ("RMSprop", False, {"momentum": 0.9, "centered": True}),
    "adamax": ("Adamax", False, {}),
    "nadam": ("NAdam", False, {}),
    "radam": ("RAdam", False, {}),
    "adadelta": ("Adadelta", False, {}),
    "asgd": ("ASGD", False, {}),
    "rprop": ("Rprop", False, {}),
    "adabelief": None,
    "adan": None,
    "ademamix": None,
    "adopt": None,
    "ftrl": None,
    "lion": None,
    "schedule_free_adamw": None,
    "schedule_free_sgd": None,
}
LARGE = {"parameters": 10_000_000, "tensors": 10, "threads": 2, "steps": 20, "warm_up": 4}
SMALL = {"parameters": 100_000, "tensors": 8, "threads": 1, "steps": 1000, "warm_up": 100}
LATE = {"parameters": 100_000, "tensors": 8, "threads": 1, "steps": 2180, "warm_up": 20}
OURS, DEFAULT, FUSED = "lr-run", "default", "fused"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("optimizers", nargs="*", help="names of optimizers; by default all")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contestant runs")
    parser.add_argument("--inside", nargs=3, metavar=("OPTIMIZER", "IDIOM", "SIZES"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        name, idiom, sizes = arguments.inside
        step_in_pytorch(name, idiom, json.loads(sizes))
        return
    chosen = [name for name in OPTIMIZERS if not arguments.optimizers or name.split()[0] in arguments.optimizers]
    if not chosen:
        parser.error(f"expected some of {', '.join(OPTIMIZERS)}")
    python, program = find_python(), build()
    print(f"{processor()}, {platform.system()}; torch 2.11.0; medians over {arguments.rounds} rounds\n")
    large(chosen, python, program, arguments.rounds)
    small(chosen, python, program, arguments.rounds)
    late(chosen, program, arguments.rounds)


def large(chosen, python, program, rounds):
    print("10,000,000 f32 parameters, two threads. x: how many times as long as lr-run's step")
    print(f"  {'':34} {'state':>5} {'ms':>6} {'/ pass':>6} {'default':>8} {'fused':>7}")
    for name in chosen:
        runs = in_turns(name, python, program, LARGE, rounds)
        ours = median(runs[OURS], "step")
        by_pass = ours / median(runs[OURS], "pass")
        times = [f"{median(runs[it], 'step') / ours:.2f}x" if it in runs else "" for it in (DEFAULT, FUSED)]
        slots = runs[OURS][0]["slots"]
        print(f"  {name:34} {slots:5} {1000 * ours:6.2f} {by_pass:6.2f} {times[0]:>8} {times[1]:>7}", flush=True)
    print()


def small(chosen, python, program, rounds):
    print("100,000 f32 parameters in 8 tensors, one thread. x: how many times as long as lr-run's step")
    print(f"  {'':34} {'µs':>6} {'default':>8} {'fused':>7}")
    for name in chosen:
        runs = in_turns(name, python, program, SMALL, rounds)
        ours = median(runs[OURS], "step")
        times = [f"{median(runs[it], 'step') / ours:.2f}x" if it in runs else "" for it in (DEFAULT, FUSED)]
        print(f"  {name:34} {1e6 * ours:6.1f} {times[0]:>8} {times[1]:>7}", flush=True)
    print()


def late(chosen, program, rounds):
    print("steps 2,000 to 2,200 over steps 20 to 220, 100,000 parameters, one thread")
    for name in chosen:
        ratios = []
        for _ in range(rounds):
            steps = step_in_lr_run(name, program, LATE)["step"]
            ratios.append(statistics.median(steps[-200:]) / statistics.median(steps[:200]))
        print(f"  {name:34} {statistics.median(ratios):6.2f}", flush=True)


def in_turns(name, python, program, sizes, rounds):
    """Runs the contestants in turns. Returns, for each contestant, the measurements of its processes."""
    contestants = {OURS: lambda: step_in_lr_run(name, program, sizes)}
    in_pytorch = OPTIMIZERS[name]
    for idiom in [DEFAULT, FUSED] if in_pytorch and in_pytorch[1] else [DEFAULT] if in_pytorch else []:
        command = [python, __file__, "--inside", name, idiom, json.dumps(sizes)]
        contestants[idiom] = lambda command=command: json.loads(subprocess.check_output(command, text=True))
    runs = {contestant: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant, run in contestants.items():
            runs[contestant].append(run())
    return runs


def median(runs, what):
    """Returns the median over the rounds of each round's median of `what`."""
    return statistics.median(statistics.median(run[what]) for run in runs)


def step_in_lr_run(name, program, sizes):
    """Runs steps in lr-run, in a process of its own, and returns its measurements."""
    kind, *options = name.split()
    table = ";".join([f'type = "{kind}"', *options])
    numbers = [str(sizes[key]) for key in ("parameters", "tensors", "threads", "steps", "warm_up")]
    return json.loads(subprocess.check_output([program, "--measure", table, *numbers], text=True))


def step_in_pytorch(name, idiom, sizes):
    """Runs steps in PyTorch, in a process of its own, and prints the seconds of each."""
    import torch

    torch.set_num_threads(sizes["threads"])
    torch.manual_seed(1)
    shape = (sizes["parameters"] // sizes["tensors"] // 100, 100)
    params = [torch.full(shape, 0.5, requires_grad=True) for _ in range(sizes["tensors"])]
    for param in params:
        param.grad = torch.randn(shape) * 0.01
        param.grad[:, :50] = 0
    kind, _, options = OPTIMIZERS[name]
    fused = {"fused": True} if idiom == FUSED else {}
    optimizer = getattr(torch.optim, kind)(params, lr=1e-3, **options, **fused)
    seconds = []
    for step in range(sizes["warm_up"] + sizes["steps"]):
        begun = time.perf_counter()
        optimizer.step()
        if step >= sizes["warm_up"]:
            seconds.append(time.perf_counter() - begun)
    print(json.dumps({"step": seconds}))


def build():
    """Builds the benchmark and returns the path of its program."""
    subprocess.run([ROOT / "scripts" / "setup-libtorch"], check=True, stdout=sys.stderr)
    command = ["cargo", "bench", "--bench", "optimizers", "--no-run", "--message-format=json-render-diagnostics"]
    messages = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    built = [message for message in map(json.loads, messages) if message.get("executable")]
    return next(it["executable"] for it in built if it["target"]["name"] == "optimizers")


if __name__ == "__main__":
    main()
