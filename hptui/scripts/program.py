"""The program behind a command: where it is, and whether the tap can be loaded into it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hptui.core.errors import did_you_mean
from hptui.core.trial import Reason, Value
from hptui.scripts.settings import read_command_spec
from hptui.trainers.failures import Failure

PYTHON = re.compile(r"(?:python|pypy)[0-9.]*")
LAUNCHERS = ("torchrun", "accelerate", "deepspeed", "uv", "poetry", "conda", "pipenv")
CONTAINERS = ("docker", "podman", "singularity", "apptainer", "enroot", "ssh")
LAUNCHER_MODULES = ("torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch")
"""Modules behind `-m` that start a script, which comes after their own options."""
CONSTANTS_RUNNER = Path(__file__).with_name("with_constants.py")
"""Runs a script with other constants; never the script that a command trains with."""
PROBE_PROGRAM = "import sys; print(sys.executable)"
PROBE_TIMEOUT_S = 20.0
"""A version manager's `python` may take seconds; one that takes longer is used by its path."""


def programs_of(configurations: Iterable[Mapping[str, Value]]) -> dict[str, str]:
    """Return the programs that trials with these settings start by name, resolved through PATH now."""
    commands = [
        words
        for options in (read_command_spec(settings).settings for settings in configurations)
        for words in (options.command, options.evaluate)
    ]
    return resolve_programs([words[0] for words in commands if words and "{" not in words[0]])


def resolve_programs(names: Sequence[str]) -> dict[str, str]:
    """Return the absolute paths of programs by name, as PATH finds them now.

    Python is run to report its own path: version managers put scripts called `python` on the PATH that choose an
    interpreter at each call.
    """
    programs = {}
    for name in dict.fromkeys(names):
        path = None if os.sep in name else shutil.which(name)
        if path is None:
            continue
        programs[name] = (_executable_of(path) if PYTHON.fullmatch(name) else "") or os.path.abspath(path)
    return programs


def version_of_python(program: str) -> tuple[int, int] | None:
    """Return the version of a command's Python, major and minor; None for what is no Python that answers."""
    if PYTHON.fullmatch(os.path.basename(program)) is None:
        return None
    match = re.fullmatch(r"(\d+) (\d+)", _answer_of(program, "import sys; print(*sys.version_info[:2])"))
    return (int(match[1]), int(match[2])) if match else None


def _executable_of(python: str) -> str:
    return _answer_of(python, PROBE_PROGRAM)


def _answer_of(python: str, code: str) -> str:
    """Return what a line of code prints; '' if it fails."""
    try:
        done = subprocess.run(
            [python, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def program_path(name: str, programs: Mapping[str, str], directory: Path) -> str:
    """Return the path of the program to start.

    Raises: Failure if there is none.
    """
    if name == sys.executable:
        return name
    if os.sep in name:
        if not (directory / name).is_file():
            raise Failure(Reason.SETUP, f"there is no program {name!r} in {directory}")
        return name
    recorded = programs.get(name)
    if recorded and os.access(recorded, os.X_OK):
        return recorded
    path = shutil.which(name)
    if path is None:
        hint = did_you_mean(name, ("python", "python3", "bash", "torchrun", "accelerate"))
        close = f" ({hint})" if hint.startswith("did") else ""
        raise Failure(Reason.SETUP, f"there is no program {name!r} on the PATH{close}")
    return os.path.abspath(path)


def is_python(words: Sequence[str]) -> bool:
    """Return whether a command is expected to load the tap."""
    name = os.path.basename(words[0])
    return PYTHON.fullmatch(name) is not None or name in LAUNCHERS


def why_tap_is_hidden(words: Sequence[str]) -> str:
    """Return why the tap cannot be loaded by a command; '' if it can."""
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
    """Return the file that a command runs; None if it names none that exists."""
    for index, text in enumerate(words):
        if index and words[index - 1] == "-m" and text in LAUNCHER_MODULES:
            continue
        if index and words[index - 1] == "-m":
            module = directory / text.replace(".", "/")
            files = (module.with_name(f"{module.name}.py"), module / "__main__.py")
            return next((file for file in files if file.is_file()), None)
        if text == str(CONSTANTS_RUNNER):
            continue
        if re.search(r"\.(?:py|sh|pl|R|jl|js|lua)$", text) and (directory / text).is_file():
            return directory / text
    return None


def code_facts(words: Sequence[str], directory: Path) -> dict[str, Value]:
    """Return the facts recorded about the code that runs: executable, script, its SHA-256."""
    script = script_of(words, directory)
    facts: dict[str, Value] = {"executable": words[0]}
    if script is not None:
        facts |= {"trainer_file": str(script), "trainer_sha256": hashlib.sha256(script.read_bytes()).hexdigest()}
    return facts
