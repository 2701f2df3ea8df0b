"""What a study's runner has decided and why, as sentences by time: proposed, started, pruned, failed, retried."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.format import settings
from hptui.core.trial import Attempt, Role, Trial
from hptui.store.reader import StoreReader
from hptui.store.recorded import EventKind
from hptui.store.records import Command, EventRow

MAX_EVENTS = 20_000
"""Newest events that are read."""
MAX_REASONS = 3
"""Reasons of left-out proposals that are named."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A sentence about what was decided at a time (Unix); `trial` is None for the whole study."""

    at: float
    trial: int | None
    text: str
    level: str = "info"

    @property
    def line(self) -> str:
        """The decision as a line of a log."""
        moment = time.strftime("%m-%d %H:%M:%S", time.localtime(self.at))
        subject = "study" if self.trial is None else f"trial {self.trial}"
        level = "" if self.level == "info" else f"{self.level.upper()}: "
        return f"{moment}  {subject:<10}  {level}{self.text}"


def read_decisions(reader: StoreReader) -> list[Decision]:
    """Return all decisions of a study, the oldest first."""
    events = reader.events(limit=MAX_EVENTS)
    added = {event.trial for event in events if event.kind == EventKind.ADDED}
    decisions = [*_of_events(events), *_of_commands(reader.commands())]
    attempts: dict[int, list[Attempt]] = {}
    for attempt in reader.attempts():
        attempts.setdefault(attempt.trial, []).append(attempt)
    for trial in reader.trials():
        if trial.number not in added:
            decisions.append(Decision(trial.created, trial.number, _proposal_text(trial)))
        decisions += _of_attempts(trial, attempts.get(trial.number, ()))
    return sorted(decisions, key=lambda decision: decision.at)


def _of_events(events: Sequence[EventRow]) -> Iterator[Decision]:
    for event in events:
        if event.kind != EventKind.PRUNE:  # the end of the trial repeats its sentence
            yield Decision(event.at, event.trial, event.message, event.level)


def _of_commands(commands: Sequence[Command]) -> Iterator[Decision]:
    for command in commands:
        if command.verb != "here" and command.result:
            yield Decision(command.at, None, f"asked to {command.verb}: {command.result}")


def _proposal_text(trial: Trial) -> str:
    """Return who proposed a trial, its settings, and which proposals were left out before it."""
    changed = settings(trial.params, ", ") if trial.params else "nothing changed"
    if trial.role is Role.BASELINE:
        text = f"the baseline: {changed}"
    elif trial.engine:
        text = f"proposed by {trial.engine}: {changed}"
    else:
        text = f"from the study file: {changed}"
    reasons = Counter(rejection.why for rejection in trial.rejections)
    if not reasons:
        return text
    named = "; ".join(f"{count} times {why}" if count > 1 else why for why, count in reasons.most_common(MAX_REASONS))
    total = reasons.total()
    return f"{text}; {total} {'proposal' if total == 1 else 'proposals'} left out before it: {named}"


def _of_attempts(trial: Trial, attempts: Sequence[Attempt]) -> Iterator[Decision]:
    """Yield the starts of a trial; of a further one, why there was another."""
    for before, attempt in zip([None, *attempts], attempts, strict=False):
        where = f" on {attempt.device}" if attempt.device else ""
        if before is None:
            text = f"starts{where}"
        else:
            why = before.message or str(before.reason or before.state)
            start = f"from step {attempt.resumed_step}" if attempt.resumed_step is not None else "from the beginning"
            text = f"starts again{where}, attempt {attempt.n}, {start}; before: {why}"
        yield Decision(attempt.started, trial.number, text)
