"""Promotion: trials pause at the rungs of asha or hyperband with their state kept, and the best of each go on.

In place of pruning: no trial is ended at a rung for good while the search goes on, since a later comparison may let it
go on after all."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.rungs import BY_PERSON, RungResult, promotable
from hptui.core.study import NO_OBJECTIVE, Objective, PrunerSettings, Study
from hptui.core.trial import Trial
from hptui.search.pruners.factory import pruner_for
from hptui.search.pruners.halving import PROGRESS_TOLERANCE, AshaPruner, HyperbandPruner

LAST_RUNG = 0.9
"""Share of the training beyond which nothing is saved by a pause."""


def promotes(settings: PrunerSettings) -> bool:
    """Return whether a pruner pauses trials at rungs instead of ending them."""
    return bool(settings.values.get("promote"))


@dataclass(frozen=True, slots=True)
class Promotion:
    """The rungs of a study, or of one of its stages, and who is promoted."""

    objective: Objective
    pruner: AshaPruner
    eta: int
    startup: int

    def rungs(self, trial: int) -> tuple[float, ...]:
        """Return the shares of the training at which this trial pauses."""
        return tuple(rung for rung in self.pruner.rungs(trial) if rung <= LAST_RUNG)

    def next_pause(self, trial: Trial, results: Iterable[RungResult]) -> float | None:
        """Return the share of the training at which a trial pauses next; None if it is to train to its end.

        `results` are those of the trial.
        """
        if trial.role.spared_by_pruners:
            return None
        passed = 0.0
        for result in results:
            if result.by == BY_PERSON:
                return None
            passed = max(passed, result.progress)
        return next((rung for rung in self.rungs(trial.number) if rung > passed + PROGRESS_TOLERANCE), None)

    def result(self, trial: int, progress: float, value: float | None, step: int | None) -> RungResult:
        """Return the record of a trial that has paused: at the highest rung that it has come to."""
        rungs = self.rungs(trial)
        number = sum(rung <= progress + PROGRESS_TOLERANCE for rung in rungs)
        bracket = self.pruner.bracket(trial) if isinstance(self.pruner, HyperbandPruner) else 0
        return RungResult(trial, max(1, number), len(rungs), bracket, progress, value, step, time.time())

    def promotable(self, results: Sequence[RungResult], trials: Iterable[Trial], *, last: bool) -> list[int]:
        """Return the trials to promote now, in order. `last`: no other trial will come to any rung by itself."""
        waiting = [trial.number for trial in trials if trial.is_at_rung]
        return promotable(results, waiting, self.objective, self.eta, self.startup, last=last)


def make_promotion(study: Study) -> Promotion | None:
    """Return the promotion of a study, as the current stage sees it; None if its pruner has none."""
    settings = study.search.pruner
    if not promotes(settings):
        return None
    named = [objective for objective in study.objectives if settings.on in ("", objective.metric)]
    objective = named[0] if named else NO_OBJECTIVE
    pruner = pruner_for(settings, objective, study.directory)
    if not isinstance(pruner, AshaPruner):
        return None
    return Promotion(objective, pruner, pruner.eta, settings.startup)
