"""The lines of a run, and the report of the trials so far: they say the same of every trial."""

import random
from dataclasses import replace

import pytest

from hptui import studyfile
from hptui.core.trial import Role
from hptui.operations.messages import trial_line
from hptui.results.analysis.cohort import pareto_front
from tests.results.kit import view_of
from tests.results.seeds import one

FILE = """
name = "front"
objective = [{{ metric = "loss", goal = "minimize" }}{speed}]
[trainer]
kind = "a:b"
lr = 0.1
[space]
lr = {{ low = 0.01, high = 1.0, log = true }}
[search]
sampler = "random"
trials = 20
{outcome}
"""
SPEED = ', { metric = "speed", goal = "maximize" }'
OUTCOME = 'outcome = ["memory <= 2"]'


def made(seed, objectives, has_outcome):
    """Trials with few distinct values, so that some are equal; in some no condition holds."""
    die, trials = random.Random(seed), []
    for number in range(20):
        values = {"loss": die.randint(1, 6) / 4, "speed": float(die.randint(1, 6))}
        values = dict(list(values.items())[:objectives])
        metrics = {**values, "memory": die.choice([1.0, 1.5, 3.0])}
        trials.append(one(number, {"lr": 0.01 * (number + 1)}, values, metrics=metrics))
    if die.random() < 0.5:
        trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    text = FILE.format(speed=SPEED if objectives == 2 else "", outcome=OUTCOME if has_outcome else "")
    return trials, text


def mark(study, trials, n):
    return trial_line(study, trials[n], trials[:n]).rsplit("=", 1)[1].split(" ", 1)[1]


def meets(trial):
    return trial.metrics["memory"] <= 2


@pytest.mark.parametrize("has_outcome", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_of_several_objectives_a_line_says_whether_a_trial_is_on_the_front(seed, has_outcome):
    trials, text = made(seed, 2, has_outcome)
    study = studyfile.read_text(text)
    seen: set[str] = set()
    for n, trial in enumerate(trials):
        said = trial_line(study, trial, trials[:n])
        assert "hypervolume" not in said, "its scale changes with every trial"
        assert "IMPROVED" not in said, "of two objectives one may be worse"
        if trial.role is Role.BASELINE:
            assert said.endswith("(baseline)")
            continue
        front = pareto_front(view_of(trials[: n + 1], text))
        equal = [other for other in front if other.number != n and other.values == trial.values]
        expected = "✓ ON THE FRONT" if not equal else "= EQUAL"
        if trial.number not in {other.number for other in front}:
            expected = "✗ NOT ON THE FRONT"
        if has_outcome and not meets(trial):
            expected = "✗ OUTSIDE THE CONDITIONS"
        assert said.endswith(expected), (n, said, expected)
        seen.add(expected)
    assert {"✓ ON THE FRONT", "✗ NOT ON THE FRONT"} <= seen


@pytest.mark.parametrize("seed", range(12))
def test_a_trial_outside_the_conditions_is_never_the_best_in_a_line_either(seed):
    trials, text = made(seed, 1, True)
    study = studyfile.read_text(text)
    for n, trial in enumerate(trials):
        said = trial_line(study, trial, trials[:n])
        best = view_of(trials[: n + 1], text).best
        if "✓ BEST" in said:
            assert best.number == n
        elif best is not None and best.number == n:
            assert said.endswith(("(baseline)", "✓ IMPROVED"))
        if trial.role is not Role.BASELINE:
            assert said.endswith("✗ OUTSIDE THE CONDITIONS") == (not meets(trial))
