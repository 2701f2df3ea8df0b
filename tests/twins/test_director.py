"""LoRA settings by Ax under a product constraint: the twin cut down, run for real; and its two variants in one."""

from __future__ import annotations

import pytest

from hptui.core.trial import Reason, Role, TrialStatus
from tests.twins.kit import STUDIES, cut

LESS = {"train_samples": 24, "eval_samples": 20, "generate_samples": 4, "max_new_tokens": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("director")


def test_ax_proposes_what_fits_and_what_is_derived_follows(ran_once, folder):
    ran = ran_once(cut("director_ax_small", folder, trials=4, **LESS))
    assert {trial.status.value for trial in ran.trials} == {"complete"}
    search = [trial for trial in ran.trials if trial.role is Role.SEARCH]
    assert len(search) == 3
    for trial in search:
        params = trial.params
        assert trial.engine.startswith("ax")
        assert params["lora_rank"] * params["batch_size"] <= 128
        assert params["gradient_accumulation"] == 4 // params["batch_size"]
        assert trial.effective["effective_batch_size"] == 4
        assert trial.metrics["inference_time"] > 0
    baseline = next(trial for trial in ran.trials if trial.role is Role.BASELINE)
    assert not baseline.params
    assert baseline.effective["epochs"] == 1


def test_loss_and_speed_together_and_a_poor_trial_is_stopped_without_a_value(ran_once, folder):
    """The variant with two objectives, and the rule of the other; long enough for it to be stopped while it trains."""
    changes = {**LESS, "epochs": 60, "sampler": '"random"', "evaluate_base": "false"}
    path = cut("director_ax_pareto_small", folder, trials=2, **changes)
    (rule,) = [
        line
        for line in (STUDIES / "director_ax_threshold_small.toml").read_text().splitlines()
        if line.startswith("stop ")
    ]
    assert "train_loss > 4.55" in rule
    rule = rule.replace("train_loss > 4.55", "train_loss > 0.01")
    path.write_text(
        path.read_text().replace("[search]", f"[search]\n{rule}").replace("[trainer]", "[trainer]\nlog_every = 1")
    )
    baseline, poor = ran_once(path).trials
    assert baseline.status is TrialStatus.COMPLETE, "the rule spares it"
    assert set(baseline.values) == {"eval_loss", "inference_time"}
    told = baseline.facts["generation_inference"]
    assert (told["batch"], told["decoding"]) == (4, "greedy")
    seconds = told["seconds"] / (4 * told["generated_tokens"])
    assert baseline.values["inference_time"] == pytest.approx(seconds, rel=0.1)
    assert (poor.status, poor.reason, poor.values) == (TrialStatus.PRUNED, Reason.THRESHOLD, None)
