"""Optuna's TPE as a function of our history: an in-memory Optuna study is built from our trials for every ask.

Building costs a tenth of a millisecond per trial, and there is no second copy of the history that could disagree with
ours. Numbers to choose from are told to Optuna as their index in order: it knows that 16 lies between 8 and 32.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from random import Random

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hptui.model.space import Choice, Float, Int, Parameter
from hptui.model.study import Objective, Study
from hptui.model.trial import Rejection, Trial, Value
from hptui.search.engine import Proposal, seed_for
from hptui.search.feasible import Feasible
from hptui.search.history import History, Outcome, Told, read
from hptui.search.lens import Lens, Point
from hptui.search.virtual import propose

STARTUP = 5
"""Finished trials before the model is believed: at 15 to 30 trials as good as Optuna's default of 10, or better."""


class TpeEngine:
    """Tree-structured Parzen estimator, for one objective or several, with constraints and conditional parameters."""

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        self.name = f"optuna {optuna.__version__} tpe"
        self.seed = study.search.seed
        self.objectives = study.objectives
        self.lens = Lens(study.space, base)
        self.feasible = Feasible(self.lens)
        self.trials: tuple[Trial, ...] = ()

    def sync(self, trials: Sequence[Trial]) -> None:
        """See `Engine`."""
        self.trials = tuple(trials)

    def ask(self, number: int) -> Proposal | None:
        """A random feasible point while little is known, then what TPE makes of the history."""
        history = read(self.lens, self.objectives, self.trials)
        known = [told.point for told in history.told]
        if history.finished() < STARTUP or not history.measured():
            drawn = self.feasible.draw(Random(seed_for(self.seed, number)), history.seen, known)
            return None if drawn is None else Proposal(drawn, engine=self.name)

        def near(wanted: Point) -> dict[str, Value] | None:
            return self.feasible.near(wanted, Random(seed_for(self.seed, number)), history.seen, known)

        with quiet():
            sampler = TpeSampler(self.lens, self.objectives, history, self.seed, number)
            return propose(self.name, self.lens, history.seen, sampler, near)


class TpeSampler:
    """One ask's Optuna study, rebuilt from the history. A `Sampler` of virtual trials."""

    def __init__(self, lens: Lens, objectives: Sequence[Objective], history: History, seed: int, number: int) -> None:
        self.lens, self.seed, self.number = lens, seed, number
        self.codecs = {name: Codec(parameter) for name, parameter in lens.parameters.items()}
        self.study = optuna.create_study(directions=[objective.goal for objective in objectives])
        self.study.add_trials([self._frozen(told) for told in history.told])

    def suggest(self, k: int) -> Point:
        """One value for each parameter; those that turn out inactive are left out when it is settled."""
        self.study.sampler = TPESampler(
            seed=seed_for(self.seed, self.number, k + 1),
            n_startup_trials=STARTUP,
            multivariate=True,
            constant_liar=True,
            group=self.lens.conditional,
        )
        asked = self.study.ask({name: codec.distribution for name, codec in self.codecs.items()})
        point = {name: codec.decode(asked.params[name]) for name, codec in self.codecs.items()}
        self.study.tell(asked, state=TrialState.FAIL)  # samplers do not look at it; `reject` says what is to be known
        return point

    def reject(self, rejection: Rejection) -> None:
        """Heard of as the next ask will hear of it, from the history."""
        if (point := self.lens.point(rejection.params)) is not None:
            self.study.add_trial(self._frozen(Told(point, Outcome.AVOID)))

    def _frozen(self, told: Told) -> FrozenTrial:
        return create_trial(
            state=STATES[told.outcome],
            values=told.values or None,
            params={name: self.codecs[name].encode(value) for name, value in told.point.items()},
            distributions={name: self.codecs[name].distribution for name in told.point},
            intermediate_values=dict([told.shown]) if told.shown else None,
            constraints={"hptui": told.margin} if told.margin > 0 else None,
        )


STATES = {
    Outcome.VALUES: TrialState.COMPLETE,
    Outcome.PARTIAL: TrialState.PRUNED,
    Outcome.VIOLATED: TrialState.PRUNED,
    # TPE's constant liar takes these for bad. Rejected proposals are not told as finished: TPE takes a tenth of what is
    # finished for good, which would be nearly all real trials where little is feasible.
    Outcome.AVOID: TrialState.RUNNING,
}


class Codec:
    """A parameter in Optuna's terms: a range is a range, a choice and a stepped range are indices.

    So numbers to choose from have an order, and steps of 0.1 do not come back as 0.30000000000000004.
    """

    def __init__(self, parameter: Parameter) -> None:
        self.parameter, self.distribution = parameter, _distribution(parameter)

    def encode(self, value: Value) -> Value:
        """What Optuna calls `value`, which the parameter contains."""
        match self.parameter:
            case Choice() as choice:
                return choice.index(value)
            case Float(low=low, step=float(step)) | Int(low=low, step=int(step)) if isinstance(value, int | float):
                return round((value - low) / step)
        return value

    def decode(self, found: float) -> Value:
        """Our value for what Optuna found."""
        match self.parameter:
            case Choice(levels=levels):
                return levels[int(found)]
            case Float(low=low, step=float(step)):
                return float(Decimal(repr(low)) + int(found) * Decimal(repr(step)))
            case Float(low=low, high=high):
                return min(max(float(found), low), high)  # exp(log(high)) may be a last bit above high
            case Int(low=low, step=step):
                return int(found) if step is None else low + int(found) * step


def _distribution(parameter: Parameter) -> BaseDistribution:
    match parameter:
        case Choice(ordinal=False):
            return CategoricalDistribution(range(parameter.size))
        case Choice() | Float(step=float()) | Int(step=int()):
            return IntDistribution(0, (parameter.size or 1) - 1)
        case Float():
            return FloatDistribution(parameter.low, parameter.high, log=parameter.log)
        case Int():
            return IntDistribution(parameter.low, parameter.high, log=parameter.log)


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's notes on new studies and on `group` being experimental; nobody else's are touched."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        logger.setLevel(level)
