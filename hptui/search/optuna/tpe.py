"""Optuna's tree-structured Parzen estimator: one objective or several, constraints, conditional parameters.

Source: arXiv:2304.11127.
"""

from __future__ import annotations

from collections.abc import Mapping

import optuna
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hptui.model.trial import Rejection
from hptui.search.history import Outcome, Told
from hptui.search.lens import Point
from hptui.search.modelled import STARTUP, Asked, ModelEngine
from hptui.search.optuna.terms import Terms, quiet, version


class TpeEngine(ModelEngine):
    """The engine of `sampler = "tpe"`."""

    name = version("tpe")
    quiet = staticmethod(quiet)

    def sampler(self, asked: Asked) -> TpeSampler:
        """See `ModelEngine`."""
        return TpeSampler(asked)


class TpeSampler:
    """The Optuna study of one ask, rebuilt from the history. A `Suggester` of virtual trials."""

    def __init__(self, asked: Asked) -> None:
        self.asked, self.terms = asked, Terms(asked.lens)
        self.study = optuna.create_study(directions=[objective.goal for objective in asked.study.objectives])
        self.study.add_trials([self._frozen(observation) for observation in asked.history.told])

    def suggest(self, k: int) -> Point:
        """Return one value for each parameter; those that turn out inactive are dropped when it is settled."""
        self.study.sampler = TPESampler(
            seed=self.asked.seed(k + 1),
            n_startup_trials=STARTUP,
            multivariate=True,
            constant_liar=True,
            group=self.asked.lens.conditional,
        )
        trial = self.study.ask(self.terms.distributions)
        self.study.tell(trial, state=TrialState.FAIL)  # samplers ignore failed trials; `reject` records what matters
        return self.terms.decode(trial.params)

    def reject(self, rejection: Rejection) -> None:
        """Record the rejection as the next ask will observe it from the history."""
        if (point := self.asked.lens.point(rejection.params)) is not None:
            self.study.add_trial(self._frozen(Told(point, Outcome.AVOID)))

    def _frozen(self, observation: Told) -> FrozenTrial:
        return create_trial(
            state=STATES[observation.outcome],
            values=observation.values or None,
            params=self.terms.encode(observation.point),
            distributions=self.terms.within(observation.point),
            intermediate_values=dict([observation.shown]) if observation.shown else None,
            constraints=_missed_margins(observation) or None,
        )


def _missed_margins(observation: Told) -> Mapping[str, float]:
    """Return the margins of missed constraints.

    TPE adds up positive margins, so the others can be left out; rejected proposals carry none.
    """
    if observation.outcome is Outcome.AVOID:
        return {}
    margins = {"constraints": observation.margin, **observation.limits}
    return {name: margin for name, margin in margins.items() if margin > 0}


STATES = {
    Outcome.VALUES: TrialState.COMPLETE,
    Outcome.PARTIAL: TrialState.PRUNED,
    Outcome.VIOLATED: TrialState.PRUNED,
    # TPE's constant liar treats these as bad. Rejected proposals are not recorded as finished: TPE treats a tenth of
    # all finished trials as good, which would be nearly all real trials where little is feasible.
    Outcome.AVOID: TrialState.RUNNING,
}
"""Optuna's state for a kind of observation."""
