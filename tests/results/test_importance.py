"""Which settings explain the objective: told by Optuna's evaluators, with their doubts."""

import json
import random
import subprocess
import sys

import pytest

from hptui.results.importance import importance
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


@pytest.mark.parametrize("method", ["fanova", "ped-anova"])
def test_what_decides_is_the_most_important(method):
    found = importance(view_of(trials_of(40), seeds.MATH), method)
    assert next(iter(found.shares)) == "learning_rate"
    assert found.shares["learning_rate"] > 0.8
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.caveat == ""


def test_few_trials_are_said_to_be_few():
    assert "few trials" in importance(view_of(seeds.math_trials(), seeds.MATH)).caveat


def test_the_same_trials_give_the_same_shares():
    view = view_of(seeds.math_trials(), seeds.MATH)
    assert importance(view) == importance(view)


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
    found = json.loads(done.stdout)
    assert set(found["shares"]) == {"learning_rate", "batch_size"}
    assert found["trials"] == list(range(15))
