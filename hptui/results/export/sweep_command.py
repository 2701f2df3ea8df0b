"""`program:` and `command:` of a sweep file for a study of a script; what only hptui reads is under `hptui:`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hptui.model.scripts import COMMAND_KEYS, script_names
from hptui.model.trial import Value
from hptui.results.export.config import Names
from hptui.results.view import View
from hptui.storage.sweeps.command import JSON_MACROS, STYLE_OF_MACRO

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.]*)\}")
"""`{NAME}` in a command; `{{` and `}}` are literal braces."""
INTERPRETERS = ("python", "python3", "{python}")
"""Words of a command that a sweep writes as `${interpreter}`."""
MACRO_BY_STYLE = {
    "": "${args}",
    "argparse": "${args}",
    "hf": "${args}",
    "exact": "${args}",
    "hydra": "${args_no_hyphens}",
}
"""Styles of arguments that a macro of W&B agents matches."""
STYLES_WITHOUT_ARGUMENTS = ("none", "wandb")
"""Styles without command-line arguments: agents pass parameters through `wandb.config` anyway."""


@dataclass
class SweepScript:
    """A script in a sweep file: keys for agents (`head`), keys for hptui (`extras`), and what agents cannot do."""

    head: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    unsupported: list[str] = field(default_factory=list)


def script_of_sweep(view: View, names: Names) -> SweepScript:
    """Return the command of a study in the form of a sweep; `hptui:` keeps it as it was, to read it back."""
    settings = view.study.trainer.settings
    command = settings.get("command")
    script = SweepScript()
    words = [str(item) for item in command] if isinstance(command, list) else []
    program = next((n for n, item in enumerate(words) if item.endswith(".py")), None)
    if program is not None:
        script.head["program"] = words[program]
    parameters = _parameters(view)
    script.head["command"] = _command(view, words, program, parameters, names, script.unsupported)
    if not names:  # commands and constraints use the original names, which a renamed file lacks
        kept_names = {*COMMAND_KEYS, *view.study.space.names}  # with the baseline's values of searched settings
        trainer = {name: value for name, value in settings.items() if name in kept_names}
        script.extras = {"trainer": {"style": "argparse", **trainer}, **_search_extras(view)}
    return script


def _parameters(view: View) -> list[str]:
    derived = {setting.name for setting in view.study.space.derived}
    return [name for name in dict.fromkeys([*view.study.space.names, *view.base]) if name not in derived]


def _command(
    view: View,
    words: Sequence[str],
    program: int | None,
    parameters: Sequence[str],
    names: Names,
    unsupported: list[str],
) -> list[str]:
    result: list[str] = ["${env}"]
    mentioned: set[str] = set()
    for n, item in enumerate(words):
        if item == "{args}" or item in JSON_MACROS.values():
            result.append(item)
        elif item in INTERPRETERS:
            result.append("${interpreter}")
        else:
            result.append(
                "${program}" if n == program else _macro_word(view, item, parameters, names, mentioned, unsupported)
            )
    remaining = [name for name in parameters if name not in mentioned]
    args_index = result.index("{args}") if "{args}" in result else len(result)
    macros = {word: f"${{{macro}}}" for macro, word in JSON_MACROS.items()}
    after = [macros.get(item, item) for item in result[args_index + 1 :]]
    return [
        *(macros.get(item, item) for item in result[:args_index]),
        *_arguments(view, remaining, names, unsupported),
        *after,
    ]


def _macro_word(
    view: View, text: str, parameters: Sequence[str], names: Names, mentioned: set[str], unsupported: list[str]
) -> str:
    """Return a word with its placeholders as macros, or as environment variables if only hptui has them."""

    def replacement(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name in parameters:
            mentioned.add(name)
            return f"${{{names.get(name, name)}}}"
        if name.startswith("env."):
            return f"${{envvar:{name.removeprefix('env.').upper()}}}"
        if name == "seed":
            return str(view.study.search.seed)
        variable = f"HPTUI_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"
        unsupported.append(f"{{{name}}} in the command: an agent takes the variable {variable} of its environment")
        return f"${{envvar:{variable}}}"

    return PLACEHOLDER.sub(replacement, text)


def _arguments(view: View, remaining: Sequence[str], names: Names, unsupported: list[str]) -> list[str]:
    """Return the arguments for all parameters not yet mentioned: an agent's macro, or one by one."""
    settings = view.study.trainer.settings
    style = settings.get("style", "")
    option_names = script_names(view.study.trainer.kind, settings)
    macro = next(
        (
            f"${{{name}}}"
            for name, style_of_macro in STYLE_OF_MACRO.items()
            if _command_line_part(style_of_macro) == _command_line_part(style)
        ),
        None,
    )
    if macro is None and isinstance(style, str) and not option_names:
        macro = MACRO_BY_STYLE.get(style)
    if macro is not None and len(remaining) == len(_parameters(view)):
        return [macro]
    if style in STYLES_WITHOUT_ARGUMENTS or settings.get("config") is not None:
        if settings.get("config") is not None:
            unsupported.append("the configuration file that the script reads: hptui writes it, an agent does not")
        return []
    if style == "env":
        unsupported.append("parameters as variables of the environment: an agent hands them on as wandb.config")
        return []
    table: Mapping[str, Value] = style if isinstance(style, dict) else {"preset": style or "argparse"}
    prefix = str(table.get("prefix", "" if table.get("preset") == "hydra" else "--"))
    uses_dashes = table.get("names", "dash" if table.get("preset") == "click" else "keep") == "dash"
    words = []
    for name in remaining:
        option = option_names.get(name, name)
        spelling = option.replace("_", "-") if uses_dashes else option
        words.append(f"{prefix}{spelling}=${{{names.get(name, name)}}}")
    return words


def _search_extras(view: View) -> dict[str, Any]:
    """Return what `[search]` contains and a sweep cannot express."""
    search = view.study.search
    settings: dict[str, Any] = {"sampler": search.sampler, "seed": search.seed, "baseline": search.baseline}
    if view.study.space.constraints:
        settings["constraints"] = [constraint.text for constraint in view.study.space.constraints]
    return settings


def _command_line_part(style: Value) -> Value:
    """Return a style without `also`: agents pass parameters through `wandb.config` in any case."""
    return {key: value for key, value in style.items() if key != "also"} if isinstance(style, dict) else style
