"""Reads `command:` of a sweep file: its macros become words, placeholders and style of the trainer `command`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from hptui.core.errors import StudyError, did_you_mean
from hptui.core.gpu_variables import fixed_gpu_variables
from hptui.core.trial import Value
from hptui.core.values import show

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")
"""W&B's command where the file has none."""
MACRO_PATTERN = re.compile(r"\$\{([^}]*)\}")
"""Pattern of a macro such as ${args}."""
ASSIGNMENT_PATTERN = re.compile(r"([A-Za-z_]\w*)=")
"""Pattern of an assignment that `env` makes: NAME=…."""
ENV_WORDS = ("${env}", "env", "/usr/bin/env")
"""Words that look up or change the environment."""
ENVVAR_PATTERN = re.compile(r"envvar:([A-Z0-9_]+)")
"""Pattern of the macro for an environment variable."""

EXACT_STYLE: dict[str, Value] = {"preset": "exact", "lists": "python", "tables": "python", "also": "wandb"}
"""Style of every macro: W&B writes a value as Python's `str` does, lists, tables and None included."""
STYLE_OF_MACRO: Mapping[str, dict[str, Value]] = {
    "args": EXACT_STYLE,
    "args_no_equals": {**EXACT_STYLE, "separator": " "},
    "args_no_hyphens": {**EXACT_STYLE, "prefix": ""},
    "args_no_boolean_flags": {**EXACT_STYLE, "booleans": "flag"},
    "args_append_hydra": {**EXACT_STYLE, "prefix": "+"},
    "args_override_hydra": {**EXACT_STYLE, "prefix": "++"},
}
"""Macros for all parameters, and the style of each. Parameters are in `wandb.config` as well."""

JSON_MACROS = {"args_json": "{args_json}", "args_json_file": "{args_json_file}", "args_dict": "{args_dict}"}
"""Macros for all parameters in one word."""

OTHER_MACROS = ("env", "interpreter", "program", "envvar:NAME")
"""Other macros, as shown in hints."""


def read_command(value: Any, program: Any, parameters: Mapping[str, str], notes: list[str]) -> dict[str, Value]:
    """Return the settings `command`, `style` and `env` of the trainer `command`.

    `parameters` maps the sweep's names to the study's. However the command passes them, parameters reach the script
    through `wandb.config`, too, as with W&B's own agent. Raises: StudyError.
    """
    items = list(DEFAULT_COMMAND) if value is None else value
    if not isinstance(items, list) or not items:
        raise StudyError(f"must be a list of words, got {show(value)}", where="command", value=value)
    if program is not None and not isinstance(program, str):
        raise StudyError(f"must be text, got {show(program)}", where="program", value=program)
    words: list[Value] = []
    styles: list[str] = []
    for index, item in enumerate(items):
        where = f"command[{index}]"
        if not isinstance(item, str | int | float):
            raise StudyError(f"must be text, got {show(item)}", where=where, value=item)
        if (name := _unknown_macro(str(item), parameters)) is not None:
            notes.append(f"{where}: W&B has no macro ${{{name}}}, and its agent leaves the word out; so it is here")
            continue
        word = _word(str(item), where, program, parameters, styles)
        macro = MACRO_PATTERN.fullmatch(str(item).strip())
        if macro is not None and macro[1] in parameters:
            notes.append(f"{where}: ${{{macro[1]}}} is the parameter's value; W&B has no such macro and leaves it out")
        if word is not None:
            words.append(word)
    environment = _environment(words) if items[0] in ENV_WORDS else {}
    if not words or str(words[0]) in ("{args}", *JSON_MACROS.values()):
        hint = 'command: ["${env}", "${interpreter}", "${program}", "${args}"]'
        raise StudyError("starts no program: its first word must be one", where="command", value=value, hint=hint)
    if len(styles) > 1:
        raise StudyError(f"says all parameters twice: {' and '.join(styles)}", where="command", hint="keep one of them")
    style: Value = dict(STYLE_OF_MACRO[styles[0]]) if styles and styles[0] in STYLE_OF_MACRO else "wandb"
    for name, _ in fixed_gpu_variables(environment):
        notes.append(f"command: {name}={environment.pop(name)} is left out: each trial is given a GPU of its own")
    return {"command": words, "style": style, **({"env": dict[str, Value](environment)} if environment else {})}


def _environment(words: list[Value]) -> dict[str, str]:
    """Return the variables that `env` would set (`${env} SEED=1 python …`).

    They are removed from the beginning of the words.
    """
    variables: dict[str, str] = {}
    while words and (assignment := ASSIGNMENT_PATTERN.match(str(words[0]))):
        variables[assignment[1]] = str(words.pop(0))[assignment.end() :]
    return variables


def _word(item: str, where: str, program: str | None, parameters: Mapping[str, str], styles: list[str]) -> str | None:
    """Return one word of the command; None for `${env}`.

    It only looks up the next word on the PATH, as the trainer does.
    """
    if item in ENV_WORDS and where == "command[0]":
        return None
    single_macro = MACRO_PATTERN.fullmatch(item.strip())
    if single_macro is not None:
        name = single_macro[1]
        if name == "env":
            return None
        if name in STYLE_OF_MACRO or name in JSON_MACROS:
            styles.append(name)
            return JSON_MACROS.get(name, "{args}")
    parts, position = [], 0
    for match in MACRO_PATTERN.finditer(item):
        parts += [
            _braces(item[position : match.start()]),
            _inside(match[1], where, program, parameters, is_whole=single_macro is not None),
        ]
        position = match.end()
    return "".join([*parts, _braces(item[position:])])


def _unknown_macro(item: str, parameters: Mapping[str, str]) -> str | None:
    """Return the name of a macro that a word consists of, if none is called like it; else None."""
    match = MACRO_PATTERN.fullmatch(item.strip())
    if match is None or ENVVAR_PATTERN.fullmatch(match[1]):
        return None
    macros = [*OTHER_MACROS, *STYLE_OF_MACRO, *JSON_MACROS, *parameters]
    is_known = match[1] in macros or get_close_matches(match[1], macros, n=1, cutoff=MIN_SIMILARITY)
    return None if is_known else match[1]


MIN_SIMILARITY = 0.8
"""Similarity (0 to 1) from which a name in a word is taken for a misspelt macro."""


def _inside(name: str, where: str, program: str | None, parameters: Mapping[str, str], *, is_whole: bool) -> str:
    """Return the text for a macro inside a word."""
    if name == "interpreter":
        return "python"
    if name == "program":
        if not program:
            raise StudyError("missing: ${program} stands in the command", where="program", hint="program: train.py")
        return _braces(program)
    if name == "env":
        return "/usr/bin/env"
    if variable := ENVVAR_PATTERN.fullmatch(name):
        return f"{{env.{variable[1]}}}"
    if name in parameters:
        return f"{{{parameters[name]}}}"
    if name in STYLE_OF_MACRO or name in JSON_MACROS:
        raise StudyError(f"${{{name}}} stands for several words: it cannot be a part of one", where=where, value=name)
    macros = [*OTHER_MACROS, *STYLE_OF_MACRO, *JSON_MACROS, *parameters]
    if not is_whole and not get_close_matches(name, macros, n=1, cutoff=MIN_SIMILARITY):
        return _braces(f"${{{name}}}")  # W&B leaves it to the script: a resolver of Hydra, a variable of a shell
    raise StudyError(f"there is no macro ${{{name}}}", where=where, value=name, hint=did_you_mean(name, macros))


def _braces(text: str) -> str:
    """Return the text with its braces escaped, so that it has no placeholders."""
    return text.replace("{", "{{").replace("}", "}}")
