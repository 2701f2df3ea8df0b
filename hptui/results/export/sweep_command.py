"""`program:` and `command:` of a sweep file, for a study whose trainer is a script; the rest under `hptui:`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hptui.model.scripts import OWN, spelled
from hptui.model.trial import Value
from hptui.results.export.config import Names
from hptui.results.view import View
from hptui.storage.sweeps.command import JSON, STYLES

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][\w.]*)\}")
INTERPRETERS = ("python", "python3", "{python}")
WORDS = {"": "${args}", "argparse": "${args}", "hf": "${args}", "exact": "${args}", "hydra": "${args_no_hyphens}"}
"""Our styles that an agent's own macro comes near to."""
SILENT = ("none", "wandb")
"""Styles that put nothing on the command line: an agent hands on parameters through `wandb.config` by itself."""


@dataclass
class Script:
    """How an agent starts the script, what hptui alone understands, and what nobody but hptui can do."""

    head: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    unsaid: list[str] = field(default_factory=list)


def started(view: View, names: Names) -> Script:
    """The command of a study in the words of a sweep; `hptui:` holds it as it was, so that it reads back the same."""
    settings = view.study.trainer.settings
    given = settings.get("command")
    script = Script()
    words = [str(one) for one in given] if isinstance(given, list) else []
    program = next((n for n, one in enumerate(words) if one.endswith(".py")), None)
    if program is not None:
        script.head["program"] = words[program]
    parameters = _parameters(view)
    script.head["command"] = _command(view, words, program, parameters, names, script.unsaid)
    if not names:  # else commands and constraints would speak of parameters by names that this file does not have
        kept = {*OWN, *view.study.space.names}  # the baseline's own values of what is searched, too
        own = {name: value for name, value in settings.items() if name in kept}
        script.extras = {"trainer": {"style": "argparse", **own}, **_search(view)}
    return script


def _parameters(view: View) -> list[str]:
    derived = {one.name for one in view.study.space.derived}
    return [name for name in dict.fromkeys([*view.study.space.names, *view.base]) if name not in derived]


def _command(
    view: View, words: Sequence[str], program: int | None, parameters: Sequence[str], names: Names, unsaid: list[str]
) -> list[str]:
    found: list[str] = ["${env}"]
    placed: set[str] = set()
    for n, one in enumerate(words):
        if one == "{args}" or one in JSON.values():
            found.append(one)
        elif one in INTERPRETERS:
            found.append("${interpreter}")
        else:
            found.append("${program}" if n == program else _word(view, one, parameters, names, placed, unsaid))
    said = [name for name in parameters if name not in placed]
    at = found.index("{args}") if "{args}" in found else len(found)
    macros = {word: f"${{{macro}}}" for macro, word in JSON.items()}
    rest = [macros.get(one, one) for one in found[at + 1 :]]
    return [*(macros.get(one, one) for one in found[:at]), *_arguments(view, said, names, unsaid), *rest]


def _word(view: View, text: str, parameters: Sequence[str], names: Names, placed: set[str], unsaid: list[str]) -> str:
    """A word with its placeholders as macros; what only hptui knows becomes a variable of the environment."""

    def one(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0][0]
        if name in parameters:
            placed.add(name)
            return f"${{{names.get(name, name)}}}"
        if name.startswith("env."):
            return f"${{envvar:{name.removeprefix('env.').upper()}}}"
        if name == "seed":
            return str(view.study.search.seed)
        variable = f"HPTUI_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"
        unsaid.append(f"{{{name}}} in the command: an agent takes the variable {variable} of its environment")
        return f"${{envvar:{variable}}}"

    return PLACEHOLDER.sub(one, text)


def _arguments(view: View, said: Sequence[str], names: Names, unsaid: list[str]) -> list[str]:
    """All parameters that no word names: by an agent's macro, or one by one where none says them as they must be."""
    settings = view.study.trainer.settings
    style = settings.get("style", "")
    own = spelled(view.study.trainer.kind, settings)
    macro = next((f"${{{name}}}" for name, known in STYLES.items() if _spoken(known) == _spoken(style)), None)
    if macro is None and isinstance(style, str) and not own:
        macro = WORDS.get(style)
    if macro is not None and len(said) == len(_parameters(view)):
        return [macro]
    if style in SILENT or settings.get("config") is not None:
        if settings.get("config") is not None:
            unsaid.append("the configuration file that the script reads: hptui writes it, an agent does not")
        return []
    if style == "env":
        unsaid.append("parameters as variables of the environment: an agent hands them on as wandb.config")
        return []
    table: Mapping[str, Value] = style if isinstance(style, dict) else {"preset": style or "argparse"}
    prefix = str(table.get("prefix", "" if table.get("preset") == "hydra" else "--"))
    dashed = table.get("names", "dash" if table.get("preset") == "click" else "keep") == "dash"
    words = []
    for name in said:
        called = own.get(name, name)
        spelt = called.replace("_", "-") if dashed else called
        words.append(f"{prefix}{spelt}=${{{names.get(name, name)}}}")
    return words


def _search(view: View) -> dict[str, Any]:
    """What `[search]` says and a sweep cannot."""
    search = view.study.search
    found: dict[str, Any] = {"sampler": search.sampler, "seed": search.seed, "baseline": search.baseline}
    if view.study.space.constraints:
        found["constraints"] = [one.text for one in view.study.space.constraints]
    return found


def _spoken(style: Value) -> Value:
    """A style without what an agent does by itself: it hands parameters on through `wandb.config`, too."""
    return {key: value for key, value in style.items() if key != "also"} if isinstance(style, dict) else style
