"""A trainer that is a user's command: which keys of its `[trainer]` are hptui's, and which the script's own."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.model.trial import Value

KIND = "command"
OWN = (
    "command",
    "style",
    "names",
    "tables",
    "config",
    "env",
    "workdir",
    "metrics",
    "read_output",
    "tap",
    "total_steps",
    "resume_flag",
    "checkpoint",
    "evaluate",
    "evaluate_device",
    "effective_from",
    "artifacts",
    "help",
)
"""The keys that say how to run the script; each is explained where the trainer reads it."""


def parameters(kind: str, settings: Mapping[str, Value]) -> dict[str, Value]:
    """The settings that are varied, compared and handed on: without what says how a script is run."""
    return {name: value for name, value in settings.items() if kind != KIND or name not in OWN}


def spelled(kind: str, settings: Mapping[str, Value]) -> dict[str, str]:
    """Our name of a parameter -> what the script calls it, where that differs."""
    names = settings.get("names") if kind == KIND else None
    return {name: str(own) for name, own in names.items()} if isinstance(names, dict) else {}
