"""Files of earlier runs that a script goes on from where it finds them: its value would be that of other settings."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

from hptui.core.errors import UserError
from hptui.core.trial import Value
from hptui.scripts.program import script_of


def resumed_files(words: Sequence[str], directory: Path, parameters: Mapping[str, Value]) -> list[str]:
    """Return the relative paths of what the script of a command goes on from, as its source shows.

    The default of an option that the command or a parameter sets is none. `directory` is where the script is.
    """
    from hptui.scripts.inspect import inspect_options
    from hptui.scripts.inspect.project import with_imported_modules
    from hptui.scripts.inspect.shared_files import shared_files

    script = script_of(words, directory)
    if script is None or script.suffix != ".py":
        return []
    try:
        tree = ast.parse(script.read_text(encoding="utf-8-sig"))
        resumed = shared_files(with_imported_modules(tree, script) or tree).resumed
        options = inspect_options(script).options if resumed else []
    except (OSError, ValueError, SyntaxError, RecursionError, UserError):
        return []
    given = {word.partition("=")[0].lstrip("-") for word in words}
    set_elsewhere = {
        str(option.default)
        for option in options
        if {option.flag, option.name} & given or parameters.get(option.name, option.default) != option.default
    }
    return [path for path in resumed if path not in set_elsewhere and "*" not in path]


def found_files(words: Sequence[str], source: Path, work: Path, parameters: Mapping[str, Value]) -> list[str]:
    """Return what a script that starts in `work` would go on from, of what lies there now."""
    return [path for path in resumed_files(words, source, parameters) if (work / path).exists()]
