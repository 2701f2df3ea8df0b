"""Reads a study file, or the JSON in the store, into a `Study`, and applies `--set` changes to one.

Every error names file, location and value. tomlkit is imported only when TOML is read: JSON is read without it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hptui.core.errors import Problems, StudyError, Unsupported, did_you_mean
from hptui.core.key_types import TEXT, require_table
from hptui.core.masking import mask
from hptui.core.notify import Notify
from hptui.core.space import Space
from hptui.core.study import (
    ListedTrial,
    MetricSpec,
    Notes,
    Objective,
    Preset,
    RayCluster,
    ReportSpec,
    Resources,
    Search,
    Slurm,
    Ssh,
    Stage,
    Study,
    TrainerSettings,
)
from hptui.core.trial import Value
from hptui.core.values import parse_value, to_plain, unquoted
from hptui.studyfile import sections
from hptui.studyfile.notify import read_notify
from hptui.studyfile.ray import read_ray, validate_ray
from hptui.studyfile.schema import ROOT
from hptui.studyfile.search_section import read_search as read_search
from hptui.studyfile.sections import read_reference, read_stages
from hptui.studyfile.serialize import to_json
from hptui.studyfile.slurm import read_slurm, validate_slurm
from hptui.studyfile.space_entries import entries_by_name, expand_short_entry, read_space
from hptui.studyfile.ssh import read_ssh, validate_ssh
from hptui.studyfile.table import TableReader
from hptui.studyfile.trainer_settings import Schema, look_up
from hptui.studyfile.unknown_keys import split_unknown
from hptui.studyfile.validate import validate

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Maximum size of a study file in bytes."""


def read_file(path: str | os.PathLike[str], schema: Schema | None = None) -> Study:
    """Return the validated study in the file at `path`: TOML, or a W&B sweep in YAML.

    `schema(kind, directory)` gives the trainer's settings. Raises: StudyError, StudyFileErrors, Unsupported.
    """
    absolute = os.path.abspath(path)
    with error_file(os.fspath(path)):
        if absolute.endswith((".yaml", ".yml")):
            return _from_sweep(_read_bounded_text(Path(absolute)), absolute, schema)
        return _from_toml(_read_bounded_text(Path(absolute)), absolute, os.path.dirname(absolute), schema)


def _from_sweep(text: str, absolute: str, schema: Schema | None) -> Study:
    """Return a W&B sweep file as a study; errors name locations in the sweep file."""
    from hptui.studyfile.wandb import convert, parse_yaml
    from hptui.studyfile.wandb.naming import errors_name_sweep

    values, repaired = parse_yaml(text)
    with errors_name_sweep():
        sweep = convert(values, absolute, repaired)
        study = study_from_document(sweep.document, absolute, os.path.dirname(absolute), schema, checked=True)
    return replace(study, remarks=tuple(sweep.notes))


def read_text(text: str, source: str = "", directory: str = "", schema: Schema | None = None) -> Study:
    """Return the validated study of a TOML text. `source` is the file that errors name."""
    with error_file(source):
        return _from_toml(text, source, directory, schema)


def from_json(document: Mapping[str, Value], source: str = "", directory: str = "") -> Study:
    """Return the study that `to_json` wrote. It was validated as a file; only its shape is checked.

    Keys that this version does not know are kept in `unknown_keys`.
    """
    keys = dict(document)
    source, directory = str(keys.pop("source", source)), str(keys.pop("directory", directory))
    keys, unknown_keys = split_unknown(keys)
    with error_file(source):
        study = study_from_document(keys, source, directory)
    return replace(study, unknown_keys=unknown_keys) if unknown_keys else study


@contextmanager
def error_file(file: str) -> Iterator[None]:
    """Add the file's name to StudyError and Unsupported that are raised inside."""
    try:
        yield
    except StudyError as error:
        raise (error.at(file) if file else error) from None
    except Unsupported as error:
        raise Unsupported(f"{file}: {error.message}" if file else error.message, hint=error.hint) from None


def _read_bounded_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise StudyError(f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise StudyError(f"is larger than {MAX_FILE_BYTES >> 20} MiB, which no study file is")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StudyError(f"is not UTF-8 text (line {line})") from None


def parse_toml(text: str) -> dict[str, Value]:
    """Return TOML as plain values; a syntax error names its line and column."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = to_plain(tomlkit.parse(text).unwrap(), "")
    except TOMLKitError as error:
        hint = "text stands in quotes, tables are headed [name]" if "Unexpected" in str(error) else ""
        raise StudyError(f"is not TOML: {error}", hint=hint) from None
    except RecursionError:
        raise StudyError("is not a study: it is nested too deeply") from None
    return require_table(document, "")


def _from_toml(text: str, source: str, directory: str, schema: Schema | None) -> Study:
    return study_from_document(parse_toml(text), source, directory, schema, checked=True)


def _compares_with_base_model(search: Value) -> bool:
    """Return whether `[search]` compares `[trainer]`, as it stands, with the untrained model."""
    return isinstance(search, Mapping) and search.get("evaluate_base") is True and search.get("baseline", True) is True


def study_from_document(
    document: Mapping[str, Value], source: str, directory: str, schema: Schema | None = None, *, checked: bool = False
) -> Study:
    """Return the study of a document of plain values.

    `checked`: its parts are also validated against each other and the schema. Problems in different parts are raised
    together.
    """
    if checked:
        mask(document)  # from here on this process masks the secrets of the file in any text, errors included
    problems = Problems()
    read = problems.read
    with problems.collect():
        TableReader.of(dict(document), "", "")
    root = TableReader(dict(document), "")
    name = read(lambda: _read_name(root), "")
    metrics: dict[str, MetricSpec] = read(lambda: sections.read_metrics(root.table("metrics")), {})
    trainer = read(lambda: sections.read_trainer(document.get("trainer")), None)
    listed: tuple[ListedTrial, ...] = read(lambda: sections.read_listed_trials(root.items("trial")), ())
    presets: tuple[Preset, ...] = read(lambda: sections.read_presets(root.items("preset"), listed), ())
    objectives: tuple[Objective, ...] = read(lambda: sections.read_objectives(document.get("objective"), metrics), ())
    searched = document.get("space") or document.get("stage")
    default = "list" if (listed or _compares_with_base_model(document.get("search"))) and not searched else "auto"
    metric_names = {*metrics, *(objective.metric for objective in objectives)}
    search = read(
        lambda: read_search(document.get("search"), default, metric_names, directory, stored=not checked), None
    )
    settings = read(lambda: look_up(schema, trainer.kind, directory), None) if checked and trainer else None
    entries: dict[str, Value] = read(lambda: entries_by_name(document.get("space")), {})
    setting_names = {*trainer.settings, *entries, *(settings or ())} if checked and trainer else None
    constraints: tuple[str, ...] = read(lambda: TableReader(root.table("search"), "search").texts("constraints"), ())
    space = read(lambda: read_space(entries, constraints, settings, setting_names, collect_into=problems), Space())
    stages: tuple[Stage, ...] = read(
        lambda: read_stages(root.items("stage"), settings, setting_names, directory, stored=not checked), ()
    )
    study = Study(
        name=name,
        about=read(lambda: root.get("about"), ""),
        objectives=objectives,
        trainer=trainer or TrainerSettings(""),
        space=space,
        search=search or Search(),
        stages=stages,
        trials=listed,
        presets=presets,
        resources=read(lambda: sections.read_resources(document.get("resources")), Resources()),
        metrics=metrics,
        report=read(
            lambda: sections.read_report_spec(document.get("report"), document.get("columns"), metrics), ReportSpec()
        ),
        notes=read(lambda: sections.read_notes(root.table("notes")), Notes()),
        reference=read(lambda: read_reference(document.get("reference")), None),
        notify=read(lambda: read_notify(document.get("notify")), Notify()),
        ray=read(lambda: read_ray(document.get("ray")), RayCluster()),
        ssh=read(lambda: read_ssh(document.get("ssh")), Ssh()),
        slurm=read(lambda: read_slurm(document.get("slurm")), Slurm()),
        trial_name=read(lambda: root.get("trial_name"), ""),
        on_end=read(lambda: root.get("on_end"), None),
        source=source,
        directory=directory,
    )
    if checked and trainer:
        validate(study, settings, problems)
        validate_ssh(study, problems)
        validate_slurm(study, problems)
        validate_ray(study, problems)
    problems.raise_all()
    return study


def _read_name(root: TableReader) -> str:
    return sections.validate_name(root.get("name"), "name", "study")


TABLES_WITH_NAMES = ("stage", "preset")
"""Lists of tables whose items are addressed by name."""


def with_overrides(study: Study, changes: Mapping[str, Value], schema: Schema | None = None) -> Study:
    """Return the study with some keys changed, validated.

    `changes` is, for instance, `{"learning_rate": "1e-4", "search.trials": 5, "space.dropout": "0..0.5"}`. A key
    without a dot is a setting of the trainer; a part in quotes may have dots (`trainer."model.lr"`). Text is parsed as
    a value, unless the present value is text, which may stand in quotes. None removes a key. A new range for a
    parameter of the space keeps its note and its `when`. Raises: StudyError.
    """
    complete_document = to_json(study)
    source, directory = str(complete_document.pop("source")), str(complete_document.pop("directory"))
    document, unknown_keys = split_unknown(complete_document)
    for table in (document, *_tables(document["stage"])):
        if "space" in table:
            table["space"] = {str(entry["name"]): _without_name(entry) for entry in _tables(table["space"])}
    with error_file(source):
        settings = look_up(schema, study.trainer.kind, directory) or {}
        for key, value in changes.items():
            path = _path_of(key, document)
            textual = path[0] == "trainer" and path[-1] in settings and settings[path[-1]].type is TEXT
            _set_value(document, path, to_plain(value, key), textual)
        changed = study_from_document(document, source, directory, schema, checked=True)
    return replace(changed, unknown_keys=unknown_keys) if unknown_keys else changed


def _tables(value: Value) -> list[dict[str, Value]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _without_name(entry: dict[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in entry.items() if key != "name"}


PART_OF_KEY = re.compile(r""""([^"]*)"|'([^']*)'|([^."']+)""")
"""A part of a dotted key, in quotes or not."""


def _path_of(key: str, document: Mapping[str, Value]) -> list[str]:
    """Return the names of the tables and the key that a dotted key stands for."""
    parts = ["".join(groups) for groups in PART_OF_KEY.findall(key)]
    if len(parts) < 2:
        return ["trainer", *(parts or [key])]
    for name, names in (("trainer", parts[1:]), ("space", parts[1:]), ("trainer", parts)):
        table, joined = document.get(name), ".".join(names)  # a parameter may have dots in its name
        if (names is parts or parts[0] == name) and isinstance(table, dict) and joined in table:
            return [name, joined]
    return parts


def _set_value(document: dict[str, Value], path: list[str], value: Value, textual: bool) -> None:
    """Set or, with None, remove the value at the dotted `path`."""
    table, key = document, path[-1]
    for depth, name in enumerate(path[:-1]):
        if depth == 0 and name not in ROOT.names:
            hint = did_you_mean(name, ROOT.names)
            raise StudyError(f"no table {name!r}", where=".".join(path), value=value, hint=hint)
        table = _subtable(table, name, ".".join(path[: depth + 1]))
    if path[-2:-1] == ["space"] and path[0] in ("space", "stage") and isinstance(value, str):
        table[key] = _replaced_entry(key, table.get(key), value)
    elif value is None:
        table.pop(key, None)
    elif isinstance(value, str) and not textual and not isinstance(table.get(key), str):
        table[key] = parse_value(value)
    else:
        table[key] = unquoted(value) if isinstance(value, str) else value


def _subtable(table: dict[str, Value], part: str, where: str) -> dict[str, Value]:
    """Return the table `part`, creating it if needed; the only table of a list of one.

    `stage.final.trials`: in a list of tables with names, the table of that name.
    """
    subtable = table.setdefault(part, {})
    if isinstance(subtable, list) and part in TABLES_WITH_NAMES:
        return {str(item.get("name") or n): item for n, item in enumerate(_tables(subtable))}
    if subtable == [] and part == "objective":  # a study that ranks nothing: its first objective
        subtable = table[part] = {}
    if isinstance(subtable, list) and len(subtable) == 1:
        subtable = subtable[0]
    if not isinstance(subtable, dict):
        raise StudyError("is no single table, so nothing in it can be set from here", where=where, value=subtable)
    return subtable


def _replaced_entry(name: str, old: Value, text: str) -> Value:
    """Return the new range as an entry, with the note and the condition of the old one."""
    kept_keys = {key: value for key, value in old.items() if key in ("when", "note")} if isinstance(old, dict) else {}
    return {**expand_short_entry(name, text, old), **kept_keys}
