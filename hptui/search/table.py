"""What a model is told that needs a number for everything: Gaussian processes, Optuna's and Ax's.

A point has a value for every parameter, a trial one for every objective or none at all. Values are made up here for
what diverged, was pruned or broke a constraint; they never leave the engine. Very bad values are drawn nearer: a loss
of 1e10 would make all others look the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median, quantiles

from hptui.model.study import Objective
from hptui.search.history import MISSED, Outcome, Told, worst
from hptui.search.lens import Lens, Point
from hptui.search.modelled import Asked

MODELLED = 500
"""The most trials that a model is told: the best and the newest. An ask stays within seconds."""

REJECTED = 30
"""The most rejected proposals that it is told: the newest. Each teaches a little, and costs as much as a trial."""

PENDING = 16
"""The most points under way that it is told: the newest."""

HALF = 500
"""Permille of a trial's budget from which what it showed is believed; before, only that it was not worth more."""

WILD = 1.5
"""How many quartile distances a value may lie beyond the worse quartile. With 10, a loss that diverged to 40 times the
usual one hid from a Gaussian process what the next ten trials could have told it.
"""

HUGE = 1e100
"""No value is larger: its square must still be a number."""

CONSTRAINTS, MEMORY = "constraints", "memory"
"""Limits beside the study's outcome conditions."""


@dataclass(frozen=True, slots=True)
class Row:
    """One result. `values` is empty where nothing was measured; `limits` > 0 are missed, absent ones unknown."""

    point: Point
    values: tuple[float, ...]
    limits: Mapping[str, float] = field(default_factory=dict)
    early: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """All that a model is told. `usual` is the median value of each objective, and of each limit where it is known."""

    lens: Lens
    rows: tuple[Row, ...]
    pending: tuple[Point, ...]
    usual: tuple[float, ...]
    usual_limits: Mapping[str, float]

    def values(self, row: Row) -> tuple[float, ...]:
        """A row's values; where there are none, those that say least."""
        return row.values or self.usual

    def limits(self, row: Row) -> dict[str, float]:
        """A row's margins of all limits; unknown ones as those that say least."""
        return {name: row.limits.get(name, usual) for name, usual in self.usual_limits.items()}

    def missed(self, point: Point, margin: float) -> Row:
        """A proposal that missed a constraint."""
        return Row(self.lens.whole(point), (), {CONSTRAINTS: margin})


def tabulate(asked: Asked, most: int = MODELLED) -> Table:
    """The table of a history in which something was measured."""
    lens, told, objectives = asked.lens, asked.history.told, asked.study.objectives
    usual, bad = _levels(told, objectives)
    rows = [_row(asked, one, usual, bad) for one in told if one.outcome is not Outcome.AVOID]
    rows = _kept(_tamed(rows, objectives), objectives, most)
    away = [one for one in told if one.outcome is Outcome.AVOID]
    rejected = [one for one in away if one.trial is None and one.margin > 0]
    rows += [Row(lens.whole(one.point), (), {CONSTRAINTS: one.margin}) for one in rejected[-REJECTED:]]
    pending = [lens.whole(one.point) for one in away if one.trial is not None]
    return Table(lens, tuple(rows), tuple(pending[-PENDING:]), usual, _usual_limits(rows))


def _levels(told: Sequence[Told], objectives: Sequence[Objective]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The median of each objective, and what counts as bad."""
    measured = [one.values for one in told if one.outcome is Outcome.VALUES]
    shown = [(one.shown[1],) for one in told if one.shown]  # one objective only: several show nothing
    columns = [[_bounded(value) for value in column] for column in zip(*(measured or shown), strict=True)]
    return tuple(map(median, columns)), tuple(map(worst, objectives, columns))


def _row(asked: Asked, told: Told, usual: tuple[float, ...], bad: tuple[float, ...]) -> Row:
    lens = asked.lens
    limits = {CONSTRAINTS: _margin(lens, told.point)} if lens.space.constraints else {}
    if any(one.outcome is Outcome.VIOLATED for one in asked.history.told):
        limits[MEMORY] = MISSED if told.outcome is Outcome.VIOLATED else -MISSED
    point = lens.whole(told.point)
    match told.outcome:
        case Outcome.VIOLATED:
            return Row(point, (), limits)
        case Outcome.PARTIAL:
            return Row(point, _partial(told, usual, bad), limits, early=True)
    return Row(point, tuple(map(_bounded, told.values)), {**limits, **told.limits})


def _margin(lens: Lens, point: Point) -> float:
    """By how much the worst constraint is missed, or kept: how far a feasible point is from the edge counts, too."""
    settled, rejection = lens.judge(point, frozenset())
    return rejection.margin if rejection else lens.margin(settled)


def _partial(told: Told, usual: tuple[float, ...], bad: tuple[float, ...]) -> tuple[float, ...]:
    """What a trial that was cut short is worth: what it showed, if that was late enough, but no more than the usual."""
    if told.shown is None:
        return bad
    progress, value = told.shown
    return usual if progress < HALF else (sorted((usual[0], _bounded(value), bad[0]))[1],)


def _bounded(value: float) -> float:
    return min(max(value, -HUGE), HUGE)


def _tamed(rows: Sequence[Row], objectives: Sequence[Objective]) -> list[Row]:
    """The rows with very bad values drawn nearer."""
    columns = list(zip(*(row.values for row in rows if row.values), strict=True))
    if not columns or len(columns[0]) < 4:
        return list(rows)
    ends = [_end(objective, column) for objective, column in zip(objectives, columns, strict=True)]
    better = [min if objective.goal == "minimize" else max for objective in objectives]
    return [
        replace(row, values=tuple(best(value, end) for best, value, end in zip(better, row.values, ends, strict=False)))
        for row in rows
    ]


def _end(objective: Objective, column: Sequence[float]) -> float:
    """Where bad values end; nowhere, if half of all values are the same."""
    low, _, high = quantiles(column, n=4, method="inclusive")
    far = WILD * (high - low) or HUGE
    return high + far if objective.goal == "minimize" else low - far


def _kept(rows: list[Row], objectives: Sequence[Objective], most: int) -> list[Row]:
    """At most so many rows: the newest half, and the best of the older ones."""
    if len(rows) <= most:
        return rows
    half = most // 2
    older = rows[:-half]
    rank = [0 if row.values else len(rows) * len(objectives) for row in older]
    for n, objective in enumerate(objectives):
        valued = [index for index, row in enumerate(older) if row.values]
        valued.sort(key=lambda index: older[index].values[n], reverse=objective.goal == "maximize")
        for position, index in enumerate(valued):
            rank[index] += position
    best = sorted(sorted(range(len(older)), key=lambda index: rank[index])[:half])
    return [*(older[index] for index in best), *rows[-half:]]


def _usual_limits(rows: Sequence[Row]) -> dict[str, float]:
    """The median margin of each limit that any row knows."""
    names = dict.fromkeys(name for row in rows for name in row.limits)
    return {name: median(row.limits[name] for row in rows if name in row.limits) for name in names}
