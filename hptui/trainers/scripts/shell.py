"""A look at a shell script: the words and variables that it takes."""

from __future__ import annotations

import re
from pathlib import Path

from hptui.trainers.scripts.found import Found, Option
from hptui.trainers.scripts.measures import MEASURED
from hptui.trainers.scripts.outside import SECRET, SURROUNDINGS
from hptui.trainers.scripts.tree import type_of

PLACED = re.compile(
    r"""(?:^|;)[ \t]*(?:export\s+|local\s+)?(\w+)=["']?\$(?:\{(\d)(?::?-([^}]*))?\}|(\d))["']?""", re.MULTILINE
)
"""`LR=$1`, `BS=${2:-8}`."""
DEFAULTED = re.compile(
    r"""^\s*(?:export\s+)?(\w+)=["']?\$\{\1:?-([^}]*)\}["']?|:\s+["']?\$\{(\w+):?=([^}]*)\}""", re.MULTILINE
)
"""`LR=${LR:-1e-3}`, `: "${LR:=1e-3}"`."""


def shell(path: Path) -> Found:
    """What a shell script takes: `$1`, `$2` in their places, else variables with a default."""
    text = path.read_text(errors="replace")
    places: dict[int, Option] = {}
    for name, braced, default, bare in PLACED.findall(text):
        at, value = int(braced or bare), _value(default)
        if at and at not in places:
            places[at] = Option(name.lower(), name, type_of(value), value, required=value is None, positional=True)
    words = re.search(r"(?<!\\)[\"']?\$[@*]", text) is not None
    if places and sorted(places) == list(range(1, len(places) + 1)):
        return Found("the shell's $1", "argparse" if words else "none", [places[at] for at in sorted(places)])
    options: dict[str, Option] = {}
    for one, first, other, second in DEFAULTED.findall(text):
        name, value = one or other, _value(first or second)
        if value is not None and not SECRET.search(name) and not SURROUNDINGS.fullmatch(name):
            options.setdefault(name, Option(name.lower(), name, type_of(value), value))
    found = Found("environment" if options else "", "argparse" if words else "none", list(options.values()))
    if options:
        found.settings["env"] = {name: f"{{{option.name}}}" for name, option in options.items()}
    elif words:
        found.parser, found.notes = "whatever it starts", ["the script hands its words on: say them in [trainer]"]
    said = re.findall(r"(?:echo|printf)\s+[\"']?([^\n]*)", text)
    words_ = [word for line in said for word in re.findall(r"[A-Za-z_]\w*", line)]
    found.metrics = [word for word in words_ if MEASURED.fullmatch(word)][:6]
    return found


def _value(text: str) -> int | float | str | None:
    """A default as a setting has it; None for one that is empty or computed."""
    text = text.strip().strip("\"'")
    if not text or "$" in text or "`" in text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
