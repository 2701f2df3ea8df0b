"""The studies of a HOME that run, whatever screen is in front: what alerts are made of."""

from __future__ import annotations

from pathlib import Path

from hptui import studyfile
from hptui.core.errors import HptuiError
from hptui.core.study import Study
from hptui.operations.runner_lock import runner_status
from hptui.store.paths import StudyDir, list_studies
from hptui.store.reader import StoreReader
from hptui.tui.alerts import StudyFacts
from hptui.tui.labels import facts_of_study
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.studies import best_of_study


class RunningSource:
    """Watches the studies of a HOME while they run, and once more when their runner has left."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._latest: tuple[StudyFacts, ...] | None = None
        self._followed: dict[Path, int] = {}
        self._studies: dict[Path, tuple[int, Study]] = {}

    @property
    def latest(self) -> tuple[StudyFacts, ...] | None:
        """The newest snapshot; None before the first one."""
        return self._latest

    def poll(self, pool: ReaderPool) -> tuple[StudyFacts, ...] | None:
        """Return the facts of the studies that have changed; None if none has."""
        changed = []
        for sd in list_studies(self.home):
            is_alive = bool(runner_status(sd)["alive"])  # asked first: what a runner wrote at its end is then read
            if not is_alive and sd.root not in self._followed:
                continue
            try:
                tick = pool.tick(sd)
                if self._followed.get(sd.root) != tick:
                    changed.append(self._facts(pool.reader(sd), sd))
            except HptuiError:  # the list of studies says why it cannot be read
                self._followed.pop(sd.root, None)
                continue
            if is_alive:
                self._followed[sd.root] = tick
            else:
                del self._followed[sd.root]
        if not changed:
            return None
        self._latest = tuple(changed)
        return self._latest

    def _facts(self, reader: StoreReader, sd: StudyDir) -> StudyFacts:
        with reader.connection.snapshot():
            row, counts = reader.study(), reader.status_counts()
            revision, study = self._studies.get(sd.root, (-1, None))
            if study is None or revision != row.revision:
                study = studyfile.from_json(row.spec)
                self._studies[sd.root] = (row.revision, study)
            best = best_of_study(reader, sd, row, study, sum(counts.values()))
        return facts_of_study(sd, row, study, counts, best.trial, best.others, best.fresh)
