"""Shares that are nearly all, stages of other lengths, cheaper trials."""

import random
import re
from dataclasses import replace

import numpy as np
import pytest

from hptui.core.format import share_text
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.results.analysis.cost import cheaper_trial
from hptui.results.document import render_markdown
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.store.records import Revision
from tests.results.examples import STUDY, report_of, some
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of

OBJECTIVES = """[[objective]]
metric = "val_loss"
goal = "minimize"
[[objective]]
metric = "cost"
goal = "minimize"
"""
SEVERAL = STUDY.replace('[objective]\nmetric = "val_loss"\n', OBJECTIVES)


def test_a_share_that_is_not_all_and_not_nothing_is_not_told_as_that():
    for digits in (0, 1, 2):
        unit = 10.0 ** (-2 - digits)
        for share in [0.0, 1.0, *np.linspace(0, 1, 3001).tolist(), unit / 3, 1 - unit / 3, 1 - unit / 2, unit / 2]:
            text = share_text(share, digits)
            told = float(text.strip("<>%")) / 100
            assert (told == 0) == (share == 0) or (told == 0 and share >= unit / 2 - 1e-15)
            assert (told == 1) == (share == 1)
            if text[0] in "<>":
                assert (share < told) if text[0] == "<" else (share > told)
            else:
                assert abs(told - share) <= unit / 2 + 1e-12


@pytest.mark.parametrize("seed", range(10))
def test_the_volume_of_a_front_is_all_only_where_one_trial_is_the_best_in_everything(seed):
    die = random.Random(seed)
    trials = []
    for n in range(9):
        params = {"a": die.random(), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": 2 + die.random(), "cost": 2 + die.random()}))
    gap = die.choice([0.0, 1e-4, 1e-3])
    trials[3] = replace(trials[3], values={"val_loss": 1.0, "cost": 1.0 + gap})
    trials[5] = replace(trials[5], values={"val_loss": 1.0 + gap, "cost": 1.0})
    text, _ = report_of(trials, SEVERAL)
    said = re.search(r"The front has a hypervolume of (\S+) of what one trial", text)[1]
    assert (said == "100.0%") == (gap == 0)
    assert gap == 0 or said == ">99.9%"


@pytest.mark.parametrize("seed", range(12))
def test_a_cheaper_trial_is_compared_with_the_fresh_runs_of_the_best(seed):
    die = random.Random(seed)
    trials = some(8, lambda die, _: round(2 + die.random() / 9, 4), seed, seconds=100.0)
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    cheap = die.choice([trial.number for trial in trials if trial.number != best.number])
    trials[cheap] = replace(trials[cheap], seconds=30.0)
    centre, runs = die.choice([1.9, 2.05, 2.3]), []
    for n in range(3):
        value = {"val_loss": round(centre + die.random() / 50, 4)}
        trials.append(one(len(trials), best.params, value, role=Role.REPLICATE, replicate_of=best.number, seed=60 + n))
        runs.append(value["val_loss"])
    text, _ = report_of(trials)
    mean, own = float(np.mean(runs)), trials[cheap].values["val_loss"]
    said = re.search(rf"Trial {cheap} comes close: \S+ \+([\d.]+)% against the best", text)
    close = (own - best.values["val_loss"]) / best.values["val_loss"] <= 0.05
    if own < mean or not close:
        assert f"Trial {cheap} comes close" not in text
    elif said:
        assert float(said[1]) == pytest.approx(100 * (own / mean - 1), abs=0.6)


@pytest.mark.parametrize("seed", range(6))
def test_what_a_person_stopped_is_not_told_as_failed(seed):
    die = random.Random(seed)
    trials = some(10, lambda die, _: round(1 + die.random(), 4), seed)
    stopped = die.sample(range(10), die.choice([0, 2]))
    for n in stopped:
        trials[n] = replace(trials[n], status=TrialStatus.STOPPED, reason=Reason.USER, values=None, metrics={})
    text, _ = report_of(trials)
    head = next(row for row in text.split("\n") if row.startswith("| Setting | Value | Trials |"))
    assert ("| Failed or stopped |" in head) == bool(stopped)
    assert ("no trial failed" in line_of(text, "Went wrong")) == bool(stopped) or not stopped


STAGES = """
name = "read"
[objective]
metric = "val_loss"
[trainer]
kind = "read:train"
epochs = 5
a = 0.5
b = 4
[[stage]]
name = "first"
sampler = "random"
trials = 8
space = { a = "0.0..1.0" }
[[stage]]
name = "second"
sampler = "random"
trials = 8
space = { epochs = "{5, 10, 20}", b = "1..16 int" }
"""


@pytest.mark.parametrize("seed", range(8))
def test_a_stage_that_searches_the_length_is_compared_like_the_first_screen(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 3.0}, role=Role.BASELINE, stage="first")]
    for n in range(1, 16):
        stage = "first" if n < 8 else "second"
        params = {"a": die.random()} if n < 8 else {"epochs": die.choice([5, 10, 20]), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": round((2 if n < 8 else 1) + die.random(), 4)}, stage=stage))
    text, facts = report_of(trials, STAGES)
    best, row = facts.data.best, next(row for row in text.split("\n") if row.startswith("- Stage second:"))
    epochs = best.params["epochs"]
    assert "lower than Baseline (trial 0), the first baseline" in row or "lower than trial 0" in row
    assert (f"which trained for 5 epochs, not {epochs}." in row) == (epochs != 5)
    assert "not compar" not in row + line_of(text, "Against")


@pytest.mark.parametrize("seed", range(8))
def test_a_setting_that_the_study_file_does_not_set_is_a_change(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 3.0}, role=Role.BASELINE)]
    for n in range(1, 7):
        params = {"a": die.choice([0.5, 0.25]), "amp": die.choice([True, False])}
        trials.append(one(n, params, {"val_loss": round(1 + die.random(), 4)}))
    text, facts = report_of(trials, STUDY.replace('b = "1..16 int"', 'amp = "{true, false}"'))
    said, best = line_of(text, "Changed"), facts.data.best
    assert f"`amp` not set → {str(best.params['amp']).lower()}" in said
    assert ("`a` 0.5 → 0.25" in said) == (best.params["a"] == 0.25)


@pytest.mark.parametrize(("offset", "is_close"), [(0.0, True), (100.0, False)])
def test_what_lies_in_the_middle_of_all_is_not_close_to_the_best(offset, is_close):
    """Five per cent of a value with an offset may be all that trials differ by."""
    values = [1.0, 1.04, 2.0, 3.0, 4.0] if is_close else [1.0, 3.0, 2.5, 3.5, 4.0]
    trials = [
        one(n, {"a": 0.1 * n, "b": 4}, {"val_loss": offset + value}, seconds=1.0 if n == 1 else 9.0)
        for n, value in enumerate(values)
    ]
    found = cheaper_trial(view_of(trials, STUDY), {})
    assert (found is not None) == is_close


@pytest.mark.parametrize(("first", "now"), [(40, 40), (20, 40), (60, 40)])
def test_a_number_of_trials_that_was_changed_stands_in_the_command(first, now):
    trials = some(6, lambda die, _: round(1 + die.random(), 4), 3)
    revisions = tuple(Revision(n, float(n), {"search": {"trials": count}}, "") for n, count in enumerate((first, now)))
    record = ReportData(view_of(trials, STUDY), revisions=revisions)
    study = replace(record.view.study, source="read.toml")
    record = ReportData(replace(record.view, study=study), revisions=revisions)
    text = render_markdown(compose_report(record)).text
    assert ("hptui run read.toml --trials 40" in text) == (first != now)
    assert "hptui run read.toml" in text
