"""The twins as they are shipped, run for real: what they find; tuning is better than the base beyond chance."""

from __future__ import annotations

import pytest

from hptui.core.trial import Reason, Role, TrialStatus
from tests.twins.kit import PAIRS, STUDIES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def ran(ran_once):
    found = {}

    def once(name):
        if name not in found:
            found[name] = ran_once(STUDIES / f"{name}_small.toml", 3000)
        return found[name]

    return once


@pytest.mark.parametrize("name", PAIRS)
def test_every_twin_ends_with_a_result(ran, name):
    trials = ran(name).trials
    assert {trial.status for trial in trials} <= {TrialStatus.COMPLETE, TrialStatus.PRUNED}
    assert all(trial.reason is Reason.THRESHOLD for trial in trials if trial.status is TrialStatus.PRUNED)
    assert sum(trial.status is TrialStatus.COMPLETE for trial in trials) >= 4
    begun, ended = min(trial.started for trial in trials), max(trial.ended for trial in trials)
    print(f"{name}: {ended - begun:.0f} s from the first trial's start to the last one's end")


def test_accuracy_leaves_zero_and_all_three_categories_occur(ran):
    trials = ran("math_sft_tpe").trials
    assert len(trials) == 16
    for name in ("accuracy", "wrong_answer", "format_failure"):
        assert any(trial.metrics[f"{name}:k"] > 0 for trial in trials)
    base, best = ran("math_sft_tpe").base, max(trials, key=lambda trial: trial.values["accuracy"])
    assert base.metrics["accuracy:k"] == 0
    assert best.metrics["accuracy:k"] >= 40, "of 200; the interval of none of 200 ends at 4"


def test_answers_are_better_than_those_of_the_base_model_beyond_their_intervals(ran):
    for name in ("tinyllama_table", "qwen_coder_lora"):
        base, tuned = ran(name).base, ran(name).trials[1]
        before, after = (one.facts["generation_intervals"]["rougeL"] for one in (base, tuned))
        assert before[1] < after[0], f"{name}: ROUGE-L of the base {before}, tuned {after}"
        assert tuned.metrics["perplexity"] < 0.6 * base.metrics["perplexity"]


def test_the_director_runs_all_its_twenty_trials(ran):
    search = [trial for trial in ran("director_ax").trials if trial.role in (Role.SEARCH, Role.BASELINE)]
    assert len(search) == 20
