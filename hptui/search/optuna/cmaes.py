"""Optuna's CMA-ES: a normal distribution over the space that moves and stretches towards good results.

Generations are replayed from the trials that it proposed; what was run before its first trial sets where it begins.
Within a generation trials count by their rank alone: what was pruned or ran out of memory needs no imputed value.

Source: arXiv:1604.00772.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import CmaEsSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hptui.core.study import Objective, Study
from hptui.core.trial import Rejection, Value
from hptui.core.unit_cube import fraction_of, value_at
from hptui.search.engine import Proposal
from hptui.search.history import Observation
from hptui.search.learning_engine import AskContext, ModelEngine, complete_generations, ended_trials, violation
from hptui.search.library_samplers import check_cmaes
from hptui.search.optuna.codec import engine_name, quiet_optuna
from hptui.search.optuna.qmc import initial_design
from hptui.search.projection import Point, SpaceProjection

MIN_SOURCE_TRIALS = 20
"""Minimum number of earlier trials of other engines to begin where they were good; else it begins in the middle."""

CubePoint = dict[str, float]
"""A point of the unit cube, over which the distribution is defined, whatever the parameters are."""


class CmaesEngine(ModelEngine):
    """The engine of `sampler = "cmaes"`."""

    name = engine_name("cmaes")
    quiet = staticmethod(quiet_optuna)
    startup_trials = 1

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        check_cmaes(study)
        super().__init__(study, base)
        self.replay = CmaesReplay(self.projection, study.objectives[0])

    def start(self, context: AskContext) -> Proposal | None:
        """See `ModelEngine`."""
        return initial_design(context, self.name)

    def suggester(self, context: AskContext) -> CmaesSuggester:
        """See `ModelEngine`."""
        return CmaesSuggester(context, self.replay)


class CmaesSuggester:
    """The distribution at one ask. A `Suggester` of virtual trials: what is not run is drawn again."""

    def __init__(self, context: AskContext, replay: CmaesReplay) -> None:
        self.context, self.replay = context, replay
        observations = ended_trials(context.history.observations)
        own_observations = [observation for observation in observations if _is_own_trial(observation)]
        before = observations[: observations.index(own_observations[0])] if own_observations else observations
        replay.run(before, complete_generations(own_observations, replay.population))

    def suggest(self, k: int) -> Point:
        """See `Suggester`."""
        return self.replay.draw(self.context.seed(k + 1))

    def reject(self, rejection: Rejection) -> None:
        """Ignore the rejection: the distribution learns only from what was run."""


def _is_own_trial(observation: Observation) -> bool:
    return observation.trial is not None and observation.trial.engine.endswith(" cmaes")


class CmaesReplay:
    """The distribution, replayed generation by generation. Its cache between asks only saves time."""

    def __init__(self, projection: SpaceProjection, objective: Objective) -> None:
        self.axes = {name: parameter for name, parameter in projection.parameters.items() if parameter.size != 1}
        self.fixed = {
            name: value_at(parameter, 0.0) for name, parameter in projection.parameters.items() if parameter.size == 1
        }
        self.cube: dict[str, BaseDistribution] = {name: FloatDistribution(0.0, 1.0) for name in self.axes}
        self.sign = 1 if objective.goal == "minimize" else -1
        self.population = 4 + int(3 * math.log(max(1, len(self.axes))))
        self._past_generations: list[list[CubePoint]] = []
        self._optimizer_state: dict[str, str] = {}

    def run(self, before: Sequence[Observation], generations: Sequence[Sequence[Observation]]) -> None:
        """Bring the distribution to its state after these trials.

        `before` are the results of other engines, `generations` its own complete generations.
        """
        all_generations = [self._ranked(before), *map(self._ranked, generations)]
        if not self._past_generations or all_generations[: len(self._past_generations)] != self._past_generations:
            self._past_generations, self._optimizer_state = all_generations[:1], {}
        for generation in range(len(self._past_generations) - 1, len(all_generations) - 1):
            attributes = self._ask(all_generations[generation + 1], generation, 0).system_attrs
            # Internal attribute names of Optuna's CmaEsSampler.
            self._optimizer_state = {key: text for key, text in attributes.items() if key.startswith("cma:optimizer")}
        self._past_generations = all_generations

    def draw(self, seed: int) -> Point:
        """Return a point drawn from the distribution."""
        cube = self._ask([], 0, seed).params if self.axes else {}
        return {**self.fixed, **{name: value_at(axis, cube[name]) for name, axis in self.axes.items()}}

    def _ranked(self, observations: Sequence[Observation]) -> list[CubePoint]:
        """Return the points of trials, the best first."""
        ordered = sorted(
            observations,
            key=lambda observation: (
                violation(observation),
                self.sign * observation.values[0] if observation.values else 0.0,
            ),
        )
        return [
            {name: fraction_of(axis, observation.point[name]) for name, axis in self.axes.items()}
            for observation in ordered
        ]

    def _ask(self, generation: Sequence[CubePoint], number: int, seed: int) -> FrozenTrial:
        """Return a trial drawn by Optuna after one more generation.

        Optuna keeps the distribution among the trial's attributes.
        """
        foreign = [self._frozen(rank, cube) for rank, cube in enumerate(self._past_generations[0])]
        sampler = CmaEsSampler(
            seed=seed, popsize=self.population, source_trials=foreign if len(foreign) >= MIN_SOURCE_TRIALS else None
        )
        study = optuna.create_study(sampler=sampler)
        study.add_trial(self._frozen(0, dict.fromkeys(self.axes, 0.5), self._optimizer_state))
        study.add_trials([self._frozen(rank, cube, {"cma:generation": number}) for rank, cube in enumerate(generation)])
        study.ask(self.cube)
        return study.get_trials(deepcopy=False)[-1]

    def _frozen(self, rank: int, cube: CubePoint, attributes: Mapping[str, str | int] | None = None) -> FrozenTrial:
        return create_trial(
            state=TrialState.COMPLETE,
            value=float(rank),
            params=dict(cube),
            distributions=self.cube,
            system_attrs=dict(attributes or {}),
        )
