"""What a study's preparation refuses, and what it only doubts, before any weights are loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hptui.model.errors import Absent, UserError
from hptui.trainers.preparing import Prepared
from hptui.trainers.sft.prepare import prepare
from tests.trainers.sft.tiny import TINY, rows, write


def prepared(study: Path, **settings: Any) -> Prepared:
    return prepare({**TINY, **settings}, study, study / "cache")


@pytest.mark.parametrize(
    ("settings", "said", "hint"),
    [
        ({"train": "trian.jsonl"}, "train: there is no file", "train.jsonl"),
        ({"completion_template": "{completoin}"}, "no column 'completoin'; they have prompt, completion", "completion"),
        ({"text_field": "body"}, "text_field: the training data have no column 'body'", ""),
        ({"validation": "empty.jsonl"}, "validation: .*empty.jsonl has no rows", ""),
        ({"validation": "blank.jsonl"}, "validation: none of its 2 rows can be used: 2 empty columns", ""),
        ({"max_length": 5}, "train: none of its 30 rows can be used: 30 nothing left to learn", ""),
        ({"model": "./bsae"}, "model: there is no directory", "base"),
        ({"model": "someone/some-model"}, "cannot be had from the hub", "network"),
        ({"model": "."}, "holds no model", ""),
        ({"tokenizer": "./nothing"}, "there is no directory", ""),
        ({"lora_rank": 0}, "lora_rank must be at least 1", ""),
        ({"lora_target": ["q_porj"]}, "no layer 'q_porj'; it has down_proj, embed_tokens, gate_proj", "q_proj"),
        ({"lora_target": "all"}, "lora_target must be", ""),
        ({"chat_template": True}, "the tokenizer has no chat template", "prompt_template"),
        ({"warmup_steps": 2, "warmup_ratio": 0.1}, "two ways to say one thing", ""),
        ({"effective_batch_size": 8, "gradient_accumulation": 2}, "decides the accumulation", ""),
        ({"optimizer": "adam_w"}, "optimizer must be one of", "adamw"),
        ({"generate_metrics": ["blue"], "generate_samples": 3}, "no generation metric 'blue'", "bleu"),
        ({"split_column": "prt"}, "no column 'prt'", ""),
    ],
)
def test_what_cannot_work_is_refused(study: Path, settings: dict[str, Any], said: str, hint: str) -> None:
    (study / "empty.jsonl").write_text("\n")
    (study / "blank.jsonl").write_text(2 * '{"prompt": " ", "completion": null}\n')
    with pytest.raises(UserError, match=said) as caught:
        prepared(study, **settings)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"model": "someone/some-model"}, Absent),
        ({"train": "data/nowhere.jsonl"}, Absent),
        ({"train": "completely-different.csv"}, Absent),
        ({"train": "trian.jsonl"}, UserError),
        ({"model": "./bsae"}, UserError),
        ({"model": "someone/some-model", "train": "trian.jsonl"}, UserError),
        ({"model": "someone/some-model", "completion_template": "{completoin}"}, UserError),
    ],
)
def test_what_may_yet_come_is_told_apart_from_a_slip(study: Path, settings: dict[str, Any], kind: type) -> None:
    with pytest.raises(UserError) as caught:
        prepared(study, **settings)
    assert type(caught.value) is kind


def test_all_that_is_not_here_is_named(study: Path) -> None:
    with pytest.raises(Absent, match=r"some-model.*no connection.*train: there is no file"):
        prepared(study, model="someone/some-model", train="data/nowhere.jsonl")


def test_code_that_comes_with_a_model_runs_only_when_it_is_trusted(study: Path) -> None:
    config = json.loads((study / "base" / "config.json").read_text())
    told = {**config, "model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.M"}}
    (study / "base" / "config.json").write_text(json.dumps(told))
    (study / "base" / "mine.py").write_text(
        f"open({str(study / 'ran')!r}, 'w').close()\nraise RuntimeError('it ran')\n"
    )
    with pytest.raises(UserError, match="comes with code of its own"):
        prepared(study)
    assert not (study / "ran").exists()
    with pytest.raises(RuntimeError, match="it ran"):
        prepared(study, trust_remote_code=True)
    assert (study / "ran").exists()


def test_what_is_doubtful_is_said(study: Path) -> None:
    doubtful = [{**row, "instruction": "do it"} for row in rows(60)]
    write(study / "train.jsonl", [*doubtful, *doubtful[:3], {**doubtful[0], "completion": ""}])
    again = [{**row, "completion": " other"} for row in doubtful[5:7]]
    write(study / "validation.jsonl", [*doubtful[:2], *again, {**rows(1, 300)[0], "instruction": "do it"}])
    found = prepared(study, prompt_template="{instruction} {prompt}", max_length=21)
    told = "\n".join(found.warnings)
    assert "the column 'instruction' is the same in all 64 training rows: 'do it'" in told
    assert "2 of 5 validation examples are also trained on" in told
    assert "2 of 5 validation prompts are also trained on, with another completion" in told
    assert "3 of 63 training examples are repetitions" in told
    assert "the validation set has 5 examples" in told
    assert "1 of 64 train rows are left out: they have an empty column" in told
    assert "% of the train examples are cut at max_length=21" in told
    assert found.facts["train_left_out"] >= 1


def test_a_good_study_has_no_doubts(study: Path) -> None:
    write(study / "train.jsonl", rows(300))
    found = prepared(study, validation="", validation_fraction=0.4, test_fraction=0.35)
    assert list(found.warnings) == []
    sizes = [found.facts[f"{name}_examples"] for name in ("train", "validation", "test")]
    assert sizes == [75, 120, 105]
    assert found.facts["validation_source"] == "0.4 of the rows, drawn with split_seed 42"


def test_tokens_are_made_anew_when_something_that_matters_changes(study: Path) -> None:
    def made() -> int:
        return len(list((study / "cache").glob("tokens-*")))

    prepared(study)
    prepared(study, train_samples=3, eval_samples=2, packing=True, padding="max_length", lora_rank=8)
    assert made() == 1
    prepared(study, max_length=32)
    prepared(study, loss_on="all")
    assert made() == 3
    write(study / "train.jsonl", rows(31))
    assert prepared(study).facts["train_examples"] == 31
    assert made() == 4
