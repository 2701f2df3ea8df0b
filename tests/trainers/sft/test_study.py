"""A whole study: a mistake in its data is found before a trial is spent; prepared once, its trials share tokens."""

from __future__ import annotations

from pathlib import Path

from hptui.actions.check import check
from hptui.actions.preview import preview, summary
from hptui.model.trial import Role
from hptui.storage.reader import Reader
from tests.support import events, run_to_rest, state, trials
from tests.trainers.sft import tiny

FILE = """
name = "tiny"
[objective]
metric = "eval_loss"
[trainer]
kind = "sft"
model = "base"
train = "train.jsonl"
validation = "validation.jsonl"
prompt_template = "{question}"
batch_size = 4
steps = 6
learning_rate = 1e-2
[space]
lora_rank = { choices = [2, 4] }
learning_rate = { low = 1e-3, high = 1e-2, log = true }
[search]
sampler = "random"
trials = 2
evaluate_base = true
"""


def asked(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**row, "question": row["prompt"]} for row in rows]


def test_a_study_is_prepared_once_and_its_trials_share_the_tokens(home: Path, study: Path) -> None:
    file = study / "tiny.toml"
    file.write_text(FILE)
    sd = run_to_rest(home, file)
    said = "the study cannot run (usage): prompt_template: the training data have no column 'question'"
    assert state(sd)[0] == "paused"
    assert state(sd)[1].startswith(said)
    assert {str(one.status) for one in trials(sd)} <= {"waiting"}

    tiny.write(study / "train.jsonl", asked([*tiny.rows(30), *tiny.rows(2, 200)]))
    tiny.write(study / "validation.jsonl", asked(tiny.rows(10, 200)))
    sd = run_to_rest(home, sd.name)
    base, *tuned = trials(sd)
    assert base.role is Role.BASE
    assert base.values is not None
    assert base.facts["parameters_trainable"] == 0
    assert len(tuned) == 2
    assert all(one.values and one.values["eval_loss"] < base.values["eval_loss"] for one in tuned)
    assert len(list(sd.cache.glob("tokens-*"))) == 1
    leaked, small = events(sd, "data")
    assert leaked.startswith("2 of 10 validation examples are also trained on")
    assert small.startswith("the validation set has 10 examples")
    with Reader(sd) as reader:
        facts = reader.study_facts()
    assert (facts["train_examples"], facts["validation_examples"], facts["validation_percent"]) == (32, 10, 23.81)
    assert facts["warnings"] == [leaked, small]
    assert facts["architecture"] == "LlamaForCausalLM"


def test_check_shows_sizes_and_doubts(study: Path) -> None:
    file = study / "tiny.toml"
    file.write_text(FILE.replace("{question}", "{prompt}"))
    found = preview(check(file).study)
    assert summary(found.facts) == {
        "architecture": "LlamaForCausalLM",
        "train": "30 (75 %)",
        "validation": "10 (25 %)",
    }
    assert [warning[:34] for warning in found.warnings] == ["the validation set has 10 examples"]
