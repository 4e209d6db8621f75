"""The environments that the frameworks run in. Each is made with venv and pip when it is first needed."""

import hashlib
import json
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

MANIFEST = tomllib.loads((Path(__file__).parent / "versions.toml").read_text())
COMMON: list[str] = MANIFEST.pop("common")
FRAMEWORKS = list(MANIFEST)


def pins(framework: str) -> dict[str, str]:
    """Returns the version of each package that traces of `framework` depend on."""
    table = MANIFEST[framework]
    below = pins(table["on"]) if "on" in table else dict(pin.split("==") for pin in COMMON)
    return below | dict(pin.split("==") for pin in table["packages"])


def python_of(folder: Path) -> Path:
    """Returns the interpreter of the environment in `folder`."""
    scripts = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    return folder / scripts


def site_packages(python: Path) -> str:
    """Returns the folder that `python` installs packages into."""
    command = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def environment(framework: str, cache: Path) -> Path:
    """Returns the interpreter of the environment of `framework`. Makes the environment in `cache` if it is missing."""
    table = MANIFEST[framework]
    below = environment(table["on"], cache) if "on" in table else None
    if below is not None and not table["packages"]:
        return below
    # A change of any version makes another environment.
    wanted = json.dumps([sys.version_info[:2], pins(framework)], sort_keys=True)
    folder = cache / f"{framework}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    python, done = python_of(folder), folder / "complete"
    if done.exists():
        return python
    print(f"{framework}: installing {', '.join(table['packages'] or COMMON)} into {folder}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=True)
    if below is not None:
        (Path(site_packages(python)) / "below.pth").write_text(site_packages(below) + "\n")
    install = [python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    subprocess.run([*install, *COMMON, *table["packages"]], check=True)
    done.touch()
    return python
