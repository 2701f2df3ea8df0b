"""A whole space, as an editor leaves it, written back into the study file: what did not change stays as it is spelt."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hptui.model.errors import MachineError, StudyError
from hptui.model.trial import Value
from hptui.storage.studyfile.entries import entry_of, short_entry
from hptui.storage.studyfile.read import naming, parse_toml
from hptui.storage.studyfile.values import show
from hptui.storage.studyfile.write import holder, inline, replace_file, revise

Entries = Mapping[str, Mapping[str, Value]]
"""Parameters by name, each as a table of `[space]` has it."""


def write_entries(
    path: str | os.PathLike[str], entries: Entries, constraints: Sequence[str], stage: str = "", *, settings: Any = None
) -> None:
    """Make `[space]` and `search.constraints` of the file say this. The file is replaced as a whole, or not at all.

    `settings` are the trainer's, which decide what `1..8` is. It is not checked as a study: that is done before.
    """
    real = Path(os.path.realpath(path))
    with naming(os.fspath(path)):
        try:
            before = real.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError(f"cannot be read: {error}") from None
        after = rewritten(before, entries, constraints, stage, settings)
    if after != before:
        replace_file(real, after.encode())


def rewritten(text: str, entries: Entries, constraints: Sequence[str], stage: str = "", settings: Any = None) -> str:
    """`text`, a study file, with this space in it."""
    import tomlkit

    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    wanted, document = parse_toml(body), tomlkit.parse(body)
    plain: Any = holder(wanted, stage)
    _space(holder(document, stage), plain, entries, settings)
    _constraints(document, wanted, constraints)
    found = tomlkit.dumps(document)
    if "\r\n" in body:
        found = found.replace("\r\n", "\n").replace("\n", "\r\n")
    if parse_toml(found) != wanted:
        raise MachineError(
            "the edit of [space] would have changed something else in the study file; nothing was written"
        )
    return mark + found


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
