"""Seven experiments and the untouched model, in 4 bits: the twin cut down, run for real; tuning is better than not."""

from __future__ import annotations

import pytest

from tests.twins.kit import cut


@pytest.fixture(scope="module")
def ran(ran_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    less = {"train_samples": 64, "eval_samples": 40, "generate_samples": 12, "max_new_tokens": 8}
    return ran_once(cut("tinyllama_table_small", folder, **less))


def test_every_experiment_runs_as_given(ran):
    assert {trial.status.value for trial in ran.trials} == {"complete"}
    names = ["base", "baseline", "exp1", "exp2", "exp3", "exp4", "exp5", "exp6"]
    assert [trial.name for trial in ran.trials] == names
    exp6 = ran.named("exp6")
    assert exp6.effective["epochs"] == 5
    assert exp6.note == "five epochs for three"
    for trial in ran.trials:
        for name in ("perplexity", "bleu", "rougeL", "host_memory_gb"):
            assert name in trial.metrics
        assert "gpu_allocated_gb" not in trial.metrics


def test_fine_tuning_is_better_than_the_base_model(ran):
    for trial in ran.trials[1:]:
        assert trial.values["perplexity"] < 0.95 * ran.base.values["perplexity"]
        low, high = trial.facts["generation_intervals"]["rougeL"]
        assert low <= trial.metrics["rougeL"] <= high


def test_the_base_model_is_in_four_bits_too(ran):
    baseline = ran.named("baseline")
    assert baseline.facts["memory_model_gb"] < 0.8 * 4 * baseline.facts["parameters"] / (1 << 30)
