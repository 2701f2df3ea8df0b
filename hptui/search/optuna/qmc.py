"""Optuna's quasi-Monte Carlo sampler: a scrambled Sobol sequence, which covers a space more evenly than chance.

The index in the sequence follows from the recorded trials and rejections, so a killed study continues where it was.
Points that must not be run are skipped and recorded. Other engines begin with it, too: first the centre of the ranges,
which helped more than any other choice measured, then the sequence from its very first point, since only from there do
four (or eight, sixteen) points lie one in each quarter of every range.
Source: doi:10.1016/0041-5553(67)90144-9 (Sobol)."""

from __future__ import annotations

from collections.abc import Iterable

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import QMCSampler
from optuna.study import Study as OptunaStudy

from hptui.core.trial import Rejection, Role, Value
from hptui.core.unit_cube import value_at
from hptui.search.engine import Proposal
from hptui.search.learning_engine import MAX_ASKS, AskContext, HistoryEngine
from hptui.search.optuna.codec import engine_name, quiet_optuna
from hptui.search.projection import Point, SpaceProjection

MAX_SKIPS = 30
"""Points in a row that are skipped before a feasible one near the first of them is taken instead."""


class QmcEngine(HistoryEngine):
    """The engine of `sampler = "qmc"`."""

    name = engine_name("qmc")
    quiet = staticmethod(quiet_optuna)

    def propose(self, context: AskContext) -> Proposal | None:
        """See `HistoryEngine`."""
        return next_sobol_point(context, self.name)


def next_sobol_point(context: AskContext, name: str, max_skips: int = MAX_SKIPS, before: int = 0) -> Proposal | None:
    """Return the next feasible new point of the sequence; None when there is none, or none was found.

    `before`: how many trials the search began with that are no points of the sequence.
    """
    first = max(0, sobol_index(context) - before)
    rejections: list[Rejection] = []
    with quiet_optuna():
        sequence = SobolSequence(context.projection, context.study.search.seed)
        for index in range(first, first + max_skips):
            settled, rejection = context.projection.judge(sequence.point(index), context.history.seen)
            if rejection is None:
                return Proposal(settled, tuple(rejections), name)
            rejections.append(rejection)
        overrides = context.near(sequence.point(first))
    return None if overrides is None else Proposal(overrides, tuple(rejections), name)


def sobol_index(context: AskContext) -> int:
    """Return the next index: the search's own trials before this one, and the points that they skipped."""
    earlier = [trial for trial in context.trials if 0 <= trial.number < context.number]
    not_searched = sum(trial.role is not Role.SEARCH for trial in earlier)
    return context.number - not_searched + sum(len(trial.rejections) for trial in earlier)


class SobolSequence(QMCSampler):  # type: ignore[misc]  # mypy does not look into optuna
    """Points of a space along a scrambled Sobol sequence, each computed from its index alone."""

    def __init__(self, projection: SpaceProjection, seed: int) -> None:
        super().__init__(scramble=True, seed=seed)
        self._axes = projection.parameters
        self._index, self._index_was_read = 0, False
        self._cube: dict[str, BaseDistribution] = {name: FloatDistribution(0.0, 1.0) for name in projection.parameters}
        self._study = optuna.create_study(sampler=self)
        self._study.ask()

    def point(self, index: int) -> Point:
        """Return the point at an index of the sequence."""
        self._index, self._index_was_read = index, False
        trial = self._study.get_trials(deepcopy=False)[0]
        cube = self.sample_relative(self._study, trial, self._cube)
        assert self._index_was_read or not self._axes, "this Optuna counts its points in another way"
        return {name: value_at(parameter, cube[name]) for name, parameter in self._axes.items()}

    # Overrides a private method of Optuna: there is no public way to set the index.
    def _find_sample_id(self, study: OptunaStudy, search_space: Iterable[str]) -> int:
        """Return the given index. Optuna would count points in its storage, which this study does not fill."""
        self._index_was_read = True
        return self._index


def initial_design(context: AskContext, name: str) -> Proposal | None:
    """Return the initial proposal of a trial: the centre first, then the points of a Sobol sequence.

    Instead of an infeasible centre, the nearest feasible point is taken.
    """
    if sobol_index(context) == 0 and (overrides := _centre(context)) is not None:
        return Proposal(overrides, engine=name)
    return next_sobol_point(context, name, MAX_ASKS, before=1)


def _centre(asked: AskContext) -> dict[str, Value] | None:
    centre = asked.projection.centre
    settled, rejection = asked.projection.judge(centre, asked.history.seen)
    if rejection is None:
        return settled
    return asked.near(centre) if rejection.margin > 0 else None
