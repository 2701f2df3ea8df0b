"""`--set` and similar: a study with some keys changed, validated like a file."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.storage.studyfile.dump import to_json
from hptui.storage.studyfile.entries import expand_short_entry
from hptui.storage.studyfile.keys import KEYS
from hptui.storage.studyfile.read import error_file, study_from_document
from hptui.storage.studyfile.schema import Schema, look_up
from hptui.storage.studyfile.values import parse_value, to_plain

TABLES_WITH_NAMES = ("stage", "preset")
"""Lists of tables whose items are addressed by name."""


def with_overrides(study: Study, changes: Mapping[str, Value], schema: Schema | None = None) -> Study:
    """Return the study with some keys changed, validated.

    `changes` is, for instance, `{"learning_rate": "1e-4", "search.trials": 5, "space.dropout": "0..0.5"}`. A key
    without a dot is a setting of the trainer. Text is parsed as a value, unless the present value is text. None removes
    a key. A new range for a parameter of the space keeps its note and its `when`. Raises: StudyError.
    """
    document = to_json(study)
    source, directory = str(document.pop("source")), str(document.pop("directory"))
    for table in (document, *_tables(document["stage"])):
        if "space" in table:
            table["space"] = {str(entry["name"]): _without_name(entry) for entry in _tables(table["space"])}
    with error_file(source):
        settings = look_up(schema, study.trainer.kind, directory) or {}
        for key, value in changes.items():
            path = key.split(".") if "." in key else ["trainer", key]
            textual = path[0] == "trainer" and path[-1] in settings and settings[path[-1]].type == "str"
            _set_value(document, path, to_plain(value, key), textual)
        return study_from_document(document, source, directory, schema, checked=True)


def _tables(value: Value) -> list[dict[str, Value]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _without_name(entry: dict[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in entry.items() if key != "name"}


def _set_value(document: dict[str, Value], path: list[str], value: Value, textual: bool) -> None:
    """Set or, with None, remove the value at the dotted `path`."""
    table, key = document, path[-1]
    for depth, name in enumerate(path[:-1]):
        if depth == 0 and name not in KEYS[""]:
            raise StudyError(f"no table {name!r}", where=".".join(path), value=value, hint=did_you_mean(name, KEYS[""]))
        table = _subtable(table, name, ".".join(path[: depth + 1]))
    if path[-2:-1] == ["space"] and path[0] in ("space", "stage") and isinstance(value, str):
        table[key] = _replaced_entry(key, table.get(key), value)
    elif value is None:
        table.pop(key, None)
    elif isinstance(value, str) and not textual and not isinstance(table.get(key), str):
        table[key] = parse_value(value)
    else:
        table[key] = value


def _subtable(table: dict[str, Value], part: str, where: str) -> dict[str, Value]:
    """Return the table `part`, creating it if needed; the only table of a list of one.

    `stage.final.trials`: in a list of tables with names, the table of that name.
    """
    subtable = table.setdefault(part, {})
    if isinstance(subtable, list) and part in TABLES_WITH_NAMES:
        return {str(item.get("name") or n): item for n, item in enumerate(_tables(subtable))}
    if isinstance(subtable, list) and len(subtable) == 1:
        subtable = subtable[0]
    if not isinstance(subtable, dict):
        raise StudyError("is no single table, so nothing in it can be set from here", where=where, value=subtable)
    return subtable


def _replaced_entry(name: str, old: Value, text: str) -> Value:
    """Return the new range as an entry, with the note and the condition of the old one."""
    kept_keys = {key: value for key, value in old.items() if key in ("when", "note")} if isinstance(old, dict) else {}
    return {**expand_short_entry(name, text, old), **kept_keys}
