"""Projects configurations of trials, whenever they were made, into the current search space.

A configuration fits when the current space can express it: every active parameter lies inside its range (one that was
added later has its baseline value), every other setting equals `[trainer]`. So ranges can be narrowed and parameters
added, removed or changed while a study runs, and the trials that still fit go on informing the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from itertools import islice, product
from typing import Protocol

from hptui.core.errors import ExpressionError
from hptui.core.space import Parameter, Space, configuration_key
from hptui.core.trial import Rejection, Trial, Value
from hptui.core.unit_cube import value_at
from hptui.core.values import values_equal

Point = dict[str, Value]
"""Values of the active searched parameters, without derived ones."""

DUPLICATE_REASON = "the same configuration as a trial before"
"""Rejection reason of a feasible proposal whose configuration already has a trial."""

MAX_POINTS = 1000
"""Points that are tried to find one that may be run: a sampler may hand over a sequence without an end."""

MAX_LISTED_POINTS = 50_000
"""Largest product of parameter values that is enumerated: half a second."""

LEAST_EXCESS = 0.01
"""By how much a learnt limit is taken to be kept where a trial kept it, but was predicted to miss it."""

UNKNOWN_MARGIN = 1.0
"""Margin of a point at which a constraint cannot be evaluated (a division by zero, for instance)."""


class Wall(Protocol):
    """A limit that is learnt from trials, and what it says.

    `excess`: by how much overrides exceed it, negative where they keep it, None where that is unknown; `margin` is 0
    unless they exceed it.
    """

    def excess(self, params: Mapping[str, Value]) -> float | None: ...
    def margin(self, params: Mapping[str, Value]) -> float: ...
    def text(self, params: Mapping[str, Value]) -> str: ...


class SpaceProjection:
    """A search space over a baseline. `base` is `[trainer]` with the trainer's defaults filled in.

    `wall` limits what may be proposed, besides the constraints; what has run is judged by the constraints alone.
    """

    def __init__(self, space: Space, base: Mapping[str, Value], wall: Wall | None = None) -> None:
        self.space, self.base, self.wall = space, base, wall
        self.parameters: dict[str, Parameter] = {parameter.name: parameter for parameter in space.parameters}
        self._derived = frozenset(derived.name for derived in space.derived)
        self.conditional = any(parameter.when is not None for parameter in space.parameters)
        """Whether some parameters are active only at certain values of others."""

    def active(self, params: Mapping[str, Value]) -> Set[str]:
        """Return the names of the parameters that are active in this configuration."""
        return set(self.space.active(self.base, params)) if self.conditional else self.parameters.keys()

    def point(self, params: Mapping[str, Value]) -> Point | None:
        """Return the searched values of these overrides; None when they do not fit the space."""
        try:
            active = self.active(params)
            point = {name: params.get(name, self.base.get(name)) for name in self.parameters if name in active}
            fits = all(self.parameters[name].contains(value) for name, value in point.items())
            return point if fits and self._unsearched_settings_fit(params, point) else None
        except ExpressionError:
            return None

    def base_point(self) -> Point:
        """Return the baseline's values of the parameters that contain them."""
        return {
            name: self.base[name]
            for name, parameter in self.parameters.items()
            if name in self.base and parameter.contains(self.base[name])
        }

    @cached_property
    def centre(self) -> Point:
        """The middle of every range, on its own scale."""
        return {name: value_at(parameter, 0.5) for name, parameter in self.parameters.items()}

    def with_inactive(self, point: Mapping[str, Value]) -> Point:
        """Return the point with values for inactive parameters as well.

        They are the baseline's, else the middle of the range, so that equal points stay equal.
        """
        return {**self.centre, **self.base_point(), **point}

    def judge(self, point: Mapping[str, Value], seen: Set[str]) -> tuple[dict[str, Value], Rejection | None]:
        """Return the overrides of a trial at this point, and the rejection if it must not be run.

        `seen` are identities of existing trials.
        """
        try:
            settled = self.space.settle(self.base, point)
        except ExpressionError as error:
            return dict(point), Rejection(dict(point), error.message, UNKNOWN_MARGIN)
        margin = self.margin(settled)
        if margin > 0:
            return settled, Rejection(settled, self.missed_constraints(settled), margin)
        if self.identity(settled) in seen:
            return settled, Rejection(settled, DUPLICATE_REASON)
        return settled, None

    def missed_by(self, point: Mapping[str, Value]) -> float:
        """Return by how much a point that has run misses the constraints; 0 if it keeps them."""
        try:
            return max(0.0, self.constraint_margin(self.space.settle(self.base, point)))
        except ExpressionError:
            return UNKNOWN_MARGIN

    def first_feasible(
        self, points: Iterable[Mapping[str, Value] | Sequence[float]], known: Iterable[Trial] = ()
    ) -> dict[str, Value] | None:
        """Return the overrides of the first point that may be run, settled; None if there is none.

        A point has values by name, or coordinates in the unit cube, one for each parameter of the space in order.
        `known` are the trials so far, which are not repeated. Where none of the first `MAX_POINTS` may be run and all
        configurations can be listed, the first of those that has no trial is returned.
        """
        # Trials of other studies have numbers below 0; what they ran may be run here.
        seen = {self.identity(trial.params) for trial in known if trial.number >= 0}
        for coordinates in islice(points, MAX_POINTS):
            point = coordinates if isinstance(coordinates, Mapping) else self.point_at(coordinates)
            settled, rejection = self.judge(point, seen)
            if rejection is None:
                return settled
        listed = self.feasible_configurations(MAX_LISTED_POINTS) or []
        return next((settled for settled in listed if self.identity(settled) not in seen), None)

    def point_at(self, coordinates: Sequence[float]) -> Point:
        """Return the point at coordinates in the unit cube, one for each parameter in order."""
        parameters = self.parameters.values()
        return {
            parameter.name: value_at(parameter, share) for parameter, share in zip(parameters, coordinates, strict=True)
        }

    def grid_points(self) -> Iterator[Point]:
        """Return an iterator over every combination of values, the last parameter changing fastest.

        Every parameter must be discrete.
        """
        columns = [parameter.values() or () for parameter in self.parameters.values()]
        return (dict(zip(self.parameters, row, strict=True)) for row in product(*columns))

    def feasible_configurations(self, limit: int, max_feasible: int | None = None) -> list[dict[str, Value]] | None:
        """Return every feasible configuration once, settled.

        None: there are more than `limit` combinations to try, or more than `max_feasible` that are feasible.
        """
        if self.space.size is None or self.space.size > limit:
            return None
        configurations: dict[str, dict[str, Value]] = {}
        for point in self.grid_points():
            try:
                settled = self.space.settle(self.base, point)
            except ExpressionError:
                continue
            if self.margin(settled) <= 0:
                configurations.setdefault(self.identity(settled), settled)
                if max_feasible is not None and len(configurations) > max_feasible:
                    return None
        return list(configurations.values())

    def identity(self, params: Mapping[str, Value]) -> str:
        """Return the identity of a configuration: how it differs from the baseline.

        Inactive parameters do not count, nor do the last digits of a float: 6e-4 and 0.0006000000000000001 are one.
        """
        inert = self.parameters.keys() - self._active_or_all(params)
        values = {name: _rounded(value) for name, value in params.items() if name not in inert}
        return configuration_key({name: value for name, value in values.items() if not self._equals_base(name, value)})

    def margin(self, settled: Mapping[str, Value]) -> float:
        """Return the margin of the worst constraint at settled overrides, or of the wall; <= 0 is feasible."""
        margin = self.constraint_margin(settled)
        return margin if self.wall is None or margin > 0 else self.wall.margin(settled) or margin

    def constraint_margin(self, settled: Mapping[str, Value]) -> float:
        """Return the margin of the worst constraint at settled overrides, always finite."""
        try:
            margin = self.space.margin(self.base, settled)
        except ExpressionError:
            return UNKNOWN_MARGIN
        # Engines square margins: infinities are bounded.
        return UNKNOWN_MARGIN if math.isnan(margin) else min(max(margin, -1e9), 1e9)

    def missed_constraints(self, settled: Mapping[str, Value]) -> str:
        """Return the text of the constraints that are missed, as the user wrote them; else what the wall says."""
        try:
            missed = ", ".join(missed.text for missed in self.space.violated(self.base, settled))
        except ExpressionError as error:
            return error.message
        return missed or ("" if self.wall is None else self.wall.text(settled))

    def _unsearched_settings_fit(self, params: Mapping[str, Value], point: Point) -> bool:
        """Return whether the settings that are not searched have the values that the space implies.

        The baseline evaluates no `expr`: a derived name that is absent makes no difference.
        """
        unsearched = params.keys() - self.parameters.keys()
        settled = self.space.settle(self.base, point) if unsearched & self._derived else {}
        return all(
            name in settled and values_equal(settled[name], params[name])
            if name in self._derived
            else self._equals_base(name, params[name])
            for name in unsearched
        )

    def _equals_base(self, name: str, value: Value) -> bool:
        """Return whether the baseline has this value."""
        return name in self.base and values_equal(_rounded(self.base[name]), _rounded(value))

    def _active_or_all(self, params: Mapping[str, Value]) -> Set[str]:
        try:
            return self.active(params)
        except ExpressionError:
            return self.parameters.keys()


SIGNIFICANT_DIGITS = 12
"""Digits of a float by which configurations differ: fewer than computing with logarithms leaves right."""


def _rounded(value: Value) -> Value:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) and math.isfinite(value) else value
