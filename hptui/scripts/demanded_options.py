"""Warnings of options that a script cannot do without and that a configuration does not give it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.scripts.arguments import declared_script
from hptui.scripts.inspect.forms import normal_name
from hptui.scripts.settings import CommandTable
from hptui.scripts.styles import ArgumentStyle, read_style

if TYPE_CHECKING:
    from hptui.scripts.inspect.syntax import ScriptOption

FILES_OF_SETTINGS = (".yaml", ".yml", ".json", ".toml", ".ini", ".cfg", ".conf")
"""Endings of words that may give a script options that the command does not show."""


def demanded_warnings(spec: CommandTable, words: Sequence[str], directory: Path) -> Iterator[str]:
    """Yield warnings of options that are demanded and not given, and of values that train nothing."""
    style = read_style(spec.settings.style)
    is_open = any(word.startswith("@") or word.endswith(FILES_OF_SETTINGS) for word in words)
    if not isinstance(style, ArgumentStyle) or style.also or spec.settings.config is not None or is_open:
        return
    inspected = declared_script(words, directory)
    if inspected is None:
        return
    given = {normal_name(spec.name_in_script(name)) for name, value in spec.parameters.items() if value is not None}
    given |= {normal_name(word.partition("=")[0].lstrip("-")) for word in words if word.startswith("-")}
    options = {option.name: option for option in inspected.options}
    for option in inspected.options:
        is_asked = option.required and option.default is None and not option.positional
        if is_asked and not _names(option) & given:
            yield f"trainer.{option.name}: the script demands it, and nothing gives it a value"
    values = {normal_name(spec.name_in_script(name)): value for name, value in spec.parameters.items()}
    for name, idle in inspected.idle.items():
        names = _names(options[name])
        is_silent = not names & given
        if is_silent or any(values.get(each) == idle for each in names):
            yield f"trainer.{name}: with {idle} the script trains nothing; {options[name].default} does"
    for group in inspected.needs_one_of:
        if not any(_names(options[name]) & given for name in group if name in options):
            yield f"trainer: the script demands one of {', '.join(group)}, and nothing gives one a value"


def _names(option: ScriptOption) -> set[str]:
    """Return the names by which an option may be given."""
    flags = option.form.flags if option.form is not None else ()
    written = (option.name, option.flag, *option.aliases, *(flag.lstrip("-") for flag in flags))
    return {normal_name(name) for name in written if name}
