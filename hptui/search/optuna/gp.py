"""Optuna's Gaussian process: the best all-round search at 15 to 250 trials, at half a second or more per ask.

It starts with the centre of the ranges and a scrambled Sobol sequence. Proposals that violate a constraint are fed back
as finished, with the constraint's margin and the median value: the model learns where the constraint lies.
"""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.samplers import GPSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hptui.model.trial import Rejection, Value
from hptui.search.engine import Proposal
from hptui.search.lens import Point
from hptui.search.modelled import Asked, ModelEngine
from hptui.search.optuna.terms import Terms, quiet, version
from hptui.search.start import designed
from hptui.search.table import Row, tabulate


class GpEngine(ModelEngine):
    """The engine of `sampler = "gp"`."""

    name = version("gp")
    quiet = staticmethod(quiet)
    startup = 4  # chosen over 3 and 5 on half of the benchmark; confirmed on the other half
    asks = 5  # each takes a good part of a second; with feedback, one or two suffice as a rule

    def start(self, asked: Asked) -> Proposal | None:
        """See `ModelEngine`."""
        return designed(asked, self.name)

    def sampler(self, asked: Asked) -> GpSampler:
        """See `ModelEngine`."""
        return GpSampler(asked)


class GpSampler:
    """The Optuna study of one ask. A `Suggester` of virtual trials."""

    def __init__(self, asked: Asked) -> None:
        self.terms, self.table = Terms(asked.lens), tabulate(asked)
        goals = [objective.goal for objective in asked.study.objectives]
        sampler = GPSampler(seed=asked.seed(1), n_startup_trials=1, warn_independent_sampling=False)
        self.study = optuna.create_study(directions=goals, sampler=sampler)
        self.study.add_trials([self._finished(row) for row in self.table.rows])
        self.study.add_trials([self._pending(point) for point in self.table.pending])
        self.suggested: Point = {}

    def suggest(self, k: int) -> Point:
        """See `Sampler`."""
        trial = self.study.ask(self.terms.distributions)
        self.study.tell(trial, state=TrialState.FAIL)  # the sampler does not look at it
        self.suggested = self.terms.decode(trial.params)
        return self.suggested

    def reject(self, rejection: Rejection) -> None:
        """Record a missed constraint as a result, a known configuration as a point under way.

        The point is the suggested one: inactive parameters may lie elsewhere than those of the known trial.
        """
        if rejection.margin > 0:
            self.study.add_trial(self._finished(self.table.missed(self.suggested, rejection.margin)))
        else:
            self.study.add_trial(self._pending(self.suggested))

    def _finished(self, row: Row) -> FrozenTrial:
        return self._frozen(TrialState.COMPLETE, row.point, self.table.values(row), self.table.limits(row))

    def _pending(self, point: Point) -> FrozenTrial:
        return self._frozen(TrialState.RUNNING, point)

    def _frozen(
        self,
        state: TrialState,
        point: Point,
        values: Sequence[float] | None = None,
        limits: dict[str, float] | None = None,
    ) -> FrozenTrial:
        params: dict[str, Value] = self.terms.encode(point)
        return create_trial(
            state=state,
            values=values,
            params=params,
            distributions=self.terms.within(point),
            constraints=limits or None,
        )
