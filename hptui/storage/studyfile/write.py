"""An edit of the space, written back into the study file: only what changes is touched, comments and layout stay."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hptui.model.errors import MachineError, StudyError, did_you_mean
from hptui.storage.studyfile.entries import short_entry
from hptui.storage.studyfile.read import naming, parse_toml
from hptui.storage.studyfile.values import show

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

KEPT = ("when", "note")
"""What an entry keeps when its range changes."""


def write_space(path: str | os.PathLike[str], changes: Mapping[str, str | None], stage: str = "") -> None:
    """Give the parameters in `[space]` of the file new ranges (`"1e-5..5e-4 log"`), or, with None, take them out.

    `stage` names the stage whose own space is meant.

    The file is replaced as a whole, or not at all. It is not checked as a study: `override` does that before.
    """
    edit_file(path, lambda before: edit_space(before, changes, stage))


def edit_file(path: str | os.PathLike[str], edit: Callable[[str], str]) -> None:
    """Replace a study file by what `edit` makes of its text, as a whole or not at all."""
    real = Path(os.path.realpath(path))
    with naming(os.fspath(path)):
        try:
            before = real.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError(f"cannot be read: {error}") from None
        after = edit(before)
    if after != before:
        replace_file(real, after.encode())


def edit_space(text: str, changes: Mapping[str, str | None], stage: str = "") -> str:
    """`text`, a study file, with the changes made."""

    def change(document: Any, wanted: dict[str, Any]) -> None:
        for name, short in changes.items():
            _change(holder(document, stage), holder(wanted, stage), name, short)

    return edited(text, change)


def edited(text: str, change: Callable[[Any, dict[str, Any]], None]) -> str:
    """`text` with a change made by `change(document, values)`: in the document, and in the plain values it stands for.

    Nothing is returned that would not be read as those values; byte order mark and line ends stay.
    """
    import tomlkit

    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    wanted, document = parse_toml(body), tomlkit.parse(body)
    change(document, wanted)
    found = tomlkit.dumps(document)
    if "\r\n" in body:
        found = found.replace("\r\n", "\n").replace("\n", "\r\n")
    if parse_toml(found) != wanted:
        raise MachineError(
            "the edit of [space] would have changed something else in the study file; it is left as it was"
        )
    return mark + found


def holder(document: Any, stage: str) -> Any:
    """What holds the table `space`: the whole document, or the stage of this name."""
    if not stage:
        return document
    for found in document.get("stage", ()):
        if found.get("name") == stage:
            return found
    raise StudyError("is not in the file", where=f"stage.{stage}", value=stage)


def _change(document: TOMLDocument, wanted: dict[str, Any], name: str, short: str | None) -> None:
    """Make one change, in the document and in the plain values that it must come out as."""
    import tomlkit

    space = wanted.setdefault("space", {})
    if short is None:
        if name not in space:
            raise StudyError("is not in the file", where=f"space.{name}", value=name, hint=did_you_mean(name, space))
        del space[name]
        del cast("MutableMapping[str, Any]", document["space"])[name]
        return
    if "space" not in document:
        document["space"] = tomlkit.table()
    table = cast("MutableMapping[str, Any]", document["space"])
    old = space.get(name)
    entry = short_entry(name, short, old)
    if isinstance(old, str) or (old is None and _writes_short(space)):
        space[name] = table[name] = _as_short(name, short, entry)
    elif isinstance(old, dict):
        space[name] = {**entry, **{key: value for key, value in old.items() if key in KEPT}}
        revise(table, name, old, entry)
    else:
        space[name], table[name] = entry, tomlkit.value(inline({key: show(value) for key, value in entry.items()}))


def _as_short(name: str, short: str, entry: Mapping[str, Any]) -> str:
    """The text as it was given, unless it would be read as whole numbers where floats stand now."""
    whole = short_entry(name, short)
    return short if type(whole.get("low")) is type(entry.get("low")) else f"{short} float"


def _writes_short(space: Mapping[str, Any]) -> bool:
    """Whether the author of this file writes ranges as short texts."""
    return bool(space) and all(isinstance(entry, str) for entry in space.values())


def revise(
    table: MutableMapping[str, Any],
    name: str,
    old: Mapping[str, Any],
    entry: Mapping[str, Any],
    kept: tuple[str, ...] = KEPT,
) -> None:
    """Bring one entry up to date key by key; an inline table that gains or loses keys is written anew."""
    import tomlkit
    from tomlkit.items import InlineTable

    item: Any = table[name]
    gone = [key for key in old if key not in entry and key not in kept]
    changed = {key: show(value) for key, value in entry.items() if key not in old or not _same(old[key], value)}
    if isinstance(item, InlineTable) and (gone or changed.keys() - old.keys()):
        raw: Any = item.value  # the container knows each value as it is spelt
        same = {key: raw.item(key).as_string() for key in item if key not in gone}
        new = {key: changed[key] for key in entry if key in changed and key not in same}
        notes = {key: changed.get(key) or same[key] for key in KEPT if key in same}
        whole = {**same, **changed, **new}
        table[name] = tomlkit.value(inline({**{key: whole[key] for key in whole if key not in notes}, **notes}))
        return
    for key in gone:
        del item[key]
    for key, text in changed.items():
        item[key] = tomlkit.value(text)


def _same(one: object, other: object) -> bool:
    """Equal and of one type: 1 and 1.0 mean different ranges."""
    return type(one) is type(other) and one == other


def inline(pairs: Mapping[str, str]) -> str:
    """An inline table."""
    return f"{{ {', '.join(f'{key} = {text}' for key, text in pairs.items())} }}"


def replace_file(path: Path, content: bytes) -> None:
    """Write beside and rename, with the mode of the file that goes."""
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise MachineError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        os.unlink(beside)
        raise MachineError(f"{path}: cannot be written: {error.strerror}") from None
