"""Keys of `[trainer]` with `kind = "command"`: which belong to hptui, and which are the script's own parameters."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.core.trial import Value

COMMAND_KIND = "command"
"""`kind` of the trainer that runs a command."""
COMMAND_KEYS = (
    "command",
    "style",
    "launch",
    "names",
    "tables",
    "config",
    "env",
    "workdir",
    "links",
    "metrics",
    "read_output",
    "tap",
    "ranks",
    "total_steps",
    "resume_flag",
    "checkpoint",
    "evaluate",
    "evaluate_device",
    "effective_from",
    "artifacts",
    "help",
)
"""Keys that say how to run the script; the others are its parameters."""


def script_parameters(kind: str, settings: Mapping[str, Value]) -> dict[str, Value]:
    """Return the settings that are parameters: without those that say how a script is run."""
    return {name: value for name, value in settings.items() if kind != COMMAND_KIND or name not in COMMAND_KEYS}


def script_names(kind: str, settings: Mapping[str, Value]) -> dict[str, str]:
    """Return the script's names of parameters that it calls otherwise: our name -> its name."""
    names = settings.get("names") if kind == COMMAND_KIND else None
    return {name: str(script_name) for name, script_name in names.items()} if isinstance(names, dict) else {}
