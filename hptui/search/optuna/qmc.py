"""Optuna's quasi-Monte Carlo sampler: a scrambled Sobol sequence, which covers a space more evenly than chance.

The place in the sequence follows from the recorded trials and rejections, so a killed study goes on where it was.
Points that must not be run are skipped and recorded: the sequence goes on behind them.
"""

from __future__ import annotations

from collections.abc import Iterable

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import QMCSampler
from optuna.study import Study as OptunaStudy

from hptui.model.trial import Rejection, Role
from hptui.search.cube import at
from hptui.search.engine import Proposal
from hptui.search.lens import Lens, Point
from hptui.search.modelled import Asked, HistoryEngine
from hptui.search.optuna.terms import quiet, version

SKIPS = 30
"""How many points in a row are skipped before a feasible one near the first of them is taken instead."""


class QmcEngine(HistoryEngine):
    """The engine of `sampler = "qmc"`."""

    name = version("qmc")
    quiet = staticmethod(quiet)

    def propose(self, asked: Asked) -> Proposal | None:
        """See `HistoryEngine`."""
        return along(asked, self.name)


def along(asked: Asked, name: str, skips: int = SKIPS, before: int = 0) -> Proposal | None:
    """The next feasible new point of the sequence; None: none is left, or none was found.

    `before`: how many trials the search began with that are no points of the sequence.
    """
    first = max(0, place(asked) - before)
    rejections: list[Rejection] = []
    with quiet():
        sequence = Sobol(asked.lens, asked.study.search.seed)
        for index in range(first, first + skips):
            settled, rejection = asked.lens.judge(sequence.point(index), asked.history.seen)
            if rejection is None:
                return Proposal(settled, tuple(rejections), name)
            rejections.append(rejection)
        found = asked.near(sequence.point(first))
    return None if found is None else Proposal(found, tuple(rejections), name)


def place(asked: Asked) -> int:
    """How far the sequence has been walked: by the search's own trials before this one, and what they skipped."""
    before = [trial for trial in asked.trials if 0 <= trial.number < asked.number]
    others = sum(trial.role is not Role.SEARCH for trial in before)
    return asked.number - others + sum(len(trial.rejections) for trial in before)


class Sobol(QMCSampler):  # type: ignore[misc]  # mypy does not look into optuna
    """Points of a space along a scrambled Sobol sequence, each found by its index alone."""

    def __init__(self, lens: Lens, seed: int) -> None:
        super().__init__(scramble=True, seed=seed)
        self._axes = lens.parameters
        self._index, self._looked = 0, False
        self._cube: dict[str, BaseDistribution] = {name: FloatDistribution(0.0, 1.0) for name in lens.parameters}
        self._study = optuna.create_study(sampler=self)
        self._study.ask()

    def point(self, index: int) -> Point:
        """The point at this place in the sequence."""
        self._index, self._looked = index, False
        trial = self._study.get_trials(deepcopy=False)[0]
        found = self.sample_relative(self._study, trial, self._cube)
        assert self._looked or not self._axes, "this Optuna counts its points in another way"
        return {name: at(parameter, found[name]) for name, parameter in self._axes.items()}

    def _find_sample_id(self, study: OptunaStudy, search_space: Iterable[str]) -> int:
        """Optuna counts in its storage, which ours is not: the index is given instead."""
        self._looked = True
        return self._index
