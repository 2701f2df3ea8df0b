"""Draws feasible new configurations at random, with bounded work however small the feasible share is.

Three ways, each tried when the one before found nothing: plain rejection; an exact list of what the constraints allow,
where the parameters that they name have few enough values; and climbing, from points that miss least or are feasible
already, towards a smaller margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from functools import cached_property
from random import Random
from typing import TypeGuard

from hptui.model.space import Choice, Int, Parameter, Space
from hptui.model.trial import Value
from hptui.search.lens import Lens, Point

REJECTIONS = 100
"""Plain draws before anything cleverer."""

LISTED = 20_000
"""The largest product of values that is listed; well under a second."""

CLIMBS, STEPS = 8, 300
"""Climbs, and steps of each."""


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
        return self.lens.space.enumerate(self.lens.base, LISTED)

    @cached_property
    def _core(self) -> list[dict[str, Value]]:
        """All feasible values of the parameters that constraints depend on; empty where they are too many."""
        names = _closure(self.lens.space)
        space = self.lens.space
        core = Space(
            parameters=tuple(parameter for parameter in space.parameters if parameter.name in names),
            derived=tuple(derived for derived in space.derived if derived.name in names),
            constraints=space.constraints,
        )
        return core.enumerate(self.lens.base, LISTED) or []

    def _climbed(self, rng: Random, seen: Set[str], anchors: Iterable[Point]) -> dict[str, Value] | None:
        """Walk from promising points, never to a larger margin, until a feasible new one is found."""
        starts = [self.lens.base_point(), *anchors, *(self.point(rng) for _ in range(REJECTIONS))]
        starts = [{**self.point(rng), **start} for start in starts]
        for start in sorted(starts, key=self._missed)[:CLIMBS]:
            point, missed = start, self._missed(start)
            for _ in range(STEPS):
                step = self._moved(rng, point)
                settled, rejection = self.lens.judge(step, seen)
                if rejection is None:
                    return settled
                if rejection.margin <= missed:
                    point, missed = step, rejection.margin
        return None

    def _missed(self, point: Point) -> float:
        _, rejection = self.lens.judge(point, frozenset())
        return rejection.margin if rejection else 0.0

    def _moved(self, rng: Random, point: Point) -> Point:
        """The point with one or two parameters changed, mostly a little."""
        parameters = self.lens.space.parameters
        chosen = rng.sample(parameters, min(len(parameters), rng.choice((1, 1, 2))))
        return {**point, **{parameter.name: _near(parameter, point[parameter.name], rng) for parameter in chosen}}


def _near(parameter: Parameter, value: Value, rng: Random) -> Value:
    """A value on the way from `value` to a random one of the parameter, most often close to where it starts."""
    target = parameter.sample(rng)
    if isinstance(parameter, Choice) or parameter.step or not _number(value) or not _number(target):
        return target
    share = rng.random() ** 4
    moved = value * (target / value) ** share if parameter.log else value + share * (target - value)
    if isinstance(parameter, Int):
        moved = round(moved) if round(moved) != value else value + (1 if target > value else -1)
    return min(max(moved, parameter.low), parameter.high)


def _number(value: Value) -> TypeGuard[float]:
    return isinstance(value, int | float)


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
