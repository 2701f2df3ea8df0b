"""Optuna's CMA-ES: a normal distribution over the space that moves and stretches towards what was good.

Generations are replayed from the trials that it proposed; what was run before its first trial says where it begins.
Within a generation trials count by their rank alone: what was pruned or ran out of memory needs no made-up value.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import CmaEsSampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from hptui.model.study import Objective, Study
from hptui.model.trial import Rejection, Value
from hptui.search.cube import at, share
from hptui.search.engine import Proposal
from hptui.search.generations import ended, full, violation
from hptui.search.history import Told
from hptui.search.lens import Lens, Point
from hptui.search.modelled import Asked, ModelEngine
from hptui.search.optuna.terms import quiet, version
from hptui.search.start import designed
from hptui.storage.studyfile.samplers import check_cmaes

FOREIGN = 20
"""So many trials of others are needed to begin where they were good; with fewer it begins in the middle."""

Cube = dict[str, float]
"""A point of the unit cube: what the distribution is over, whatever the parameters are."""


class CmaesEngine(ModelEngine):
    """The engine of `sampler = "cmaes"`."""

    name = version("cmaes")
    quiet = staticmethod(quiet)
    startup = 1

    def __init__(self, study: Study, base: Mapping[str, Value]) -> None:
        check_cmaes(study)
        super().__init__(study, base)
        self.replay = Replay(self.lens, study.objectives[0])

    def start(self, asked: Asked) -> Proposal | None:
        """See `ModelEngine`."""
        return designed(asked, self.name)

    def sampler(self, asked: Asked) -> CmaesSampler:
        """See `ModelEngine`."""
        return CmaesSampler(asked, self.replay)


class CmaesSampler:
    """One ask. A `Sampler` of virtual trials: what is not run is drawn again."""

    def __init__(self, asked: Asked, replay: Replay) -> None:
        self.asked, self.replay = asked, replay
        told = ended(asked.history.told)
        own = [one for one in told if _own(one)]
        before = told[: told.index(own[0])] if own else told
        replay.run(before, full(own, replay.population))

    def suggest(self, k: int) -> Point:
        """See `Sampler`."""
        return self.replay.draw(self.asked.seed(k + 1))

    def reject(self, rejection: Rejection) -> None:
        """The distribution hears only of what was run."""


def _own(told: Told) -> bool:
    return told.trial is not None and told.trial.engine.endswith(" cmaes")


class Replay:
    """What becomes of the distribution, generation by generation. What it remembers from ask to ask only saves time."""

    def __init__(self, lens: Lens, objective: Objective) -> None:
        self.axes = {name: one for name, one in lens.parameters.items() if one.size != 1}
        self.fixed = {name: at(one, 0.0) for name, one in lens.parameters.items() if one.size == 1}
        self.cube: dict[str, BaseDistribution] = {name: FloatDistribution(0.0, 1.0) for name in self.axes}
        self.sign = 1 if objective.goal == "minimize" else -1
        self.population = 4 + int(3 * math.log(max(1, len(self.axes))))
        self._past: list[list[Cube]] = []
        self._state: dict[str, str] = {}

    def run(self, before: Sequence[Told], generations: Sequence[Sequence[Told]]) -> None:
        """Bring the distribution to where it is after these trials: others' results, and complete generations."""
        past = [self._ranked(before), *map(self._ranked, generations)]
        if not self._past or past[: len(self._past)] != self._past:
            self._past, self._state = past[:1], {}
        for generation in range(len(self._past) - 1, len(past) - 1):
            attributes = self._ask(past[generation + 1], generation, 0).system_attrs
            self._state = {key: text for key, text in attributes.items() if key.startswith("cma:optimizer")}
        self._past = past

    def draw(self, seed: int) -> Point:
        """A point from the distribution."""
        found = self._ask([], 0, seed).params if self.axes else {}
        return {**self.fixed, **{name: at(axis, found[name]) for name, axis in self.axes.items()}}

    def _ranked(self, told: Sequence[Told]) -> list[Cube]:
        """Where trials were, the best first."""
        ordered = sorted(told, key=lambda one: (violation(one), self.sign * one.values[0] if one.values else 0.0))
        return [{name: share(axis, one.point[name]) for name, axis in self.axes.items()} for one in ordered]

    def _ask(self, generation: Sequence[Cube], number: int, seed: int) -> FrozenTrial:
        """A trial drawn by Optuna after one more generation, which keeps the distribution among its attributes."""
        foreign = [self._frozen(rank, cube) for rank, cube in enumerate(self._past[0])]
        sampler = CmaEsSampler(
            seed=seed, popsize=self.population, source_trials=foreign if len(foreign) >= FOREIGN else None
        )
        study = optuna.create_study(sampler=sampler)
        study.add_trial(self._frozen(0, dict.fromkeys(self.axes, 0.5), self._state))
        study.add_trials([self._frozen(rank, cube, {"cma:generation": number}) for rank, cube in enumerate(generation)])
        study.ask(self.cube)
        return study.get_trials(deepcopy=False)[-1]

    def _frozen(self, rank: int, cube: Cube, attributes: Mapping[str, str | int] | None = None) -> FrozenTrial:
        return create_trial(
            state=TrialState.COMPLETE,
            value=float(rank),
            params=dict(cube),
            distributions=self.cube,
            system_attrs=dict(attributes or {}),
        )
