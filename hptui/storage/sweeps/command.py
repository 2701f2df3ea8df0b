"""`command:` of a sweep file: its macros as the words, placeholders and style of the trainer `command`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.trial import Value
from hptui.storage.studyfile.values import show

USUAL = ("${env}", "${interpreter}", "${program}", "${args}")
MACRO = re.compile(r"\$\{([^}]*)\}")
ASSIGNED = re.compile(r"([A-Za-z_]\w*)=")
ENV = ("${env}", "env", "/usr/bin/env")
VARIABLE = re.compile(r"envvar:([A-Z0-9_]+)")

EXACT: dict[str, Value] = {"preset": "exact", "tables": "python", "also": "wandb"}
HYDRA: dict[str, Value] = {"preset": "hydra", "also": "wandb"}
STYLES: Mapping[str, dict[str, Value]] = {
    "args": EXACT,
    "args_no_equals": {**EXACT, "separator": " "},
    "args_no_hyphens": {**EXACT, "prefix": ""},
    "args_no_boolean_flags": {**EXACT, "booleans": "flag"},
    "args_append_hydra": {**HYDRA, "prefix": "+"},
    "args_override_hydra": {**HYDRA, "prefix": "++"},
}
"""Macros that stand for all parameters, and how each says them. They are in `wandb.config` as well."""

JSON = {"args_json": "{args_json}", "args_json_file": "{args_json_file}", "args_dict": "{args_dict}"}
"""Macros that stand for all parameters in one word."""

PLAIN = ("env", "interpreter", "program", "envvar:NAME")


def read_command(value: Any, program: Any, parameters: Mapping[str, str]) -> dict[str, Value]:
    """The settings of the trainer `command`: `command` and `style`. `parameters`: their name -> ours.

    However the command says them, parameters reach the script through `wandb.config`, too: as with W&B's own agent.
    """
    given = list(USUAL) if value is None else value
    if not isinstance(given, list) or not given:
        raise StudyError(f"must be a list of words, got {show(value)}", where="command", value=value)
    if program is not None and not isinstance(program, str):
        raise StudyError(f"must be text, got {show(program)}", where="program", value=program)
    words: list[Value] = []
    styles: list[str] = []
    for index, item in enumerate(given):
        where = f"command[{index}]"
        if not isinstance(item, str | int | float) or isinstance(item, bool):
            raise StudyError(f"must be text, got {show(item)}", where=where, value=item)
        word = _word(str(item), where, program, parameters, styles)
        if word is not None:
            words.append(word)
    environment = _environment(words) if given[0] in ENV else {}
    if not words:
        raise StudyError("starts no program", where="command", value=value)
    if len(styles) > 1:
        raise StudyError(f"says all parameters twice: {' and '.join(styles)}", where="command", hint="keep one of them")
    style: Value = dict(STYLES[styles[0]]) if styles and styles[0] in STYLES else "wandb"
    return {"command": words, "style": style, **({"env": environment} if environment else {})}


def _environment(words: list[Value]) -> dict[str, Value]:
    """The variables that `env` would set (`${env} SEED=1 python …`), taken from the beginning of the words."""
    found: dict[str, Value] = {}
    while words and (one := ASSIGNED.match(str(words[0]))):
        found[one[1]] = str(words.pop(0))[one.end() :]
    return found


def _word(item: str, where: str, program: str | None, parameters: Mapping[str, str], styles: list[str]) -> str | None:
    """One word; None for `${env}`, which only looks the next word up on the PATH, as we do."""
    if item in ENV and where == "command[0]":
        return None
    whole = MACRO.fullmatch(item.strip())
    if whole is not None:
        name = whole[1]
        if name == "env":
            return None
        if name in STYLES or name in JSON:
            styles.append(name)
            return JSON.get(name, "{args}")
    parts, at = [], 0
    for found in MACRO.finditer(item):
        parts += [_braces(item[at : found.start()]), _inside(found[1], where, program, parameters)]
        at = found.end()
    return "".join([*parts, _braces(item[at:])])


def _inside(name: str, where: str, program: str | None, parameters: Mapping[str, str]) -> str:
    """What a macro inside a word stands for."""
    if name == "interpreter":
        return "python"
    if name == "program":
        if not program:
            raise StudyError("missing: ${program} stands in the command", where="program", hint="program: train.py")
        return _braces(program)
    if name == "env":
        return "/usr/bin/env"
    if found := VARIABLE.fullmatch(name):
        return f"{{env.{found[1]}}}"
    if name in parameters:
        return f"{{{parameters[name]}}}"
    if name in STYLES or name in JSON:
        raise StudyError(f"${{{name}}} stands for several words: it cannot be a part of one", where=where, value=name)
    known = [*PLAIN, *STYLES, *JSON, *parameters]
    raise StudyError(f"there is no macro ${{{name}}}", where=where, value=name, hint=did_you_mean(name, known))


def _braces(text: str) -> str:
    """Text in which nothing is a placeholder."""
    return text.replace("{", "{{").replace("}", "}}")
