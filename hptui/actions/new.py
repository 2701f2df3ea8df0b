"""`hptui new`: write a first study file, from a training script, a sweep file, or the name of a built-in trainer."""

from __future__ import annotations

import os
from pathlib import Path

from hptui.actions.newscript import SEARCH_LINES, one_line, study_file_of_script, study_name
from hptui.model.errors import UserError, did_you_mean
from hptui.results.export.files import write_atomically
from hptui.results.export.toml_text import toml_key, toml_value
from hptui.trainers import registry


def write_study_file(source: str, output: Path | None = None) -> tuple[Path, list[str]]:
    """Write a study file for `source`: a script, a `.yaml` sweep, or the name of a trainer.

    Returns its path, and notes for the user. Raises: `UserError` when the file exists already or `source` is unknown.
    """
    path = Path(source)
    if path.suffix in (".yaml", ".yml"):
        text, notes = _from_sweep(path, (output or Path()).parent)
    elif path.suffix == ".py" or path.is_file():
        text, notes = study_file_of_script(path, output.parent if output else Path())
    elif source in registry.KINDS:
        text, notes = _from_trainer(source), []
    else:
        hint = did_you_mean(source, registry.KINDS)
        raise UserError(f"there is no file {source!r} and no such trainer", hint=hint)
    target = output or Path(f"{study_name(path.stem)}.toml")
    if target.exists():
        raise UserError(f"{target} is there already", hint="-o FILE writes another one")
    write_atomically(target, text.encode())
    return target, notes


def _from_sweep(path: Path, directory: Path) -> tuple[str, list[str]]:
    from hptui.storage import studyfile
    from hptui.storage.sweeps import convert, parse_yaml, to_toml

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


def _from_trainer(kind: str) -> str:
    settings = registry.schema(kind) or {}
    metric = DEFAULT_METRICS.get(kind, "loss")
    lines = [f"name = {toml_value(f'{kind}-study')}", "", "[objective]", f"metric = {toml_value(metric)}"]
    lines += ['goal = "minimize"', "", "[trainer]", f"kind = {toml_value(kind)}"]
    for name, info in settings.items():
        value = '""' if info.default is None else toml_value(info.default)
        lines.append(f"{'' if info.required else '# '}{toml_key(name)} = {value}{_help_comment(info.help)}")
    space_entry = 'learning_rate = "1e-4..1e-2 log"' if "learning_rate" in settings else '# lr = "1e-4..1e-2 log"'
    return "\n".join([*lines, "", "[space]", space_entry, "", *SEARCH_LINES]) + "\n"


DEFAULT_METRICS = {"charlm": "val_loss", "sft": "eval_loss"}
"""Objective that built-in trainers are measured by."""


def _help_comment(text: str) -> str:
    return f"  # {one_line(text)}" if text else ""
