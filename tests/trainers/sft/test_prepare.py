"""What a study's preparation refuses, and what it only doubts, before any weights are loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import NotAvailable, UserError
from hptui.core.planned_trials import PlannedTrial, PrepareRequest
from hptui.core.required_metrics import CONDITION, OBJECTIVE, SHOWN, RequiredMetric
from hptui.trainers.sft.prepare import prepare
from hptui.trainers.spec import Prepared
from tests.trainers.sft.tiny import TINY, rows, write


def prepared(study: Path, **settings: Any) -> Prepared:
    return prepare(PrepareRequest({**TINY, **settings}), study, study / "cache")


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
        ({"model": "someone/some-model"}, NotAvailable),
        ({"train": "data/nowhere.jsonl"}, NotAvailable),
        ({"train": "completely-different.csv"}, NotAvailable),
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
    with pytest.raises(NotAvailable, match=r"some-model.*no connection.*train: there is no file"):
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


def among(**settings: Any) -> list[PlannedTrial]:
    """One other trial to come."""
    runs = settings.pop("runs", True)
    return [PlannedTrial({**TINY, **settings}, "max_length=x", runs)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"lora_target": ["q_proj", "q_porj"]}, "max_length=x: lora_target: the model has no layer 'q_porj'"),
        ({"max_length": 5}, "max_length=x: train: none of its 30 rows can be used"),
        ({"model": "./bsae"}, "max_length=x: model: there is no directory"),
        ({"completion_template": "{nothing}"}, "max_length=x: completion_template: .*no column 'nothing'"),
        ({"generate_samples": 2, "text_field": "prompt"}, "max_length=x: generate_samples: there are no validation"),
        ({"validation": "", "validation_fraction": 0.0}, "max_length=x: the objective eval_loss needs validation"),
        ({"warmup_steps": 1, "warmup_ratio": 0.1}, "max_length=x: .* two ways to say one thing"),
    ],
)
def test_every_trial_that_is_known_of_is_looked_at(study: Path, settings: dict[str, Any], said: str) -> None:
    asked = [RequiredMetric("eval_loss", "objective.metric", OBJECTIVE)]
    with pytest.raises(UserError, match=said):
        prepare(PrepareRequest(TINY, among(**settings), asked), study, study / "cache")
    found = prepare(PrepareRequest(TINY, among(**settings, runs=False), asked), study, study / "cache")
    assert found.warnings[-1].startswith("max_length=x: it cannot run: "), "what nobody has queued may be wrong"


def test_a_doubt_about_some_trials_names_them_once(study: Path) -> None:
    write(study / "train.jsonl", rows(120))
    write(study / "validation.jsonl", rows(110, 200))
    others = [*among(max_length=16), *among(max_length=16, lora_rank=8), *among(adapter="none")]
    found = prepare(PrepareRequest({**TINY, "max_length": 64}, others), study, study / "cache")
    cut = "max_length=x and 1 more: 17.5 % of the train examples are cut at max_length=16; the longest has 20 tokens"
    assert cut in found.warnings
    assert "max_length=x: lora_rank = 4 has no effect: adapter = 'none' trains the weights themselves" in found.warnings
    assert found.facts["train_longest"] > 16, "facts are those of the settings that stand for all"
    assert len(list((study / "cache").glob("tokens-*"))) == 2


def test_a_model_of_one_trial_that_is_not_here_is_absent_but_a_slip_elsewhere_is_said_first(study: Path) -> None:
    far = among(model="someone/some-model")
    with pytest.raises(NotAvailable, match="max_length=x: model: there is no directory someone/some-model"):
        prepare(PrepareRequest(TINY, far), study, study / "cache")
    with pytest.raises(UserError, match="q_porj") as caught:
        prepare(PrepareRequest(TINY, [*far, *among(lora_target=["q_porj"])]), study, study / "cache")
    assert not isinstance(caught.value, NotAvailable)


MINE = """
def brevity(predictions):
    return {"short": [len(p) < 9 for p in predictions], "words": 3.0}
"""


@pytest.mark.parametrize(
    ("asked", "settings", "said"),
    [
        (
            RequiredMetric("eval_los", "objective.metric", OBJECTIVE),
            {},
            "objective.metric: no trial measures 'eval_los'",
        ),
        (RequiredMetric("bleu", "objective.metric", OBJECTIVE), {}, "no trial measures 'bleu'"),
        (
            RequiredMetric("wordz", "objective[1].metric", OBJECTIVE),
            {"custom_metrics": ["mine.py:brevity"]},
            "measures 'wordz'",
        ),
        (
            RequiredMetric("brevity", "objective.metric", OBJECTIVE),
            {"custom_metrics": ["mine.py:brevity"]},
            "'brevity'",
        ),
        (
            RequiredMetric("wordz", "search.outcome[0]", CONDITION),
            {"custom_metrics": ["mine.py:brevity"]},
            "search.outcome",
        ),
        (RequiredMetric("test_loss", "search.stop[0].when", CONDITION), {}, "search.stop.0..when: no trial measures"),
    ],
)
def test_a_metric_that_no_trial_would_measure_is_refused(
    study: Path, asked: RequiredMetric, settings: dict[str, Any], said: str
) -> None:
    (study / "mine.py").write_text(MINE)
    answered = {"generate_samples": 2} if settings else {}
    with pytest.raises(UserError, match=said):
        prepare(PrepareRequest({**TINY, **settings, **answered}, [], [asked]), study, study / "cache")


def test_metrics_of_ones_own_may_be_asked_for_by_the_names_that_they_return(study: Path) -> None:
    (study / "mine.py").write_text(MINE)
    settings = {"custom_metrics": ["mine.py:brevity"], "generate_samples": 2, "generate_every": 2, "load_best": True}
    asked = [
        RequiredMetric("words", "objective.metric", OBJECTIVE),
        RequiredMetric("short", "search.outcome[0]", CONDITION),
    ]
    asked += [
        RequiredMetric(name, "report.columns", SHOWN)
        for name in ("short", "lora_rank", "shorts", "final_learning_rate")
    ]
    told = {**TINY, **settings, "early_stopping_metric": "short"}
    found = prepare(PrepareRequest(told, [], asked), study, study / "cache")
    assert found.warnings[-1] == "report.columns: nothing is called 'shorts'; did you mean 'short'?"
    with pytest.raises(UserError, match="early_stopping_metric: no evaluation measures 'sort'") as caught:
        prepare(PrepareRequest({**told, "early_stopping_metric": "sort"}, [], asked), study, study / "cache")
    assert "'short'" in caught.value.hint


def test_a_misspelt_objective_is_told_without_the_model(study: Path) -> None:
    asked = [RequiredMetric("eval_los", "objective.metric", OBJECTIVE)]
    with pytest.raises(UserError, match="no trial measures 'eval_los'") as caught:
        prepare(PrepareRequest({**TINY, "model": "someone/some-model"}, [], asked), study, study / "cache")
    assert "'eval_loss'" in caught.value.hint
