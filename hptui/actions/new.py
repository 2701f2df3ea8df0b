"""`hptui new`: a study file to start from, made from a training script, a sweep file, or one of our trainers."""

from __future__ import annotations

import os
from pathlib import Path

from hptui.actions.newscript import SEARCH, of_script, one_line, study_name
from hptui.model.errors import UserError, did_you_mean
from hptui.results.export.files import save
from hptui.results.export.toml_text import toml_key, toml_value
from hptui.trainers import registry


def new(source: str, output: Path | None = None) -> tuple[Path, list[str]]:
    """Write a study file for `source`: a script, a `.yaml` sweep, or the name of a trainer. Never over another file.

    Returns where it is, and what the person should know.
    """
    path = Path(source)
    if path.suffix in (".yaml", ".yml"):
        text, notes = _of_sweep(path, (output or Path()).parent)
    elif path.suffix == ".py" or path.is_file():
        text, notes = of_script(path, output.parent if output else Path())
    elif source in registry.KINDS:
        text, notes = _of_trainer(source), []
    else:
        known = did_you_mean(source, registry.KINDS)
        raise UserError(f"there is no file {source!r} and no such trainer", hint=known)
    target = output or Path(f"{study_name(path.stem)}.toml")
    if target.exists():
        raise UserError(f"{target} is there already", hint="-o FILE writes another one")
    save(target, text.encode())
    return target, notes


def _of_sweep(path: Path, place: Path) -> tuple[str, list[str]]:
    from hptui.storage import studyfile
    from hptui.storage.sweeps import convert, parse_yaml, to_toml

    studyfile.load(path, schema=registry.schema)  # a sweep that cannot be run is not worth translating
    found, repaired = parse_yaml(path.read_text(encoding="utf-8-sig"))
    sweep = convert(found, str(path.absolute()), repaired)
    trainer = sweep.document["trainer"]
    assert isinstance(trainer, dict)
    # Paths are relative to the file that holds them, and the new one may lie elsewhere.
    runs = os.path.relpath(path.absolute().parent / str(trainer.pop("workdir", "")), place.absolute())
    if runs != ".":
        sweep.document["trainer"] = {**trainer, "workdir": runs}
    return to_toml(sweep, path.name), sweep.notes


# -- one of our trainers


def _of_trainer(kind: str) -> str:
    settings = registry.schema(kind) or {}
    metric = METRICS.get(kind, "loss")
    lines = [f"name = {toml_value(f'{kind}-study')}", "", "[objective]", f"metric = {toml_value(metric)}"]
    lines += ['goal = "minimize"', "", "[trainer]", f"kind = {toml_value(kind)}"]
    for name, info in settings.items():
        value = '""' if info.default is None else toml_value(info.default)
        lines.append(f"{'' if info.required else '# '}{toml_key(name)} = {value}{_help(info.help)}")
    ranged = 'learning_rate = "1e-4..1e-2 log"' if "learning_rate" in settings else '# lr = "1e-4..1e-2 log"'
    return "\n".join([*lines, "", "[space]", ranged, "", *SEARCH]) + "\n"


METRICS = {"charlm": "val_loss", "sft": "eval_loss"}
"""What our trainers are judged by."""


def _help(text: str) -> str:
    return f"  # {one_line(text)}" if text else ""
