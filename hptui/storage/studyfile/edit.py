"""`--set` and its kin: a study with some keys changed, checked like a file."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.storage.studyfile.dump import to_json
from hptui.storage.studyfile.entries import short_entry
from hptui.storage.studyfile.keys import KEYS
from hptui.storage.studyfile.read import build, naming
from hptui.storage.studyfile.schema import Schema, look_up
from hptui.storage.studyfile.values import parse_value, plain

NAMED = ("stage", "preset")
"""Lists of tables in which each is called by its name."""


def override(study: Study, changes: Mapping[str, Value], schema: Schema | None = None) -> Study:
    """`study` with `{"learning_rate": "1e-4", "search.trials": 5, "space.dropout": "0..0.5"}` applied, checked.

    A key without a dot is a setting of the trainer. Text is read as the value that it spells, unless text stands there
    now. None takes a key out. A new range for a parameter of the space keeps its note and its `when`.
    """
    document = to_json(study)
    source, directory = str(document.pop("source")), str(document.pop("directory"))
    for table in (document, *_tables(document["stage"])):
        if "space" in table:
            table["space"] = {str(entry["name"]): _but_name(entry) for entry in _tables(table["space"])}
    with naming(source):
        settings = look_up(schema, study.trainer.kind, directory) or {}
        for key, value in changes.items():
            path = key.split(".") if "." in key else ["trainer", key]
            textual = path[0] == "trainer" and path[-1] in settings and settings[path[-1]].type == "str"
            _put(document, path, plain(value, key), textual)
        return build(document, source, directory, schema, checked=True)


def _tables(value: Value) -> list[dict[str, Value]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _but_name(entry: dict[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in entry.items() if key != "name"}


def _put(document: dict[str, Value], path: list[str], value: Value, textual: bool) -> None:
    """Set or, with None, remove the value at the dotted `path`."""
    table, key = document, path[-1]
    for depth, part in enumerate(path[:-1]):
        if depth == 0 and part not in KEYS[""]:
            raise StudyError(f"no table {part!r}", where=".".join(path), value=value, hint=did_you_mean(part, KEYS[""]))
        table = _below(table, part, ".".join(path[: depth + 1]))
    if path[-2:-1] == ["space"] and path[0] in ("space", "stage") and isinstance(value, str):
        table[key] = _entry(key, table.get(key), value)
    elif value is None:
        table.pop(key, None)
    elif isinstance(value, str) and not textual and not isinstance(table.get(key), str):
        table[key] = parse_value(value)
    else:
        table[key] = value


def _below(table: dict[str, Value], part: str, where: str) -> dict[str, Value]:
    """The table `part`, made if need be; the one table where a list of tables holds just one.

    `stage.final.trials`: in a list of tables with names, the table of that name.
    """
    found = table.setdefault(part, {})
    if isinstance(found, list) and part in NAMED:
        return {str(one.get("name") or n): one for n, one in enumerate(_tables(found))}
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict):
        raise StudyError("is no single table, so nothing in it can be set from here", where=where, value=found)
    return found


def _entry(name: str, old: Value, text: str) -> Value:
    """The new range as an entry, with the note and the condition that the old one had."""
    kept = {key: value for key, value in old.items() if key in ("when", "note")} if isinstance(old, dict) else {}
    return {**short_entry(name, text, old), **kept}
