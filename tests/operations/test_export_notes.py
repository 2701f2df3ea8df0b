"""What is to be known of an exported configuration: a mean over runs, a broken condition, equals, other lengths."""

import json
import random
import re
from dataclasses import replace

import pytest
import yaml

from hptui.core.trial import Role
from hptui.operations.export import notes_on_best
from hptui.results.export.compatible import optimization_config, optimization_results
from hptui.results.export.config import provenance_lines
from hptui.store.paths import StudyDir
from tests.results import examples as made
from tests.results.kit import view_of
from tests.results.seeds import build, one


@pytest.mark.parametrize("seed", range(8))
def test_what_is_to_be_known_of_an_exported_configuration_stands_above_it(seed):
    """A mean over runs, a broken condition, and equals: recomputed from the trials."""
    die = random.Random(seed)
    trials = made.some(6, lambda die, _: round(1 + die.random(), 4), seed, stage="final", total_steps=20, last_step=20)
    trials = [replace(trial, params={**trial.params, "steps": 20}, role=Role.LISTED) for trial in trials]
    for source in list(trials):
        for n in range(die.choice([0, 1, 2])):
            own = {"role": Role.REPLICATE, "replicate_of": source.number, "seed": 42 + n + 1, "stage": "final"}
            value = {"val_loss": round(1 + die.random(), 4)}
            trials.append(one(len(trials), source.params, value, total_steps=20, last_step=20, **own))
    late = {trial.number for trial in trials if die.random() < 0.3}
    trials = [replace(t, metrics={**t.metrics, "latency": 3.0 if t.number in late else 1.0}) for t in trials]
    text = made.SEEDED.replace("trials = 40", 'trials = 40\noutcome = ["latency <= 2"]')
    view = view_of(trials, text)
    for trial in trials[:6]:
        values = [t.values["val_loss"] for t in trials if trial.number in (t.number, t.replicate_of)]
        lines = "\n".join(provenance_lines(view, trial))
        said = re.search(r"ranked by val_loss = (\S+), the mean of (\d+) runs", lines)
        assert (said is not None) == (len(values) > 1)
        if said:
            assert float(said[1]) == pytest.approx(sum(values) / len(values))
            assert int(said[2]) == len(values)
        assert ("breaks a condition of the study" in lines) == (trial.number in late)


def test_the_best_of_a_front_or_of_equals_is_called_one_of_them(tmp_path):
    values = [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0)]
    text = made.STUDY.replace('metric = "val_loss"', 'metric = "val_loss"\ngoal = "minimize"', 1)
    two = text.replace("[objective]", "[[objective]]").replace(
        "[trainer]", '[[objective]]\nmetric = "latency"\ngoal = "minimize"\n[trainer]', 1
    )
    front = [one(n, {"a": n / 9}, {"val_loss": a, "latency": b}) for n, (a, b) in enumerate(values)]
    build(tmp_path, two, front)
    notes = notes_on_best(StudyDir.for_study(tmp_path, "read"), "rank")
    assert notes == ["best is trial 0, the first of the Pareto front: trials 1, 2 are on it, too"]
    other = tmp_path / "equal"
    build(other, text, [one(n, {"a": n / 9}, {"val_loss": [1.0, 2.0, 1.0][n]}) for n in range(3)])
    assert notes_on_best(StudyDir.for_study(other, "read"), "rank") == ["best is trial 0; trial 2 has the same value"]


@pytest.mark.parametrize(("steps", "compared"), [(10, True), (30, False)])
def test_no_improvement_over_a_baseline_of_another_length(steps, compared):
    baseline = one(0, {}, {"val_loss": 2.0}, role=Role.BASELINE, total_steps=10)
    longer = one(1, {"a": 0.1, "steps": steps}, {"val_loss": 1.0}, total_steps=steps)
    found = json.loads(optimization_results(view_of([baseline, longer], made.STUDY), {}))
    assert found["improvement_percent"] == (50.0 if compared else None)


def test_what_stages_vary_is_in_the_space_and_not_fixed():
    view = view_of([], made.SEEDED.replace('from = "best 3"', 'space = { b = "{2, 4}" }'))
    found = yaml.safe_load(optimization_config(view, {}))
    assert {"a", "b"} <= set(found["search_space"])
    assert "steps" not in found["fixed_params"]
    assert "b" not in found["fixed_params"]
