"""Shared parts of the benchmarks that compare with PyTorch and pandas."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


def processor():
    """Returns the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def find_python():
    """Returns a Python that has torch 2.11.0: this one, or one from a virtual environment made for it."""
    return python_with("torch", "2.11.0", VENV, "requirements-bench.txt")


def find_python_with_pandas():
    """Returns a Python that has pandas 2.3.3: this one, or one from a virtual environment made for it."""
    return python_with("pandas", "2.3.3", ROOT / ".venv-pandas", "requirements-bench-csv.txt")


def python_with(package, version, venv, requirements):
    """Returns a Python that has this version of a package. If there is none, makes the virtual environment `venv`."""
    check = f"import {package}; assert {package}.__version__.split('+')[0] == '{version}'"
    for python in (sys.executable, venv / "bin" / "python"):
        if Path(python).exists() and subprocess.run([python, "-c", check], capture_output=True).returncode == 0:
            return str(python)
    print(f"making a virtual environment with {package} {version} in {venv.name}", file=sys.stderr)
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    requirements = ROOT / "scripts" / requirements
    subprocess.run([venv / "bin" / "pip", "install", "--quiet", "-r", requirements], check=True)
    return str(venv / "bin" / "python")
