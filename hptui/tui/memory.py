"""The layout in which a user left a study's screen: columns, order, what charts show.

It is stored in `$XDG_STATE_HOME/hptui`, never in the study's directory.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hptui.tui.config import state_path

MAX_LAYOUTS = 200
"""Studies whose layout is stored; the one left longest ago is dropped first."""


@dataclass(frozen=True, slots=True)
class StudyLayout:
    """The layout of a study's screen. '' and () mean the default."""

    columns: tuple[str, ...] = ()
    by: str = ""
    down: bool = False
    metrics: tuple[str, ...] = ()
    log_y: tuple[bool, ...] = ()
    smoothing: float | None = None
    both: bool = False


def load_layout(study: Path) -> StudyLayout:
    """Return the stored layout of a study, or the default one."""
    return _layout_from(_stored_layouts().get(str(study)))


def save_layout(study: Path, layout: StudyLayout) -> None:
    """Store the layout of a study. A state directory that is not writable is ignored."""
    layouts = _stored_layouts()
    stored = layouts.pop(str(study), None)
    if _layout_from(stored) == layout:
        return
    layouts[str(study)] = asdict(layout)
    path = _layouts_path()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written under a name of its own and renamed: another hptui may store at the same time.
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(dict(list(layouts.items())[-MAX_LAYOUTS:])))
        temporary.replace(path)


def _layouts_path() -> Path:
    return state_path() / "layouts.json"


def _stored_layouts() -> dict[str, Any]:
    try:
        layouts = json.loads(_layouts_path().read_text())
    except (OSError, ValueError):
        return {}
    return layouts if isinstance(layouts, dict) else {}


def _layout_from(value: Any) -> StudyLayout:
    """Return the layout that a JSON value describes; invalid entries get their defaults."""
    if not isinstance(value, dict):
        return StudyLayout()
    smoothing = value.get("smoothing")
    return StudyLayout(
        columns=_strings(value.get("columns")),
        by=str(value.get("by") or ""),
        down=value.get("down") is True,
        metrics=_strings(value.get("metrics")),
        log_y=tuple(item is True for item in value["log_y"]) if isinstance(value.get("log_y"), list) else (),
        smoothing=float(smoothing) if isinstance(smoothing, int | float) and 0 <= smoothing < 1 else None,
        both=value.get("both") is True,
    )


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
