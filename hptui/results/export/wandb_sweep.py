"""The study's space and command as a W&B sweep file.

What only hptui reads is under `hptui:`; what a sweep cannot express is written as comments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from hptui.core.command_settings import COMMAND_KEYS, COMMAND_KIND, script_names
from hptui.core.dataclass import dataclass
from hptui.core.errors import Unsupported
from hptui.core.parameters import Choice, Float, Parameter
from hptui.core.trial import Value
from hptui.results.export.config import Names, made_by
from hptui.results.export.text_formats import comment_lines, yaml_text
from hptui.results.view import View
from hptui.studyfile.wandb.command import JSON_MACROS, STYLE_OF_MACRO

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
MACRO_BY_HYDRA_PREFIX = {"+": "${args_append_hydra}", "++": "${args_override_hydra}"}
"""Macros of Hydra's overrides, whose parser reads W&B's spelling of values, too."""
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
    if macro is None and isinstance(style, dict) and style.get("preset") == "hydra":
        macro = MACRO_BY_HYDRA_PREFIX.get(str(style.get("prefix"))) if len(style) == 2 else None
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


SWEEP_METHODS = {"random": "random", "qmc": "random", "grid": "grid"}
"""Sweep method by sampler; all others become bayes."""
MAX_LISTED_VALUES = 1000
"""A stepped range of at most this many values is listed: a sweep's steps are multiples of q, not steps from min."""


def sweep_text(view: View, names: Names | None = None) -> str:
    """Return `sweep.yaml`: method, metric, and all settings, fixed ones as constants.

    Raises: Unsupported for a study without a search space.
    """
    study, names = view.study, names or {}
    if not study.space.parameters:
        raise Unsupported("a study without a search space is no sweep", hint="--format toml lists its experiments")
    searched = {parameter.name: parameter for parameter in study.space.parameters}
    derived = {setting.name for setting in study.space.derived}
    parameters: dict[str, Any] = {
        names.get(name, name): _sweep_parameter(parameter) for name, parameter in searched.items()
    }
    for name, value in view.base.items():
        if name not in searched and name not in derived and value is not None:
            parameters[names.get(name, name)] = {"value": value}
    script = script_of_sweep(view, names) if study.trainer.kind == COMMAND_KIND else None
    document: dict[str, Any] = script.head if script else {}
    document |= {"name": study.name}
    if study.about:
        document["description"] = study.about
    document |= {
        "method": SWEEP_METHODS.get(study.search.sampler, "bayes") if len(study.objectives) < 2 else "random",
    }
    if study.objectives:
        document["metric"] = {"name": study.objective.metric, "goal": study.objective.goal}
    if study.search.trials is not None:
        document["run_cap"] = study.search.trials
    document["parameters"] = parameters
    if script and script.extras:
        document["hptui"] = script.extras
    return comment_lines(_comments(view, script)) + yaml_text(document)


def _sweep_parameter(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter, Choice):
        return {"values": list(parameter.choices)}
    if parameter.step is not None:
        values = parameter.values()
        if values is None or len(values) > MAX_LISTED_VALUES:
            return {"distribution": "q_uniform", "min": parameter.low, "max": parameter.high, "q": parameter.step}
        return {"values": list(values)}
    bounds = {"min": parameter.low, "max": parameter.high}
    if not parameter.log:
        return {"distribution": "uniform" if isinstance(parameter, Float) else "int_uniform", **bounds}
    if isinstance(parameter, Float):
        return {"distribution": "log_uniform_values", **bounds}
    return {"distribution": "q_log_uniform_values", **bounds, "q": 1}


def _comments(view: View, script: SweepScript | None) -> list[str]:
    """Return comments that state what the study contains and a sweep cannot express."""
    study = view.study
    lines = [f"the space of {study.name}; {made_by()}"]
    if script is None:
        lines.append("add `program:`, the script that an agent is to run")
    else:
        if script.extras:
            lines.append("`hptui:` says to hptui what no sweep can say; agents of W&B do not look at it")
        lines += [f"not in a sweep: {note}" for note in script.unsupported]
    lines += [f"not in a sweep: {derived.name} = {derived.expr.text}" for derived in study.space.derived]
    lines += [f"not in a sweep: {item.name} only when {item.when.text}" for item in study.space.parameters if item.when]
    lines += [f"not in a sweep: the constraint {constraint.text}" for constraint in study.space.constraints]
    lines += [f"not in a sweep: the objective {goal.metric}, to {goal.goal}" for goal in study.objectives[1:]]
    if study.search.pruner.kind != "none":
        lines.append(f"not in a sweep: the pruner {study.search.pruner.kind}")
    return lines
