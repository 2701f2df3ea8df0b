"""What the documents wish to vary beyond numbers: the model, the optimizer, lists of layers, shares of the data."""

from __future__ import annotations

import pytest

STUDY = """
name = "searchable"
[objective]
metric = "eval_loss"
[trainer]
kind = "sft"
train = "hptui:docstrings"
prompt_template = "{instruction}\\n"
completion_template = "{response}"
max_length = 48
batch_size = 4
lora_rank = 4
validation_fraction = 0.05
[space]
model = { choices = ["hptui:tiny-llama", "hptui:tiny-qwen2"] }
lora_target = { choices = ["all-linear", ["q_proj", "v_proj"]] }
optimizer = { choices = ["adam", "adamw"] }
epochs = { low = 0.3, high = 0.9 }
train_samples = { low = 16, high = 64, int = true }
eval_samples = { choices = [10, 20] }
[search]
sampler = "random"
baseline = false
seed = 1
trials = 6
[resources]
parallel = 2
"""


def test_model_optimizer_layers_and_shares_of_the_data_can_be_searched(ran_once, tmp_path):
    path = tmp_path / "searchable.toml"
    path.write_text(STUDY)
    ran = ran_once(path)
    assert {trial.status.value for trial in ran.trials} == {"complete"}
    architectures = {"hptui:tiny-llama": "LlamaForCausalLM", "hptui:tiny-qwen2": "Qwen2ForCausalLM"}
    for trial in ran.trials:
        assert trial.facts["architecture"] == architectures[trial.params["model"]]
        assert trial.effective["train_samples"] == trial.params["train_samples"]
        assert trial.effective["eval_samples"] == trial.params["eval_samples"]
        per_epoch = trial.facts["steps_per_epoch"]
        assert trial.effective["steps"] == pytest.approx(trial.params["epochs"] * per_epoch, abs=1)
    by_target = {str(trial.params["lora_target"]): trial.facts["parameters_trainable"] for trial in ran.trials}
    assert by_target["all-linear"] > by_target["['q_proj', 'v_proj']"]
    assert {trial.params["model"] for trial in ran.trials} == set(architectures)
    assert {trial.params["optimizer"] for trial in ran.trials} == {"adam", "adamw"}
