"""Draws feasible new configurations at random, with bounded work however small the feasible share is.

Three methods, each tried when the one before found nothing: plain rejection; an exact list of what the constraints
allow, where the parameters that they name have few enough values; and climbing, from points that miss least or are
feasible already, towards a smaller margin.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set
from functools import cached_property
from heapq import nsmallest
from random import Random

from hptui.core.errors import ExpressionError
from hptui.core.space import Choice, Int, Parameter, Space
from hptui.core.trial import Value
from hptui.core.unit_cube import fraction_of
from hptui.core.values import values_equal
from hptui.search.projection import MAX_LISTED_POINTS, UNKNOWN_MARGIN, Point, SpaceProjection

MAX_PLAIN_DRAWS = 100
"""Plain random draws before the other methods are tried."""

MAX_NEIGHBOURS = 100
"""Closest enumerated points that are checked for a new one."""

MAX_CLIMBS, MAX_CLIMB_STEPS = 3, 4000
"""Climbs from random points, and as many from known ones; steps of each climb."""


class FeasibleSampler:
    """Draws random feasible configurations of a space."""

    def __init__(self, projection: SpaceProjection) -> None:
        self.projection = projection

    def draw(self, rng: Random, seen: Set[str], anchors: Iterable[Point] = ()) -> dict[str, Value] | None:
        """Return settled overrides of a feasible configuration that is not in `seen`.

        None when none is left or none was found. `anchors` are the points of earlier trials, from which to climb when
        nothing else helps.
        """
        settled = self._first_feasible((self.point(rng) for _ in range(MAX_PLAIN_DRAWS)), seen)
        if settled is not None:
            return settled
        if self._all_feasible is not None:
            unused = [settled for settled in self._all_feasible if self.projection.identity(settled) not in seen]
            return rng.choice(unused) if unused else None  # the list is exhaustive: None proves that nothing is left
        settled = self._from_core(rng, seen)
        return settled if settled is not None else self._climb_from_starts(rng, seen, anchors)

    def near(
        self, target: Point, rng: Random, seen: Set[str], anchors: Iterable[Point] = ()
    ) -> dict[str, Value] | None:
        """Return a feasible configuration as `draw` does, but close to a point that must not be run.

        So most of what a model prefers about that point is kept.
        """
        listed = self._feasible_core if self._all_feasible is None else self._all_feasible
        closest = nsmallest(MAX_NEIGHBOURS, listed, key=lambda other: self._distance(target, other))
        settled = self._first_feasible(({**target, **other} for other in closest), seen) or self._climb(
            rng, target, seen, self._constrained_parameters if self._worst_margin(target) else ()
        )
        return settled if settled is not None else self.draw(rng, seen, anchors)

    def _distance(self, target: Point, other: Point) -> float:
        """Return the distance of two points over the parameters that both have.

        Each parameter counts on its own scale from 0 to 1.
        """
        return sum(
            _value_distance(parameter, target[name], other[name])
            for name, parameter in self.projection.parameters.items()
            if name in target and name in other
        )

    def point(self, rng: Random) -> Point:
        """Return a random point of the space, feasible or not."""
        return {parameter.name: parameter.sample(rng) for parameter in self.projection.space.parameters}

    def _from_core(self, rng: Random, seen: Set[str]) -> dict[str, Value] | None:
        """Return feasible values for the parameters that constraints name, random ones for the others."""
        if not self._feasible_core:
            return None
        return self._first_feasible(
            ({**self.point(rng), **rng.choice(self._feasible_core)} for _ in range(MAX_PLAIN_DRAWS)), seen
        )

    def _first_feasible(self, points: Iterable[Point], seen: Set[str]) -> dict[str, Value] | None:
        for point in points:
            settled, rejection = self.projection.judge(point, seen)
            if rejection is None:
                return settled
        return None

    @cached_property
    def _all_feasible(self) -> list[dict[str, Value]] | None:
        """Every feasible configuration of a small space; None for a large one."""
        return self.projection.feasible_configurations(MAX_LISTED_POINTS)

    @cached_property
    def _feasible_core(self) -> list[dict[str, Value]]:
        """All feasible values of the parameters that constraints depend on; empty where they are too many."""
        constraint_names = _constraint_names(self.projection.space)
        space = self.projection.space
        core = Space(
            parameters=self._constrained_parameters,
            derived=tuple(derived for derived in space.derived if derived.name in constraint_names),
            constraints=space.constraints,
        )
        return SpaceProjection(core, self.projection.base).feasible_configurations(MAX_LISTED_POINTS) or []

    @cached_property
    def _constrained_parameters(self) -> tuple[Parameter, ...]:
        """The parameters that constraints depend on."""
        constraint_names = _constraint_names(self.projection.space)
        return tuple(parameter for parameter in self.projection.space.parameters if parameter.name in constraint_names)

    def _climb_from_starts(self, rng: Random, seen: Set[str], anchors: Iterable[Point]) -> dict[str, Value] | None:
        """Walk from promising points, never to a larger margin, until a feasible new one is reached."""
        scattered = sorted((self.point(rng) for _ in range(MAX_PLAIN_DRAWS)), key=self._worst_margin)[:MAX_CLIMBS]
        known_points = [self.projection.base_point(), *anchors]
        # Known points come last: they succeed most often, but the result lies close to them.
        for start in (*scattered, *rng.sample(known_points, min(len(known_points), MAX_CLIMBS))):
            if (settled := self._climb(rng, {**self.point(rng), **start}, seen)) is not None:
                return settled
        return None

    def _climb(
        self, rng: Random, point: Point, seen: Set[str], movable: Sequence[Parameter] = ()
    ) -> dict[str, Value] | None:
        """Return the end of a walk that changes only `movable` parameters, or all if there are none.

        None when no feasible new point is reached within `MAX_CLIMB_STEPS`.
        """
        best_margin = self._worst_margin(point)
        for _ in range(MAX_CLIMB_STEPS):
            candidate = self._perturbed(rng, point, movable or self.projection.space.parameters)
            if (margin := self._worst_margin(candidate)) <= 0:
                settled, rejection = self.projection.judge(candidate, seen)
                if rejection is None:
                    return settled
            if margin <= best_margin:
                point, best_margin = candidate, margin
        return None

    def _worst_margin(self, point: Point) -> float:
        """Return the margin by which a point misses its worst constraint; 0 if it is feasible."""
        try:
            return max(0.0, self.projection.margin(self.projection.space.settle(self.projection.base, point)))
        except ExpressionError:
            return UNKNOWN_MARGIN

    def _perturbed(self, rng: Random, point: Point, parameters: Sequence[Parameter]) -> Point:
        """Return the point with one or two parameters changed.

        A parameter gets a random value, or moves by a millionth of its range up to all of it. Two move by the same
        share of their ranges: constraints that tie parameters together have narrow ridges.
        """
        chosen = rng.sample(parameters, min(len(parameters), rng.choice((1, 1, 2))))
        if rng.random() < 0.25:
            return {**point, **{parameter.name: parameter.sample(rng) for parameter in chosen}}
        fraction = rng.choice((-1, 1)) * math.pow(10, rng.uniform(-6, 0))
        return {
            **point,
            **{parameter.name: _value_nearby(parameter, point[parameter.name], fraction, rng) for parameter in chosen},
        }


def _value_nearby(parameter: Parameter, value: Value, fraction: float, rng: Random) -> Value:
    """Return the value that lies `fraction` of the parameter's range away.

    Where a distance means nothing, return a random value.
    """
    if isinstance(parameter, Choice) or parameter.step or not isinstance(value, int | float):
        return parameter.sample(rng)
    if parameter.log:
        moved = value * math.pow(parameter.high / parameter.low, fraction)
    else:
        moved = value + (parameter.high - parameter.low) * fraction
    if isinstance(parameter, Int):
        moved = round(moved) if round(moved) != value else value + (1 if fraction > 0 else -1)
    return parameter.clamp(moved)


def _value_distance(parameter: Parameter, value: Value, other_value: Value) -> float:
    """Return the distance of two values, from 0 to 1.

    Categories have no order: different ones are all at distance 1.
    """
    if isinstance(parameter, Choice) and not parameter.ordinal:
        return 0.0 if values_equal(value, other_value) else 1.0
    return abs(fraction_of(parameter, value) - fraction_of(parameter, other_value))


def _constraint_names(space: Space) -> set[str]:
    """Return the names that constraints depend on: directly, by derived values, or by conditions."""
    needs = {derived.name: derived.expr.names for derived in space.derived}
    needs |= {parameter.name: parameter.when.names for parameter in space.parameters if parameter.when}
    names: set[str] = set()
    pending = [name for constraint in space.constraints for name in constraint.names]
    while pending:
        name = pending.pop()
        if name not in names:
            names.add(name)
            pending.extend(needs.get(name, ()))
    return names
