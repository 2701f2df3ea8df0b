"""The documented LoRA run and its alternatives: the twin cut down, run for real, with every fact that is asked for."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest

from hptui.results.columns import column_value
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from tests.twins.kit import cut

LOAD = """
import json, sys
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer
folder, answers = sys.argv[1:]
tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoPeftModelForCausalLM.from_pretrained(folder)
for line in open(answers).readlines()[:3]:
    row = json.loads(line)
    given = tokenizer(row["prompt"], return_tensors="pt")
    written = model.generate(**given, max_new_tokens=16, do_sample=False)[0, given["input_ids"].shape[1]:]
    print(json.dumps([tokenizer.decode(written, skip_special_tokens=True), row["output"]]))
"""


@pytest.fixture(scope="module")
def ran(ran_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("coder")
    changes = {"generate_samples": 8, "eval_every": 2, "log_every": 1, "save_every": 4, "max_new_tokens": 16}
    return ran_once(cut("qwen_coder_lora_small", folder, train='"hptui:code"\ntrain_samples = 48', **changes))


def test_all_four_ways_run_and_learn(ran):
    assert [trial.name for trial in ran.trials] == ["base", "baseline", "higher-capacity", "reasoning", "faster"]
    assert {trial.status.value for trial in ran.trials} == {"complete"}
    for trial in ran.trials[1:]:
        if trial.name != "reasoning":  # it learns other texts
            assert trial.values["eval_loss"] < ran.base.values["eval_loss"]


def test_parameters_steps_splits_and_memory_are_on_record(ran):
    facts, effective = ran.named("baseline").facts, ran.named("baseline").effective
    assert 0 < facts["parameters_trainable"] < facts["parameters"]
    percent = 100 * facts["parameters_trainable"] / facts["parameters"]
    assert facts["parameters_trainable_percent"] == pytest.approx(percent, abs=1e-3)
    assert "all parameters" in facts["parameters_percent_of"]
    assert facts["architecture"] == "Qwen2ForCausalLM"
    assert facts["steps_per_epoch"] == math.ceil(48 / 16)
    assert facts["steps_planned"] == 9
    assert facts["steps_actual"] <= 9
    assert facts["best_step"] <= facts["steps_actual"]
    assert (facts["validation_examples"], facts["validation_source"]) == (19, "column split: valid")
    percents = [facts[f"{name}_percent"] for name in ("train", "validation", "test")]
    assert sum(percents) == pytest.approx(100, abs=0.05)
    for name in ("model", "optimizer", "activations", "capacity"):
        assert facts[f"memory_{name}_gb"] > 0
    assert (effective["effective_batch_size"], effective["attention"], effective["dtype"]) == (16, "eager", "float32")
    assert (effective["seed"], effective["deterministic"]) == (42, False)
    assert 0 < effective["final_learning_rate"] < effective["learning_rate"]


def test_learning_rate_and_gradient_norm_are_points_at_every_step(ran):
    baseline = ran.named("baseline")
    with StoreReader.open(ran.sd) as reader:
        for name in ("learning_rate", "grad_norm", "train_loss"):
            steps = [step for step, _, _ in reader.curve(baseline.number, name)]
            assert steps == list(range(1, baseline.facts["steps_actual"] + 1))
        rates = [value for _, value, _ in reader.curve(baseline.number, "learning_rate")]
    assert max(rates) == pytest.approx(baseline.effective["learning_rate"])


def test_what_cannot_be_had_here_is_recorded_as_what_was_used(ran):
    faster = ran.named("faster")
    assert faster.params["attention"] == "flash_attention_2"
    assert faster.effective["attention"] == "sdpa"
    assert faster.effective["effective_batch_size"] == 16
    assert "gpu_allocated_gb" not in faster.metrics, "what was not measured is not there"
    assert faster.metrics["host_memory_gb"] > 0


def test_a_setting_that_follows_from_others_stands_in_the_table_as_it_was_used(ran):
    view = read_view(ran.sd)
    assert [column_value(view, trial, "effective_batch_size") for trial in view.trials[1:]] == [16, 16, 16, 16]


def test_the_best_model_answers_the_same_in_a_process_without_us(ran):
    """What `save_model` has kept is ready for `from_pretrained`, and is what was measured."""
    kept = ran.sd.artifacts(ran.named("baseline").number)
    command = [sys.executable, "-W", "ignore", "-c", LOAD, str(kept / "model"), str(kept / "generations.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, cwd=kept, check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 3
    for now, then in answers:
        assert now == then


def test_a_validation_set_of_19_is_doubted(ran):
    with StoreReader.open(ran.sd) as reader:
        said = [event.message for event in reader.events() if event.kind == "data"]
    assert any("the validation set has 19 examples" in message for message in said)
