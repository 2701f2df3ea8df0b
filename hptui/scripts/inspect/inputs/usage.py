"""What the head of a script says of how it is started: the data and the model that no default names."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hptui.scripts.inspect.inputs.guesses import guess_value
from hptui.scripts.inspect.shell_commands import shell_commands
from hptui.scripts.inspect.started import with_given_words
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption

WHAT_IS_TRAINED = re.compile(
    r"(?:.*_)?(?:data|dataset|datasets|corpus|model|tokenizer|reward|task|env|(?:train|validation|test|eval)_file)(?:_.*)?",
    re.IGNORECASE,
)
"""Names of options without which a script has nothing to train or to train on."""
NO_VALUE = re.compile(r"[<>\[\]{}$*]|\.\.\.|…|\bpath/to\b|\byour\b|^(?:/?path|file|dir|name)$", re.IGNORECASE)
"""What stands for a value in a usage line: `path/to/data`, `[MODEL]`."""


def with_values_of_usage(script: InspectedScript, path: Path) -> InspectedScript:
    """Return a script with values that the first command in its head gives, where it has no default.

    Options with a default keep it; so do those that name no data and no model.
    """
    wanted = [option for option in script.options if option.default is None and _is_needed(option)]
    for words in _commands(path) if wanted else ():
        plain = [replace(option, positional=option.positional and option.required) for option in wanted]
        copy = with_given_words(replace(script, options=plain, settings={}, notes=[]), words)
        given = {option.name: option.default for option in copy.options if option.default is not None}
        given = {name: value for name, value in given.items() if not NO_VALUE.search(str(value))}
        taken = [option for option in wanted if option.name in given]
        if not taken:
            continue
        script.give_defaults({option.name: given[option.name] for option in taken})
        names = ", ".join(option.name for option in taken)
        script.notes.append(f"{names}: as the head of {path.name} starts it")
        break
    return script


def _is_needed(option: ScriptOption) -> bool:
    if option.required and guess_value(option) is None:
        return True
    is_none = option.form is None or option.form.silent is None  # a default that is not seen is one, too
    return is_none and WHAT_IS_TRAINED.fullmatch(option.name) is not None


def _commands(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the words behind a script's name in each command of its docstring and first comments."""
    try:
        source = path.read_text(errors="replace")
        text = ast.get_docstring(ast.parse(source)) or ""
    except (OSError, SyntaxError, ValueError):
        return
    comments = itertools.takewhile(lambda line: not line or line.startswith("#"), source.splitlines())
    text += "\n" + "\n".join(line.removeprefix("#") for line in comments)
    text = re.sub(r"\\[ \t]*\r?\n", " ", text)
    for command in shell_commands(re.sub(r"^[ \t]*[$%>][ \t]", "", text, flags=re.MULTILINE)):
        place = next((i for i, word in enumerate(command.words) if Path(word).name == path.name), None)
        if place is not None and command.words[place + 1 :]:
            yield command.words[place + 1 :]
