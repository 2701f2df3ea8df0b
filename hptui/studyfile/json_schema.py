"""The JSON Schema of study files, for editors: made from `schema.TABLES` and the settings of a trainer.

It holds only words that mean the same in drafts 4 and 7. Every file that `hptui check` accepts validates; a file that
validates need not be right, since conditions across keys cannot be expressed in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from hptui import plugins
from hptui.core.errors import StudyError
from hptui.core.key_types import EXPRESSION, TEXT
from hptui.core.keys import FROM_FIELD, Key, Table
from hptui.core.trial import Value
from hptui.core.values import to_plain
from hptui.studyfile.schema import NOTES_KEYS, TABLES
from hptui.studyfile.trainer_settings import Settings, accepts_any_setting

DRAFT = "http://json-schema.org/draft-04/schema#"
"""The draft that Taplo, an editor's helper for TOML, reads."""


def study_schema(kinds: Collection[str], settings: Settings | None = None, kind: str = "") -> dict[str, Value]:
    """Return the JSON Schema of study files.

    `kinds` are the names of all trainers. With `kind` it is for studies of that trainer, whose settings, and so the
    names in `[space]` and `set`, are `settings` (None: any).
    """
    document = _table_schema(TABLES[""])
    definitions = {name: _table_schema(table) for name, table in TABLES.items() if name}
    definitions["space.listed"] = _listed_entry(definitions["space"])
    definitions["search.pruner"] = _with_own_pruners(definitions["search.pruner"])
    definitions["trainer"] = _trainer(kinds, settings, kind)
    definitions["notes"] = _notes(settings)
    if kind and not accepts_any_setting(settings):
        _close_names(document, definitions, settings or {})
    return {"$schema": DRAFT, **document, "definitions": definitions}


def _object(properties: dict[str, Any], others: Value, help: str = "", required: Iterable[str] = ()) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": help} if help else {}
    schema |= {"type": "object", "properties": properties, "additionalProperties": others}
    names = list(required)
    return {**schema, "required": names} if names else schema  # an empty list is no draft 4


def _table_schema(table: Table) -> dict[str, Any]:
    properties: dict[str, Value] = {}
    for key in table.keys:
        properties |= dict.fromkeys((key.name, *key.aliases), _key_schema(key, table.default(key)))
    return _object(properties, False, table.help, (key.name for key in table.keys if key.required))


def _key_schema(key: Key, default: Any) -> Value:
    schema = key.json_schema()
    if "$ref" in schema or default is FROM_FIELD or default in (None, "", (), [], {}):
        return schema
    try:
        return {**schema, "default": to_plain(default, key.name)}
    except StudyError:  # a part of a study, which has tables of its own
        return schema


def _listed_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an entry in a list of entries, each with its name."""
    name = Key("name", TEXT, "The parameter").json_schema()
    return {**entry, "properties": {"name": name, **entry["properties"]}, "required": ["name"]}


def _with_own_pruners(table: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a pruner's table, which for the kind of a package may hold keys of its own."""
    built_in = plugins.names("pruners")
    installed: list[Value] = [name for name in plugins.names("pruners", installed=True) if name not in built_in]
    kinds: list[Value] = [{"type": "string", "pattern": ":"}]
    if installed:  # an empty enum is no draft 4
        kinds.append({"enum": installed})
    own = _object({**table["properties"], "kind": {"anyOf": kinds}}, {}, "A pruner of a package.", ("kind",))
    return {"anyOf": [table, own]}


def _trainer(kinds: Collection[str], settings: Settings | None, kind: str) -> dict[str, Any]:
    names: Value = {"enum": [kind] if kind else list(kinds), "description": "Which trainer runs"}
    own: Value = {"type": "string", "pattern": ":", "description": 'Your own, as "module:function"'}
    properties = {"kind": names if kind else {"anyOf": [names, own]}}
    properties |= {name: _key_schema(key, key.default) for name, key in (settings or {}).items()}
    others: Value = {} if accepts_any_setting(settings) else False
    return _object(properties, others, "What runs, and its settings, which are the baseline.", ("kind",))


def _notes(settings: Settings | None) -> dict[str, Any]:
    properties: dict[str, Value] = {name: {"type": "string"} for name in settings or {}}
    properties |= {key.name: key.json_schema() for key in NOTES_KEYS}
    others: Value = {"type": "string"} if accepts_any_setting(settings) else False
    return _object(properties, others, "The author's words, on settings and on the whole.")


def _close_names(document: dict[str, Any], definitions: dict[str, Any], settings: Settings) -> None:
    """Let only settings of the trainer be searched and set."""
    values = _object({name: _key_schema(key, FROM_FIELD) for name, key in settings.items()}, False)
    definitions["settings"] = {**values, "description": "Settings of the trainer."}
    for name in ("stage", "trial", "preset"):
        definitions[name]["properties"]["set"] = {"$ref": "#/definitions/settings"}
    entries = _object({name: _entry(key) for name, key in settings.items()}, False, "The parameters that are searched.")
    listed: Value = {"type": "array", "items": {"$ref": "#/definitions/space.listed"}}
    definitions["entries"] = {"anyOf": [entries, listed]}
    for table in (document, definitions["stage"]):
        table["properties"]["space"] = {"$ref": "#/definitions/entries"}


def _entry(key: Key) -> Value:
    """Return the schema of the entry that searches a setting, with the setting's help."""
    short = EXPRESSION.json_schema()
    description = key.json_schema().get("description", "")
    return {"anyOf": [short, {"$ref": "#/definitions/space"}], **({"description": description} if description else {})}
