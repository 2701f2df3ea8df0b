"""The reference of study files: one table as Markdown, one key as text, and the keys that `--set` can change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from hptui.core.errors import UserError, did_you_mean
from hptui.core.key_types import Either, ListType, MapType
from hptui.core.keys import COMMAND, DURATION, EXPRESSION, FLAG, FROM_FIELD, PATH, VALUE, Key, Table, Type
from hptui.core.values import show
from hptui.studyfile.schema import NOTES_KEYS, TABLES, TRAINER_KIND
from hptui.studyfile.trainer_settings import Settings

REFERENCE_TABLES: Mapping[str, Table] = {
    **TABLES,
    "trainer": Table("trainer", "[trainer]", "What runs, and its settings.", "", (TRAINER_KIND,)),
    "notes": Table("notes", "[notes]", "The author's words, on settings and on the whole.", "Notes", NOTES_KEYS),
}
"""All tables by name: also those that hold names of the user's own besides."""

SETTABLE_TABLES = (
    "objective",
    "search",
    "search.pruner",
    "search.until",
    "resources",
    "report",
    "reference",
    "notify",
    "ssh",
    "slurm",
    "ray",
)
"""Tables of which a file has one, so that `--set TABLE.KEY=VALUE` names a key."""


def render_table(name: str) -> str:
    """Return a table of a study file as a Markdown table with a row for each name that it may hold.

    Raises: UserError for an unknown table.
    """
    table = find_table(name)
    rows = ["| key | value | default | what it is |", "| --- | --- | --- | --- |"]
    has_kinds = "kind" in table.names
    for key in table.keys:
        text = key.help if key.help[1:2].isupper() else key.help[:1].lower() + key.help[1:]
        text = f"of {_listed(key.only_for)}: {text}" if key.only_for and has_kinds else text
        default = default_text(table, key)
        default = f"`{default}`" if default and not key.required else default or "none"
        rows.append(_row(f"`{key.name}`", value_text(key), default, text))
        rows += [_row(f"`{alias}`", value_text(key), "–", f"another word for `{key.name}`") for alias in key.aliases]
    return "\n".join(rows)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


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


def value_text(key: Key) -> str:
    """Return what values a key takes: `whole number ≥ 1`, `warn, stop`, `list of texts`."""
    text, low, high, above = _type_text(key.type), key.low, key.high, key.above
    if low is not None and high is not None:
        text += f" {show(low)} to {show(high)}"
    elif low is not None and (above is None or low > above):
        text += f" ≥ {show(low)}"
    elif above is not None:
        text += f" > {show(above)}"
    return f"{text}, in {key.unit}" if key.unit else text


def _type_text(type_: Type) -> str:
    if words := getattr(type_, "words", ()):
        return ", ".join(words)
    if isinstance(type_, ListType):
        return f"list of {_plural(type_.item)}"
    if isinstance(type_, MapType):
        return "table" if type_.item is VALUE else f"table of {_plural(type_.item)}"
    if isinstance(type_, Either):
        return " or ".join(_type_text(option) for option in type_.options)
    return NAMES_OF_TYPES.get(id(type_)) or type_.word.removeprefix("a ")


def _plural(type_: Type) -> str:
    if isinstance(type_, Either):
        return " or ".join(_plural(option) for option in type_.options)
    if getattr(type_, "words", ()):  # the words of a choice stand as they are typed
        return _type_text(type_)
    return "values" if type_ is VALUE else "tables" if isinstance(type_, MapType) else f"{_type_text(type_)}s"


NAMES_OF_TYPES = {id(EXPRESSION): "expression", id(PATH): "path", id(FLAG): "true, false", id(COMMAND): "list of texts"}
"""What values of some types are called, where an error message would say more generally text or list."""


def default_text(table: Table, key: Key) -> str:
    """Return the default as a study file spells it; – for a required key, '' where there is none."""
    default = table.default(key)
    if key.required:
        return "–"
    if default is None or default is FROM_FIELD:
        return ""
    if key.type is DURATION:
        return show(_duration_text(default))
    try:
        plain = json.loads(json.dumps(default))
    except TypeError:  # a part of a study, which has a table of its own
        return ""
    if plain == {}:
        return "{}"
    return show(int(plain) if isinstance(plain, float) and plain.is_integer() else plain)


def _duration_text(seconds: float) -> str:
    hours, minutes = divmod(int(seconds), 3600)
    parts = ((hours, "h"), (minutes // 60, "m"), (minutes % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def _key_text(table: Table, key: Key) -> str:
    lines = [f"{', '.join((key.name, *key.aliases))}  in {table.heading}: {value_text(key)}", f"  {key.help}"]
    default = default_text(table, key)
    lines += [f"  only for {', '.join(key.only_for)}"] if key.only_for else []
    lines += ["  must be given" if key.required else f"  default: {default or 'none'}"]
    return "\n".join([*lines, f"  for instance {key.name} = {key.example}", f"  since {key.since}", ""])


def settable_keys(
    settings: Settings | None, parameters: Iterable[str] = (), stages: Iterable[str] = ()
) -> dict[str, Key]:
    """Return the keys that `--set` can change, by dotted name; one without a dot is a setting."""
    keys = dict(settings or {})
    keys |= {f"space.{name}": Key(name) for name in parameters}
    keys |= {f"{table}.{key.name}": key for table in SETTABLE_TABLES for key in TABLES[table].keys}
    return keys | {f"stage.{stage}.{key.name}": key for stage in stages for key in TABLES["stage"].keys}


def complete_change(text: str, keys: Mapping[str, Key]) -> Iterator[str]:
    """Yield completions of a half-typed `--set`: `search.sam` to `search.sampler=`, then its words."""
    name, equals, value = text.partition("=")
    if equals:
        words = keys[name].words if name in keys else ()
        yield from (f"{name}={word}" for word in words if word.startswith(value))
    else:
        yield from (f"{key}=" for key in keys if key.startswith(name))
