"""Metrics in expressions: what they are called there."""

import pytest

from hptui.core.expressions import parse
from hptui.core.metric_names import by_identifier, identifier, metric_named


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("loss", "loss"),
        ("eval/loss", "eval_loss"),
        ("eval loss", "eval_loss"),
        ("5-shot acc", "_5_shot_acc"),
        ("lambda", "lambda_"),
        ("__init__", "_init__"),
        ("train:größe", "train_gr__e"),
        ("", "_"),
    ],
)
def test_every_metric_has_a_name_that_an_expression_can_say(metric, name):
    assert identifier(metric) == name
    assert parse(f"{name} > 1").names == {name}
    assert by_identifier({metric: 2.0}) == {name: 2.0}


def test_a_metric_of_exactly_that_name_comes_first():
    assert by_identifier({"eval/loss": 1.0, "eval_loss": 2.0}) == {"eval_loss": 2.0}
    assert metric_named("eval_loss", ["eval/loss", "eval_loss"]) == "eval_loss"


def test_a_name_that_could_be_two_is_neither():
    assert by_identifier({"eval/loss": 1.0, "eval loss": 2.0, "x": 3.0}) == {"x": 3.0}
    assert metric_named("eval_loss", ["eval/loss", "eval loss"]) is None
