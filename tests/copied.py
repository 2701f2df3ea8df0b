"""A copy of the package that runners of a test import, and that can be replaced under them as an installation does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import hptui

INTERVAL = "CHECK_INTERVAL_S = 5.0"


def copy_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the package; processes that are started from here on import the copy, which looks at itself more often."""
    package = folder / "hptui"
    shutil.copytree(Path(hptui.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    watch = package / "execution" / "code_watch.py"
    assert INTERVAL in watch.read_text()
    watch.write_text(watch.read_text().replace(INTERVAL, "CHECK_INTERVAL_S = 0.3"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    return package


def install(package: Path, version: str) -> None:
    """Replace the file that names the version by one with another version, in one rename."""
    names = [package / "core" / "version.py", package / "__init__.py"]
    path = next(path for path in names if path.exists() and "__version__ = " in path.read_text())
    lines = path.read_text().splitlines()
    lines = [f'__version__ = "{version}"' if line.startswith("__version__ = ") else line for line in lines]
    new = path.with_name("new.py")
    new.write_text("\n".join(lines) + "\n")
    new.replace(path)
