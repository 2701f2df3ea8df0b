"""Optuna's tree-structured Parzen estimator: one objective or several, constraints, conditional parameters."""

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
    """One ask's Optuna study, rebuilt from the history. A `Sampler` of virtual trials."""

    def __init__(self, asked: Asked) -> None:
        self.asked, self.terms = asked, Terms(asked.lens)
        self.study = optuna.create_study(directions=[objective.goal for objective in asked.study.objectives])
        self.study.add_trials([self._frozen(told) for told in asked.history.told])

    def suggest(self, k: int) -> Point:
        """One value for each parameter; those that turn out inactive are left out when it is settled."""
        self.study.sampler = TPESampler(
            seed=self.asked.seed(k + 1),
            n_startup_trials=STARTUP,
            multivariate=True,
            constant_liar=True,
            group=self.asked.lens.conditional,
        )
        asked = self.study.ask(self.terms.distributions)
        self.study.tell(asked, state=TrialState.FAIL)  # samplers do not look at it; `reject` says what is to be known
        return self.terms.decode(asked.params)

    def reject(self, rejection: Rejection) -> None:
        """Heard of as the next ask will hear of it, from the history."""
        if (point := self.asked.lens.point(rejection.params)) is not None:
            self.study.add_trial(self._frozen(Told(point, Outcome.AVOID)))

    def _frozen(self, told: Told) -> FrozenTrial:
        return create_trial(
            state=STATES[told.outcome],
            values=told.values or None,
            params=self.terms.encode(told.point),
            distributions=self.terms.within(told.point),
            intermediate_values=dict([told.shown]) if told.shown else None,
            constraints=_missed(told) or None,
        )


def _missed(told: Told) -> Mapping[str, float]:
    """What is missed. TPE adds up what is positive, so the rest can be left out; rejected proposals say nothing."""
    if told.outcome is Outcome.AVOID:
        return {}
    margins = {"constraints": told.margin, **told.limits}
    return {name: margin for name, margin in margins.items() if margin > 0}


STATES = {
    Outcome.VALUES: TrialState.COMPLETE,
    Outcome.PARTIAL: TrialState.PRUNED,
    Outcome.VIOLATED: TrialState.PRUNED,
    # TPE's constant liar takes these for bad. Rejected proposals are not told as finished: TPE takes a tenth of what is
    # finished for good, which would be nearly all real trials where little is feasible.
    Outcome.AVOID: TrialState.RUNNING,
}
