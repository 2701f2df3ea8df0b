"""How a person left a study: columns, order, what charts show. Kept beside no study, in `$XDG_STATE_HOME/hptui`."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hptui.tui.config import state_path

MOST = 200
"""Studies that are remembered; who was left longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a study's screen looked like. '' and () mean: as usual."""

    columns: tuple[str, ...] = ()
    by: str = ""
    down: bool = False
    metrics: tuple[str, ...] = ()
    log_y: tuple[bool, ...] = ()
    smoothing: float | None = None
    both: bool = False


def recall(study: Path) -> Layout:
    """The layout that a study was left with, or the usual one."""
    return _layout(_all().get(str(study)))


def keep(study: Path, layout: Layout) -> None:
    """Remember it. A state directory that cannot be written to loses only this."""
    known = _all()
    before = known.pop(str(study), None)
    if _layout(before) == layout:
        return
    known[str(study)] = asdict(layout)
    path = _path()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(dict(list(known.items())[-MOST:])))
        draft.replace(path)


def _path() -> Path:
    return state_path() / "layouts.json"


def _all() -> dict[str, Any]:
    try:
        found = json.loads(_path().read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _layout(said: Any) -> Layout:
    """What stands in the file, as far as it can be meant."""
    if not isinstance(said, dict):
        return Layout()
    smoothing = said.get("smoothing")
    return Layout(
        columns=_texts(said.get("columns")),
        by=str(said.get("by") or ""),
        down=said.get("down") is True,
        metrics=_texts(said.get("metrics")),
        log_y=tuple(one is True for one in said["log_y"]) if isinstance(said.get("log_y"), list) else (),
        smoothing=float(smoothing) if isinstance(smoothing, int | float) and 0 <= smoothing < 1 else None,
        both=said.get("both") is True,
    )


def _texts(said: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in said) if isinstance(said, list) else ()
