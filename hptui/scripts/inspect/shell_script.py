"""Inspects a shell script: the words and variables that it takes, and names that it prints."""

from __future__ import annotations

import re
from pathlib import Path

from hptui.scripts.inspect.inputs.outside import MACHINE_VARIABLE, SECRET_VARIABLE
from hptui.scripts.inspect.outputs.metrics import METRIC_NAME
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, type_of

POSITIONAL_PATTERN = re.compile(
    r"""(?:^|;)[ \t]*(?:export\s+|local\s+)?(\w+)=["']?\$(?:\{(\d)(?::?-([^}]*))?\}|(\d))["']?""", re.MULTILINE
)
"""`LR=$1`, `BS=${2:-8}`."""
DEFAULT_PATTERN = re.compile(
    r"""^\s*(?:export\s+)?(\w+)=["']?\$\{\1:?-([^}]*)\}["']?|:\s+["']?\$\{(\w+):?=([^}]*)\}""", re.MULTILINE
)
"""`LR=${LR:-1e-3}`, `: "${LR:=1e-3}"`."""


def inspect_shell_script(path: Path) -> InspectedScript:
    """Return what a shell script takes: `$1`, `$2` by position, else variables with a default."""
    text = path.read_text(errors="replace")
    by_position: dict[int, ScriptOption] = {}
    for name, braced, default, bare in POSITIONAL_PATTERN.findall(text):
        index, value = int(braced or bare), _value(default)
        if index and index not in by_position:
            by_position[index] = ScriptOption(
                name.lower(), name, type_of(value), value, required=value is None, positional=True
            )
    passes_words = re.search(r"(?<!\\)[\"']?\$[@*]", text) is not None
    if by_position and sorted(by_position) == list(range(1, len(by_position) + 1)):
        return InspectedScript(
            "the shell's $1",
            "argparse" if passes_words else "none",
            [by_position[index] for index in sorted(by_position)],
        )
    options: dict[str, ScriptOption] = {}
    for assigned, assigned_default, expanded, expanded_default in DEFAULT_PATTERN.findall(text):
        name, value = assigned or expanded, _value(assigned_default or expanded_default)
        if value is not None and not SECRET_VARIABLE.search(name) and not MACHINE_VARIABLE.fullmatch(name):
            options.setdefault(name, ScriptOption(name.lower(), name, type_of(value), value))
    script = InspectedScript(
        "environment" if options else "", "argparse" if passes_words else "none", list(options.values())
    )
    if options:
        script.settings["env"] = {name: f"{{{option.name}}}" for name, option in options.items()}
    elif passes_words:
        script.parser, script.notes = "whatever it starts", ["the script hands its words on: say them in [trainer]"]
    printed = re.findall(r"(?:echo|printf)\s+[\"']?([^\n]*)", text)
    printed_words = [word for line in printed for word in re.findall(r"[A-Za-z_]\w*", line)]
    script.metrics = [word for word in printed_words if METRIC_NAME.fullmatch(word)][:6]
    return script


def _value(text: str) -> int | float | str | None:
    """Return a default as a setting; None for one that is empty or computed."""
    text = text.strip().strip("\"'")
    if not text or "$" in text or "`" in text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
