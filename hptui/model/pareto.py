"""Several objectives: which points none beats, and how much of the space of values they command.

A point holds one value per objective, each to be made small: whoever maximizes turns the sign.
"""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, ...]

BEYOND = 0.1
"""How far behind the worst value the reference point lies, as a share of the span: the worst counts for a little."""


def dominates(one: Point, other: Point) -> bool:
    """Whether `one` is nowhere worse than `other` and somewhere better."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def front(points: Sequence[Point]) -> list[int]:
    """The places of the points that none dominates, in order; equals stay together."""
    best = _front(list(dict.fromkeys(points)))
    kept = set(best)
    return [index for index, point in enumerate(points) if point in kept]


def _front(points: Sequence[Point]) -> list[Point]:
    """In ascending order a point can only be dominated by an earlier one."""
    kept: list[Point] = []
    for point in sorted(points):
        if not any(dominates(other, point) for other in kept):
            kept.append(point)
    return kept


def reference(points: Sequence[Point]) -> Point:
    """A point a little behind the worst value of every objective."""
    worst = [max(values) for values in zip(*points, strict=True)]
    best = [min(values) for values in zip(*points, strict=True)]
    return tuple(w + BEYOND * ((w - b) or abs(w) or 1.0) for w, b in zip(worst, best, strict=True))


def hypervolume(points: Sequence[Point], ref: Point) -> float:
    """The volume that is dominated by some point and not beyond `ref`; exact, for a few objectives."""
    inside = [point for point in dict.fromkeys(points) if all(a < r for a, r in zip(point, ref, strict=True))]
    return _volume(_front(inside), ref)


def _volume(kept: list[Point], ref: Point) -> float:
    """Slice along the last objective: in each slice the points before it command an area of one dimension less."""
    if not kept:
        return 0.0
    if len(ref) == 1:
        return ref[0] - kept[0][0]
    if len(ref) == 2:
        return _area(kept, ref)
    ordered = sorted(kept, key=lambda point: point[-1])
    tops = [*(point[-1] for point in ordered[1:]), ref[-1]]
    volume = 0.0
    for count, (point, top) in enumerate(zip(ordered, tops, strict=True), start=1):
        if top > point[-1]:
            base = _front([other[:-1] for other in ordered[:count]])
            volume += (top - point[-1]) * _volume(list(dict.fromkeys(base)), ref[:-1])
    return volume


def _area(kept: list[Point], ref: Point) -> float:
    """Two objectives: a staircase. `kept` ascends in the first and so descends in the second."""
    area, before = 0.0, ref[1]
    for x, y in kept:
        area += (ref[0] - x) * (before - y)
        before = y
    return area
