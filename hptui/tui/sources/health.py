"""The diagnoses of trials, computed in the feed's thread, a few trials per poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.trial import StudyState, TrialStatus
from hptui.results.diagnosis import Diagnosis, curves_for_diagnosis, diagnose, read_scatter_pools
from hptui.results.learning import Pools
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.study import StudySource

RUNS = (StudyState.RUNNING, StudyState.DRAINING)
MAX_DIAGNOSES_PER_POLL = 20
"""Number of trials that are diagnosed per poll."""


@dataclass(frozen=True, slots=True)
class HealthSnapshot:
    """Diagnoses by trial; `left` trials are still to be diagnosed."""

    diagnoses: Mapping[int, Diagnosis]
    left: int


class HealthSource:
    """Diagnoses the trials named in `want`, in that order; any thread may set it."""

    def __init__(self, sd: StudyDir, study: StudySource, want: Sequence[int] = ()) -> None:
        self.sd, self.study = sd, study
        self.want: tuple[int, ...] = tuple(want)
        self._latest: HealthSnapshot | None = None
        self._diagnosed: dict[int, tuple[object, Diagnosis]] = {}
        self._pools: tuple[tuple[int, ...], Pools] | None = None

    @property
    def latest(self) -> HealthSnapshot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> HealthSnapshot | None:
        """Diagnose some of the changed trials; return the diagnoses if there are new ones, else None."""
        study = self.study.latest
        if study is None:
            return None
        view, reader = study.view, pool.reader(self.sd)
        trials = {trial.number: trial for trial in view.trials}
        others = self._state_of_others(view)
        states = {n: (*_fingerprint(trials[n]), others) for n in self.want if n in trials}
        stale = [n for n, state in states.items() if self._diagnosed.get(n, (None,))[0] != state]
        pools = self._scatter_pools(view, reader) if stale else {}
        for number in stale[:MAX_DIAGNOSES_PER_POLL]:
            trial = trials[number]
            with reader.connection.snapshot():
                diagnosis = diagnose(view, trial, curves_for_diagnosis(view, reader, trial), pools)
            self._diagnosed[number] = (states[number], diagnosis)
        diagnoses = {n: self._diagnosed[n][1] for n in self.want if n in self._diagnosed}
        left = max(0, len(stale) - MAX_DIAGNOSES_PER_POLL)
        if self._latest is not None and not stale and diagnoses == self._latest.diagnoses:
            return None
        self._latest = HealthSnapshot(diagnoses, left)
        return self._latest

    def _state_of_others(self, view: View) -> object:
        """Return what a diagnosis compares a trial with: complete trials, in steps, and the space of today.

        In steps, since all would be diagnosed again at the end of each trial.
        """
        complete = sum(trial.status is TrialStatus.COMPLETE for trial in view.trials)
        steps = complete if view.row.state not in RUNS or complete < MAX_DIAGNOSES_PER_POLL else complete.bit_length()
        return view.row.revision, steps

    def _scatter_pools(self, view: View, reader: StoreReader) -> Pools:
        """Return the scatter of short curves, read again only when another trial is complete."""
        complete = tuple(trial.number for trial in view.trials if trial.status is TrialStatus.COMPLETE)
        if self._pools is None or self._pools[0] != complete:
            with reader.connection.snapshot():
                self._pools = (complete, read_scatter_pools(view, reader))
        return self._pools[1]


def _fingerprint(trial: object) -> tuple[object, ...]:
    """Return the facts of a trial whose change makes a new diagnosis necessary."""
    return tuple(getattr(trial, name) for name in ("status", "reason", "last_step", "ended"))
