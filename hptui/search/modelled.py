"""Engines that learn from the whole history, rebuilt for every ask.

An engine keeps nothing between two asks but the trials that it was given. Each ask reads the history through the
current space and draws from a seed of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random

from hptui.model.study import Study
from hptui.model.trial import Trial, Value
from hptui.search.engine import Proposal, seed_for
from hptui.search.feasible import FeasibleSampler
from hptui.search.history import History, read_history
from hptui.search.lens import Point, SpaceProjection
from hptui.search.virtual import MAX_ASKS, Suggester, propose_feasible

STARTUP_TRIALS = 5
"""Finished trials before a model is used: at 15 to 30 trials as good as Optuna's default of 10, or better."""


@dataclass(frozen=True)
class AskContext:
    """One ask: the number of the trial that needs a proposal, and all that is known."""

    study: Study
    projection: SpaceProjection
    feasible: FeasibleSampler
    trials: tuple[Trial, ...]
    history: History
    number: int

    def seed(self, k: int = 0) -> int:
        """Return the seed of the `k`-th draw for this trial."""
        return seed_for(self.study.search.seed, self.number, k)

    def draw(self) -> dict[str, Value] | None:
        """Return a random feasible new configuration; None when there is none."""
        return self.feasible.draw(Random(self.seed()), self.history.seen, self._known_points())

    def near(self, target: Point | None) -> dict[str, Value] | None:
        """Return a feasible new configuration close to one that must not be run; None when there is none."""
        if target is None:
            return self.draw()
        return self.feasible.near(target, Random(self.seed()), self.history.seen, self._known_points())

    def _known_points(self) -> list[Point]:
        """Return the points of all trials, whatever their results.

        So what is proposed in advance does not depend on results.
        """
        points = (self.projection.point(trial.params) for trial in sorted(self.trials, key=lambda trial: trial.number))
        return [point for point in points if point is not None]


class HistoryEngine(ABC):
    """An `Engine` that reads the whole history for every ask."""

    name: str

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        self.study, self.projection = study, SpaceProjection(study.space, base)
        self.feasible = FeasibleSampler(self.projection)
        self.trials: tuple[Trial, ...] = ()

    def sync(self, trials: Sequence[Trial]) -> None:
        """See `Engine`."""
        self.trials = tuple(trials)

    def ask(self, number: int) -> Proposal | None:
        """See `Engine`."""
        history = read_history(self.projection, self.study, self.trials)
        with self.quiet():
            return self.propose(AskContext(self.study, self.projection, self.feasible, self.trials, history, number))

    @abstractmethod
    def propose(self, context: AskContext) -> Proposal | None:
        """Return the proposal for this ask; None when no new feasible configuration is left."""

    @abstractmethod
    def quiet(self) -> AbstractContextManager[None]:
        """Return a context in which the library neither logs nor warns."""


class ModelEngine(HistoryEngine):
    """A `HistoryEngine` with a model, which is used once `startup_trials` trials have finished."""

    startup_trials = STARTUP_TRIALS
    max_asks = MAX_ASKS

    def propose(self, context: AskContext) -> Proposal | None:
        """See `HistoryEngine`."""
        history = context.history
        if history.finished_count() < self.startup_trials or not history.has_values():
            return self.start(context)
        return propose_feasible(
            self.name, self.projection, history.seen, self.suggester(context), context.near, self.max_asks
        )

    def start(self, context: AskContext) -> Proposal | None:
        """Return a proposal without the model: a random feasible configuration."""
        drawn = context.draw()
        return None if drawn is None else Proposal(drawn, engine=self.name)

    @abstractmethod
    def suggester(self, context: AskContext) -> Suggester:
        """Return the suggester that holds the model of this ask."""
