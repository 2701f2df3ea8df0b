"""Trials that failed in two ways, and trials that say nothing of a kind of failure: counted anew from the trials."""

import math
import random
import re
from dataclasses import replace

import pytest

from hptui.core.trial import Reason, Role, TrialStatus
from tests.results.examples import STUDY, report_of, some
from tests.results.kit import curve
from tests.results.test_places_and_remedies import failed, pruned
from tests.results.test_what_counts import line_of

OTHER = (Reason.TIMEOUT, Reason.CRASH, Reason.HUNG)
TOO_LONG = (Reason.TIMEOUT, Reason.HUNG)


def not_finite(trial, value):
    return replace(trial, metrics={"val_loss": value})


@pytest.mark.parametrize("seed", range(16))
def test_a_trial_that_was_nan_before_it_ended_otherwise_is_counted_as_both(seed):
    die = random.Random(seed)
    trials, both, curves = some(12, lambda die, _: round(1 + die.random(), 4), seed), [], {}
    for n in die.sample(range(12), die.choice([3, 8])):
        reason = die.choice(OTHER)
        trials[n] = failed(trials[n], reason)
        if die.random() < 0.5:
            value = die.choice([math.nan, math.inf, -math.inf])
            trials[n] = not_finite(trials[n], value)
            curves[n] = {"val_loss": curve(2.0, 1.9, value)}
            both.append(n)
    text, _ = report_of(trials, STUDY, curves=curves)
    ended = [t for t in trials if t.status is TrialStatus.FAILED]
    wrong = line_of(text, "Went wrong")
    words = {Reason.TIMEOUT: "took too long", Reason.CRASH: "crashed", Reason.HUNG: "hung"}
    for reason in {t.reason for t in ended}:
        same = [t.number for t in ended if t.reason is reason]
        after = [n for n in same if n in both]
        part = re.search(rf"{len(same)} {words[reason]}( \((\d+) of them)?( after NaN or infinity)?", wrong)
        assert part, wrong
        told = int(part[2]) if part[2] else len(same) if part[3] else 0
        assert told == len(after)
        if len(ended) > 6:
            rows = [row for row in text.split("\n") if row.startswith(f"| failed | {reason}")]
            assert sum(int(row.split("|")[3]) for row in rows) == len(same)
            assert sum(int(row.split("|")[3]) for row in rows if "after NaN" in row) == len(after)
    for n in both:
        section = text[text.index("## What went wrong") :]
        [row] = [
            row for row in section.split("\n") if row.startswith(f"| trial {n} |") and f"({trials[n].reason})" in row
        ]
        assert "became NaN or infinite at step 3" in row


@pytest.mark.parametrize("seed", range(24))
@pytest.mark.parametrize("kind", ["oom", "nan", "pruned"])
def test_what_ended_otherwise_is_neither_inside_nor_an_exception(seed, kind):
    die = random.Random(seed)
    trials = some(30, lambda die, _: round(1 + die.random(), 4), seed)
    end = {"oom": (failed, Reason.OOM), "nan": (failed, Reason.NAN), "pruned": (pruned, Reason.PRUNER)}[kind]
    for n, trial in enumerate(trials):
        if trial.params["b"] >= 10:
            chance = die.random()
            how = end if chance < 0.7 else (failed, die.choice(OTHER)) if chance < 0.85 else None
            trials[n] = trial if how is None else how[0](trial, how[1])
    text, facts = report_of(trials)
    regions = [region for region in facts.data.regions if region.kind == kind]
    for region in regions:
        apart = {trial.number for trial in trials if trial.reason in TOO_LONG}
        counted = {trial.number for trial in (*region.inside, *region.outside)}
        assert not counted & apart
        assert {trial.number for trial in region.unexposed} == apart
        assert len(counted) + len(apart) == len(trials)
        if apart:
            assert re.search(rf"; {len(apart)} that [a-z ]+ do(es)? not count", text)
    named = re.findall(r"exceptions? (?:is|are) [^.;]*?trials? [^.;]*", text)
    assert not any(re.search(rf"trial {t.number}\D", said) for said in named for t in trials if t.reason in TOO_LONG)


def test_such_regions_are_seen_at_all():
    """Without a region the test above would show nothing."""
    die, trials = random.Random(3), some(30, lambda die, _: round(1 + die.random(), 4), 3)
    for n, trial in enumerate(trials):
        if trial.params["b"] >= 10:
            trials[n] = failed(trial, Reason.OOM if die.random() < 0.75 else Reason.TIMEOUT)
    text, facts = report_of(trials)
    assert [region.kind for region in facts.data.regions].count("oom") == 1
    assert (
        "that were ended at the timeout do not count" in text or "that was ended at the timeout does not count" in text
    )


@pytest.mark.parametrize("seed", range(8))
def test_nan_before_a_timeout_is_a_part_of_a_region_of_nan(seed):
    die = random.Random(seed)
    trials, bad = some(30, lambda die, _: round(1 + die.random(), 4), seed), set()
    for n, trial in enumerate(trials):
        if trial.params["a"] > 0.6:
            by_time = die.random() < 0.5
            trials[n] = failed(trial, Reason.TIMEOUT if by_time else Reason.NAN)
            trials[n] = not_finite(trials[n], math.nan) if by_time else trials[n]
            bad.add(n)
    _, facts = report_of(trials)
    [region] = [region for region in facts.data.regions if region.kind == "nan"]
    assert {trial.number for trial in (*region.bad, *region.bad_outside)} == bad


@pytest.mark.parametrize("seed", range(6))
def test_the_baseline_is_no_exception_of_what_was_pruned(seed):
    die = random.Random(seed)
    trials = [replace(t, params={**t.params, "b": 1 + n % 16}) for n, t in enumerate(some(40, lambda *_: 1.0, seed))]
    trials = [pruned(t, Reason.PRUNER) if t.params["b"] >= 10 and die.random() < 0.8 else t for t in trials]
    at = next(n for n, t in enumerate(trials) if t.params["b"] >= 10 and t.status is TrialStatus.COMPLETE)
    trials[at] = replace(trials[at], role=Role.BASELINE)
    text, facts = report_of(trials)
    [region] = [region for region in facts.data.regions if region.kind == "pruned"]
    assert at not in {trial.number for trial in (*region.inside, *region.outside)}
    [said] = [row for row in text.split("\n") if row.startswith("- ") and "were pruned, " in row]
    assert "Baseline" not in said
    assert "not count" not in said
