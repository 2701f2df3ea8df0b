"""The signs that stand for a state, so that no state is shown by colour alone; with an ASCII set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hptui.model.trial import StudyState, TrialStatus


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A set of signs: one for each status and state, and those of tables and bars."""

    status: Mapping[TrialStatus, str]
    state: Mapping[StudyState, str]
    gone: str
    cursor: str
    mark: str
    best: str
    up: str
    down: str
    bars: Sequence[str]
    full: str
    empty: str
    dot: str


UNICODE_GLYPHS = Glyphs(
    {
        TrialStatus.WAITING: "○",
        TrialStatus.RUNNING: "●",
        TrialStatus.PAUSED: "‖",
        TrialStatus.COMPLETE: "✓",
        TrialStatus.PRUNED: "▽",
        TrialStatus.FAILED: "✕",
        TrialStatus.STOPPED: "■",
    },
    {
        StudyState.NEW: "○",
        StudyState.RUNNING: "●",
        StudyState.DRAINING: "◐",
        StudyState.PAUSED: "‖",
        StudyState.DONE: "✓",
        StudyState.STOPPED: "■",
    },
    "✕",
    "▌",
    "+",
    "★",
    "▲",
    "▼",
    "▁▂▃▄▅▆▇█",
    "█",
    "░",
    "·",
)
"""Signs for terminals with Unicode."""
ASCII_GLYPHS = Glyphs(
    {
        TrialStatus.WAITING: ".",
        TrialStatus.RUNNING: "@",
        TrialStatus.PAUSED: "=",
        TrialStatus.COMPLETE: "v",
        TrialStatus.PRUNED: "<",
        TrialStatus.FAILED: "x",
        TrialStatus.STOPPED: "#",
    },
    {
        StudyState.NEW: ".",
        StudyState.RUNNING: "@",
        StudyState.DRAINING: "@",
        StudyState.PAUSED: "=",
        StudyState.DONE: "v",
        StudyState.STOPPED: "#",
    },
    "x",
    ">",
    "+",
    "*",
    "^",
    "v",
    "_.,-~=*#",
    "#",
    ".",
    "|",
)
"""Signs for terminals with ASCII only."""

STATUS_MEANINGS: Mapping[TrialStatus, str] = {
    TrialStatus.WAITING: "muted",
    TrialStatus.RUNNING: "running",
    TrialStatus.PAUSED: "paused",
    TrialStatus.COMPLETE: "good",
    TrialStatus.PRUNED: "muted",
    TrialStatus.FAILED: "bad",
    TrialStatus.STOPPED: "muted",
}
"""Status -> the meaning of its colour, one of `themes.MEANINGS`."""

STATE_MEANINGS: Mapping[StudyState, str] = {
    StudyState.NEW: "muted",
    StudyState.RUNNING: "running",
    StudyState.DRAINING: "running",
    StudyState.PAUSED: "paused",
    StudyState.DONE: "good",
    StudyState.STOPPED: "muted",
}
"""Study state -> the meaning of its colour, one of `themes.MEANINGS`."""


def sparkline(values: Sequence[float | None], glyphs: Glyphs) -> str:
    """Return a sparkline, scaled between the lowest and the highest value; a blank stands for None."""
    finite = [value for value in values if value is not None]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    last = len(glyphs.bars) - 1
    size = (high - low) or 1.0
    return "".join(
        " " if value is None else glyphs.bars[round((value - low) / size * last) if high > low else 0]
        for value in values
    )
