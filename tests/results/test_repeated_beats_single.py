"""Fresh runs of another trial than the best, which ran once: the report and `status` say when they are better."""

import random

import pytest

from hptui.core.trial import Role
from hptui.results.analysis.fresh import all_fresh, fresh_leader, leads
from tests.results.examples import STUDY, report_of, some
from tests.results.seeds import one


@pytest.mark.parametrize("seed", range(16))
def test_fresh_runs_lead_where_they_are_better_than_the_only_run_of_the_best(seed):
    die = random.Random(seed)
    trials = some(9, lambda die, _: round(1 + die.random(), 4), seed)
    order = sorted(trials, key=lambda trial: trial.values["val_loss"])
    best, other = order[0], order[die.randint(1, 4)]
    mean = best.values["val_loss"] + die.choice([-0.2, 0.2])
    for n in range(3):
        own = {"role": Role.REPLICATE, "replicate_of": other.number, "seed": 50 + n}
        trials.append(one(9 + n, other.params, {"val_loss": round(mean + die.gauss(0, 0.01), 4)}, **own))
    fresh_mean = sum(trial.values["val_loss"] for trial in trials[9:]) / 3
    text, facts = report_of(trials, STUDY)
    is_better = fresh_mean < best.values["val_loss"]
    assert (f"By fresh runs trial {other.number} leads: mean of 3 fresh runs" in text) == is_better
    leader = fresh_leader(facts.view, all_fresh(facts.view, facts.data.order))
    assert leads(facts.view, leader, facts.data.best, None) == is_better


@pytest.mark.parametrize("imported", [True, False])
def test_repeats_are_advised_only_of_what_can_run_here(imported):
    rate = STUDY.replace('metric = "val_loss"', 'metric = "accuracy"\ngoal = "maximize"\nsamples = 50')
    trials = [one(n, {"a": n / 12, "b": 3}, {"accuracy": 0.2 + 0.02 * (n % 3)}, engine="random") for n in range(8)]
    role = Role.IMPORTED if imported else Role.SEARCH
    trials += [one(8 + n, {"a": n / 7, "b": 5}, {"accuracy": 0.9 - 0.02 * n}, role=role) for n in range(3)]
    assert ("Repeats are worth more" in report_of(trials, rate)[0]) == (not imported)
