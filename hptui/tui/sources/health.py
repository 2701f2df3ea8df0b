"""The health of trials under watch: worked out in the feed's thread, a few trials at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hptui.results.diagnosis import Diagnosis
from hptui.results.health import curves_of
from hptui.storage.paths import StudyDir
from hptui.tui.sources.pool import Pool
from hptui.tui.sources.study import StudySource

AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """Diagnoses by trial; `left` trials are still to be looked at."""

    found: Mapping[int, Diagnosis]
    left: int


class HealthSource:
    """Watches the trials that are named in `want`, which any thread may set; the first ones first."""

    def __init__(self, sd: StudyDir, study: StudySource, want: Sequence[int] = ()) -> None:
        self.sd, self.study = sd, study
        self.want: tuple[int, ...] = tuple(want)
        self._latest: HealthSnapshot | None = None
        self._known: dict[int, tuple[object, Diagnosis]] = {}

    @property
    def latest(self) -> HealthSnapshot | None:
        return self._latest

    def poll(self, pool: Pool) -> HealthSnapshot | None:
        from hptui.results.diagnosis import diagnose

        study = self.study.latest
        if study is None:
            return None
        view, reader = study.view, pool.reader(self.sd)
        trials = {trial.number: trial for trial in view.trials}
        stale = [n for n in self.want if n in trials and self._known.get(n, (None,))[0] != _mark(trials[n])]
        for number in stale[:AT_ONCE]:
            trial = trials[number]
            with reader.snapshot():
                self._known[number] = _mark(trial), diagnose(view, trial, curves_of(view, reader, trial))
        found = {n: self._known[n][1] for n in self.want if n in self._known}
        left = max(0, len(stale) - AT_ONCE)
        if self._latest is not None and not stale and found == self._latest.found:
            return None
        self._latest = HealthSnapshot(found, left)
        return self._latest


def _mark(trial: object) -> object:
    """What must differ for a trial to be looked at again."""
    return tuple(getattr(trial, name) for name in ("status", "reason", "last_step", "ended"))
