"""Booleans as the script itself declares them: a false one must reach a script whose default is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from hptui.model.errors import UserError
from hptui.model.trial import Value
from hptui.trainers.command.program import script_of
from hptui.trainers.command.styles import ArgumentStyle, read_style

FLAG_FORMS = ("flag", "no")


def style_as_declared(
    style: ArgumentStyle, parameters: Mapping[str, Value], words: Sequence[str], directory: Path
) -> ArgumentStyle:
    """Return the style with each flag passed as the script's source declares it: alone, or with `--no-…`.

    What the study states for a single parameter takes precedence. A style that passes booleans as words is returned as
    it is.
    """
    if style.booleans not in FLAG_FORMS or not any(isinstance(value, bool) for value in parameters.values()):
        return style
    script = script_of(words, directory)
    if script is None or script.suffix != ".py":
        return style
    try:
        from_source = _declared(script, script.stat().st_mtime_ns)
    except OSError:
        return style
    return replace(style, each=tuple({**from_source, **dict(style.each)}.items()))


@lru_cache(maxsize=8)
def _declared(path: Path, _mtime_ns: int) -> Mapping[str, str]:
    """Return how each boolean of a script is passed; cached until its modification time changes."""
    from hptui.trainers.scripts import inspect_script

    try:
        inspected = inspect_script(path)
    except UserError:
        return {}
    style = read_style(inspected.style)
    if not isinstance(style, ArgumentStyle) or inspected.parser not in ("argparse", "click", "typer"):
        return {}
    booleans = [option.name for option in inspected.options if option.type == "bool" and not option.positional]
    return {name: form for name in booleans if (form := style.booleans_of(name)) in FLAG_FORMS}
