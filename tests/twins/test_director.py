"""LoRA settings by Ax under a product constraint: the twin cut down, run for real; and its two variants."""

from __future__ import annotations

import pytest

from hptui.model.trial import Reason, Role, TrialStatus
from tests.twins.kit import cut

pytestmark = pytest.mark.xdist_group("twin-director")

LESS = {"train_samples": 24, "eval_samples": 20, "generate_samples": 4, "max_new_tokens": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("director")


def test_ax_proposes_what_fits_and_what_is_derived_follows(ran_once, folder):
    ran = ran_once(cut("director_ax_small", folder, trials=7, **LESS))
    assert {trial.status.value for trial in ran.trials} == {"complete"}
    search = [trial for trial in ran.trials if trial.role is Role.SEARCH]
    assert len(search) == 6
    for trial in search:
        params = trial.params
        assert params["lora_rank"] * params["batch_size"] <= 128
        assert params["gradient_accumulation"] == 4 // params["batch_size"]
        assert trial.effective["effective_batch_size"] == 4
        assert trial.metrics["inference_time"] > 0
    baseline = next(trial for trial in ran.trials if trial.role is Role.BASELINE)
    assert not baseline.params
    assert baseline.effective["epochs"] == 1


def test_loss_and_speed_together(ran_once, folder):
    ran = ran_once(cut("director_ax_pareto_small", folder, trials=3, **LESS))
    for trial in ran.trials[1:]:
        assert trial.status is TrialStatus.COMPLETE
        assert set(trial.values) == {"eval_loss", "inference_time"}
        told = trial.facts["generation_inference"]
        assert (told["batch"], told["decoding"]) == (4, "greedy")
        assert trial.values["inference_time"] == pytest.approx(
            told["seconds"] / (4 * told["generated_tokens"]), rel=0.1
        )


def test_a_trial_that_is_poor_after_a_tenth_is_stopped_and_has_no_value(ran_once, folder):
    # Long enough that the verdict comes while it trains, however busy the machine is.
    path = cut("director_ax_threshold_small", folder, trials=3, **LESS, epochs=200)
    text = path.read_text().replace("train_loss > 4.55", "train_loss > 0.1")
    path.write_text(text.replace("train_samples ", "log_every = 1\ntrain_samples "))
    ran = ran_once(path)
    search = [trial for trial in ran.trials if trial.role is Role.SEARCH]
    assert search
    for trial in search:
        assert (trial.status, trial.reason) == (TrialStatus.PRUNED, Reason.THRESHOLD)
        assert trial.values is None
