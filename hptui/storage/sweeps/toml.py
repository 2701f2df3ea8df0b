"""Writes a sweep as a study file: TOML for people to continue with, with notes on the conversion as comments."""

from __future__ import annotations

from typing import Any

from hptui.model.errors import Unsupported
from hptui.storage.sweeps.convert import Sweep


def to_toml(sweep: Sweep, source: str) -> str:
    """Return the text of an equivalent study file. `source` is named in its first line.

    Raises: Unsupported for a parameter that is null.
    """
    import tomlkit

    for table in ("space", "trainer"):
        if (name := _null(sweep.document.get(table))) is not None:
            hint = f"hptui run {source} runs it as it is"
            raise Unsupported(f"parameters.{name}: is null, for which TOML has no word", hint=hint)
    document = tomlkit.document()
    document.add(tomlkit.comment(f"made from {source}"))
    for note in sweep.notes:
        document.add(tomlkit.comment(_one_line(note)))
    document.add(tomlkit.nl())
    for key, value in sweep.document.items():
        if value in ("", None):
            continue
        document[key] = _space(value) if key == "space" and isinstance(value, dict) else _item(value)
    return tomlkit.dumps(document).rstrip() + "\n"


def _null(table: Any) -> str | None:
    """Return the name of a parameter that is, or can be, null; None if there is none."""
    for name, value in table.items() if isinstance(table, dict) else ():
        choices = value.get("choices") if isinstance(value, dict) else None
        if value is None or None in (choices if isinstance(choices, list) else ()):
            return str(name)
    return None


def _item(value: Any) -> Any:
    """Return a table as TOML; tables inside it are inline."""
    import tomlkit

    if not isinstance(value, dict):
        return value
    table = tomlkit.table()
    for key, item in value.items():
        if item is not None:
            table[key] = _inline(item)
    return table


def _space(value: dict[str, Any]) -> Any:
    import tomlkit

    table = tomlkit.table()
    for name, entry in value.items():
        table[name] = _inline({key: item for key, item in entry.items() if item is not False})
    return table


def _inline(value: Any) -> Any:
    import tomlkit

    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    for key, item in value.items():
        if item is not None:
            table[key] = _inline(item)
    return table


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
