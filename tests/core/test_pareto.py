"""Pareto sets and hypervolumes, against values that are known and a slow way that is plainly right."""

from itertools import combinations, permutations, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hptui.core.ranking import dominates, hypervolume, hypervolume_reference, nondominated_indices


def slowly(points, ref):
    """Inclusion and exclusion over the boxes between each point and the reference."""
    inside = [point for point in points if all(a < r for a, r in zip(point, ref, strict=True))]
    total = 0.0
    for count in range(1, len(inside) + 1):
        for chosen in combinations(inside, count):
            corner = [max(values) for values in zip(*chosen, strict=True)]
            total -= (-1) ** count * prod(r - c for r, c in zip(ref, corner, strict=True))
    return total


def test_a_point_dominates_where_it_is_nowhere_worse_and_somewhere_better():
    assert dominates((1.0, 2.0), (1.0, 3.0))
    assert not dominates((1.0, 2.0), (1.0, 2.0))
    assert not dominates((1.0, 2.0), (0.5, 3.0))


def test_the_front_keeps_order_and_equals():
    assert nondominated_indices([(2, 2), (1, 3), (3, 3), (1, 3), (3, 1), (2, 3)]) == [0, 1, 3, 4]
    assert nondominated_indices([(2.0,), (1.0,), (1.0,)]) == [1, 2]
    assert nondominated_indices([]) == []


@pytest.mark.parametrize(
    ("points", "ref", "volume"),
    [
        ([], (1, 1), 0),
        ([(0.25,)], (1,), 0.75),
        ([(0, 0)], (1, 1), 1),
        ([(1, 1)], (1, 1), 0),
        ([(2, 0)], (1, 1), 0),
        ([(1, 3), (2, 2), (3, 1)], (4, 4), 6),
        ([(1, 3), (2, 2), (3, 1), (3, 3), (2, 2)], (4, 4), 6),
        ([(0, 0, 0)], (2, 3, 4), 24),
        ([(1, 0, 0), (0, 1, 0), (0, 0, 1)], (2, 2, 2), 7),
        ([(1, 1, 1, 1), (0, 1, 1, 1)], (2, 2, 2, 2), 2),
    ],
)
def test_known_volumes(points, ref, volume):
    assert hypervolume(points, ref) == pytest.approx(volume)
    for order in permutations(points[:3]):
        assert hypervolume([*order, *points[3:]], ref) == pytest.approx(volume)


def test_a_grid_of_points_commands_what_its_corner_does():
    points = list(product((0.25, 0.5, 0.75), repeat=3))
    assert hypervolume(points, (1, 1, 1)) == pytest.approx(0.75**3)


values = st.integers(0, 6).map(float)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[values] * n), min_size=1, max_size=6)))
@settings(max_examples=200, deadline=None)
def test_volumes_agree_with_the_slow_way(points):
    ref = hypervolume_reference(points)
    volume = hypervolume(points, ref)
    assert volume == pytest.approx(slowly(points, ref))
    assert hypervolume([points[index] for index in nondominated_indices(points)], ref) == pytest.approx(volume)


def test_the_reference_lies_behind_the_worst():
    assert hypervolume_reference([(1.0, 10.0), (3.0, 0.0)]) == (pytest.approx(3.2), pytest.approx(11.0))
    assert hypervolume_reference([(-2.0,)]) == (pytest.approx(-1.8),)
    assert hypervolume_reference([(0.0,)]) == (0.1,)
