"""Pareto dominance and hypervolume of points.

A point holds one value per objective, smaller is better: callers negate objectives to maximize.
"""

from __future__ import annotations

from collections.abc import Sequence

ObjectivePoint = tuple[float, ...]
"""One value per objective, smaller is better."""

REFERENCE_MARGIN = 0.1
"""Distance of the reference point from the worst value, as a proportion of the range of values.

More than 0, so that a point that is worst in one objective still contributes.
"""


def dominates(candidate: ObjectivePoint, other: ObjectivePoint) -> bool:
    """Return whether `candidate` is nowhere worse than `other` and somewhere better."""
    return candidate != other and all(a <= b for a, b in zip(candidate, other, strict=True))


def nondominated_indices(points: Sequence[ObjectivePoint]) -> list[int]:
    """Return the indices of the points that no other dominates, ascending; equal points stay together."""
    best = _nondominated_points(list(dict.fromkeys(points)))
    nondominated = set(best)
    return [index for index, point in enumerate(points) if point in nondominated]


def _nondominated_points(points: Sequence[ObjectivePoint]) -> list[ObjectivePoint]:
    """Return the distinct points that no other dominates, ascending.

    In ascending order a point can only be dominated by an earlier one.
    """
    nondominated: list[ObjectivePoint] = []
    for point in sorted(points):
        if not any(dominates(other, point) for other in nondominated):
            nondominated.append(point)
    return nondominated


def hypervolume_reference(points: Sequence[ObjectivePoint]) -> ObjectivePoint:
    """Return the reference point: slightly beyond the worst value of every objective."""
    worst = [max(values) for values in zip(*points, strict=True)]
    best = [min(values) for values in zip(*points, strict=True)]
    return tuple(w + REFERENCE_MARGIN * ((w - b) or abs(w) or 1.0) for w, b in zip(worst, best, strict=True))


def hypervolume(points: Sequence[ObjectivePoint], ref: ObjectivePoint) -> float:
    """Return the volume of the region that some point dominates and that is bounded by `ref`.

    Exact; the cost grows exponentially with the number of objectives.
    """
    inside = [point for point in dict.fromkeys(points) if all(a < r for a, r in zip(point, ref, strict=True))]
    return _volume(_nondominated_points(inside), ref)


def _volume(front_points: list[ObjectivePoint], ref: ObjectivePoint) -> float:
    """Return the hypervolume of a sorted front.

    The region is sliced along the last objective; each slice is a volume of one dimension less.
    """
    if not front_points:
        return 0.0
    if len(ref) == 1:
        return ref[0] - front_points[0][0]
    if len(ref) == 2:
        return _area(front_points, ref)
    ordered = sorted(front_points, key=lambda point: point[-1])
    ends = [*(point[-1] for point in ordered[1:]), ref[-1]]
    volume = 0.0
    for count, (point, end) in enumerate(zip(ordered, ends, strict=True), start=1):
        if end > point[-1]:
            slice_front = _nondominated_points([other[:-1] for other in ordered[:count]])
            volume += (end - point[-1]) * _volume(list(dict.fromkeys(slice_front)), ref[:-1])
    return volume


def _area(front_points: list[ObjectivePoint], ref: ObjectivePoint) -> float:
    """Return the hypervolume for two objectives.

    `front_points` ascend in the first objective, so they descend in the second.
    """
    area, upper = 0.0, ref[1]
    for x, y in front_points:
        area += (ref[0] - x) * (upper - y)
        upper = y
    return area
