"""The program behind a command: where it is, and whether Python will show us what happens inside."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hptui.model.errors import did_you_mean
from hptui.model.trial import Reason, Value
from hptui.trainers.outcome import Failure

PYTHON = re.compile(r"(?:python|pypy)[0-9.]*")
LAUNCHERS = ("torchrun", "accelerate", "deepspeed", "uv", "poetry", "conda", "pipenv")
CONTAINERS = ("docker", "podman", "singularity", "apptainer", "enroot", "ssh")
OURS = Path(__file__).with_name("with_constants.py")
"""Stands before a script whose constants are set; it is not what is trained."""
PROBE = "import sys; print(sys.executable)"
PROBE_SECONDS = 20.0


def resolve(names: Sequence[str]) -> dict[str, str]:
    """Programs by name as the PATH of this moment knows them, absolute; Python says itself which one it is.

    A version manager puts small scripts called `python` on the PATH that choose anew every time.
    """
    found = {}
    for name in dict.fromkeys(names):
        place = None if os.sep in name else shutil.which(name)
        if place is None:
            continue
        found[name] = (_asked(place) if PYTHON.fullmatch(name) else "") or os.path.abspath(place)
    return found


def _asked(python: str) -> str:
    try:
        done = subprocess.run(
            [python, "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def absolute(name: str, programs: Mapping[str, str], directory: Path) -> str:
    """The program to start; `Failure` when there is none."""
    if name == sys.executable:
        return name
    if os.sep in name:
        if not (directory / name).is_file():
            raise Failure(Reason.SETUP, f"there is no program {name!r} in {directory}")
        return name
    known = programs.get(name)
    if known and os.access(known, os.X_OK):
        return known
    place = shutil.which(name)
    if place is None:
        hint = did_you_mean(name, ("python", "python3", "bash", "torchrun", "accelerate"))
        close = f" ({hint})" if hint.startswith("did") else ""
        raise Failure(Reason.SETUP, f"there is no program {name!r} on the PATH{close}")
    return os.path.abspath(place)


def is_python(words: Sequence[str]) -> bool:
    """Whether a command should load the tap."""
    name = os.path.basename(words[0])
    return PYTHON.fullmatch(name) is not None or name in LAUNCHERS


def hides_the_tap(words: Sequence[str]) -> str:
    """Why the tap cannot see inside, or ''."""
    name = os.path.basename(words[0])
    if name in CONTAINERS:
        return f"{name} starts the script where the tap is not"
    if PYTHON.fullmatch(name):
        for option in words[1:]:
            if not option.startswith("-") or option in ("-c", "-m"):
                break
            if not option.startswith("--") and (hidden := set("IES") & set(option[1:])):
                return f"`{name} -{min(hidden)}` hides the tap"
    return ""


def script_of(words: Sequence[str], directory: Path) -> Path | None:
    """The file that is run, where a command names one."""
    for index, text in enumerate(words):
        if index and words[index - 1] == "-m":
            module = directory / f"{text.replace('.', '/')}.py"
            return module if module.is_file() else None
        if text == str(OURS):
            continue
        if re.search(r"\.(?:py|sh|pl|R|jl|js|lua)$", text) and (directory / text).is_file():
            return directory / text
    return None


def about(words: Sequence[str], directory: Path) -> dict[str, Value]:
    """What is recorded of the code that runs."""
    script = script_of(words, directory)
    found: dict[str, Value] = {"executable": words[0]}
    if script is not None:
        found |= {"trainer_file": str(script), "trainer_sha256": hashlib.sha256(script.read_bytes()).hexdigest()}
    return found
