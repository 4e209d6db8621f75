#!/usr/bin/env python3
"""Time how long lr-run and pandas take to read a table, in turns, and print ratios of medians.

    python3 scripts/bench_csv.py                  # 1,000,000 rows, about two minutes
    python3 scripts/bench_csv.py --rows 100000

The table has 30 columns: 9 of whole numbers, 14 of floats with six decimals, 6 of floats with all their digits, and one
of words. pandas reads it with `read_csv` and its C engine: once with its defaults, and once with `dtype="float32"` for
the numbers, so that it makes 32-bit floats as lr-run does. In each round, each of the three reads the table in its own
process. The start of the process is not timed. The file is read once before the first round, so that it is in the
system's cache.

Memory is the growth of the process's peak while it reads, per byte of the cells as 32-bit numbers. The machine should do
nothing else meanwhile. If it does, compare the seconds of processor time. The script needs pandas 2.3.3. If that is
missing, it makes a virtual environment in .venv-pandas (scripts/requirements-bench-csv.txt).
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_lib import ROOT, find_python_with_pandas, processor

OURS, DEFAULT, FLOATS = "lr-run", "pandas", "pandas, dtype=float32"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="the number of rows of the table")
    parser.add_argument("--rounds", type=int, default=5, help="how often each reads the table")
    parser.add_argument("--program", help="the program of the benchmark, if it is built already")
    parser.add_argument("--inside", nargs=2, metavar=("IDIOM", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        read_in_pandas(*arguments.inside)
        return
    python, program = find_python_with_pandas(), arguments.program or build()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        subprocess.run([program, "--write", path, str(arguments.rows)], check=True)
        path.read_bytes()
        size = path.stat().st_size / 1e6
        contestants = {OURS: [program, "--measure", path]}
        for idiom in (DEFAULT, FLOATS):
            contestants[idiom] = [python, __file__, "--inside", idiom, path]
        runs = {name: [] for name in contestants}
        for _ in range(arguments.rounds):
            for name, command in contestants.items():
                runs[name].append(json.loads(subprocess.check_output(command, text=True)))
    print(f"{processor()}, {platform.system()}; pandas 2.3.3; medians over {arguments.rounds} rounds")
    print(f"{arguments.rows:,} rows, 30 columns, {size:.0f} MB. x: lr-run's time over pandas's\n")
    print(f"  {'':24} {'s':>6} {'x':>5} {'processor s':>12} {'x':>5} {'memory':>7}")
    ours = runs[OURS]
    for name, measured in runs.items():
        seconds, processor_s, memory = (median(measured, what) for what in ("seconds", "processor", "memory"))
        x, processor_x = median(ours, "seconds") / seconds, median(ours, "processor") / processor_s
        print(f"  {name:24} {seconds:6.2f} {x:5.2f} {processor_s:12.2f} {processor_x:5.2f} {memory:7.2f}")


def median(runs, what):
    """Return the median over the runs of one measurement: `seconds`, `processor` or `memory`."""
    return statistics.median(run[what] for run in runs)


def read_in_pandas(idiom, path):
    """Read the table with pandas and print the measurements. This runs in a process of its own."""
    import pandas

    with open(path) as file:
        names = file.readline().strip().split(",")
    options = {"dtype": {name: "float32" for name in names[:-1]}} if idiom == FLOATS else {}
    memory, used, begun = peak(), time.process_time(), time.perf_counter()
    frame = pandas.read_csv(path, engine="c", **options)
    seconds, used = time.perf_counter() - begun, time.process_time() - used
    print(json.dumps({"seconds": seconds, "processor": used, "memory": (peak() - memory) / (4 * frame.size)}))


def peak():
    """Return the peak of this process's memory in bytes. Unlike `ru_maxrss`, it does not include that of the parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def build():
    """Build the benchmark and return the path of its program."""
    command = ["cargo", "bench", "-p", "lr-run-core", "--bench", "tables", "--no-run"]
    command.append("--message-format=json-render-diagnostics")
    messages = subprocess.check_output(command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL).splitlines()
    built = [message for message in map(json.loads, messages) if message.get("executable")]
    return next(it["executable"] for it in built if it["target"]["name"] == "tables")


if __name__ == "__main__":
    sys.exit(main())
