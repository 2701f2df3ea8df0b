"""Sources of a study (its trials, the best of them, its runner) and of everything about one trial but its curves."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from hptui import studyfile
from hptui.core.dataclass import dataclass
from hptui.core.ranking import ObjectivePoint, first_of_best, is_usable, nondominated_indices, objective_point
from hptui.core.study import Study
from hptui.core.trial import Attempt, StudyState, Trial, TrialStatus, Value
from hptui.operations.runner_lock import runner_status
from hptui.results.fresh_means import FreshMeans, fresh_means
from hptui.results.masked_view import masked_study
from hptui.results.time_left import TimeLeft, time_left
from hptui.results.view import View, best_trials, trainer_settings_by_revision
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import ArtifactRow, CheckpointRow, EventRow, MetricSummary
from hptui.store.whereabouts import whereabouts
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.start_watch import StartWatch
from hptui.tui.sources.usage import usage_names

N_FIRST_TRIALS = 80
"""Number of best trials that are read first, if a study has many more."""
LARGE_STUDY_TRIALS = 1000
"""Number of trials from which a study counts as large."""
MAX_STUDY_EVENTS = 30
"""Number of latest events that are read."""


@dataclass(frozen=True, slots=True)
class StudySnapshot:
    """A study at one moment.

    If `partial`, more trials are still to be read; `counts` and `total` include them.
    """

    view: View
    alive: bool
    pid: int | None
    host: str
    best: frozenset[int]
    counts: Mapping[TrialStatus, int]
    metrics: tuple[str, ...]
    events: tuple[EventRow, ...] = ()
    left: TimeLeft | None = None
    partial: bool = False
    frozen: bool = False
    total: int = 0
    starting: bool = False
    fresh: FreshMeans | None = None
    usage: tuple[str, ...] = ()
    starred: frozenset[int] = frozenset()
    where: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def leading(self) -> Trial | None:
        """The trial that every screen calls the best: of several, the best in the first objective."""
        return first_of_best(self.view.study, [trial for trial in self.view.trials if trial.number in self.best])

    @property
    def charted(self) -> tuple[str, ...]:
        """The names of what charts can show: metrics, and what trials used."""
        return (*self.metrics, *self.usage)

    @property
    def gone(self) -> bool:
        """True if the runner has gone without ending the study."""
        is_running = self.view.row.state in (StudyState.RUNNING, StudyState.DRAINING)
        return is_running and not self.alive and not self.starting


@dataclass
class _StudyCache:
    """What is kept between two polls."""

    trials: dict[int, Trial] = field(default_factory=dict)
    points: dict[int, ObjectivePoint] = field(default_factory=dict)
    best: frozenset[int] = frozenset()
    mark: int = 0
    revision: int = -1
    study: Study | None = None
    trainers: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)


class StudySource:
    """Watches one study; reads only the trials that have changed."""

    def __init__(self, sd: StudyDir) -> None:
        self.sd = sd
        self._latest: StudySnapshot | None = None
        self._tick = -1
        self._state: tuple[bool, object] = (False, None)
        self._cache = _StudyCache()
        self._start = StartWatch(sd.root)

    @property
    def latest(self) -> StudySnapshot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> StudySnapshot | None:
        """Return the study if it or its runner has changed, else None.

        Of a large study, the first snapshot is partial.
        """
        runner = runner_status(self.sd)  # asked first: what a runner wrote before it ended is then read below
        state = (bool(runner["alive"]), runner["pid"])
        tick = pool.tick(self.sd)
        is_complete = self._latest is not None and not self._latest.partial
        if is_complete and tick == self._tick and state == self._state:
            return self._without_start(alive=state[0])
        reader = pool.reader(self.sd)
        if self._latest is None and sum(reader.status_counts().values()) > LARGE_STUDY_TRIALS:
            self._latest = self._read_best(reader, runner)
        else:
            self._latest = self._read_changes(reader, runner)
            self._tick, self._state = tick, state
        return self._latest

    def _without_start(self, *, alive: bool) -> StudySnapshot | None:
        """Return the study again if its runner should have started by now; else None."""
        latest = self._latest
        if latest is None or not latest.starting or self._start.is_starting(latest.view.row.state, alive=alive):
            return None
        self._latest = replace(latest, starting=False)
        return self._latest

    def _read_best(self, reader: StoreReader, runner: Mapping[str, object]) -> StudySnapshot:
        """Read enough for a first screen."""
        row = reader.study()
        study = studyfile.from_json(row.spec)
        masked_study(study)
        objective = study.objective
        trials = tuple(reader.best_trials(objective.metric, objective.goal, N_FIRST_TRIALS))
        view = View(self.sd, row, study, trials, reader.defaults(), trainer_settings_by_revision(reader))
        cache = _StudyCache({trial.number: trial for trial in trials})
        _update_best(cache, study, trials)
        return self._snapshot_of(view, reader, runner, cache.best, partial=True)

    def _read_changes(self, reader: StoreReader, runner: Mapping[str, object]) -> StudySnapshot:
        cache = self._cache
        with reader.connection.snapshot():
            row, defaults = reader.study(), reader.defaults()
            changed, change_mark = _changed_trials(reader, cache.mark)
            if change_mark < cache.mark:  # the store was replaced by another one
                cache = self._cache = _StudyCache()
                changed, change_mark = _changed_trials(reader, 0)
            if cache.study is None or row.revision != cache.revision:
                cache.study, cache.revision = studyfile.from_json(row.spec), row.revision
                masked_study(cache.study)  # from here on this process masks its secrets wherever they are shown
                cache.trainers = trainer_settings_by_revision(reader)
                cache.points.clear()
                _update_best(cache, cache.study, list(cache.trials.values()))
        cache.mark = change_mark
        cache.trials.update({trial.number: trial for trial in changed})
        _update_best(cache, cache.study, changed)
        ordered = tuple(cache.trials[number] for number in sorted(cache.trials))
        view = View(self.sd, row, cache.study, ordered, defaults, cache.trainers)
        return self._snapshot_of(view, reader, runner, cache.best, partial=False)

    def _snapshot_of(
        self, view: View, reader: StoreReader, runner: Mapping[str, object], best: frozenset[int], *, partial: bool
    ) -> StudySnapshot:
        alive, pid = bool(runner["alive"]), runner["pid"]
        counts = reader.status_counts()
        return StudySnapshot(
            view,
            alive,
            pid if isinstance(pid, int) else None,
            str(runner["host"] or ""),
            best,
            counts,
            tuple(reader.metric_names()),
            tuple(reader.events(limit=MAX_STUDY_EVENTS)),
            time_left(view) if alive and not partial else None,
            partial,
            reader.connection.frozen,
            sum(counts.values()),
            self._start.is_starting(view.row.state, alive=alive),
            None if partial else fresh_means(view, reader),
            usage_names(reader),
            reader.starred(),
            whereabouts(reader)["attempts"] if alive else {},
        )


def _changed_trials(reader: StoreReader, mark: int) -> tuple[list[Trial], int]:
    """Return `reader.changes(mark)`, with the garbage collector off.

    Trials are no garbage and stay: to traverse many of them again and again would stop all threads for a while.
    """
    gc.disable()
    try:
        changed, mark = reader.changed_trials(mark)
        if len(changed) > LARGE_STUDY_TRIALS:
            gc.freeze()
    finally:
        gc.enable()
    return changed, mark


def _update_best(cache: _StudyCache, study: Study, changed: tuple[Trial, ...] | list[Trial]) -> None:
    """Update the best trials after some have changed."""
    before = dict(cache.points) if len(changed) < LARGE_STUDY_TRIALS else None
    for trial in changed:
        if is_usable(study, trial) and not trial.is_unranked:
            cache.points[trial.number] = objective_point(study, trial)
        else:
            cache.points.pop(trial.number, None)
    if study.stages:  # only trials of some stages are comparable; studies with stages are small
        cache.best = frozenset(trial.number for trial in best_trials(study, list(cache.trials.values())))
    elif before is None or before != cache.points:
        numbers = sorted(cache.points)
        cache.best = frozenset(
            numbers[index] for index in nondominated_indices([cache.points[number] for number in numbers])
        )


MAX_TRIAL_EVENTS = 20
"""Number of latest events that are read."""


@dataclass(frozen=True, slots=True)
class TrialSnapshot:
    """A trial with its attempts, files, metric summaries and events."""

    trial: Trial
    attempts: tuple[Attempt, ...]
    metrics: Mapping[str, MetricSummary]
    checkpoints: tuple[CheckpointRow, ...]
    artifacts: tuple[ArtifactRow, ...]
    events: tuple[EventRow, ...]


class TrialSource:
    """Watches one trial."""

    def __init__(self, sd: StudyDir, number: int) -> None:
        self.sd, self.number = sd, number
        self._latest: TrialSnapshot | None = None
        self._tick = -1

    @property
    def latest(self) -> TrialSnapshot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> TrialSnapshot | None:
        """Return the trial if it has changed, else None."""
        tick = pool.tick(self.sd)
        if tick == self._tick:
            return None
        self._tick = tick
        reader = pool.reader(self.sd)
        with reader.connection.snapshot():
            snapshot = TrialSnapshot(
                reader.trial(self.number),
                tuple(reader.attempts(self.number)),
                reader.metric_summaries(self.number),
                tuple(reader.checkpoints(self.number)),
                tuple(reader.artifacts(self.number)),
                tuple(reader.events(trial=self.number, limit=MAX_TRIAL_EVENTS)),
            )
        if snapshot == self._latest:
            return None
        self._latest = snapshot
        return snapshot
