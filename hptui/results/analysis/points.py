"""Settings of trials as coordinates, and how far apart they are.

Numpy is loaded with this module, so others import it inside functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hptui.core.dataclass import dataclass

Array = Any
"""A numpy array."""

MIDDLE_OF_CATEGORIES = 0.5
"""Squared distance of each category from their middle: of many categories, where any two are at distance 1."""


@dataclass(frozen=True)
class Points:
    """Settings as coordinates: `position` (n, d) from 0 to 1 or the code of a category, and where one is inactive."""

    position: Array
    category: Array
    """(d,): whether a setting is a category, for which two values are equal or not."""
    inactive: Array
    """(n, d): a setting that is not there is at distance 1 from every value, 0 from where it is not there either."""
    conditional: Array = False
    """(d,): whether a setting is not there because of a condition. It then counts as in the middle of its values."""

    def squared_distances(self, other: Points) -> Array:
        """Return the squared distances, (d, n, m)."""
        a, b = self._placed.T[:, :, None], other._placed.T[:, None, :]
        distance = np.where(self.category[:, None, None], (a != b).astype(float), (a - b) ** 2)
        first, second = self.inactive.T[:, :, None], other.inactive.T[:, None, :]
        to_middle = np.where(self.category[:, None, None], MIDDLE_OF_CATEGORIES, distance)
        conditional = np.broadcast_to(self.conditional, self.category.shape)[:, None, None]
        mixed = np.where(conditional, to_middle, 1.0)
        return np.where(first & second, 0.0, np.where(first | second, mixed, distance))

    @property
    def _placed(self) -> Array:
        """The positions, 0.5 where an ordered setting is not there because of a condition."""
        return np.where(self.inactive & self.conditional, 0.5, self.position)

    def steps(self, setting: int) -> list[Array]:
        """Return each step that a function of a setting may have, (n,).

        Where it is not there because of a condition it is behind a part of the step: what the condition does is none.
        """
        absent = self.inactive[:, setting]
        places = np.where(absent, np.inf, self.position[:, setting])
        used = ~(absent & np.broadcast_to(self.conditional, self.category.shape)[setting])
        levels = np.unique(places[used])
        if self.category[setting]:
            steps = [(places == level).astype(float) for level in levels]
        else:
            steps = [(places > level).astype(float) for level in levels[:-1]]
        return [np.where(used, step, step[used].mean()) for step in steps]

    def of(self, rows: Array | slice) -> Points:
        """Return some of the points."""
        return Points(self.position[rows], self.category, self.inactive[rows], self.conditional)

    def at(self, setting: int, value: float) -> Points:
        """Return these points with one setting moved to a value, where it is active."""
        position, inactive = self.position.copy(), self.inactive.copy()
        position[:, setting], inactive[:, setting] = value, False
        return Points(position, self.category, inactive, self.conditional)
