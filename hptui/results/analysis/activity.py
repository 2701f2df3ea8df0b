"""Settings that are in use only under a condition: what the condition does is not what the setting does.

Of a conditional setting only trials in which it is in use differ in its value. Whether it is in use is a column of the
model by itself, which stays when the evidence of the setting is computed, and goes with the settings of its condition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from hptui.core.dataclass import dataclass
from hptui.core.space import Space
from hptui.core.trial import Value
from hptui.results.analysis.factors import Factor, coordinates_of
from hptui.results.analysis.points import Points


@dataclass(frozen=True)
class Activity:
    """Columns that tell whether conditional settings are in use, behind those of `count` settings.

    `columns` are the settings that they are of, `conditions` the settings of their conditions.
    """

    count: int
    columns: tuple[int, ...] = ()
    conditions: tuple[frozenset[int], ...] = ()

    def add(self, points: Points) -> Points:
        """Return points of the settings with these columns behind them."""
        if not self.columns:
            return points
        used, size = ~points.inactive[:, self.columns], len(self.columns)
        rows = len(points.position)
        return Points(
            np.c_[points.position, used.astype(float)],
            np.r_[points.category, np.ones(size, bool)],
            np.c_[points.inactive, np.zeros((rows, size), bool)],
            np.r_[np.broadcast_to(points.conditional, self.count), np.zeros(size, bool)],
        )

    def with_conditions(self, group: Sequence[int]) -> tuple[int, ...]:
        """Return some settings and the columns that depend on them: a model without the settings lacks both."""
        owned = (self.count + n for n, names in enumerate(self.conditions) if names & set(group))
        return (*group, *owned)


def activity_of(space: Space, factors: Sequence[Factor], points: Points) -> Activity:
    """Return the columns that are needed: one for each way in which settings are in use among the trials.

    None is needed where a setting with two values divides the trials in the same way.
    """
    index = {factor.name: column for column, factor in enumerate(factors)}
    divided = {_division(points.position[:, j]) for j in range(len(factors)) if not points.inactive[:, j].any()}
    conditions: dict[bytes, tuple[int, set[int]]] = {}
    for column in np.flatnonzero(points.conditional).tolist() if np.any(points.conditional) else ():
        division = _division(points.inactive[:, column])
        if division and division not in divided:
            names = conditions.setdefault(division, (column, set()))[1]
            names.update(index[name] for name in _condition(space, factors[column].name) if name in index)
    return Activity(
        len(factors),
        tuple(column for column, _ in conditions.values()),
        tuple(frozenset(names) for _, names in conditions.values()),
    )


def _division(values: np.ndarray) -> bytes:
    """Return how two values divide trials; b"" unless there are two."""
    if len(np.unique(values)) != 2:
        return b""
    return np.packbits(values != values[0]).tobytes()


def _condition(space: Space, name: str) -> set[str]:
    """Return the settings on which it depends whether a setting is in use, also through others."""
    derived = {entry.name: entry.expr.names for entry in space.derived}
    when = {p.name: p.when.names for p in space.parameters if p.when is not None}
    names: set[str] = set()
    waiting = list(when.get(name, ()))
    while waiting:
        other = waiting.pop()
        if other not in names:
            names.add(other)
            waiting += chain(derived.get(other, ()), when.get(other, ()))
    return names - {name}


@dataclass(frozen=True)
class SpacePoints:
    """Points of the current space; where a setting is moved, it is worked out again what is in use."""

    space: Space
    factors: tuple[Factor, ...]
    activity: Activity
    base: Mapping[str, Value]
    rows: tuple[Mapping[str, Value], ...]
    settings: Points
    """The points as coordinates of the settings alone."""

    @cached_property
    def points(self) -> Points:
        """The points as the model has them."""
        return self.activity.add(self.settings)

    def at(self, places: Mapping[int, float]) -> Points:
        """Return the points with some settings moved to coordinates, where these are in use; if nowhere, all."""
        points = self.settings
        if np.any(points.conditional):
            values = {self.factors[column].name: self.factors[column].value_at(at) for column, at in places.items()}
            moved = coordinates_of(self.space, self.factors, [(self.base, {**row, **values}) for row in self.rows])
            used = ~moved.inactive[:, list(places)].any(1)
            points = moved.of(used if used.any() else slice(None))
        for column, at in places.items():
            points = points.at(column, at)
        return self.activity.add(points)
