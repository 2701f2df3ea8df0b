"""A whole space, as an editor leaves it, written back into the study file: what did not change stays as it is spelt."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.model.trial import Value
from hptui.storage.studyfile.entries import entry_of, short_entry
from hptui.storage.studyfile.values import show
from hptui.storage.studyfile.write import edit_file, edited, holder, inline, revise

Entries = Mapping[str, Mapping[str, Value]]
"""Parameters by name, each as a table of `[space]` has it."""


def write_entries(
    path: str | os.PathLike[str], entries: Entries, constraints: Sequence[str], stage: str = "", *, settings: Any = None
) -> None:
    """Make `[space]` and `search.constraints` of the file say this. The file is replaced as a whole, or not at all.

    `settings` are the trainer's, which decide what `1..8` is. It is not checked as a study: that is done before.
    """
    edit_file(path, lambda before: rewritten(before, entries, constraints, stage, settings))


def rewritten(text: str, entries: Entries, constraints: Sequence[str], stage: str = "", settings: Any = None) -> str:
    """`text`, a study file, with this space in it."""

    def change(document: Any, wanted: dict[str, Any]) -> None:
        _space(holder(document, stage), holder(wanted, stage), entries, settings)
        _constraints(document, wanted, constraints)

    return edited(text, change)


def _space(home: Any, plain: dict[str, Any], entries: Entries, settings: Any) -> None:
    """Bring the table up to date entry by entry, in the document and in the plain values that it must come out as."""
    import tomlkit

    if "space" not in home:
        if not entries:
            return
        home["space"] = tomlkit.table()
    table, old = home["space"], plain.setdefault("space", {})
    for name in [name for name in old if name not in entries]:
        del table[name], old[name]
    for name, entry in entries.items():
        now = dict(entry)
        if name in old and _says(name, old[name], settings) == _says(name, now, settings):
            continue
        if isinstance(old.get(name), dict):
            revise(table, name, old[name], now, kept=())
        else:
            table[name] = tomlkit.value(inline({key: show(value) for key, value in now.items()}))
        old[name] = now


def _says(name: str, entry: Any, settings: Any) -> Any:
    """What an entry means, however it is spelt."""
    return entry_of(name, short_entry(name, entry) if isinstance(entry, str) else entry, settings)


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
