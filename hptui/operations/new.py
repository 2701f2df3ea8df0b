"""`hptui new`: write a first study file, from a training script, a sweep file, or the name of a built-in trainer.

A script's file has its parameters, their defaults, and typical ranges as comments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hptui import plugins
from hptui.core.errors import UserError, did_you_mean
from hptui.core.laws import Law
from hptui.operations.new_command import one_line, stem_of, study_name
from hptui.operations.new_script import SEARCH_LINES, study_file_of, study_file_of_script
from hptui.operations.study_schema import schema_line
from hptui.results.export.text_formats import toml_key, toml_value, write_atomically
from hptui.trainers import registry

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript


def write_study_file(
    source: str, output: Path | None = None, with_schema: bool = False, laws: bool = True
) -> tuple[Path, list[str]]:
    """Write a study file for `source`: a script, a file of a sweep or a tool, or a trainer's name.

    `with_schema`: the JSON Schema of its trainer is written next to it, and its first line names that file. With
    `laws` the ranges are those of published laws, where one applies. Returns its path, and notes for the user.
    Raises: `UserError` when the file exists already or `source` is unknown.
    """
    path = _script_named(source)
    place = output.parent if output else Path()
    tool = _of_tool(path)
    if tool is not None:
        text, notes = study_file_of(tool[0], path, (Path.cwd(), tool[1]), place)
    elif path.suffix in (".yaml", ".yml"):
        text, notes = _from_sweep(path, place)
    elif path.suffix == ".py" or path.is_file():
        text, notes = study_file_of_script(path, place)
    elif source in plugins.names("trainers") or source in plugins.names("trainers", installed=True):
        text, notes = _from_trainer(source, laws)
    else:
        hint = did_you_mean(source, plugins.names("trainers", installed=True))
        raise UserError(f"there is no file {source!r} and no such trainer", hint=hint)
    target = output or Path(f"{study_name(stem_of(path))}.toml")
    if target.exists():
        raise UserError(f"{target} is there already", hint="-o FILE writes another one")
    if with_schema:
        is_trainer = path.suffix not in (".yaml", ".yml", ".py") and not path.is_file()
        text = schema_line(source if is_trainer else "command", target) + text
    write_atomically(target, text.encode())
    return target, notes


def _script_named(source: str) -> Path:
    """Return the file of a path, of a package with `__main__.py`, or of a module such as `pkg.train`."""
    path = Path(source)
    module = Path(*source.split("."))
    candidates = (path / "__main__.py", module.with_suffix(".py"), module / "__main__.py")
    return path if path.is_file() else next((file for file in candidates if file.is_file()), path)


def _of_tool(path: Path) -> tuple[InspectedScript, list[str]] | None:
    from hptui.scripts.inspect.inputs.tool_files import tool_of_file

    return tool_of_file(path) if path.suffix in (".yaml", ".yml") and path.is_file() else None


def _from_sweep(path: Path, directory: Path) -> tuple[str, list[str]]:
    from hptui import studyfile
    from hptui.studyfile.wandb import convert, parse_yaml, to_toml

    studyfile.read_file(path, schema=registry.schema)  # raises for a sweep that cannot be run, before it is translated
    document, repaired = parse_yaml(path.read_text(encoding="utf-8-sig"))
    sweep = convert(document, str(path.absolute()), repaired)
    trainer = sweep.document["trainer"]
    assert isinstance(trainer, dict)
    # Paths are relative to the file that holds them, and the new file may be in another directory.
    workdir = os.path.relpath(path.absolute().parent / str(trainer.pop("workdir", "")), directory.absolute())
    if workdir != ".":
        sweep.document["trainer"] = {**trainer, "workdir": workdir}
    return to_toml(sweep, path.name), sweep.notes


# -- a built-in trainer


def _from_trainer(kind: str, use_laws: bool) -> tuple[str, list[str]]:
    settings = registry.schema(kind) or {}
    metric = DEFAULT_METRICS.get(kind, "loss")
    lines = [f"name = {toml_value(f'{kind}-study')}", "", "[objective]", f"metric = {toml_value(metric)}"]
    lines += ['goal = "minimize"', "", "[trainer]", f"kind = {toml_value(kind)}"]
    for name, info in settings.items():
        value = '""' if info.default is None else toml_value(info.default)
        lines.append(f"{'' if info.required else '# '}{toml_key(name)} = {value}{_help_comment(info.help)}")
    entry = 'learning_rate = "1e-4..1e-2 log"' if "learning_rate" in settings else '# lr = "1e-4..1e-2 log"'
    notes = []
    defaults = {name: info.default for name, info in settings.items() if not info.required}
    for law in registry.laws(kind, defaults, ["learning_rate"]) if use_laws else ():
        if law.setting == "learning_rate":
            entry = f'learning_rate = "{law_range(law, defaults)} log"  # {law.why}'
            notes.append(f"learning_rate: the range is the law's value × and ÷ {law.factor:g}; laws = false forgoes it")
    search = SEARCH_LINES if use_laws else [*SEARCH_LINES, "laws = false"]
    return "\n".join([*lines, "", "[space]", entry, "", *search]) + "\n", notes


def law_range(law: Law, defaults: Mapping[str, object]) -> str:
    """Return the range around a law's value, with two digits: `1.2e-4..1.2e-2`.

    The trainer's own value is in it.
    """
    default = defaults.get(law.setting)
    own = [float(default)] if isinstance(default, int | float) and default > 0 else []
    low, high = min(law.value / law.factor, *own, law.value), max(min(law.value * law.factor, law.highest), *own)
    return f"{low:.1e}..{high:.1e}".replace("e-0", "e-").replace("e+0", "e+")


DEFAULT_METRICS = {"charlm": "val_loss", "sft": "eval_loss"}
"""Objective that built-in trainers are measured by."""


def _help_comment(text: str) -> str:
    return f"  # {one_line(text)}" if text else ""
