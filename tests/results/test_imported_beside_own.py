"""What a report leaves open of imported trials and of values that are equal."""

import random
import re

import pytest

from hptui.core.trial import Role
from tests.results.examples import STUDY, report_of
from tests.results.seeds import one


@pytest.mark.parametrize("seed", range(12))
def test_an_imported_trial_is_no_step_from_a_baseline_that_ran_here(seed: int) -> None:
    """Only what was recorded of it is known to be equal."""
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 0.5}, role=Role.BASELINE)]
    for n in range(1, 7):
        role = die.choice([Role.SEARCH, Role.IMPORTED])
        trials.append(
            one(n, {"a": round(die.random(), 3), "b": 4}, {"val_loss": round(0.5 + die.random(), 4)}, role=role)
        )
    _, facts = report_of(trials, STUDY)
    shown = {step.trial.number for step in facts.data.steps}
    assert shown == {trial.number for trial in trials if trial.role is Role.SEARCH}


@pytest.mark.parametrize("seed", range(16))
def test_a_chance_of_a_better_draw_is_a_bound_where_values_can_be_equal(seed: int) -> None:
    die = random.Random(seed)
    equal = die.choice([False, True])
    values = [round(1 + n / 10 + die.random() / 100, 4) for n in range(9)]
    values[0] = values[1] if equal else values[0]
    drawn = [{"a": round(die.random(), 3), "b": die.randint(1, 16)} for _ in values]
    trials = [one(n, drawn[n], {"val_loss": value}, engine="random") for n, value in enumerate(values)]
    text, _ = report_of(trials, STUDY)
    said = re.search(r"with a chance of (at most )?\d+%", text)
    assert said is not None
    assert bool(said[1]) == equal
