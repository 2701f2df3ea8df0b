"""Which settings explain the objective: by the analysis that the sentences of a report rest on."""

import json
import random
import subprocess
import sys

import numpy as np
import pytest

from hptui.results.analysis.estimators import ESTIMATORS
from hptui.results.analysis.points import Points
from hptui.results.importance import importance, importance_by
from tests.results import seeds
from tests.results.kit import view_of
from tests.results.seeds import one

pytestmark = pytest.mark.process


def trials_of(count):
    rng = random.Random(1)
    found = []
    for n in range(count):
        params = {"learning_rate": 10 ** rng.uniform(-5, -4), "batch_size": rng.choice([128, 256, 512, 1024])}
        found.append(one(n, params, {"accuracy": min(1.0, params["learning_rate"] * 5e3)}))
    return found


def test_what_decides_is_the_most_important():
    found = importance(view_of(trials_of(40), seeds.MATH))
    assert next(iter(found.shares)) == "learning_rate"
    assert found.shares["learning_rate"] > 0.8
    assert sum(found.shares.values()) + found.together + found.unexplained == pytest.approx(1, abs=1e-3)
    assert set(found.shares) | set(found.unseen) == {"learning_rate", "batch_size"}


def test_of_few_trials_nothing_is_said():
    assert importance(view_of(trials_of(7), seeds.MATH)) is None


def test_the_same_trials_give_the_same_shares():
    view = view_of(seeds.math_trials(), seeds.MATH)
    assert importance(view) == importance(view)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_estimator_sees_what_decides_and_takes_chance_for_chance(estimator):
    grid = [(10 ** (-5 + i / 15), batch) for i in range(15) for batch in (128, 256, 512, 1024)]
    trials = [
        one(n, {"learning_rate": rate, "batch_size": batch}, {"accuracy": rate * 1e4 + 1e-4 * (7 * n % 13)})
        for n, (rate, batch) in enumerate(grid)
    ]
    view = view_of(trials, seeds.MATH)
    found = importance_by(view, estimator)
    assert next(iter(found.shares)) == "learning_rate"
    assert found.shares["learning_rate"] > found.chance["learning_rate"]
    assert found.shares["batch_size"] <= found.chance["batch_size"]
    assert found.caveat
    assert importance_by(view, estimator) == found, "the same trials give the same numbers"
    assert importance_by(view_of(trials_of(7), seeds.MATH), estimator) is None


def test_estimators_take_categories_and_settings_that_are_not_always_there():
    n, rng = 120, np.random.default_rng(2)
    position = np.c_[rng.integers(0, 3, n), rng.random(n), rng.random(n)]
    inactive = np.zeros((n, 3), bool)
    inactive[:, 2] = position[:, 0] == 0
    points = Points(position, np.array([True, False, False]), inactive)
    for values, decides in ((position[:, 0] != 1, 0), (position[:, 1], 1)):
        for name, (_, _, estimate) in ESTIMATORS.items():
            found = estimate(points, values + 1e-3 * rng.random(n))
            # Where a third of the trials are equally good, the best tenth is any of them.
            assert int(np.argmax(found)) == decides or (name, decides) == ("best", 0)
            assert np.all((found >= 0) & (found <= 1))


@pytest.mark.parametrize(
    "trials", [[], trials_of(3), [one(n, {"learning_rate": 1e-5}, {"accuracy": 0.1}) for n in range(9)]]
)
def test_nothing_is_said_where_nothing_can_be(trials):
    assert importance(view_of(trials, seeds.MATH)) is None


def test_a_screen_runs_it_as_a_program(home):
    sd = seeds.build(home, seeds.MATH, seeds.math_trials())
    done = subprocess.run(
        [sys.executable, "-m", "hptui.results.importance", str(sd.root)], capture_output=True, text=True, check=True
    )
    reply = json.loads(done.stdout)
    found = reply["importance"]
    assert "evidence" in reply["says"] or "not shown for" in reply["says"]
    assert {*found["shares"], *found["unseen"]} == {"learning_rate", "batch_size"}
    assert found["trials"] == list(range(15))
