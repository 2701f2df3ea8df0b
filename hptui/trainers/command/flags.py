"""Booleans as the script itself declares them: a false one must reach a script whose default is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from hptui.model.errors import UserError
from hptui.model.trial import Value
from hptui.trainers.command.program import script_of
from hptui.trainers.command.styles import Style, read_style

FLAGS = ("flag", "no")


def as_declared(style: Style, parameters: Mapping[str, Value], words: Sequence[str], place: Path) -> Style:
    """The style with each flag said as the script's source declares it: alone, or with its `--no-…`.

    What the study says of a single parameter stays; so does a style that says booleans as words.
    """
    if style.booleans not in FLAGS or not any(isinstance(value, bool) for value in parameters.values()):
        return style
    script = script_of(words, place)
    if script is None or script.suffix != ".py":
        return style
    try:
        declared = _declared(script, script.stat().st_mtime_ns)
    except OSError:
        return style
    return replace(style, each=tuple({**declared, **dict(style.each)}.items()))


@lru_cache(maxsize=8)
def _declared(script: Path, _changed: int) -> Mapping[str, str]:
    from hptui.trainers.scripts import look

    try:
        found = look(script)
    except UserError:
        return {}
    style = read_style(found.style)
    if not isinstance(style, Style) or found.parser not in ("argparse", "click", "typer"):
        return {}
    booleans = [option.name for option in found.options if option.type == "bool" and not option.positional]
    return {name: how for name in booleans if (how := style.booleans_of(name)) in FLAGS}
