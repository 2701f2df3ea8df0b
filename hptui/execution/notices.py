"""Make notices of recorded events: at most one of each event, with an id that stays the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hptui.core.format import metric
from hptui.core.masking import shown
from hptui.core.notify import Notify
from hptui.core.ranking import first_of_best, front_text, is_usable, pareto_set
from hptui.core.stages import comparable
from hptui.core.study import Study
from hptui.core.trial import Trial
from hptui.store import notices as queue
from hptui.store.notices import Notice
from hptui.store.reader import StoreReader
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.records import EventRow
from hptui.store.store import Store

MAX_MESSAGE_CHARACTERS = 1500
"""Characters of a message; services refuse longer ones."""
DISK_WORDS = ("disk full", "free on the disk")
"""Parts of messages of pauses for lack of space."""


def queue_notices(store: Store, study: Study, settings: Notify, trials: Mapping[int, Trial] | None = None) -> int:
    """Queue notices of the events since the last call; return the id of the last event.

    `trials` are all trials as recorded, read here if they are not given.
    """
    seen = int(store.read.get_meta(MetaKey.NOTICED) or 0)
    events = store.read.events(after_id=seen)
    if not events:
        return seen
    with store.transaction():
        if settings.channels:
            for notice in _notices(store.read, study, settings, events, trials):
                queue.add_notice(store.connection, notice, settings.channels)
        store.set_meta(MetaKey.NOTICED, str(events[-1].id))
    return events[-1].id


def _notices(
    reader: StoreReader, study: Study, settings: Notify, events: Iterable[EventRow], trials: Mapping[int, Trial] | None
) -> Iterator[Notice]:
    """Yield the notices of events, in order; of a kind that is sent once, only the first."""
    identity = reader.study().uuid
    for event in events:
        if not _kinds_of(event):
            continue
        if trials is None:
            trials = {trial.number: trial for trial in reader.trials()}
        for kind in _kinds_of(event):
            if kind not in settings.kinds:
                continue
            if text := _text(reader, study, kind, event, trials):
                title, message = shown(text[0]), shown(text[1], lines=True, limit=MAX_MESSAGE_CHARACTERS)
                yield Notice(f"{identity}-{event.id}-{kind}", event.at, kind, event.trial, title, message)
                break


def _kinds_of(event: EventRow) -> tuple[str, ...]:
    """Return the kinds of notice that an event may become; the first that applies counts."""
    if event.kind == EventKind.STUDY_DONE:
        return ("done",)
    if event.kind in (EventKind.STUDY_PAUSED, EventKind.STUDY_DRAINING) and event.level != "info":  # not by a person
        for_space = any(words in event.message for words in DISK_WORDS)
        return ("disk", "paused") if for_space else ("paused",)
    if event.kind == EventKind.DISK_LOW:
        return ("disk",)
    if event.kind == EventKind.TRIAL_FAILED:
        return ("failed",)
    return ("target", "best") if event.kind == EventKind.TRIAL_COMPLETE else ()


def _text(
    reader: StoreReader, study: Study, kind: str, event: EventRow, trials: Mapping[int, Trial]
) -> tuple[str, str] | None:
    """Return title and message of a notice; None if there is none to send."""
    name, trial = study.name, trials.get(-1 if event.trial is None else event.trial)
    if kind == "done":
        front = pareto_set(study, list(trials.values()))
        first = first_of_best(study, front)
        best = "" if first is None else f"best: {_values(study, first)}"
        if first is not None and len(study.objectives) > 1:  # none of them is the best
            best = front_text(len(front))
        return f"{name} is done", "; ".join(filter(None, (event.message, best)))
    if kind == "paused":
        return f"{name} has paused by itself", event.message
    if kind == "disk":
        paused = event.kind != EventKind.DISK_LOW
        return f"{name} {'has paused: no disk space' if paused else 'is short of disk space'}", event.message
    if kind == "failed":
        title = f"{name}: the first trial failed"
        sent_before = queue.has_notice(reader.connection, kind, title)
        return None if sent_before else (title, f"trial {event.trial} {event.message}")
    if trial is None or len(study.objectives) != 1 or not is_usable(study, trial) or trial.is_unranked:
        return None
    if kind == "target":
        target = study.search.until.target
        title = f"{name} has reached its target of {target:g}" if target is not None else ""
        if target is None or study.objective.better(target, (trial.values or {})[study.objective.metric]):
            return None
        return None if queue.has_notice(reader.connection, kind, title) else (title, _values(study, trial))
    rivals = [
        other
        for other in trials.values()
        if other.number != trial.number and not other.is_unranked and comparable(study, other.stage, trial.stage)
    ]
    before = pareto_set(study, rivals)
    if not before or pareto_set(study, [*rivals, trial]) != [trial]:
        return None  # the first value is no news
    return f"{name} has a new best trial", f"{_values(study, trial)}, before: {_values(study, before[0])}"


def _values(study: Study, trial: Trial) -> str:
    values = trial.values or {}
    texts = [
        f"{item.metric}={metric(values.get(item.metric), study.metrics.get(item.metric))}" for item in study.objectives
    ]
    return f"{', '.join(texts)} (trial {trial.number})"
