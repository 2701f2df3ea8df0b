"""Keys of a stored study that this version does not know, since a newer one wrote them: set aside, and put back.

In a file an unknown key is a mistake; in a store it must neither stop the study nor get lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hptui import plugins
from hptui.core.key_types import Either, ListType, MapType, TableType, Type
from hptui.core.trial import Value
from hptui.studyfile.schema import TABLES

Path = tuple[str | int, ...]
"""Keys and indices that lead to a value of a document."""
UnknownKeys = tuple[tuple[Path, Value], ...]
"""Values with their paths."""


def split_unknown(document: Mapping[str, Value]) -> tuple[dict[str, Value], UnknownKeys]:
    """Return the document without the keys that its tables do not have, and those keys."""
    unknown: list[tuple[Path, Value]] = []
    return _known_part(dict(document), "", (), unknown), tuple(unknown)


def with_unknown(document: dict[str, Value], unknown: UnknownKeys) -> dict[str, Value]:
    """Return the document with the keys put back whose tables it still has."""
    for path, value in unknown:
        table: Any = document
        try:
            for step in path[:-1]:
                table = table[step]
        except (KeyError, IndexError, TypeError):
            continue
        if isinstance(table, dict):
            table.setdefault(str(path[-1]), value)
    return document


def path_text(path: Path) -> str:
    """Return a path as errors write it: `stage[0].trials`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _known_part(table: dict[str, Value], name: str, path: Path, unknown: list[tuple[Path, Value]]) -> dict[str, Value]:
    entry_name = ("name",) if name == "space" else ()  # in a list, an entry of the space has its name
    if name == "search.pruner" and table.get("kind") not in ("none", *plugins.names("pruners")):
        return table  # which keys a package's pruner has is known where that is installed
    result: dict[str, Value] = {}
    for key, value in table.items():
        if key in TABLES[name].names:
            result[key] = _known(value, TABLES[name][key].type, (*path, key), unknown)
        elif key in entry_name:
            result[key] = value
        else:
            unknown.append(((*path, key), value))
    return result


def _known(value: Value, type_: Type, path: Path, unknown: list[tuple[Path, Value]]) -> Value:
    """Return a value without the unknown keys of the tables in it."""
    if isinstance(type_, Either):
        container = MapType | TableType if isinstance(value, dict) else ListType
        type_ = next((option for option in type_.options if isinstance(option, container)), type_)
    if isinstance(value, dict) and isinstance(type_, TableType):
        name = type_.name.removesuffix(".listed")
        return _known_part(value, name, path, unknown) if name in TABLES else value
    if isinstance(value, dict) and isinstance(type_, MapType):
        return {name: _known(item, type_.item, (*path, name), unknown) for name, item in value.items()}
    if isinstance(value, list) and isinstance(type_, ListType):
        return [_known(item, type_.item, (*path, index), unknown) for index, item in enumerate(value)]
    return value
