"""Shared parts of the benchmarks that compare with PyTorch."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


def processor():
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def find_python():
    """Return a Python that has torch 2.11.0: this one, or one from a virtual environment made for it."""
    check = "import torch; assert torch.__version__.split('+')[0] == '2.11.0'"
    for python in (sys.executable, VENV / "bin" / "python"):
        if Path(python).exists() and subprocess.run([python, "-c", check], capture_output=True).returncode == 0:
            return str(python)
    print(f"making a virtual environment with torch 2.11.0 in {VENV.name}; this takes some minutes", file=sys.stderr)
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    requirements = ROOT / "scripts" / "requirements-bench.txt"
    subprocess.run([VENV / "bin" / "pip", "install", "--quiet", "-r", requirements], check=True)
    return str(VENV / "bin" / "python")
