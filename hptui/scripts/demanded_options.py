"""Warnings of options that a script cannot do without and that a configuration does not give it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
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
SETTINGS_NAME = re.compile(
    r"(?:^|_)(?:config\w*|configuration|cfg|conf|c|settings?|h?params?|parameters?|opts?|options?|args|arguments|yaml|yml|"
    r"experiment|exp|recipe|spec|preset)(?:_|$)"
)
"""Names of options whose file may give others; that of `--json_path` is data."""


def demanded_warnings(spec: CommandTable, words: Sequence[str], directory: Path) -> Iterator[str]:
    """Yield warnings of options that are demanded and not given, and of values that train nothing."""
    style = read_style(spec.settings.style)
    if not isinstance(style, ArgumentStyle) or style.also or spec.settings.config is not None:
        return
    inspected = declared_script(words, directory)
    if inspected is None or _may_give_more(words, inspected.options):
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


def _may_give_more(words: Sequence[str], options: Sequence[ScriptOption]) -> bool:
    """Return whether a word may be a file of options: not one that an option for data is given."""
    of_data = {n for option in options for n in _names(option) if not SETTINGS_NAME.search(normal_name(option.name))}
    for before, word in pairwise(["", *words]):
        name = word.partition("=")[0] if word.startswith("-") else before
        is_data = name.startswith("-") and normal_name(name.lstrip("-")) in of_data
        if word.startswith("@") or (word.endswith(FILES_OF_SETTINGS) and not is_data):
            return True
    return False


def _names(option: ScriptOption) -> set[str]:
    """Return the names by which an option may be given."""
    flags = option.form.flags if option.form is not None else ()
    written = (option.name, option.flag, *option.aliases, *(flag.lstrip("-") for flag in flags))
    return {normal_name(name) for name in written if name}
