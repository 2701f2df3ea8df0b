"""What a user is alerted to without looking: a study that ends, pauses by itself or fails, a better trial.

The terminal rings its bell and, where it can, shows a notice of the desktop. No Textual in here.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

from hptui.core.dataclass import dataclass
from hptui.core.ranking import front_text
from hptui.core.trial import StudyState, TrialStatus
from hptui.tui.cells import plain_line

BELL = "\a"
OSC_777_TERMINALS = ("foot", "rxvt-unicode", "vte")
"""Terminals that show notices by OSC 777; most others that show any do so by OSC 9."""
DISK_WORDS = ("disk full", "free on the disk")
"""Parts of messages of pauses for lack of space."""
MAX_ALERT_LENGTH = 200
"""Characters of a notice."""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What alerts are made of: a study's state and its message, how many trials ended or failed, the best as text."""

    key: str
    name: str
    state: StudyState
    message: str = ""
    failed: int = 0
    best: str = ""
    front: int = 0
    """Number of trials on the Pareto front; 0 with one objective."""
    ended: int | None = None
    failure: str = ""
    """The trial that failed last, with its reason, where trials were read."""


@runtime_checkable
class TellsEvents(Protocol):
    """A screen that may itself tell what happens to a study, so that nothing else has to."""

    def alerts_of(self, key: str) -> bool:
        """Return whether it tells what happens to the study of a directory."""


def ended_trials(counts: Mapping[TrialStatus, int]) -> int:
    """Return the number of trials that have ended, of the numbers by status."""
    return sum(count for status, count in counts.items() if not status.open)


class Alerts:
    """Compares what is seen of studies with what was seen of them before."""

    def __init__(self, kinds: Collection[str]) -> None:
        """`kinds` are those of `[notify] on`."""
        self._kinds = kinds
        self._seen: dict[str, StudyFacts] = {}
        self._ended_at_rest: dict[str, int | None] = {}

    def news(self, facts: StudyFacts) -> list[str]:
        """Return what has happened to a study since it was seen last; nothing at first sight."""
        before = self._seen.get(facts.key)
        self._seen[facts.key] = facts
        nothing_ended = facts.ended is not None and facts.ended == self._ended_at_rest.get(facts.key)
        if facts.state not in (StudyState.RUNNING, StudyState.DRAINING):
            self._ended_at_rest[facts.key] = facts.ended
        if before is None:
            return []
        happened: dict[str, str] = {}
        was_running = before.state in (StudyState.RUNNING, StudyState.DRAINING)
        best = f"; the best is {facts.best}" if facts.best else ""
        if facts.front:  # none of them is the best
            best = f"; {front_text(facts.front)}"
        why = f": {facts.message}" if facts.message else ""
        if was_running and facts.state is StudyState.DONE and not nothing_ended:
            happened["target" if "target" in facts.message else "done"] = f"{facts.name} is done{why}{best}"
        if was_running and facts.state is StudyState.PAUSED and facts.message != PAUSED_BY_REQUEST:
            kind = "disk" if any(word in facts.message for word in DISK_WORDS) else "paused"
            happened[kind] = f"{facts.name} paused by itself: {facts.message}"
        if facts.failed and not before.failed:
            happened["failed"] = f"{facts.failure or 'a trial'} of {facts.name} failed"
        # Without a trial that has ended, another best is one that was only read later, or another mean.
        is_new = facts.best != before.best and (facts.ended is None or facts.ended != before.ended)
        if before.best and is_new and not facts.front:
            happened["best"] = f"{facts.name} has a new best: {facts.best}"
        return [text for kind, text in happened.items() if kind in self._kinds]


PAUSED_BY_REQUEST = "paused by request"
"""Message of a study that a person has paused."""


def alert_sequence(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Return what makes a terminal ring its bell and, where it can, show a notice."""
    environ = os.environ if environ is None else environ
    if environ.get("TERM", "") in ("linux", "vt100", "vt220", "dumb"):
        return BELL
    shown = plain_line(text, MAX_ALERT_LENGTH).replace(";", ",")
    terminal = "vte" if environ.get("VTE_VERSION") else environ.get("TERM", "")
    uses_777 = terminal.startswith(OSC_777_TERMINALS) and not environ.get("TMUX")
    sequence = f"\x1b]777;notify;hptui;{shown}\a" if uses_777 else f"\x1b]9;{shown}\a"
    if environ.get("TMUX"):
        doubled = sequence.replace("\x1b", "\x1b\x1b")
        sequence = f"\x1bPtmux;{doubled}\x1b\\"
    return BELL + sequence
