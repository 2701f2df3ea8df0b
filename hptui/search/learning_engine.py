"""Engines that learn from the whole history, rebuilt for every ask.

A proposal that must not be run is fed back to the engine as violated, and the engine is asked again: dropping it would
stall samplers that propose the same again. Evolutionary engines rebuild their generations from the recorded trials."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from random import Random
from typing import Protocol, TypeVar

from hptui.core.dataclass import dataclass
from hptui.core.study import Study
from hptui.core.trial import Rejection, Trial, Value
from hptui.search.engine import Proposal, seed_for
from hptui.search.feasible import FeasibleSampler
from hptui.search.history import History, Observation, ObservationKind, read_history
from hptui.search.memory import MemoryLimits
from hptui.search.projection import Point, SpaceProjection

MAX_ASKS = 10
"""Suggestions requested for one trial before a feasible point near the first one is taken instead."""


class Suggester(Protocol):
    """Suggests points of a space, and is notified of those that are not run."""

    def suggest(self, k: int) -> Point | None:
        """Return the `k`-th suggestion for this trial; None if there is nothing new to suggest."""
        ...

    def reject(self, rejection: Rejection) -> None:
        """Record that the last suggestion is not run."""
        ...


def propose_feasible(
    name: str,
    projection: SpaceProjection,
    seen: Set[str],
    suggester: Suggester,
    fallback: Callable[[Point | None], dict[str, Value] | None],
    max_asks: int = MAX_ASKS,
) -> Proposal | None:
    """Return the first suggestion that may be run, else what `fallback` finds near the first rejected one.

    None when that finds nothing either.
    """
    rejections: list[Rejection] = []
    first: Point | None = None
    for k in range(max_asks):
        if (point := suggester.suggest(k)) is None:
            break
        settled, rejection = projection.judge(point, seen)
        if rejection is None:
            return Proposal(settled, tuple(rejections), name)
        suggester.reject(rejection)
        rejections.append(rejection)
        first = first or point
    overrides = fallback(first)
    return None if overrides is None else Proposal(overrides, tuple(rejections), name)


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
        self.study, self._limits = study, MemoryLimits(study, base)
        self.projection, self.feasible = self._limits.of(())
        self.trials: tuple[Trial, ...] = ()

    def sync(self, trials: Sequence[Trial]) -> None:
        """See `Engine`."""
        self.trials = tuple(trials)
        self.projection, self.feasible = self._limits.of(trials)

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
        if history.finished_count() < self.startup_count(context) or not history.has_values():
            return self.start(context)
        return propose_feasible(
            self.name, self.projection, history.seen, self.suggester(context), context.near, self.max_asks
        )

    def startup_count(self, context: AskContext) -> int:
        """Return the number of finished trials before the model is used."""
        return self.startup_trials

    def start(self, context: AskContext) -> Proposal | None:
        """Return a proposal without the model: a random feasible configuration."""
        drawn = context.draw()
        return None if drawn is None else Proposal(drawn, engine=self.name)

    @abstractmethod
    def suggester(self, context: AskContext) -> Suggester:
        """Return the suggester that holds the model of this ask."""


PRUNED_VIOLATION, NO_RESULT_VIOLATION = 1.0, 3.0
"""Violations: of a pruned trial (1 to 2, the earlier the worse) and of one without any result."""

T = TypeVar("T")


def ended_trials(observations: Iterable[Observation]) -> list[Observation]:
    """Return the observations of ended trials, in the order in which they ended."""
    ended_observations = [
        observation
        for observation in observations
        if observation.trial and observation.kind is not ObservationKind.AVOID
    ]
    return sorted(
        ended_observations,
        key=lambda observation: (
            (observation.trial.ended or 0.0, observation.trial.number) if observation.trial else (0.0, 0)
        ),
    )


def complete_generations(individuals: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return the complete generations; the remaining individuals belong to the one under way."""
    return [individuals[start : start + size] for start in range(0, len(individuals) - size + 1, size)]


def violation(observation: Observation) -> float:
    """Return 0 for a trial with a comparable result, else a number that grows with how bad it is."""
    match observation.kind:
        case ObservationKind.VIOLATED:
            return NO_RESULT_VIOLATION + observation.margin
        case ObservationKind.PARTIAL:
            return PRUNED_VIOLATION + 1 - (min(observation.shown[0], 1000) / 1000 if observation.shown else 0)
    return observation.margin + sum(margin for margin in observation.limits.values() if margin > 0)
