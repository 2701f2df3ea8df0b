"""Writes edits of the space back into the study file: what does not change keeps its spelling, comments and layout.

The result is not validated as a study; callers do that before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hptui.core.errors import MachineError, StudyError, did_you_mean
from hptui.core.trial import Value
from hptui.core.values import show
from hptui.studyfile.read import error_file, parse_toml
from hptui.studyfile.space_entries import expand_short_entry, read_entry

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


KEYS_KEPT_WITH_NEW_RANGE = ("when", "note")
"""Keys that an entry keeps when its range changes."""


def write_space(path: str | os.PathLike[str], changes: Mapping[str, str | None], stage: str = "") -> None:
    """Set new ranges (`"1e-5..5e-4 log"`) of parameters in `[space]` or, with None, remove parameters.

    `stage` names the stage whose own space is meant. The file is replaced as a whole, or not at all. It is not
    validated as a study: `with_overrides` does that before.
    """
    edit_file(path, lambda before: edit_space(before, changes, stage))


def edit_file(path: str | os.PathLike[str], edit: Callable[[str], str]) -> None:
    """Replace a study file by the result of `edit` on its text, as a whole or not at all.

    Raises: StudyError if it cannot be read, MachineError if it cannot be written.
    """
    real_path = Path(os.path.realpath(path))
    with error_file(os.fspath(path)):
        try:
            before = real_path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError(f"cannot be read: {error}") from None
        after = edit(before)
    if after != before:
        replace_file(real_path, after.encode())


def edit_space(text: str, changes: Mapping[str, str | None], stage: str = "") -> str:
    """Return `text`, a study file, with the changes made."""

    def change(document: Any, values: dict[str, Any]) -> None:
        for name, short_text in changes.items():
            _change(space_parent(document, stage), space_parent(values, stage), name, short_text)

    return apply_change(text, change)


def apply_change(text: str, change: Callable[[Any, dict[str, Any]], None]) -> str:
    """Return `text` changed by `change(document, values)`: in the document, and in its plain values.

    Byte order mark and line ends stay. Raises: MachineError if the result would not parse to these values.
    """
    import tomlkit

    byte_order_mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    wanted, document = parse_toml(body), tomlkit.parse(body)
    change(document, wanted)
    new_text = tomlkit.dumps(document)
    if "\r\n" in body:
        new_text = new_text.replace("\r\n", "\n").replace("\n", "\r\n")
    if parse_toml(new_text) != wanted:
        raise MachineError(
            "the edit of [space] would have changed something else in the study file; it is left as it was"
        )
    return byte_order_mark + new_text


def space_parent(document: Any, stage: str) -> Any:
    """Return the table that contains `space`: the whole document, or the stage of this name."""
    if not stage:
        return document
    for table in document.get("stage", ()):
        if table.get("name") == stage:
            return table
    raise StudyError("is not in the file", where=f"stage.{stage}", value=stage)


def _change(document: TOMLDocument, values: dict[str, Any], name: str, short_text: str | None) -> None:
    """Make one change, in the document and in the plain values that it must parse to."""
    import tomlkit

    space = values.setdefault("space", {})
    if short_text is None:
        if name not in space:
            raise StudyError("is not in the file", where=f"space.{name}", value=name, hint=did_you_mean(name, space))
        del space[name]
        del cast("MutableMapping[str, Any]", document["space"])[name]
        return
    if "space" not in document:
        document["space"] = tomlkit.table()
    table = cast("MutableMapping[str, Any]", document["space"])
    old = space.get(name)
    entry = expand_short_entry(name, short_text, old)
    if isinstance(old, str) or (old is None and _uses_short_texts(space)):
        space[name] = table[name] = _short_text(name, short_text, entry)
    elif isinstance(old, dict):
        space[name] = {**entry, **{key: value for key, value in old.items() if key in KEYS_KEPT_WITH_NEW_RANGE}}
        update_entry(table, name, old, entry)
    else:
        space[name], table[name] = (
            entry,
            tomlkit.value(inline_table({key: show(value) for key, value in entry.items()})),
        )


def _short_text(name: str, short_text: str, entry: Mapping[str, Any]) -> str:
    """Return the text as given, with `float` added if it would turn a range of floats into integers."""
    plain_entry = expand_short_entry(name, short_text)
    return short_text if type(plain_entry.get("low")) is type(entry.get("low")) else f"{short_text} float"


def _uses_short_texts(space: Mapping[str, Any]) -> bool:
    """Return whether the author of this file writes ranges as short texts."""
    return bool(space) and all(isinstance(entry, str) for entry in space.values())


def update_entry(
    table: MutableMapping[str, Any],
    name: str,
    old: Mapping[str, Any],
    entry: Mapping[str, Any],
    kept_keys: tuple[str, ...] = KEYS_KEPT_WITH_NEW_RANGE,
) -> None:
    """Update one entry key by key; an inline table that gains or loses keys is replaced."""
    import tomlkit
    from tomlkit.items import InlineTable

    item: Any = table[name]
    removed = [key for key in old if key not in entry and key not in kept_keys]
    changed = {
        key: show(value) for key, value in entry.items() if key not in old or not _equal_and_same_type(old[key], value)
    }
    if isinstance(item, InlineTable) and (removed or changed.keys() - old.keys()):
        container: Any = item.value  # tomlkit's container keeps the spelling of each value
        spelled = {key: container.item(key).as_string() for key in item if key not in removed}
        new = {key: changed[key] for key in entry if key in changed and key not in spelled}
        notes = {key: changed.get(key) or spelled[key] for key in KEYS_KEPT_WITH_NEW_RANGE if key in spelled}
        texts = {**spelled, **changed, **new}
        table[name] = tomlkit.value(inline_table({**{key: texts[key] for key in texts if key not in notes}, **notes}))
        return
    for key in removed:
        del item[key]
    for key, text in changed.items():
        item[key] = tomlkit.value(text)


def _equal_and_same_type(value: object, other_value: object) -> bool:
    """Return whether two values are equal and of one type: 1 and 1.0 mean different ranges."""
    return type(value) is type(other_value) and value == other_value


def inline_table(pairs: Mapping[str, str]) -> str:
    """Return an inline table."""
    return f"{{ {', '.join(f'{key} = {text}' for key, text in pairs.items())} }}"


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file atomically, by a temporary one in its directory, keeping its mode.

    Raises: MachineError.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise MachineError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            file.flush()
            # Without it, a crash after the rename could leave an empty study file.
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise MachineError(f"{path}: cannot be written: {error.strerror}") from None


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
