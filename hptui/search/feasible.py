"""Draws feasible new configurations at random, with bounded work however small the feasible share is.

Three ways, each tried when the one before found nothing: plain rejection; an exact list of what the constraints allow,
where the parameters that they name have few enough values; and climbing, from points that miss least or are feasible
already, towards a smaller margin.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set
from functools import cached_property
from heapq import nsmallest
from random import Random

from hptui.model.errors import ExpressionError
from hptui.model.space import Choice, Int, Parameter, Space
from hptui.model.trial import Value
from hptui.model.values import same
from hptui.search.cube import share
from hptui.search.lens import UNKNOWN_MARGIN, Lens, Point

REJECTIONS = 100
"""Plain draws before anything cleverer."""

LISTED = 50_000
"""The largest product of values that is listed: half a second."""

NEIGHBOURS = 100
"""How many of the closest listed points are looked at for one that is new."""

CLIMBS, STEPS = 3, 4000
"""Climbs from random points, and as many from known ones; steps of each."""


class Feasible:
    """Random feasible configurations of a space."""

    def __init__(self, lens: Lens) -> None:
        self.lens = lens

    def draw(self, rng: Random, seen: Set[str], anchors: Iterable[Point] = ()) -> dict[str, Value] | None:
        """Settled overrides of a feasible configuration that is not in `seen`; None when none is left or was found.

        `anchors` are points to climb from when nothing else helps: those of earlier trials.
        """
        drawn = self._first((self.point(rng) for _ in range(REJECTIONS)), seen)
        if drawn is not None:
            return drawn
        if self._all is not None:
            left = [settled for settled in self._all if self.lens.key(settled) not in seen]
            return rng.choice(left) if left else None  # None is a proof here
        drawn = self._from_core(rng, seen)
        return drawn if drawn is not None else self._climbed(rng, seen, anchors)

    def near(
        self, wanted: Point, rng: Random, seen: Set[str], anchors: Iterable[Point] = ()
    ) -> dict[str, Value] | None:
        """As `draw`, but close to a point that must not be run: what a model likes about it is kept."""
        listed = self._core if self._all is None else self._all
        closest = nsmallest(NEIGHBOURS, listed, key=lambda other: self._distance(wanted, other))
        found = self._first(({**wanted, **other} for other in closest), seen) or self._climb(
            rng, wanted, seen, self._bearing if self._missed(wanted) else ()
        )
        return found if found is not None else self.draw(rng, seen, anchors)

    def _distance(self, wanted: Point, other: Point) -> float:
        """How far two points are apart in what both say, each parameter on its own scale from 0 to 1."""
        return sum(
            _apart(parameter, wanted[name], other[name])
            for name, parameter in self.lens.parameters.items()
            if name in wanted and name in other
        )

    def point(self, rng: Random) -> Point:
        """Any point of the space, feasible or not."""
        return {parameter.name: parameter.sample(rng) for parameter in self.lens.space.parameters}

    def _from_core(self, rng: Random, seen: Set[str]) -> dict[str, Value] | None:
        """Feasible values of the parameters that constraints name, any values of the others."""
        if not self._core:
            return None
        return self._first(({**self.point(rng), **rng.choice(self._core)} for _ in range(REJECTIONS)), seen)

    def _first(self, points: Iterable[Point], seen: Set[str]) -> dict[str, Value] | None:
        for point in points:
            settled, rejection = self.lens.judge(point, seen)
            if rejection is None:
                return settled
        return None

    @cached_property
    def _all(self) -> list[dict[str, Value]] | None:
        """Every feasible configuration of a small space."""
        return self.lens.feasible(LISTED)

    @cached_property
    def _core(self) -> list[dict[str, Value]]:
        """All feasible values of the parameters that constraints depend on; empty where they are too many."""
        names = _closure(self.lens.space)
        space = self.lens.space
        core = Space(
            parameters=self._bearing,
            derived=tuple(derived for derived in space.derived if derived.name in names),
            constraints=space.constraints,
        )
        return Lens(core, self.lens.base).feasible(LISTED) or []

    @cached_property
    def _bearing(self) -> tuple[Parameter, ...]:
        """The parameters that constraints depend on."""
        names = _closure(self.lens.space)
        return tuple(parameter for parameter in self.lens.space.parameters if parameter.name in names)

    def _climbed(self, rng: Random, seen: Set[str], anchors: Iterable[Point]) -> dict[str, Value] | None:
        """Walk from promising points, never to a larger margin, until a feasible new one is found."""
        scattered = sorted((self.point(rng) for _ in range(REJECTIONS)), key=self._missed)[:CLIMBS]
        known = [self.lens.base_point(), *anchors]
        # Known points come last: they are the surest, but what is found lies beside them.
        for start in (*scattered, *rng.sample(known, min(len(known), CLIMBS))):
            if (found := self._climb(rng, {**self.point(rng), **start}, seen)) is not None:
                return found
        return None

    def _climb(
        self, rng: Random, point: Point, seen: Set[str], moving: Sequence[Parameter] = ()
    ) -> dict[str, Value] | None:
        """Where a walk ends that moves only these parameters; else all."""
        missed = self._missed(point)
        for _ in range(STEPS):
            step = self._moved(rng, point, moving or self.lens.space.parameters)
            if (now := self._missed(step)) <= 0:
                settled, rejection = self.lens.judge(step, seen)
                if rejection is None:
                    return settled
            if now <= missed:
                point, missed = step, now
        return None

    def _missed(self, point: Point) -> float:
        """By how much a point misses its worst constraint; 0: it is feasible."""
        try:
            return max(0.0, self.lens.margin(self.lens.space.settle(self.lens.base, point)))
        except ExpressionError:
            return UNKNOWN_MARGIN

    def _moved(self, rng: Random, point: Point, parameters: Sequence[Parameter]) -> Point:
        """The point with one or two parameters changed: to any value, or by a millionth of the range up to all of it.

        Two move by the same share of their ranges: constraints that tie parameters together have narrow ridges.
        """
        chosen = rng.sample(parameters, min(len(parameters), rng.choice((1, 1, 2))))
        if rng.random() < 0.25:
            return {**point, **{parameter.name: parameter.sample(rng) for parameter in chosen}}
        far = rng.choice((-1, 1)) * math.pow(10, rng.uniform(-6, 0))
        return {
            **point,
            **{parameter.name: _beside(parameter, point[parameter.name], far, rng) for parameter in chosen},
        }


def _beside(parameter: Parameter, value: Value, far: float, rng: Random) -> Value:
    """The value of the parameter that lies the share `far` of its range away; where that means nothing, any other."""
    if isinstance(parameter, Choice) or parameter.step or not isinstance(value, int | float):
        return parameter.sample(rng)
    if parameter.log:
        moved = value * math.pow(parameter.high / parameter.low, far)
    else:
        moved = value + (parameter.high - parameter.low) * far
    if isinstance(parameter, Int):
        moved = round(moved) if round(moved) != value else value + (1 if far > 0 else -1)
    return parameter.held(moved)


def _apart(parameter: Parameter, one: Value, other: Value) -> float:
    """How far two values are apart, from 0 to 1; categories have no order, all are as far from each other."""
    if isinstance(parameter, Choice) and not parameter.ordinal:
        return 0.0 if same(one, other) else 1.0
    return abs(share(parameter, one) - share(parameter, other))


def _closure(space: Space) -> set[str]:
    """Names that the constraints depend on: directly, through derived values, and through conditions."""
    needs = {derived.name: derived.expr.names for derived in space.derived}
    needs |= {parameter.name: parameter.when.names for parameter in space.parameters if parameter.when}
    found: set[str] = set()
    todo = [name for constraint in space.constraints for name in constraint.names]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(needs.get(name, ()))
    return found
