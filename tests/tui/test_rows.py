"""The order of a table's rows, and which of them a filter lets through."""

from __future__ import annotations

from typing import Any

import pytest

from hptui.core.trial import Trial
from hptui.tui.trial_cells import short_setting
from hptui.tui.trial_rows import TrialRows
from tests.results import seeds
from tests.results.kit import view_of
from tests.results.seeds import one

pytestmark = pytest.mark.process


def settings(rate: float, batch: int = 128) -> dict[str, Any]:
    return {"learning_rate": rate, "batch_size": batch}


TRIALS = (
    one(0, settings(1e-5), {"accuracy": 0.4}, note="Baseline"),
    one(1, settings(3e-5), {"accuracy": 0.6}),
    one(2, settings(3e-5, 256), {"accuracy": 0.6}, name="wide"),
    one(3, settings(2e-5), None, "failed", "oom"),
    one(4, settings(4e-5), None, "running", None),
    one(5, settings(5e-5), None, "pruned", "pruner"),
    one(6, settings(6e-5), {"accuracy": float("nan")}, name="odd"),
)


def rows(trials: tuple[Trial, ...] = TRIALS) -> TrialRows:
    found = TrialRows()
    found.show(view_of(trials, seeds.MATH), frozenset([1]))
    return found


def numbers(found: TrialRows) -> list[int]:
    return [trial.number for trial in found.all]


@pytest.mark.parametrize(
    ("by", "down", "expected"),
    [
        ("accuracy", True, [4, 1, 2, 0, 6, 5, 3]),
        ("accuracy", False, [4, 0, 1, 2, 6, 5, 3]),
        ("number", True, [4, 6, 5, 3, 2, 1, 0]),
        ("learning_rate", False, [4, 0, 3, 1, 2, 5, 6]),
        ("batch_size", True, [4, 2, 0, 1, 3, 5, 6]),
        ("name", False, [4, 6, 2, 0, 1, 5, 3]),
        ("name", True, [4, 2, 6, 0, 1, 5, 3]),
        ("status", False, [4, 0, 1, 2, 6, 5, 3]),
        ("status", True, [4, 3, 5, 0, 1, 2, 6]),
    ],
)
def test_what_runs_is_on_top_what_has_no_value_last_and_equals_go_by_number(by, down, expected):
    found = rows()
    found.set_sort(by, down)
    assert numbers(found) == expected
    assert [found.index_of(number) for number in expected] == list(range(7))


def test_a_filter_that_is_typed_before_there_are_rows_waits_for_them():
    found = TrialRows()
    found.set_filter("status=failed")
    assert len(found) == 0
    found.show(view_of(TRIALS, seeds.MATH), frozenset([1]))
    assert numbers(found) == [3]


def test_a_number_that_is_none_is_shown_as_it_is():
    assert [short_setting(value) for value in (float("inf"), float("nan"), 1e-5)] == ["inf", "nan", "1e-5"]


def test_a_running_trial_says_how_long_it_has_run_so_far():
    for status, attempts, now, expected in (
        ("running", 1, 100.0, "1:30"),
        ("running", 1, 0.0, ""),  # nobody runs it any more
        ("running", 2, 100.0, "0:20"),  # what its earlier attempts took
        ("waiting", 0, 100.0, ""),
    ):
        seconds = 20.0 if attempts > 1 else 0.0
        trial = one(0, settings(1e-5), None, status, None, started=10.0, seconds=seconds, attempts=attempts)
        found = TrialRows()
        found.show(view_of([trial], seeds.MATH), frozenset(), now=now)
        cells = dict(zip((column.name for column in found.columns), found.cells(0), strict=True))
        assert cells["seconds"].text == expected, (status, attempts, now)


def test_a_filter_keeps_the_order_and_hears_of_changes():
    found = rows()
    found.set_sort("learning_rate", True)
    found.set_filter("batch=128 !baseline !running")
    assert numbers(found) == [6, 5, 1, 3]
    ended = one(4, settings(4e-5), {"accuracy": 0.7})
    found.show(view_of((*TRIALS[:4], ended, *TRIALS[5:]), seeds.MATH), frozenset([4]))
    assert numbers(found) == [6, 5, 4, 1, 3]
    found.set_filter("WIDE")
    assert numbers(found) == [2]
    found.set_filter("")
    assert len(found) == 7
