"""Tuning from scratch, day by day: the twin cut down, run for real."""

from __future__ import annotations

import pytest

from tests.support import hptui, trials
from tests.twins.kit import cut


@pytest.fixture(scope="module")
def ran(ran_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("days")
    less = {"train_chars": 6000, "model_dim": 16, "eval_every": 5, "eval_batches": "1\nsample_chars = 20"}
    return ran_once(cut("charlm_days_small", folder, **less))


def test_every_day_builds_on_the_best_before_it(ran):
    assert {trial.status.value for trial in ran.trials} == {"complete"}
    days = {}
    for trial in ran.trials:
        days.setdefault(trial.stage, []).append(trial)
    assert [(stage, len(found)) for stage, found in days.items()] == [
        ("day1-baseline", 1),
        ("day2-learning-rate", 5),
        ("day3-size", 3),
        ("day4-final", 1),
    ]
    assert sorted(trial.params["learning_rate"] for trial in days["day2-learning-rate"]) == [
        0.0001,
        0.0005,
        0.001,
        0.005,
        0.01,
    ]
    rates = {trial.params["learning_rate"] for trial in days["day3-size"]}
    assert len(rates) == 1
    assert sorted(trial.params["model_dim"] for trial in days["day3-size"]) == [32, 64, 96]
    (final,) = days["day4-final"]
    assert final.params["learning_rate"] in rates
    assert final.params["epochs"] == 20
    best = min(days["day3-size"], key=lambda trial: trial.values["val_loss"])
    assert final.params["model_dim"] == best.params["model_dim"]


def test_a_pattern_can_be_queued_by_its_name(ran):
    home, name = ran.sd.root.parent, ran.sd.name
    done = hptui(home, "add", name, "--preset", "limited-compute")
    assert done.returncode == 0, done.stderr
    added = trials(ran.sd)[-1]
    assert (added.name, added.params["batch_size"], added.params["max_seq_len"]) == ("limited-compute", 16, 16)
