#!/usr/bin/env python3
"""Times a comparison of many runs by lr-run and by pandas in turns, and prints the ratio of medians.

    python3 scripts/bench_compare.py                # 40 strategies of 50 seeds, 100 epochs: about two minutes
    python3 scripts/bench_compare.py --strategies 4 --seeds 5

One real run is trained, and its folder is written again for each strategy and seed, with random metrics. lr-run compares
the folders: it reads three files of each, groups the runs by their specs, and tests every pair of strategies. pandas reads
only the tables, with `read_csv` and its C engine, takes the last validation metric of each, and computes the mean and the
95 % Student t interval of each strategy with SciPy. The time of lr-run is that of the whole process. That of pandas starts
after its imports. The files are read once before, so that they are in the system's cache.

The machine should do nothing else meanwhile. Needs pandas 2.3.3 and SciPy; if they are missing, the script makes a virtual
environment in .venv-compare (scripts/requirements-bench-compare.txt).
"""

import argparse
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_lib import ROOT, processor, python_with

MOST_SECONDS, MOST_MEGABYTES, LEAST_RATIO = 1.5, 300, 5.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategies", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5, help="how often each compares")
    parser.add_argument("--program", type=Path, help="a built lr-run, in place of building it")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        compare_in_pandas(Path(arguments.inside))
        return 0
    python = python_with("pandas", "2.3.3", ROOT / ".venv-compare", "requirements-bench-compare.txt")
    program = (arguments.program or build()).absolute()
    with tempfile.TemporaryDirectory() as folder:
        runs = write_runs(program, Path(folder), arguments)
        for path in runs.rglob("*"):
            path.is_file() and path.read_bytes()
        ours, memory, theirs = [], [], []
        for _ in range(arguments.rounds):
            seconds, megabytes, means = measure_ours(program, runs)
            ours.append(seconds)
            memory.append(megabytes)
            answer = json.loads(subprocess.check_output([python, __file__, "--inside", runs], text=True))
            theirs.append(answer["seconds"])
            check(means, answer["means"])
    count = arguments.strategies * arguments.seeds
    print(f"{processor()}, {platform.system()}; pandas 2.3.3; medians over {arguments.rounds} rounds")
    print(f"{count:,} runs of {arguments.epochs} epochs, {arguments.strategies} strategies\n")
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"  lr-run compare  {statistics.median(ours):6.2f} s  {max(memory):4.0f} MB")
    print(f"  pandas          {statistics.median(theirs):6.2f} s  {ratio:.1f} times as long")
    is_whole = count >= 2000 and arguments.epochs >= 100
    is_met = statistics.median(ours) < MOST_SECONDS and max(memory) < MOST_MEGABYTES and ratio >= LEAST_RATIO
    if is_whole and not is_met:
        print(
            f"\nThe aim is below {MOST_SECONDS} s and {MOST_MEGABYTES} MB, and {LEAST_RATIO:.0f} times as fast as pandas."
        )
        return 1
    return 0


def write_runs(program, folder, arguments):
    """Train one run in `folder`, and write it again for every strategy and seed. Return the folder of these runs."""
    spec = ROOT / "experiments" / "linear_regression.toml"
    command = [program, spec, "--quiet", "-s", "epochs=2", "-s", "threads=1", "--out", folder / "one"]
    subprocess.run(command, check=True, cwd=folder)
    source = next((folder / "one").rglob("run.json")).parent
    record = json.loads((source / "run.json").read_text())
    spec = (source / "spec.toml").read_text()
    head = (source / "epochs.csv").read_text().splitlines()[0].split(",")
    draw = random.Random(1)
    for strategy in range(arguments.strategies):
        for seed in range(1, arguments.seeds + 1):
            run = folder / "many" / f"strategy-{strategy:03}" / f"seed={seed}"
            run.mkdir(parents=True)
            record["seed"] = record["experiment"]["seed"] = seed
            record["experiment"]["strategy"] = f"{strategy:064x}"
            (run / "run.json").write_text(json.dumps(record, indent=2))
            own = re.sub(r"lr = [0-9.e-]+", f"lr = {0.001 * (strategy + 1):.3f}", spec, count=1)
            (run / "spec.toml").write_text(re.sub(r"^seed = .*$", f"seed = {seed}", own, flags=re.MULTILINE))
            rows = [
                ",".join(cell(name, epoch, strategy, draw) for name in head) for epoch in range(arguments.epochs + 1)
            ]
            (run / "epochs.csv").write_text("\n".join([",".join(head), *rows, ""]))
    return folder / "many"


def cell(name, epoch, strategy, draw):
    """Return a cell of `epochs.csv` as text."""
    match name:
        case "epoch":
            return str(epoch)
        case "step":
            return str(100 * epoch)
        case "lr":
            return "0.001"
        case "train_loss" | "train_rmse" if epoch == 0:
            return ""
        case _:
            return repr(draw.gauss(1 + 0.01 * strategy, 0.05))


def measure_ours(program, runs):
    """Compare with lr-run. Return the seconds, the peak memory in MB, and the means by label."""
    begun = time.perf_counter()
    process = subprocess.Popen([program, "compare", runs, "--csv"], stdout=subprocess.PIPE, text=True)
    table = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"lr-run compare failed: {process.returncode}")
    rows = [row.split(",") for row in table.splitlines()]
    mean, half = rows[0].index("mean"), rows[0].index("half_width")
    # A title or a label may have commas, but the numbers do not: they are counted from the end.
    width = len(rows[0])
    return (
        seconds,
        usage.ru_maxrss / 1024,
        sorted((float(row[mean - width]), float(row[half - width])) for row in rows[1:]),
    )


def check(ours, theirs):
    """Exit unless the two have the same means and intervals."""
    both = list(zip(ours, sorted(map(tuple, theirs)), strict=True))
    if any(abs(a - b) > 1e-9 for pair in both for a, b in zip(*pair, strict=True)):
        sys.exit("lr-run and pandas do not agree")


def compare_in_pandas(runs):
    """Compare with pandas, in a process of its own. Print the seconds, and the mean and half-width of each strategy."""
    import pandas
    from scipy import stats

    begun = time.perf_counter()
    rows = []
    for path in sorted(runs.glob("*/*/epochs.csv")):
        frame = pandas.read_csv(path, engine="c")
        rows.append((path.parent.parent.name, frame["val_rmse"].iloc[-1]))
    last = pandas.DataFrame(rows, columns=["strategy", "value"]).groupby("strategy")["value"]
    table = last.agg(["mean", "std", "count"])
    half = stats.t.ppf(0.975, table["count"] - 1) * table["std"] / table["count"] ** 0.5
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "means": list(zip(table["mean"], half, strict=True))}))


def build():
    """Build lr-run and return its path."""
    command = ["cargo", "build", "--release", "--message-format=json-render-diagnostics"]
    messages = subprocess.check_output(command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL).splitlines()
    built = [message for message in map(json.loads, messages) if message.get("executable")]
    return Path(next(it["executable"] for it in built if it["target"]["name"] == "lr-run"))


if __name__ == "__main__":
    sys.exit(main())
