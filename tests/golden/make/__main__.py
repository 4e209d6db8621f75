"""Records golden traces, or checks them: `python tests/golden/make --help`.

This program needs Python 3.11 and no package. It makes an environment for each framework that it needs, and runs
`make.record` in it.
"""

import argparse
import difflib
import json
import os
import subprocess
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent
sys.path[0] = str(GOLDEN)

from make.environments import FRAMEWORKS, environment  # noqa: E402


def frameworks_of(pattern: str) -> list[str]:
    """Returns the frameworks that may have a trace whose name matches `pattern`."""
    if pattern.startswith("networks/"):
        return ["torch"]
    if pattern.startswith("statistics/"):
        return ["statsmodels", "article"]
    # The name after the folder begins with the framework. Only the part before the first wildcard is used.
    start = pattern.rpartition("/")[2]
    for wildcard in "*?[":
        start = start.partition(wildcard)[0]
    exact = [name for name in FRAMEWORKS if start.startswith(f"{name}_")]
    return exact or [name for name in FRAMEWORKS if f"{name}_".startswith(start)]


def recorded() -> list[str]:
    """Returns the names of the recorded traces as the command line takes them, with their dtype."""
    folders = ("gradients", "networks", "optimizers", "schedules", "statistics")
    files = [path for folder in folders for path in GOLDEN.glob(f"{folder}/*")]
    differences = json.loads((GOLDEN / "schedule_differences.json").read_text())
    return sorted(f"{path.parent.name}/{path.stem}" for path in files) + [
        f"schedule_differences/{it}" for it in differences
    ]


def main() -> int:
    """Runs the command line. Returns the exit status: 0, or 1 if a trace differs or does not exist."""
    parser = argparse.ArgumentParser(
        prog="python tests/golden/make",
        description="Records golden traces with the frameworks themselves, or checks the recorded ones.",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="traces, such as optimizers/torch_adam_defaults or 'schedules/timm_*' (default: all)",
    )
    parser.add_argument("--check", action="store_true", help="compare with what is recorded, and write nothing")
    parser.add_argument("--list", action="store_true", help="print the names of the recorded traces")
    parser.add_argument("--framework", action="append", choices=FRAMEWORKS, help="only this framework; repeatable")
    parser.add_argument(
        "--all", action="store_true", help="with --check and no NAME: every trace instead of eight of each framework"
    )
    parser.add_argument("--python", type=Path, help="an interpreter that has the packages of versions.toml already")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lr-run" / "golden"
    parser.add_argument(
        "--environments",
        type=Path,
        default=cache,
        metavar="DIR",
        help="where the environments are kept (default: ~/.cache/lr-run/golden)",
    )
    arguments = parser.parse_args()

    names: list[str] = arguments.names
    if arguments.list:
        chosen = [name for name in recorded() if not names or any(fnmatchcase(name, f"{it}*") for it in names)]
        print("\n".join(chosen))
        return 0
    chosen = arguments.framework or FRAMEWORKS
    if names:
        chosen = [framework for framework in chosen if any(framework in frameworks_of(name) for name in names)]
    if not chosen:
        parser.error(f"no framework has a trace of that name; the frameworks are {', '.join(FRAMEWORKS)}")
    options = [f"--{option}" for option in ("check", "all") if getattr(arguments, option)]
    worst, found = 0, 0
    for framework in chosen:
        start = time.monotonic()
        try:
            python = arguments.python or environment(framework, arguments.environments.resolve())
        except subprocess.CalledProcessError as error:
            print(f"{framework}: its packages could not be installed: {error}", file=sys.stderr)
            worst = 1
            continue
        command = [python, "-m", "make.record", *options, "--", framework, *names]
        status = subprocess.run(command, cwd=GOLDEN, check=False).returncode
        # Exit status 3: no trace of this framework has one of the names.
        found += status != 3
        worst = max(worst, int(status not in (0, 3)))
        if status != 3:
            print(f"{framework}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    if not found:
        known = {name.removesuffix("_f32").removesuffix("_f64") for name in recorded()}
        near = [near for name in names for near in difflib.get_close_matches(name, known, n=3)]
        hint = f"similar names: {', '.join(near)}" if near else "--list prints the recorded ones"
        print(f"no case makes a trace named {' or '.join(names)}; {hint}", file=sys.stderr)
        return 1
    return worst


if __name__ == "__main__":
    sys.exit(main())
