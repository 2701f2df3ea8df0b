"""Random feasible points: everywhere that is feasible, nowhere else, and in bounded time."""

import random
import time
from collections import Counter

import pytest

from hptui.core.parameters import Choice, Float, Int
from hptui.search.feasible import FeasibleSampler
from hptui.search.projection import SpaceProjection
from tests.search.kit import space

UNIT = [Float(name, 0, 1) for name in "abcdef"]


def drawer(parameters, *constraints, **more):
    return FeasibleSampler(SpaceProjection(space(parameters, *constraints, **more), {}))


CASES = {
    "a corner": (UNIT[:3], ["a + b + c <= 0.0001"]),
    "a band": (UNIT[:2], ["abs(a - b) <= 1e-6"]),
    "two bands and a side": (UNIT[:4], ["abs(a - b) <= 1e-4", "abs(c - d) <= 1e-4", "a + c <= 0.5"]),
    "a small box": (UNIT[:4], ["max(abs(a - 0.3), abs(b - 0.7), abs(c - 0.1), abs(d - 0.9)) <= 1e-3"]),
    "a corner in logarithms": ([Float(n, 1e-8, 1, log=True) for n in "ab"], ["a * b <= 1.1e-16"]),
    "whole numbers": ([Int("a", 1, 10**6), Int("b", 1, 10**6, log=True)], ["abs(a - b) <= 5"]),
    "a ratio of lists, beside a range": (
        [Int("dim", 64, 1024, step=64), Int("heads", 2, 64), Float("lr", 1e-5, 1, log=True), Int("seed", 0, 10**9)],
        ["dim == 64 * heads"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_small_feasible_share_is_found_in_bounded_time(name):
    parameters, constraints = CASES[name]
    for seed in range(5):
        feasible = drawer(parameters, *constraints)
        start = time.process_time()
        drawn = feasible.draw(random.Random(seed), set())
        assert time.process_time() - start < 2
        assert drawn is not None
        assert feasible.projection.space.contains(drawn)
        assert feasible.projection.margin(drawn) <= 0
        assert drawn == drawer(parameters, *constraints).draw(random.Random(seed), set())


@pytest.mark.parametrize("constraints", [["a + b < 0"], ["a + b == 7.5"], ["a / 0 > 1"]])
def test_what_cannot_be_found_is_given_up_in_bounded_time(constraints):
    start = time.process_time()
    assert drawer(UNIT, *constraints).draw(random.Random(0), set()) is None
    assert time.process_time() - start < 2


def test_feasible_values_of_a_list_are_equally_likely():
    feasible = drawer([Int("a", 1, 60), Int("b", 1, 60), Float("x", 0, 1)], "a * b == 60")
    counts = Counter(feasible.draw(random.Random(seed), set())["a"] for seed in range(1200))
    assert set(counts) == {a for a in range(1, 61) if 60 % a == 0}
    assert all(60 <= count <= 150 for count in counts.values())


def test_conditions_and_derived_values_that_constraints_depend_on_are_kept_together():
    parameters = [Int("width", 1, 300), Int("depth", 1, 100), Float("x", 0, 1)]
    feasible = drawer(parameters, "cells == 29900", derived={"cells": "width * depth"})
    drawn = feasible.draw(random.Random(0), set())
    assert (drawn["width"] * drawn["depth"], drawn["cells"]) == (29900, 29900)


def test_the_last_one_left_in_a_small_space_is_found():
    feasible = drawer([Int("a", 1, 100), Int("b", 1, 100)], "a + b <= 101")
    everything = feasible.projection.feasible_configurations(10_000)
    assert len(everything) == 5050
    keys = {feasible.projection.identity(one) for one in everything} - {feasible.projection.identity({"a": 37, "b": 5})}
    assert feasible.draw(random.Random(0), keys) == {"a": 37, "b": 5}
    assert feasible.draw(random.Random(0), keys | {feasible.projection.identity({"a": 37, "b": 5})}) is None


def test_near_keeps_what_may_be_kept():
    parameters = [Choice("dim", tuple(range(64, 1025, 64))), Int("heads", 2, 32), Float("lr", 1e-5, 1e-1, log=True)]
    feasible = drawer(parameters, "dim == 64 * heads")
    found = feasible.near({"dim": 512, "heads": 9, "lr": 3e-4}, random.Random(0), set())
    assert found in ({"dim": 512, "heads": 8, "lr": 3e-4}, {"dim": 576, "heads": 9, "lr": 3e-4})
    taken = {feasible.projection.identity({"dim": 64 * heads, "heads": heads, "lr": 3e-4}) for heads in (8, 9)}
    found = feasible.near({"dim": 512, "heads": 9, "lr": 3e-4}, random.Random(0), taken)
    assert found["heads"] in (7, 10)
    assert found["lr"] == 3e-4


def test_near_takes_another_category_only_when_it_must():
    parameters = [Choice("optimizer", ("adam", "sgd", "lion")), Int("rank", 1, 9)]
    feasible = drawer(parameters, "rank <= 4 or optimizer == 'lion'")
    assert feasible.near({"optimizer": "adam", "rank": 6}, random.Random(0), set()) == {"optimizer": "adam", "rank": 4}


def test_near_walks_where_there_is_nothing_to_list():
    feasible = drawer(UNIT[:3], "abs(a - b) <= 1e-4")
    for seed in range(5):
        found = feasible.near({"a": 0.5, "b": 0.6, "c": 0.25}, random.Random(seed), set())
        assert feasible.projection.margin(found) <= 0
