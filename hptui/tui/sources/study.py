"""A study under watch: all its trials, which of them are the best, and whether its runner lives."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field

from hptui.actions.process import holder
from hptui.model.outcome import point, usable
from hptui.model.pareto import Point, front
from hptui.model.study import Study
from hptui.model.trial import StudyState, Trial, TrialStatus, Value
from hptui.results.view import View, best_trials, time_left, trainers_of
from hptui.storage import studyfile
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rows import EventRow
from hptui.tui.sources.pool import Pool

GLANCE = 80
"""So many of the best trials are read first, where a study has many more."""
MANY = 1000
EVENTS = 30


@dataclass(frozen=True, slots=True)
class StudySnapshot:
    """A study at one moment. `partial`: more trials are still being read; `counts` and `total` know of all of them."""

    view: View
    alive: bool
    pid: int | None
    host: str
    best: frozenset[int]
    counts: Mapping[TrialStatus, int]
    metrics: tuple[str, ...]
    events: tuple[EventRow, ...] = ()
    left: float | None = None
    partial: bool = False
    frozen: bool = False
    total: int = 0

    @property
    def gone(self) -> bool:
        """Whether the runner has left without ending the study."""
        return not self.alive and self.view.row.state in (StudyState.RUNNING, StudyState.DRAINING)


@dataclass
class _Known:
    """What is kept between looks."""

    trials: dict[int, Trial] = field(default_factory=dict)
    points: dict[int, Point] = field(default_factory=dict)
    best: frozenset[int] = frozenset()
    mark: int = 0
    revision: int = -1
    study: Study | None = None
    trainers: Mapping[int, Mapping[str, Value]] = field(default_factory=dict)


class StudySource:
    """Watches one study; reads only trials that have changed."""

    def __init__(self, sd: StudyDir) -> None:
        self.sd = sd
        self._latest: StudySnapshot | None = None
        self._tick = -1
        self._state: tuple[object, ...] = ()
        self._known = _Known()

    @property
    def latest(self) -> StudySnapshot | None:
        return self._latest

    def poll(self, pool: Pool) -> StudySnapshot | None:
        runner = holder(self.sd)  # asked first: what a runner wrote before it left is then seen below
        state = (runner["alive"], runner["pid"])
        tick = pool.tick(self.sd)
        whole = self._latest is not None and not self._latest.partial
        if whole and tick == self._tick and state == self._state:
            return None
        reader = pool.reader(self.sd)
        if self._latest is None and sum(reader.counts().values()) > MANY:
            self._latest = self._glance(reader, runner)
        else:
            self._latest = self._look(reader, runner)
            self._tick, self._state = tick, state
        return self._latest

    def _glance(self, reader: Reader, runner: Mapping[str, object]) -> StudySnapshot:
        """Enough for a first screen."""
        row = reader.study()
        study = studyfile.from_json(row.spec)
        objective = study.objective
        trials = tuple(reader.glance(objective.metric, objective.goal, GLANCE))
        view = View(self.sd, row, study, trials, reader.defaults(), trainers_of(reader))
        known = _Known({trial.number: trial for trial in trials})
        _score(known, study, trials)
        return self._made(view, reader, runner, known.best, partial=True)

    def _look(self, reader: Reader, runner: Mapping[str, object]) -> StudySnapshot:
        known = self._known
        with reader.snapshot():
            row, defaults = reader.study(), reader.defaults()
            changed, mark = _changes(reader, known.mark)
            if mark < known.mark:  # another store stands in the old one's place
                known = self._known = _Known()
                changed, mark = _changes(reader, 0)
            if known.study is None or row.revision != known.revision:
                known.study, known.revision = studyfile.from_json(row.spec), row.revision
                known.trainers = trainers_of(reader)
                known.points.clear()
                _score(known, known.study, list(known.trials.values()))
        known.mark = mark
        known.trials.update({trial.number: trial for trial in changed})
        _score(known, known.study, changed)
        ordered = tuple(known.trials[number] for number in sorted(known.trials))
        view = View(self.sd, row, known.study, ordered, defaults, known.trainers)
        return self._made(view, reader, runner, known.best, partial=False)

    def _made(
        self, view: View, reader: Reader, runner: Mapping[str, object], best: frozenset[int], *, partial: bool
    ) -> StudySnapshot:
        alive, pid = bool(runner["alive"]), runner["pid"]
        counts = reader.counts()
        return StudySnapshot(
            view,
            alive,
            pid if isinstance(pid, int) else None,
            str(runner["host"] or ""),
            best,
            counts,
            tuple(reader.metric_names()),
            tuple(reader.events(limit=EVENTS)),
            time_left(view) if alive and not partial else None,
            partial,
            reader.frozen,
            sum(counts.values()),
        )


def _changes(reader: Reader, mark: int) -> tuple[list[Trial], int]:
    """`reader.changes`. Of many trials none is garbage, and they stay: to look through them for some, now and again and
    again, would hold up all threads."""
    gc.disable()
    try:
        changed, mark = reader.changes(mark)
        if len(changed) > MANY:
            gc.freeze()
    finally:
        gc.enable()
    return changed, mark


def _score(known: _Known, study: Study, changed: tuple[Trial, ...] | list[Trial]) -> None:
    """Keep the best up to date: only changed trials are judged anew."""
    before = dict(known.points) if len(changed) < MANY else None
    for trial in changed:
        if usable(study, trial) and not trial.aside:
            known.points[trial.number] = point(study, trial)
        else:
            known.points.pop(trial.number, None)
    if study.stages:  # only some of them may be compared; such studies are small
        known.best = frozenset(one.number for one in best_trials(study, list(known.trials.values())))
    elif before is None or before != known.points:
        numbers = sorted(known.points)
        known.best = frozenset(numbers[index] for index in front([known.points[number] for number in numbers]))
