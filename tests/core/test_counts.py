"""Rates keep their counts."""

import math
import pickle

import pytest

from hptui.core.format import Proportion, is_count, recorded_counts, visible_metrics, with_counts


def test_a_ratio_is_a_number_that_knows_what_it_was_counted_from():
    ratio = Proportion(6, 200)
    assert ratio == 0.03
    assert pickle.loads(pickle.dumps(ratio)).n == 200
    assert with_counts({"accuracy": ratio, "loss": 2}) == {
        "accuracy": 0.03,
        "accuracy:k": 6,
        "accuracy:n": 200,
        "loss": 2,
    }


def test_nothing_counted_is_no_zero():
    assert math.isnan(Proportion(0, 0))


@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 2), (1, 0)])
def test_more_than_all_is_no_share(k, n):
    with pytest.raises(ValueError, match="no share"):
        Proportion(k, n)


def test_counts_are_found_again():
    assert recorded_counts(with_counts({"eval/accuracy": Proportion(6, 200)}), "eval/accuracy") == (6, 200)


@pytest.mark.parametrize("odd", [{}, {"a:k": 1.0}, {"a:k": 3.0, "a:n": 2.0}, {"a:k": math.nan, "a:n": 2.0}])
def test_counts_that_make_no_sense_are_none(odd):
    assert recorded_counts({"a": 0.5, **odd}, "a") is None


def test_people_do_not_look_at_counts():
    assert visible_metrics(["a", "a:k", "a:n", "b"]) == ["a", "b"]
    assert is_count("a:n")
    assert not is_count("eval:loss")
