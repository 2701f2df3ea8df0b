"""Optuna's NSGA-II, a genetic algorithm: each generation of trials is bred from the best of all before.

Generations are replayed from the recorded trials. What was pruned, or ran out of memory, becomes a parent only where
there is nothing better.

Source: doi:10.1109/4235.996017.
"""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.samplers import NSGAIISampler
from optuna.study import Study as OptunaStudy
from optuna.trial import FrozenTrial, TrialState, create_trial

from hptui.core.trial import Rejection
from hptui.search.history import Observation
from hptui.search.learning_engine import AskContext, ModelEngine, complete_generations, ended_trials, violation
from hptui.search.optuna.codec import SpaceCodec, engine_name, quiet_optuna
from hptui.search.projection import Point

POPULATION_SIZE = 10
"""Trials in a generation. With Optuna's 50 it would be a random search for as long as most studies last."""


class Nsga2Engine(ModelEngine):
    """The engine of `sampler = "nsga2"`."""

    name = engine_name("nsga2")
    quiet = staticmethod(quiet_optuna)
    startup_trials = POPULATION_SIZE

    def suggester(self, context: AskContext) -> Nsga2Suggester:
        """See `ModelEngine`."""
        return Nsga2Suggester(context)


class Nsga2Suggester:
    """The Optuna study of one ask. A `Suggester` of virtual trials: what is not run is bred again."""

    def __init__(self, context: AskContext) -> None:
        self.context, self.terms = context, SpaceCodec(context.projection)
        self.objectives = len(context.study.objectives)
        self.study = optuna.create_study(directions=[objective.goal for objective in context.study.objectives])
        self.study.add_trials([self._frozen(observation) for observation in ended_trials(context.history.observations)])
        self.generations = complete_generations(self.study.get_trials(deepcopy=False), POPULATION_SIZE)

    def suggest(self, k: int) -> Point:
        """See `Suggester`."""
        self.study.sampler = ReplayedNsga2(self.generations, self.context.seed(k + 1))
        trial = self.study.ask(self.terms.distributions)
        self.study.tell(trial, state=TrialState.FAIL)
        return self.terms.decode(trial.params)

    def reject(self, rejection: Rejection) -> None:
        """Ignore the rejection: the parents are feasible, so their next child probably is."""

    def _frozen(self, observation: Observation) -> FrozenTrial:
        total_violation = violation(observation)
        point = self.context.projection.with_inactive(observation.point)
        return create_trial(
            state=TrialState.COMPLETE,
            # Values are compared only between trials without a violation.
            values=observation.values or (0.0,) * self.objectives,
            params=self.terms.encode(point),
            distributions=self.terms.distributions_of(point),
            constraints={"missed": total_violation} if total_violation > 0 else None,
        )


class ReplayedNsga2(NSGAIISampler):  # type: ignore[misc]  # mypy does not look into optuna
    """Optuna's sampler, with given generations instead of those that Optuna counts in its storage."""

    def __init__(self, generations: Sequence[Sequence[FrozenTrial]], seed: int) -> None:
        super().__init__(population_size=POPULATION_SIZE, seed=seed)
        self._generations = generations

    def get_trial_generation(self, study: OptunaStudy, trial: FrozenTrial) -> int:
        """Return the number of the generation under way.

        Parents are chosen from the first generation on: Optuna's recursion would be as deep as the study is long.
        """
        for generation in range(1, len(self._generations)):
            self.get_parent_population(study, generation)
        return len(self._generations)

    def get_population(self, study: OptunaStudy, generation: int) -> list[FrozenTrial]:
        """Return the trials of a complete generation."""
        return list(self._generations[generation])
