"""Values that no curve has, bounds as they are printed, and what failed before it said how long it would train."""

import random
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from hptui.core.trial import TrialStatus
from hptui.operations.report import report_text
from hptui.results import claims
from hptui.results.analysis.fresh import Noise
from hptui.results.claims.failures import _rounded
from tests.operations.made import FILE, make, trial
from tests.results.examples import STUDY, report_of
from tests.results.seeds import one

CURVE = {"best": 1 / 3, "last": 1 / 3}
"""What each way of selecting takes from the curves of made trials: they fall."""


@pytest.mark.parametrize("select", CURVE)
@pytest.mark.parametrize("is_returned", [False, True])
def test_a_value_that_a_function_returns_is_not_called_a_point_of_its_curve(tmp_path, select, is_returned):
    trials = [trial(n, "complete", "finished", 0.9 + n) for n in range(1, 5)]
    trials[1] = trial(2, "complete", "finished", 0.25 if is_returned else CURVE[select])
    text = FILE.replace('metric = "loss"', f'metric = "loss"\n    select = "{select}"', 1)
    report = report_text(make(tmp_path / "home", trials, text=text))
    [line] = [row for row in report.split("\n") if row.startswith("- **Best**")]
    assert ("stated at its end, after 3 evaluations" in line) is is_returned
    assert ("of 3 evaluations" in line and "(l" in line) is not is_returned
    assert bool(re.search("best step was its last|Best at step", report)) is not is_returned


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("side", ["high", "low"])
def test_a_printed_bound_has_the_trials_that_are_counted(seed, side):
    die, trials = random.Random(seed), []
    for n in range(30):
        a = die.random() * 0.2
        params, is_bad = {"a": a, "b": 1 + n % 16}, (a > 0.12 if side == "high" else a < 0.08)
        trials.append(
            one(n, params, status="failed", reason="nan") if is_bad else one(n, params, {"val_loss": 1 + die.random()})
        )
    _, facts = report_of(trials, STUDY)
    said = [claim for claim in claims.region_claims(facts) if claim.kind == "F1" and claim.subject == "a"]
    assert said
    bad, inside, relation, bound = re.search(r"^(\d+) of (\d+) trials with a (>=|<=) (\S+) ", said[0].sentence).groups()
    meet = [t for t in trials if (t.params["a"] >= float(bound) if relation == ">=" else t.params["a"] <= float(bound))]
    assert len(meet) == int(inside)
    assert sum(t.status is TrialStatus.FAILED for t in meet) == int(bad)


def test_a_bound_gets_digits_where_another_trial_is_near():
    assert _rounded(0.056429527, [0.01], down=True) == 0.05642
    assert _rounded(0.056429527, [0.056422], down=True) == 0.056429
    assert _rounded(0.056429527, [0.1], down=False) == 0.05643
    assert _rounded(1e-5, [], down=True) == 1e-5


@pytest.mark.parametrize("reason", ["crash", "host_oom", "oom", "usage"])
@pytest.mark.parametrize("has_length", [False, True])
def test_what_failed_before_it_said_its_length_has_failed_and_no_other_length(reason, has_length):
    text = STUDY.replace("steps = 10\n", "")
    trials = [one(n, {"a": n / 20, "b": 1 + n % 16}, {"val_loss": 1 + n % 7 / 7}, total_steps=10) for n in range(16)]
    length = 10 if has_length else None
    trials += [one(n, {"a": 0.9, "b": n}, status="failed", reason=reason, total_steps=length) for n in (16, 17)]
    said, _ = report_of(trials, text)
    assert "of another length of training" not in said
    short = [*trials, one(18, {"a": 0.9, "b": 3}, {"val_loss": 2.0}, total_steps=4)]
    assert "1 trial of another length of training does not count" in report_of(short, text)[0]


@pytest.mark.parametrize("status", ["stopped", "pruned", "complete"])
@pytest.mark.parametrize("seed", range(6))
def test_of_another_length_is_only_what_recorded_one(status, seed):
    die, text = random.Random(seed), STUDY.replace("steps = 10\n", "")
    count = die.randint(1, 3)
    trials = [one(n, {"a": n / 20, "b": 1 + n % 16}, {"val_loss": 1 + n % 7 / 7}, total_steps=10) for n in range(16)]
    ended = {"stopped": (None, "stopped", "user"), "pruned": (None, "pruned", "pruner")}
    for n in range(count):
        how = ended.get(status, ({"val_loss": 2.0 + n / 10},))
        trials.insert(die.randrange(8), one(0, {"a": 0.9, "b": n + 1}, *how))
    trials = [replace(trial, number=n) for n, trial in enumerate(trials)]
    said, _ = report_of(trials, text)
    unknown = f"{count} trial{'s' * (count > 1)} not known to have trained as long do{'es' * (count == 1)} not count"
    stopped = f"{count} {'were' if count > 1 else 'was'} stopped and do{'es' * (count == 1)} not count"
    assert "of another length of training" not in said
    assert (unknown in said) == (status != "stopped")
    assert (stopped[0].upper() + stopped[1:] in said) == (status == "stopped")


@pytest.mark.parametrize("df", [1, 2, 5, 20])
@pytest.mark.parametrize("comparisons", [1, 4, 12])
def test_of_configurations_that_are_equal_few_differ_by_more_than_chance(df, comparisons):
    """A truth of equal configurations: in at most 5 % of studies any difference is beyond the limit."""
    rng, beyond, studies = np.random.default_rng([df, comparisons]), 0, 400
    for _ in range(studies):
        deviation = float(np.sqrt((rng.normal(size=df) ** 2).mean()))
        base, others = rng.normal(size=3).mean(), rng.normal(size=comparisons)
        limit = Noise(deviation, df, ()).largest_by_chance(3, [1] * comparisons)
        beyond += bool((abs(others - base) > limit).any())
    assert beyond <= binom.ppf(0.999, studies, 0.05), beyond
