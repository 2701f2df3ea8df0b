"""What the seed documents' own tables say, when it is computed: each error of the originals is a test."""

import math
import random

import pytest

from hptui.results.analysis.cohort import knee_of_front, pareto_front, ranked_trials, training_length
from hptui.results.analysis.confounding import ignored_settings
from hptui.results.analysis.cost import cheaper_trial, memory_by_loading, seconds_per_epoch, seconds_per_trial
from hptui.results.analysis.edges import bests_at_edge
from hptui.results.analysis.effects import one_factor_steps
from hptui.results.analysis.failure_regions import trials_by_failure
from hptui.results.analysis.reference import base_model_trial, compare_with_reference, find_mismatches, metric_changes
from hptui.results.analysis.significance import (
    student_interval,
    trial_interval,
    wilson_interval,
)
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import plain_text
from hptui.results.report_data import ReportData
from hptui.results.sections.best import best, perplexity_band
from hptui.store.records import MetricSummary
from tests.results import seeds
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_diagnosis import CHARLM

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def maths():
    return view_of(seeds.math_trials(), seeds.MATH)


@pytest.fixture(scope="module")
def medical():
    return view_of(seeds.medical_trials(), seeds.MEDICAL)


def numbers(trials):
    return [trial.number for trial in trials]


def test_zeros_are_failures_of_a_rate(maths):
    assert numbers(trials_by_failure(maths)["zero"]) == [4, 5, 6, 7]


def test_single_runs_have_no_interval(medical):
    assert trial_interval(medical, medical.best, "perplexity") is None


def test_nineteen_and_a_half_is_worse_than_eighteen_seven(medical):
    steps = {step.trial.title: step for step in one_factor_steps(medical, ranked_trials(medical))}
    assert set(steps) == {"Exp 1", "Exp 2", "Exp 3", "Exp 4", "Exp 5", "Exp 6"}
    assert steps["Exp 4"].changed == {"lora_rank": (8, 4), "lora_alpha": (16, 8)}
    (change,) = [
        one for one in metric_changes(medical, steps["Exp 2"].base, steps["Exp 2"].trial) if one.metric == "perplexity"
    ]
    assert change.better is False
    assert (change.old, change.new) == (18.7, 19.5)


def test_base_and_fine_tuned(medical):
    found = {one.metric: one for one in metric_changes(medical, base_model_trial(medical), medical.best)}
    assert {name: f"{one.share:+.1%}" for name, one in found.items()} == {
        "perplexity": "-60.6%",
        "bleu": "+91.3%",
        "rouge_l": "+71.0%",
    }
    assert all(one.better for one in found.values())


def test_a_longer_training_is_flagged(medical):
    assert medical.best.title == "Exp 6"
    assert training_length(medical, medical.best).amount == 5
    assert find_mismatches(medical, medical.baseline, medical.best) == ["length"]


def test_what_is_nearly_as_good_and_cheaper(medical):
    found = cheaper_trial(medical, {})
    assert found.trial.title == "Exp 5"
    assert found.loss == pytest.approx(0.0225, abs=1e-3)
    assert found.seconds == pytest.approx(50 / 75)


def test_time_per_trial_and_epoch(medical):
    assert seconds_per_trial(medical).value == pytest.approx(60 * 360 / 7)
    assert seconds_per_epoch(medical).middle == 15 * 60


def test_a_loss_that_was_measured_otherwise_is_no_baseline():
    view = view_of(seeds.director_trials(), seeds.DIRECTOR)
    found = compare_with_reference(view, view.best)
    assert set(found.differences) == {"metric", "split", "length"}
    assert found.change is None
    assert found.targets == ()


def test_the_same_measure_gives_its_per_cent():
    text = (
        seeds.DIRECTOR.replace('"train_loss"', '"eval_loss"')
        .replace('"train"', '"validation"')
        .replace("epochs = 3", "epochs = 1")
    )
    view = view_of(seeds.director_trials(), text)
    found = compare_with_reference(view, view.best)
    assert found.differences == ()
    assert f"{found.change.share:.3%}" == "-7.807%"
    assert [(share, reached) for share, _, reached in found.targets] == [(0.05, True), (0.2, False)]


def test_a_reference_that_does_not_say_how_long_is_flagged():
    text = (
        seeds.DIRECTOR.replace('"train_loss"', '"eval_loss"').replace('split = "train"', "").replace("epochs = 3", "")
    )
    view = view_of(seeds.director_trials(), text)
    assert compare_with_reference(view, view.best).differences == ("unknown length",)


def test_intervals_at_the_ends():
    assert wilson_interval(0, 200).low == 0
    assert wilson_interval(200, 200).high == 1
    assert student_interval([1.0]) is None
    assert student_interval([2.0, 2.0]) is None, "equal values are no proof that nothing scatters"


def test_an_ignored_setting_is_found_by_its_equal_curves():
    trials = [
        one(n, {"learning_rate": lr, "batch_size": b}, {"accuracy": 0.1})
        for n, (lr, b) in enumerate([(1e-5, 128), (1e-5, 256), (2e-5, 128), (2e-5, 512)])
    ]
    view = view_of(trials, seeds.MATH)

    def summary(value):
        return MetricSummary(10, value, value, 10, 1.0627, 1, 10, 0)

    same = {"loss": {0: summary(0.31417), 1: summary(0.31417), 2: summary(0.27183), 3: summary(0.27183)}}
    (found,) = ignored_settings(view, trials, same)
    assert found.setting == "batch_size"
    assert [(a.number, b.number) for a, b in found.pairs] == [(0, 1), (2, 3)]
    other = {"loss": {**same["loss"], 3: summary(0.19)}}
    assert ignored_settings(view, trials, other) == []
    assert ignored_settings(view, trials, {}) == []
    few = [MetricSummary(10, value, value, 10, 0.9, 1, 10, 0) for value in (0.3, 0.3, 0.2, 0.2)]
    rates = {"loss": dict(enumerate(few))}
    assert ignored_settings(view, trials, rates) == [], "two rates of few questions are equal by chance"


def test_the_best_at_the_edge(maths):
    assert bests_at_edge(maths, maths.trials[11])[0].low is True
    assert bests_at_edge(maths, maths.best) == []
    assert {edge.setting for edge in bests_at_edge(maths, maths.trials[4])} == {"batch_size"}


def test_four_bit_against_not():
    text = seeds.MEDICAL
    trials = [
        one(0, {}, {"perplexity": 18.7}, peak_memory_gb=4.2),
        one(1, {"load_in_4bit": False}, {"perplexity": 18.6}, peak_memory_gb=12.5),
    ]
    name, trials_by_value = memory_by_loading(view_of(trials, text))
    assert name == "load_in_4bit"
    assert {value: [trial.number for trial in some] for value, some in trials_by_value.items()} == {
        "true": [0],
        "false": [1],
    }


def test_the_front_and_its_knee():
    second = '[[objective]]\n    metric = "ms"\n    goal = "minimize"\n    [trainer]'
    text = seeds.DIRECTOR.replace("[objective]", '[[objective]]\n    goal = "minimize"').replace("[trainer]", second)
    points = [(0.5, 100), (0.52, 20), (0.9, 10), (0.95, 50)]
    view = view_of(
        [
            one(n, {"learning_rate": 1e-4 * (n + 1)}, {"eval_loss": a, "ms": float(b)})
            for n, (a, b) in enumerate(points)
        ],
        text,
    )
    front = pareto_front(view)
    assert numbers(front) == [0, 1, 2]
    assert knee_of_front(view, front).number == 1


BANDS = {"excellent": 3.0, "good": 10.0, "so so": 30.0}


@pytest.mark.parametrize("seed", range(20))
def test_a_perplexity_has_a_word_only_where_the_study_file_has_words(seed):
    """A yardstick per word or token says nothing of characters: whatever the value, hptui has no word of its own."""
    rng = random.Random(seed)
    bands = dict(rng.sample(sorted(BANDS.items()), rng.choice([0, 0, 1, 3])))
    value, vocabulary = math.exp(rng.uniform(0, 5)), rng.choice([None, 27, 65, 256])
    text = CHARLM
    if bands:
        text += (
            "\n    [metrics.perplexity]\n    bands = { " + ", ".join(f"'{k}' = {v}" for k, v in bands.items()) + " }\n"
        )
    facts = {} if vocabulary is None else {"vocabulary": vocabulary}
    view = view_of([one(0, {}, {"val_loss": math.log(value)}, facts=facts)], text)
    word = next((word for word, bound in sorted(bands.items(), key=lambda band: band[1]) if value <= bound), "")
    assert perplexity_band(view, view.trials[0], {}).word == word
    lines = [plain_text(part) for block in best(FactWriter(ReportData(view))) for part in getattr(block, "lines", ())]
    said = [part for part in lines if part.startswith("Perplexity")]
    assert len(said) == bool(bands or vocabulary)
    for part in said:
        words = [known for known in (*BANDS, "decent", "weak", "poor", "random") if known in part]
        assert words == [word] * bool(word)
        assert ("in the study file" in part) == bool(word)
        assert ("near that of a guess" in part) == (vocabulary is not None and value >= 0.9 * vocabulary)


def test_bands_are_the_studys_own(medical):
    assert perplexity_band(medical, medical.best, {}).word == ""
    text = seeds.MEDICAL.replace("[metrics.perplexity]", "[metrics.perplexity]\n    bands = { fine = 18, so_so = 20 }")
    view = view_of(seeds.medical_trials(), text)
    assert [perplexity_band(view, trial, {}).word for trial in view.trials[5:]] == ["", "so_so", "fine"]


def test_the_loss_of_a_model_of_characters_as_perplexity():
    view = view_of([one(0, {}, {"val_loss": 3.1020})], CHARLM)
    assert perplexity_band(view, view.trials[0], {}).value == pytest.approx(22.24, abs=0.01)
