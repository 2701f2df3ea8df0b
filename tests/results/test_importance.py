"""Which settings explain the objective: by the analysis that the sentences of a report rest on."""

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
    assert {*found["shares"], *found["unseen"]} == {"learning_rate", "batch_size"}
    assert found["trials"] == list(range(15))
