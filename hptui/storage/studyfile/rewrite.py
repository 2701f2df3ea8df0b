"""Writes a whole edited space back into the study file: entries that did not change keep their spelling."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.model.trial import Value
from hptui.storage.studyfile.entries import expand_short_entry, read_entry
from hptui.storage.studyfile.values import show
from hptui.storage.studyfile.write import apply_change, edit_file, inline_table, space_parent, update_entry

SpaceEntries = Mapping[str, Mapping[str, Value]]
"""Parameters by name, each a table of `[space]`."""


def write_entries(
    path: str | os.PathLike[str],
    entries: SpaceEntries,
    constraints: Sequence[str],
    stage: str = "",
    *,
    settings: Any = None,
) -> None:
    """Replace `[space]` and `search.constraints` of the file, which is replaced as a whole or not at all.

    `settings` are the trainer's, which decide the type of `1..8`. The result is not validated as a study: the caller
    does that before.
    """
    edit_file(path, lambda before: with_space(before, entries, constraints, stage, settings))


def with_space(
    text: str, entries: SpaceEntries, constraints: Sequence[str], stage: str = "", settings: Any = None
) -> str:
    """Return `text`, a study file, with this space in it."""

    def change(document: Any, wanted: dict[str, Any]) -> None:
        _space(space_parent(document, stage), space_parent(wanted, stage), entries, settings)
        _constraints(document, wanted, constraints)

    return apply_change(text, change)


def _space(parent: Any, plain: dict[str, Any], entries: SpaceEntries, settings: Any) -> None:
    """Update the table entry by entry, in the document and in the plain values that it must parse to."""
    import tomlkit

    if "space" not in parent:
        if not entries:
            return
        parent["space"] = tomlkit.table()
    table, old = parent["space"], plain.setdefault("space", {})
    for name in [name for name in old if name not in entries]:
        del table[name], old[name]
    for name, entry in entries.items():
        new_entry = dict(entry)
        if name in old and _meaning(name, old[name], settings) == _meaning(name, new_entry, settings):
            continue
        if isinstance(old.get(name), dict):
            update_entry(table, name, old[name], new_entry, kept_keys=())
        else:
            table[name] = tomlkit.value(inline_table({key: show(value) for key, value in new_entry.items()}))
        old[name] = new_entry


def _meaning(name: str, entry: Any, settings: Any) -> Any:
    """Return the parameter of an entry, however it is spelled."""
    return read_entry(name, expand_short_entry(name, entry) if isinstance(entry, str) else entry, settings)


def _constraints(document: Any, wanted: dict[str, Any], constraints: Sequence[str]) -> None:
    import tomlkit

    old = (wanted.get("search") or {}).get("constraints") or []
    if list(old) == list(constraints):
        return
    if "search" not in document:
        document["search"] = tomlkit.table()
    search = wanted.setdefault("search", {})
    if constraints:
        document["search"]["constraints"] = search["constraints"] = list(constraints)
    else:
        del document["search"]["constraints"], search["constraints"]
