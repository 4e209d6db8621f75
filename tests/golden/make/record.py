"""Records or checks the traces of one framework.

`__main__` starts this program in the environment of that framework. The packages `gradients`, `networks`,
`optimizers`, `schedules`, `statistics` and `differences` have a module with the cases of each framework that they use.
"""

import argparse
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from make.environments import pins
from make.files import GOLDEN, LIMIT, LIMIT_OF_NETWORKS, File, JsonFile, TensorFile

SAMPLE = 8

# Keras reads this when it is imported.
os.environ["KERAS_BACKEND"] = "torch"


class Making(Protocol):
    """A trace that can be made."""

    name: str
    dtype: str

    def make(self) -> Any:
        """Runs the framework. Returns the content for the file."""


@dataclass(frozen=True)
class Recording:
    """A trace with its file. The name is `<folder>/<trace>`."""

    name: str
    file: File
    making: Making


def module_of(folder: str, framework: str) -> Any:
    """Returns the module with the cases of `framework` in `folder`, or None if there are none."""
    name = f"make.{folder}.{framework.replace('-', '_')}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def recordings(framework: str) -> Iterator[Recording]:
    """Yields every trace of `framework`."""
    for folder in ("gradients", "networks", "optimizers", "schedules", "statistics"):
        if module := module_of(folder, framework):
            for making in module.traces():
                path = GOLDEN / folder / making.name
                if folder in ("schedules", "statistics"):
                    file: File = JsonFile(path.with_name(f"{path.name}.json"))
                else:
                    file = TensorFile(path.with_name(f"{path.name}.safetensors"))
                yield Recording(f"{folder}/{making.name}", file, making)
    if module := module_of("differences", framework):
        for making in module.traces():
            file = JsonFile(GOLDEN / "schedule_differences.json", key=making.name)
            yield Recording(f"schedule_differences/{making.name}", file, making)


def matches(name: str, patterns: list[str]) -> bool:
    """Returns whether one of the patterns names the trace, with or without its dtype. No pattern means every trace."""
    names = [name, name.removesuffix("_f32").removesuffix("_f64")]
    return not patterns or any(fnmatchcase(it, pattern) for it in names for pattern in patterns)


def sample(found: list[Recording], count: int) -> list[Recording]:
    """Returns `count` of the recordings, evenly spread, or all of them if there are fewer."""
    step = max(1.0, len(found) / count)
    return [found[int(i * step)] for i in range(min(count, len(found)))]


def orphans(framework: str, found: list[Recording]) -> list[Path]:
    """Returns the recorded files of `framework` that no case makes any more."""
    paths = {recording.file.path for recording in found}
    files = [
        path
        for folder in ("optimizers", "schedules", "statistics")
        for path in (GOLDEN / folder).glob(f"{framework}_*")
    ]
    return sorted(path for path in files if path not in paths)


def check(framework: str, chosen: list[Recording]) -> bool:
    """Compares the recordings with their files and prints what differs. Returns whether all agree."""
    same, near, failed = 0, 0, 0
    for recording in chosen:
        if not recording.file.exists():
            print(f"{recording.name}: is not recorded")
            failed += 1
            continue
        apart, where = recording.file.compare(recording.making.make())
        limit = LIMIT_OF_NETWORKS if recording.name.startswith("networks/") else LIMIT[recording.making.dtype]
        same += apart == 0
        near += 0 < apart <= limit
        if apart > limit:
            print(f"{recording.name}: differs by {apart:.1e} in {where}")
            failed += 1
    print(f"{framework}: {len(chosen)} checked: {same} the same, {near} within rounding, {failed} failed")
    return failed == 0


def main() -> int:
    """Runs the command line. Returns the exit status, which is 3 if no trace has one of the names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("framework")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    framework = arguments.framework

    for package, wanted in pins(framework).items():
        found = version(package).split("+")[0]
        if found != wanted:
            print(f"{framework}: version {found} of {package} is installed, but versions.toml asks for {wanted}")
            return 1
    # Schedulers warn when they take steps without training. Here they always do.
    warnings.simplefilter("ignore")
    every = list(recordings(framework))
    chosen = [recording for recording in every if matches(recording.name, arguments.names)]
    if not chosen:
        return 3
    left = orphans(framework, every)
    for path in left:
        print(f"{path.relative_to(GOLDEN)}: no case makes this file; remove it")
    if arguments.check:
        if not arguments.names and not arguments.all:
            chosen = sample(chosen, SAMPLE)
        return int(not check(framework, chosen) or bool(left))
    for recording in chosen:
        recording.file.write(recording.making.make())
        print(f"{recording.name}: recorded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
