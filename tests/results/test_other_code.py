"""Trials that ran other code or data: set apart wherever values are compared or averaged, and stated at the top."""

import random
from dataclasses import replace

import pytest

from hptui.core.code_versions import code_versions
from hptui.core.trial import Role
from hptui.results.analysis.cohort import replicates
from hptui.results.analysis.comparable import barriers, cohort_of
from hptui.results.analysis.fresh import noise_of
from hptui.results.fact_index import render_with_index
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.seeds import one
from tests.results.truth import view_of


def study(number, shift=-0.5):
    """Return a study whose script changed, so that all later values are lower: (view, code of each trial)."""
    die = random.Random(number)
    first, later = die.randint(6, 10), die.randint(1, 6)
    trials = [one(0, {}, {"val_loss": 1.0 + die.gauss(0, 0.001)}, role=Role.BASELINE)]
    codes = {0: "a" * 64}
    for n in range(1, first + later):
        code = "a" if n < first else "b"
        original = die.choice([None, None, 0, 1]) if n > 1 else None
        params = {"b": 0.05 * n} if original is None else dict(trials[original].params)
        value = 1.0 + die.gauss(0, 0.001) + (shift if code == "b" else 0.0)
        role = Role.SEARCH if original is None else Role.REPLICATE
        trials.append(one(n, params, {"val_loss": value}, role=role, replicate_of=original, seed=n))
        codes[n] = code * 64
    versions = code_versions({n: [{"trainer_sha256": code}] for n, code in codes.items()})
    return replace(view_of(trials), versions=versions), codes


def text_of(view):
    return render_with_index(compose_report(ReportData(view), "results"), "r.md")[0]


def line_of(text, start):
    return next(line for line in text.splitlines() if line.startswith(f"- **{start}"))


@pytest.mark.parametrize("number", range(40))
def test_nothing_is_compared_or_averaged_over_two_codes(number):
    view, codes = study(number)
    data = ReportData(view)
    for trial in view.trials:
        runs = replicates(view, trial)
        assert len({codes[run.number] for run in runs}) == 1
        for other in view.trials:
            is_other = codes[trial.number] != codes[other.number]
            assert is_other == ("code" in [difference.kind for difference in barriers(view, trial, other)])
    noise = noise_of(view)
    assert noise is None or noise.deviation < 0.02  # the step between the codes is 0.5
    if noise is not None:
        assert len({codes[run.number] for run in noise.trials}) == 1
    assert len({codes[trial.number] for trial in data.effect_trials}) == 1
    assert len({codes[trial.number] for trial in cohort_of(view).trials}) == 1
    assert {codes[trial.number] for trial in data.peers} == {codes[data.best.number]}
    assert all(codes[step.trial.number] == codes[step.base.number] for step in data.steps)


@pytest.mark.parametrize("number", range(20))
def test_the_first_screen_states_it_and_calls_nothing_sure(number):
    view, codes = study(number)
    best = view.best
    text = text_of(view)
    others = [n for n, code in codes.items() if code != codes[best.number]]
    stated = line_of(text, "Code and data")
    assert stated.startswith(f"- **Code and data**: {len(others)} trial")
    assert "`trainer_sha256`" in stated
    if codes[0] != codes[best.number]:
        assert "not comparable: they ran different code or data" in line_of(text, "Sure")
        assert "not comparable: they ran different code or data" in line_of(text, "Against")
        assert "told apart" not in line_of(text, "Sure")


def test_the_same_code_is_stated_nowhere_and_changes_nothing():
    view, _ = study(3, shift=0.0)
    plain = replace(view, versions=())
    same = replace(view, versions=code_versions({t.number: [{"trainer_sha256": "a" * 64}] for t in view.trials}))
    assert text_of(plain) == text_of(same)
    assert "Code and data" not in text_of(plain)


def test_another_commit_of_the_same_script_is_stated_and_compared():
    view, _ = study(4, shift=0.0)
    prints = {t.number: [{"trainer_sha256": "a" * 64, "git_commit": "c" if t.number < 5 else "d"}] for t in view.trials}
    changed = replace(view, versions=code_versions(prints))
    assert not any(changed.ran_other_code(0, trial.number) for trial in view.trials)
    stated = line_of(text_of(changed), "Code and data")
    assert "`git_commit` changed between trials that ran the same script" in stated


@pytest.mark.parametrize("name", ["git_commit", "hptui", "package torch", "data train.txt", "python"])
def test_without_a_hash_of_the_script_any_change_sets_apart(name):
    first, second = code_versions({0: [{name: "1"}], 1: [{name: "2"}]})
    assert (first.trials, second.trials) == ((0,), (1,))


def test_back_to_the_first_code_and_a_trial_of_two():
    a, b = {"code_sha256": "a"}, {"code_sha256": "b"}
    versions = code_versions({0: [a], 1: [b], 2: [a], 3: [a, b], 4: [], 5: [b, {"package x": "1"}]})
    assert [(v.trials, v.is_mixed) for v in versions] == [((0, 2), False), ((1, 5), False), ((3,), True)]
