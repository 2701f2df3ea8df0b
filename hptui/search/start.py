"""The initial design of a search with a model: the centre of the ranges, then points that cover the space evenly.

Starting at the centre of logarithmic ranges helped more than any other choice measured, most of all within five trials.
All points are feasible: no model is needed to find such.

The sequence begins at its very first point: only from there on do four points (or eight, sixteen) lie one in each
quarter of every range, and the first three in three of them. With the first left out, two may share one.
"""

from __future__ import annotations

from hptui.model.trial import Value
from hptui.search.engine import Proposal
from hptui.search.modelled import AskContext
from hptui.search.optuna.qmc import next_sobol_point, sobol_index
from hptui.search.virtual import MAX_ASKS


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
