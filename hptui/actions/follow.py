"""Watching a study from outside: what changed since the last look, and how it ended. Reads only what is new."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hptui.actions.process import holder
from hptui.model.errors import Unusable
from hptui.model.study import Study
from hptui.model.trial import Role, StudyState, Trial, Value
from hptui.results.view import View, scored, trainers_of
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rows import EventRow

POLL = 0.1
GONE = 2.0
"""Seconds without a runner after which a study that should go on is left: one may just be starting."""
GOING = (StudyState.NEW, StudyState.RUNNING, StudyState.DRAINING)


@dataclass(frozen=True, slots=True)
class Update:
    """What a look saw: the study now, the events since the look before, and whether its runner lives."""

    view: View
    events: tuple[EventRow, ...]
    alive: bool


class Follower:
    """A study under watch. A context manager. Events up to `after` are taken as known."""

    def __init__(self, sd: StudyDir, after: int = 0) -> None:
        from hptui.storage import studyfile

        self._sd, self._after = sd, after
        self._reader, self._read = Reader(sd), studyfile.from_json
        self._trials: dict[int, Trial] = {}
        self._mark, self._revision = 0, -1
        self._study: Study | None = None
        self._trainers: dict[int, Mapping[str, Value]] = {}
        self._version: int | None = None
        self._view: View | None = None

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def look(self) -> Update:
        """The study as it is now. Cheap when nothing has happened."""
        alive = bool(holder(self._sd)["alive"])  # asked first: what a runner wrote before it left is then seen below
        version = self._reader.data_version()
        if self._view is not None and version == self._version:
            return Update(self._view, (), alive)
        self._version = version
        with self._reader.snapshot():
            row, defaults = self._reader.study(), self._reader.defaults()
            changed, self._mark = self._reader.changes(self._mark)
            events = tuple(self._reader.events(self._after))
        if self._study is None or row.revision != self._revision:
            self._study, self._revision = self._read(row.spec), row.revision
            self._trainers = trainers_of(self._reader)
        self._trials.update({trial.number: trial for trial in changed})
        self._after = events[-1].id if events else self._after
        ordered = tuple(self._trials[number] for number in sorted(self._trials))
        self._view = View(self._sd, row, self._study, ordered, defaults, self._trainers)
        return Update(self._view, events, alive)


def until_rest(follower: Follower) -> Iterator[Update]:
    """Look again and again until the study has come to rest, or its runner has gone."""
    seen = time.monotonic()
    while True:
        update = follower.look()
        yield update
        if update.alive:
            seen = time.monotonic()
        elif update.view.row.state not in GOING or time.monotonic() - seen > GONE:
            return
        time.sleep(POLL)


def newest_event(sd: StudyDir) -> int:
    """The id of the last event of a study; 0 when it has none or is not there yet."""
    if not sd.exists():
        return 0
    with Reader(sd) as reader:
        return max((event.id for event in reader.events(limit=1)), default=0)


def exit_code(view: View, *, aborted: bool = False, hindered: bool = False) -> int:
    """0: there is something to use, or a person paused it; 3: it ended, or gave up, without one usable trial;
    1: its runner has gone without ending it, or the machine `hindered` it.
    """
    usable = any(scored(view.study, trial) for trial in view.trials if trial.role is not Role.BASE)
    if view.row.state in (StudyState.RUNNING, StudyState.DRAINING, StudyState.NEW):
        return 1
    if hindered and view.row.state is StudyState.PAUSED:
        return 1
    if usable or (view.row.state is StudyState.PAUSED and not aborted):
        return 0
    return Unusable.exit_code


def gave_up(sd: StudyDir) -> bool:
    """Whether a paused study paused itself, because going on made no sense."""
    return _last_pause(sd) == "error"


def was_hindered(sd: StudyDir) -> bool:
    """Whether a paused study paused itself, because the machine (its disk) did not let it go on."""
    return _last_pause(sd) == "warning"


def _last_pause(sd: StudyDir) -> str:
    with Reader(sd) as reader:
        pauses = [event for event in reader.events() if event.kind == "study_paused"]
    return pauses[-1].level if pauses else ""


def in_order(trials: tuple[Trial, ...]) -> Iterator[Trial]:
    """Trials that have ended, in the order in which they did."""
    ended = [trial for trial in trials if trial.ended is not None and not trial.status.open]
    yield from sorted(ended, key=lambda trial: (trial.ended, trial.number))
