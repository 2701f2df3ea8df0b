"""Trials that ended without a pause at every rung are named below the table of the rungs, and no others."""

import random
import re
from dataclasses import replace

import pytest

from hptui.core.rungs import RungResult
from hptui.core.trial import Role, TrialStatus
from hptui.results.document import render_markdown
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.examples import STUDY, some
from tests.results.kit import view_of

SENTENCE = re.compile(r"^Trials? (.+) ran to (its|their) end and (paused at no|did not pause at every) rung: .*$", re.M)


@pytest.mark.parametrize("seed", range(30))
def test_every_complete_trial_is_in_all_rows_or_named(seed: int) -> None:
    die = random.Random(seed)
    trials = some(9, lambda die, _: round(1 + die.random(), 4), seed)
    for n in die.sample(range(9), 2):
        trials[n] = replace(trials[n], status=TrialStatus.PRUNED, values=None)
    trials[0] = replace(trials[0], role=die.choice([Role.BASELINE, Role.SEARCH]))
    paused = {trial.number: set(die.choice([[], [1], [2], [1, 2], [1, 2]])) for trial in trials}
    paused[8] = {1}
    results = [RungResult(n, r, 2, 0, 0.3 * r, 2.0, r, 0.0, 1.0) for n, rungs in paused.items() for r in rungs]
    text = render_markdown(compose_report(ReportData(view_of(trials, STUDY), rung_results=tuple(results)))).text
    said = {match[3]: {int(n) for n in re.findall(r"\d+", match[1])} for match in SENTENCE.finditer(text)}
    ended = [t.number for t in trials if t.status is TrialStatus.COMPLETE and t.role is Role.SEARCH]
    expected = {
        "paused at no": {n for n in ended if not paused[n]},
        "did not pause at every": {n for n in ended if len(paused[n]) == 1},
    }
    assert said == {words: numbers for words, numbers in expected.items() if numbers}
