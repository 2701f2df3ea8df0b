"""The reference of study files: one table as Markdown, one key as text, and the keys that `--set` can change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from hptui.core.errors import UserError, did_you_mean
from hptui.core.keys import FROM_FIELD, Key, Table
from hptui.core.values import show
from hptui.studyfile.schema import NOTES_KEYS, TABLES, TRAINER_KIND
from hptui.studyfile.trainer_settings import Settings

REFERENCE_TABLES: Mapping[str, Table] = {
    **TABLES,
    "trainer": Table("trainer", "[trainer]", "What runs, and its settings.", "", (TRAINER_KIND,)),
    "notes": Table("notes", "[notes]", "The author's words, on settings and on the whole.", "Notes", NOTES_KEYS),
}
"""All tables by name: also those that hold names of the user's own besides."""

SETTABLE_TABLES = ("objective", "search", "search.pruner", "search.until", "resources", "report", "reference")
"""Tables of which a file has one, so that `--set TABLE.KEY=VALUE` names a key."""


def render_table(name: str) -> str:
    """Return a table of a study file as a Markdown table of its keys. Raises: UserError for an unknown name."""
    table = find_table(name)
    rows = ["| key | default | what it is | example |", "| --- | --- | --- | --- |"]
    for key in table.keys:
        names = ", ".join(f"`{name}`" for name in (key.name, *key.aliases))
        cells = (names, _code(_default_text(table, key)), describe_key(key), _code(f"{key.name} = {key.example}"))
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows) + "\n"


def find_table(name: str) -> Table:
    """Return the table with this name. Raises: UserError that names the nearest one."""
    if name in REFERENCE_TABLES:
        return REFERENCE_TABLES[name]
    hint = did_you_mean(name, filter(None, REFERENCE_TABLES))
    raise UserError(f"a study file has no table {name!r}", hint=hint)


def render_key(reference: str) -> str:
    """Return what a key is, as text: `hang_after` in every table that has it, or `resources.hang_after`.

    Raises: UserError that names the nearest key.
    """
    return "\n".join(_key_text(table, key) for table, key in find_keys(reference))


def find_keys(reference: str) -> list[tuple[Table, Key]]:
    """Return each table and key that a name, with or without its table, may mean. Raises: UserError."""
    prefix, _, name = reference.rpartition(".")
    tables = [REFERENCE_TABLES[prefix]] if prefix and prefix in REFERENCE_TABLES else list(REFERENCE_TABLES.values())
    matches = [(table, key) for table in tables for key in table.keys if name in (key.name, *key.aliases)]
    if not matches or (prefix and prefix not in REFERENCE_TABLES):
        names = {f"{table.name}.{name}".lstrip(".") for table in REFERENCE_TABLES.values() for name in table.names}
        hint = did_you_mean(reference, names if prefix else {name.rpartition(".")[2] for name in names})
        raise UserError(f"a study file has no key {reference!r}", hint=hint)
    return matches


def describe_key(key: Key) -> str:
    """Return the help of a key with its values: a sentence for a table of the reference."""
    parts = [key.help]
    if key.words and len(key.words) <= 12:
        parts.append(f"one of {', '.join(key.words)}")
    bounds = [f"from {show(key.low)}" if key.low is not None else "", f"to {show(key.high)}" if key.high else ""]
    bounds += [f"above {show(key.above)}"] if key.above is not None and key.low is None else []
    parts += [" ".join(filter(None, bounds)), f"in {key.unit}" if key.unit else ""]
    parts.append(f"usually {key.typical}" if key.typical else "")
    parts.append(f"only for {', '.join(key.only_for)}" if key.only_for else "")
    return "; ".join(filter(None, parts))


def _key_text(table: Table, key: Key) -> str:
    lines = [f"{', '.join((key.name, *key.aliases))}  in {table.heading}, {key.type.word}", f"  {describe_key(key)}"]
    default = _default_text(table, key)
    lines.append("  required" if key.required else f"  default: {default}" if default else "  no default")
    return "\n".join([*lines, f"  example: {key.name} = {key.example}", f"  since {key.since}", ""])


def _default_text(table: Table, key: Key) -> str:
    """Return the default as a study file would spell it; '' where there is none to write."""
    default = table.default(key)
    if key.required or default is None or default is FROM_FIELD or default in ("", (), [], {}):
        return ""
    try:
        return show(json.loads(json.dumps(default)))
    except TypeError:  # a part of a study, which has a table of its own
        return ""


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def settable_keys(
    settings: Settings | None, parameters: Iterable[str] = (), stages: Iterable[str] = ()
) -> dict[str, Key]:
    """Return the keys that `--set KEY=VALUE` can change, by dotted name; a name without a dot is a setting."""
    keys = dict(settings or {})
    keys |= {f"space.{name}": Key(name) for name in parameters}
    keys |= {f"{table}.{key.name}": key for table in SETTABLE_TABLES for key in TABLES[table].keys}
    return keys | {f"stage.{stage}.{key.name}": key for stage in stages for key in TABLES["stage"].keys}


def complete_change(text: str, keys: Mapping[str, Key]) -> Iterator[str]:
    """Yield completions of a `--set` that is half typed: `search.sam` to `search.sampler=`, then its words."""
    name, equals, value = text.partition("=")
    if equals:
        words = keys[name].words if name in keys else ()
        yield from (f"{name}={word}" for word in words if word.startswith(value))
    else:
        yield from (f"{key}=" for key in keys if key.startswith(name))
