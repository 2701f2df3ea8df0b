"""Optuna's Gaussian process: the best all-round search at 15 to 250 trials, at half a second or more per ask.

It starts with the centre of the ranges and a scrambled Sobol sequence. Proposals that violate a constraint are fed back
as finished, with the constraint's margin and the median value: the model learns where the constraint lies.
"""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.samplers import GPSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hptui.core.laws import ENGINE as LAW_ENGINE
from hptui.core.trial import Rejection, Value
from hptui.search.engine import Proposal
from hptui.search.learning_engine import AskContext, ModelEngine
from hptui.search.optuna.codec import SpaceCodec, engine_name, quiet_optuna
from hptui.search.optuna.qmc import initial_design
from hptui.search.projection import Point
from hptui.search.training_table import TrainingRow, training_table


class GpEngine(ModelEngine):
    """The engine of `sampler = "gp"`."""

    name = engine_name("gp")
    quiet = staticmethod(quiet_optuna)
    startup_trials = 4  # chosen over 3 and 5 on half of the benchmark; confirmed on the other half
    max_asks = 5  # each takes a good part of a second; with feedback, one or two suffice as a rule
    startup_after_law = 2  # 1 to 3 did as well on Step Law's tables, and all better than 4

    def startup_count(self, context: AskContext) -> int:
        """See `ModelEngine`. A trial that a law has placed is near the best, so the model is used sooner."""
        from_law = any(trial.engine == LAW_ENGINE for trial in context.trials)
        return self.startup_after_law if from_law else self.startup_trials

    def start(self, context: AskContext) -> Proposal | None:
        """See `ModelEngine`."""
        return initial_design(context, self.name)

    def suggester(self, context: AskContext) -> GpSuggester:
        """See `ModelEngine`."""
        return GpSuggester(context)


class GpSuggester:
    """The Optuna study of one ask. A `Suggester` of virtual trials."""

    def __init__(self, context: AskContext) -> None:
        self.terms, self.table = SpaceCodec(context.projection), training_table(context)
        goals = [objective.goal for objective in context.study.objectives]
        sampler = GPSampler(seed=context.seed(1), n_startup_trials=1, warn_independent_sampling=False)
        self.study = optuna.create_study(directions=goals, sampler=sampler)
        self.study.add_trials([self._finished(row) for row in self.table.rows])
        self.study.add_trials([self._pending(point) for point in self.table.pending])
        self.suggested: Point = {}

    def suggest(self, k: int) -> Point:
        """See `Suggester`."""
        trial = self.study.ask(self.terms.distributions)
        self.study.tell(trial, state=TrialState.FAIL)  # the sampler does not look at it
        self.suggested = self.terms.decode(trial.params)
        return self.suggested

    def reject(self, rejection: Rejection) -> None:
        """Record a missed constraint as a result, a known configuration as a point under way.

        The point is the suggested one: inactive parameters may lie elsewhere than those of the known trial.
        """
        if rejection.margin > 0:
            self.study.add_trial(self._finished(self.table.missed_row(self.suggested)))
        else:
            self.study.add_trial(self._pending(self.suggested))

    def _finished(self, row: TrainingRow) -> FrozenTrial:
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
            distributions=self.terms.distributions_of(point),
            constraints=limits or None,
        )
