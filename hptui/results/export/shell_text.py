"""A configuration for a shell: command-line flags or environment variables, quoted so that nothing in it is run."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from hptui.model.errors import UserError

PROTECTED_VARIABLES = re.compile(
    r"PATH|HOME|USER|SHELL|IFS|ENV|BASH_ENV|PS[0-9]|PWD|TERM|LANG|LC_.*|LD_.*|PYTHON.*|CUDA_.*"
)
"""Environment variables that would change the shell, or the programs that it starts."""


def flags_text(value: Mapping[str, Any], *, hyphens: bool = False) -> str:
    """Return `--learning_rate=0.0002 --lr_steps=10000,20000` for a shell; None values are left out."""
    return shell_line(flag_arguments(value, hyphens=hyphens))


def flag_arguments(value: Mapping[str, Any], *, hyphens: bool = False) -> list[str]:
    """Return the flags as a list of arguments."""
    named = {key.replace("_", "-") if hyphens else key: item for key, item in value.items() if item is not None}
    return [f"--{key}={argument_text(item)}" for key, item in named.items()]


def shell_line(words: Iterable[str]) -> str:
    """Return words as one quoted line of a shell."""
    return " ".join(map(shlex.quote, words)) + "\n"


def env_text(value: Mapping[str, Any], *, prefix: str = "") -> str:
    """Return `LEARNING_RATE=0.0002`, one per line, for `set -a; . FILE` and programs that read such files.

    Raises: UserError for a name that would change the shell itself, and for two settings of one name.
    """
    lines: dict[str, str] = {}
    for key, item in value.items():
        name = prefix + re.sub(r"[^A-Za-z0-9_]", "_", key).upper()
        name = f"_{name}" if name[:1].isdigit() else name
        if PROTECTED_VARIABLES.fullmatch(name):
            raise UserError(f"{key!r} would set {name}, which the shell itself needs", hint="--prefix HP_")
        if name in lines:
            raise UserError(f"two settings would be called {name}: one is {key!r}", hint="--rename gives another name")
        if item is not None:
            lines[name] = f"{name}={shlex.quote(argument_text(item))}\n"
    return "".join(lines.values())


def argument_text(value: Any) -> str:
    """Return a value as one word: `true`, `10000,20000`, JSON for a nested value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ",".join(argument_text(item) for item in value)
    return json.dumps(value) if isinstance(value, list | dict) else str(value)
