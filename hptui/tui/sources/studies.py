"""All studies of a HOME: a summary of each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from hptui import studyfile
from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError
from hptui.core.ranking import first_of_best
from hptui.core.stages import expected_total
from hptui.core.study import Study
from hptui.core.trial import StudyState, Trial, TrialStatus
from hptui.operations.runner_lock import runner_status
from hptui.results.analysis.fresh import Fresh
from hptui.results.fresh_means import fresh_means, mean_text
from hptui.results.view import View, best_trials, trainer_settings_by_revision
from hptui.store.paths import StudyDir, list_studies
from hptui.store.reader import StoreReader
from hptui.store.records import EventRow, StudyRow
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.start_watch import StartWatch

LARGE_STUDY_TRIALS = 2000
"""Number of trials above which only candidates for the best are read."""
MAX_WARNINGS = 3
"""Number of latest warnings that are kept."""


@dataclass(frozen=True, slots=True)
class BestOfStudy:
    """The trial that every screen calls the best, with the number of `others` that are as good or on the front.

    `fresh` are its fresh runs; `mean` says by which mean it is ranked, '' where its own value ranks it.
    """

    trial: Trial | None = None
    others: int = 0
    fresh: Fresh | None = None
    mean: str = ""


NO_BEST = BestOfStudy()
"""Of a study without a ranked trial."""


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A summary of a study.

    `error` is why it cannot be read; `active` is when something was recorded last.
    """

    sd: StudyDir
    row: StudyRow | None = None
    study: Study | None = None
    counts: Mapping[TrialStatus, int] = field(default_factory=dict)
    best: BestOfStudy = NO_BEST
    alive: bool = False
    pid: int | None = None
    active: float = 0.0
    wanted: int | None = None
    warnings: tuple[EventRow, ...] = ()
    error: str = ""
    starting: bool = False

    @property
    def gone(self) -> bool:
        """True if its runner has gone without ending the study."""
        is_running = self.row is not None and self.row.state in (StudyState.RUNNING, StudyState.DRAINING)
        return is_running and not self.alive and not self.starting

    @property
    def ended(self) -> int:
        """Number of trials that have ended."""
        return sum(count for status, count in self.counts.items() if not status.open)

    @property
    def total(self) -> int:
        """Number of trials that exist or are planned, whichever is larger."""
        return max(self.wanted or 0, sum(self.counts.values()))


class StudiesSource:
    """Watches a HOME; reads only the studies that have changed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._latest: tuple[StudyLine, ...] | None = None
        self._lines: dict[Path, tuple[int, StudyLine]] = {}
        self._starts: dict[Path, StartWatch] = {}

    @property
    def latest(self) -> tuple[StudyLine, ...] | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> tuple[StudyLine, ...] | None:
        """Return the summaries if one has changed, else None."""
        lines = [self._line(pool, sd) for sd in list_studies(self.home)]
        lines.sort(key=lambda line: (not line.alive, -line.active, line.sd.name))
        latest = tuple(lines)
        self._lines = {line.sd.root: self._lines[line.sd.root] for line in latest if line.sd.root in self._lines}
        if latest == self._latest:
            return None
        self._latest = latest
        return latest

    def _line(self, pool: ReaderPool, sd: StudyDir) -> StudyLine:
        runner = runner_status(sd)
        alive, pid = bool(runner["alive"]), runner["pid"]
        try:
            tick = pool.tick(sd)
            entry = self._lines.get(sd.root)
            line = entry[1] if entry is not None and entry[0] == tick else _read_summary(pool.reader(sd), sd)
        except HptuiError as error:
            self._lines.pop(sd.root, None)
            return StudyLine(sd, error=str(error))
        self._lines[sd.root] = (tick, line)
        start = self._starts.setdefault(sd.root, StartWatch(sd.root))
        starting = line.row is not None and start.is_starting(line.row.state, alive=alive)
        return replace(line, alive=alive, pid=pid if isinstance(pid, int) else None, starting=starting)


def _read_summary(reader: StoreReader, sd: StudyDir) -> StudyLine:
    with reader.connection.snapshot():
        row, counts = reader.study(), reader.status_counts()
        study = studyfile.from_json(row.spec)
        best = best_of_study(reader, sd, row, study, sum(counts.values()))
        events = reader.events(limit=40)
    active = max([event.at for event in events] + [row.created, row.ended or 0.0])
    if any(status is TrialStatus.RUNNING for status in counts):
        active = max(active, min(time.time(), sd.db.stat().st_mtime, _last_written(sd)))
    warnings = tuple(event for event in events if event.level != "info")[-MAX_WARNINGS:]
    wanted = expected_total(study, reader.trials()) if study.stages else study.search.trials
    return StudyLine(sd, row, study, counts, best, active=active, wanted=wanted, warnings=warnings)


def _last_written(sd: StudyDir) -> float:
    """Return when the store was written last: its write-ahead log is newer than its file."""
    try:
        return sd.db.with_name("study.db-wal").stat().st_mtime
    except OSError:
        return sd.db.stat().st_mtime


def best_of_study(reader: StoreReader, sd: StudyDir, row: StudyRow, study: Study, count: int) -> BestOfStudy:
    """Return the best trial; of a large study with one objective only the candidates are read."""
    if count > LARGE_STUDY_TRIALS and len(study.objectives) == 1:
        candidates = reader.best_trials(study.objective.metric, study.objective.goal, LARGE_STUDY_TRIALS // 10)
        if best := best_trials(study, candidates):
            return BestOfStudy(first_of_best(study, best), len(best) - 1)
    trials = tuple(reader.trials())
    best = best_trials(study, trials)
    first = first_of_best(study, best)
    if first is None or all(trial.replicate_of is None for trial in trials):
        return BestOfStudy(first, max(0, len(best) - 1))
    view = View(sd, row, study, trials, reader.defaults(), trainer_settings_by_revision(reader))
    means = fresh_means(view, reader)
    return BestOfStudy(first, len(best) - 1, None if means is None else means.best, mean_text(view, first))
