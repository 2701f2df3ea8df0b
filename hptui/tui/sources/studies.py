"""All studies of a HOME under watch: a line each, and more of the one that is looked at."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hptui.actions.process import holder
from hptui.model.errors import HptuiError
from hptui.model.stages import expected
from hptui.model.study import Study
from hptui.model.trial import StudyState, Trial, TrialStatus
from hptui.results.view import best_trials
from hptui.storage import studyfile
from hptui.storage.paths import StudyDir, studies_in
from hptui.storage.reader import Reader
from hptui.storage.rows import EventRow, StudyRow
from hptui.tui.sources.pool import Pool

MANY = 2000
WARNINGS = 3


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study in short. `error` is why nothing more is known of it. `active` is when something was recorded last."""

    sd: StudyDir
    row: StudyRow | None = None
    study: Study | None = None
    counts: Mapping[TrialStatus, int] = field(default_factory=dict)
    best: Trial | None = None
    others: int = 0
    alive: bool = False
    pid: int | None = None
    active: float = 0.0
    wanted: int | None = None
    warnings: tuple[EventRow, ...] = ()
    error: str = ""

    @property
    def gone(self) -> bool:
        """Whether its runner has left without ending it."""
        return self.row is not None and not self.alive and self.row.state in (StudyState.RUNNING, StudyState.DRAINING)

    @property
    def ended(self) -> int:
        """Trials that have ended."""
        return sum(count for status, count in self.counts.items() if not status.open)

    @property
    def total(self) -> int:
        """Trials there are or shall be."""
        return max(self.wanted or 0, sum(self.counts.values()))


class StudiesSource:
    """Watches a HOME; reads only studies that have changed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._latest: tuple[StudyLine, ...] | None = None
        self._lines: dict[Path, tuple[int, StudyLine]] = {}

    @property
    def latest(self) -> tuple[StudyLine, ...] | None:
        return self._latest

    def poll(self, pool: Pool) -> tuple[StudyLine, ...] | None:
        lines = [self._line(pool, sd) for sd in studies_in(self.home)]
        lines.sort(key=lambda line: (not line.alive, -line.active, line.sd.name))
        found = tuple(lines)
        self._lines = {line.sd.root: self._lines[line.sd.root] for line in found if line.sd.root in self._lines}
        if found == self._latest:
            return None
        self._latest = found
        return found

    def _line(self, pool: Pool, sd: StudyDir) -> StudyLine:
        runner = holder(sd)
        alive, pid = bool(runner["alive"]), runner["pid"]
        try:
            tick = pool.tick(sd)
            known = self._lines.get(sd.root)
            line = known[1] if known is not None and known[0] == tick else _read(pool.reader(sd), sd)
        except HptuiError as error:
            self._lines.pop(sd.root, None)
            return StudyLine(sd, error=str(error))
        self._lines[sd.root] = (tick, line)
        return replace(line, alive=alive, pid=pid if isinstance(pid, int) else None)


def _read(reader: Reader, sd: StudyDir) -> StudyLine:
    with reader.snapshot():
        row, counts = reader.study(), reader.counts()
        study = studyfile.from_json(row.spec)
        best = _best(reader, study, sum(counts.values()))
        events = reader.events(limit=40)
    active = max([event.at for event in events] + [row.created, row.ended or 0.0])
    if any(status is TrialStatus.RUNNING for status in counts):
        active = max(active, min(time.time(), sd.db.stat().st_mtime, _written(sd)))
    warnings = tuple(event for event in events if event.level != "info")[-WARNINGS:]
    wanted = expected(study, reader.trials()) if study.stages else study.search.trials
    first, others = best[0] if best else None, len(best) - 1
    return StudyLine(sd, row, study, counts, first, others, active=active, wanted=wanted, warnings=warnings)


def _written(sd: StudyDir) -> float:
    """When the store was written last: its log is newer than its file."""
    try:
        return sd.db.with_name("study.db-wal").stat().st_mtime
    except OSError:
        return sd.db.stat().st_mtime


def _best(reader: Reader, study: Study, count: int) -> list[Trial]:
    """The best trials; of a large study with one objective only those that can be are read."""
    if count > MANY and len(study.objectives) == 1:
        found = best_trials(study, reader.glance(study.objective.metric, study.objective.goal, MANY // 10))
        if found:
            return found
    return best_trials(study, reader.trials())
