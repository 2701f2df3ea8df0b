"""Optuna's tree-structured Parzen estimator: one objective or several, constraints, conditional parameters.

Source: arXiv:2304.11127.
"""

from __future__ import annotations

from collections.abc import Mapping

import optuna
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hptui.core.trial import Rejection
from hptui.search.history import Observation, ObservationKind
from hptui.search.learning_engine import STARTUP_TRIALS, AskContext, ModelEngine
from hptui.search.optuna.codec import SpaceCodec, engine_name, quiet_optuna
from hptui.search.projection import Point


class TpeEngine(ModelEngine):
    """The engine of `sampler = "tpe"`."""

    name = engine_name("tpe")
    quiet = staticmethod(quiet_optuna)

    def suggester(self, context: AskContext) -> TpeSuggester:
        """See `ModelEngine`."""
        return TpeSuggester(context)


class TpeSuggester:
    """The Optuna study of one ask, rebuilt from the history. A `Suggester` of virtual trials."""

    def __init__(self, context: AskContext) -> None:
        self.context, self.terms = context, SpaceCodec(context.projection)
        self.study = optuna.create_study(directions=[objective.goal for objective in context.study.objectives])
        self.study.add_trials([self._frozen(observation) for observation in context.history.observations])

    def suggest(self, k: int) -> Point:
        """Return one value for each parameter; those that turn out inactive are dropped when it is settled."""
        self.study.sampler = TPESampler(
            seed=self.context.seed(k + 1),
            n_startup_trials=STARTUP_TRIALS,
            multivariate=True,
            constant_liar=True,
            group=self.context.projection.conditional,
        )
        trial = self.study.ask(self.terms.distributions)
        self.study.tell(trial, state=TrialState.FAIL)  # samplers ignore failed trials; `reject` records what matters
        return self.terms.decode(trial.params)

    def reject(self, rejection: Rejection) -> None:
        """Record the rejection as the next ask will observe it from the history."""
        if (point := self.context.projection.point(rejection.params)) is not None:
            self.study.add_trial(self._frozen(Observation(point, ObservationKind.AVOID)))

    def _frozen(self, observation: Observation) -> FrozenTrial:
        return create_trial(
            state=TRIAL_STATES[observation.kind],
            values=observation.values or None,
            params=self.terms.encode(observation.point),
            distributions=self.terms.distributions_of(observation.point),
            intermediate_values=dict([observation.shown]) if observation.shown else None,
            constraints=_missed_margins(observation) or None,
        )


def _missed_margins(observation: Observation) -> Mapping[str, float]:
    """Return the margins of missed constraints.

    TPE adds up positive margins, so the others can be left out; rejected proposals carry none.
    """
    if observation.kind is ObservationKind.AVOID:
        return {}
    margins = {"constraints": observation.margin, **observation.limits}
    return {name: margin for name, margin in margins.items() if margin > 0}


TRIAL_STATES = {
    ObservationKind.VALUES: TrialState.COMPLETE,
    ObservationKind.PARTIAL: TrialState.PRUNED,
    ObservationKind.VIOLATED: TrialState.PRUNED,
    # TPE's constant liar treats these as bad. Rejected proposals are not recorded as finished: TPE treats a tenth of
    # all finished trials as good, which would be nearly all real trials where little is feasible.
    ObservationKind.AVOID: TrialState.RUNNING,
}
"""Optuna's state for a kind of observation."""
