"""Follow a study from outside: what changed since the last poll, and how it ended. Reads only what is new."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping

from hptui.core.dataclass import dataclass
from hptui.core.errors import NoUsableTrial
from hptui.core.study import Study
from hptui.core.trial import Role, StudyState, Trial, Value
from hptui.operations.runner_lock import runner_status
from hptui.results.masked_view import masked_study
from hptui.results.view import View, has_all_values, trainer_settings_by_revision
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import EventKind
from hptui.store.records import EventRow

POLL_S = 0.1  # seconds
RUNNER_GONE_S = 2.0
"""Seconds without a runner after which an unfinished study counts as left; a runner may just be starting."""
UNFINISHED_STATES = (StudyState.NEW, StudyState.RUNNING, StudyState.DRAINING)
"""States in which a study is not at rest."""


@dataclass(frozen=True, slots=True)
class FollowUpdate:
    """Result of a poll: the study now, the events since the poll before, and whether its runner lives."""

    view: View
    events: tuple[EventRow, ...]
    alive: bool


class Follower:
    """Polls a study; a context manager. Events up to the id `after` are not reported."""

    def __init__(self, sd: StudyDir, after: int = 0) -> None:
        from hptui import studyfile

        self._sd, self._after = sd, after
        self._reader, self._parse_study = StoreReader.open(sd), studyfile.from_json
        self._trials: dict[int, Trial] = {}
        self._change_mark, self._revision = 0, -1
        self._study: Study | None = None
        self._trainers: dict[int, Mapping[str, Value]] = {}
        self._version: int | None = None
        self._view: View | None = None

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def poll(self) -> FollowUpdate:
        """Return the study as it is now, and its new events.

        Cheap when nothing has happened: then only SQLite's data version is read.
        """
        alive = bool(
            runner_status(self._sd)["alive"]
        )  # first, so that what a runner wrote before it ended is read below
        version = self._reader.connection.data_version()
        if self._view is not None and version == self._version:
            return FollowUpdate(self._view, (), alive)
        self._version = version
        with self._reader.connection.snapshot():
            row, defaults = self._reader.study(), self._reader.defaults()
            changed, self._change_mark = self._reader.changed_trials(self._change_mark)
            events = tuple(self._reader.events(self._after))
        if self._study is None or row.revision != self._revision:
            self._study, self._revision = self._parse_study(row.spec), row.revision
            self._trainers = trainer_settings_by_revision(self._reader)
            masked_study(self._study)  # from here on this process masks the secrets of its file in any text
        self._trials.update({trial.number: trial for trial in changed})
        self._after = events[-1].id if events else self._after
        ordered = tuple(self._trials[number] for number in sorted(self._trials))
        self._view = View(self._sd, row, self._study, ordered, defaults, self._trainers)
        return FollowUpdate(self._view, events, alive)


def follow_until_rest(follower: Follower) -> Iterator[FollowUpdate]:
    """Poll until the study has come to rest, or its runner has gone."""
    runner_seen_at = time.monotonic()
    while True:
        update = follower.poll()
        yield update
        if update.alive:
            runner_seen_at = time.monotonic()
        elif update.view.row.state not in UNFINISHED_STATES or time.monotonic() - runner_seen_at > RUNNER_GONE_S:
            return
        time.sleep(POLL_S)  # SQLite cannot notify another process of a change


def newest_event_id(sd: StudyDir) -> int:
    """Return the id of the last event of a study; 0 when it has none or does not exist yet."""
    if not sd.exists():
        return 0
    with StoreReader.open(sd) as reader:
        return max((event.id for event in reader.events(limit=1)), default=0)


USAGE_STOP = re.compile(r"trial \d+ failed \(usage\)")
"""Start of the message of a study that a usage error has stopped."""


def exit_code(view: View, *, aborted: bool = False, hindered: bool = False) -> int:
    """Return the exit code that a study's end stands for.

    0: it has a usable trial, or a person paused it; 3: it ended, or paused itself (`aborted`), without one usable
    trial; 1: its runner has gone without ending it, the machine paused it (`hindered`), or a usage error stopped it.
    """
    usable = any(has_all_values(view.study, trial) for trial in view.trials if trial.role is not Role.BASE)
    if view.row.state in (StudyState.RUNNING, StudyState.DRAINING, StudyState.NEW):
        return 1
    if hindered and view.row.state is StudyState.PAUSED:
        return 1
    if aborted and usable and view.row.message and USAGE_STOP.match(view.row.message):
        return 1
    if usable or (view.row.state is StudyState.PAUSED and not aborted):
        return 0
    return NoUsableTrial.exit_code


def paused_itself(sd: StudyDir) -> bool:
    """Return True when a paused study paused itself, because continuing made no sense."""
    return _last_pause(sd) == "error"


def paused_by_machine(sd: StudyDir) -> bool:
    """Return True when a paused study paused itself, because the machine (its disk) failed."""
    return _last_pause(sd) == "warning"


def _last_pause(sd: StudyDir) -> str:
    with StoreReader.open(sd) as reader:
        pauses = [event for event in reader.events() if event.kind == EventKind.STUDY_PAUSED]
    return pauses[-1].level if pauses else ""


def in_order_of_end(trials: tuple[Trial, ...]) -> Iterator[Trial]:
    """Yield the trials that have ended, in the order in which they did."""
    ended = [trial for trial in trials if trial.ended is not None and not trial.status.open]
    yield from sorted(ended, key=lambda trial: (trial.ended, trial.number))
