"""The objective of a script with a Trainer is the score that its `compute_metrics` surely returns, else the loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script

SCRIPT = """import evaluate
from functools import partial
from dataclasses import dataclass, field
from transformers import {model}, HfArgumentParser, Trainer, TrainingArguments
@dataclass
class DataArguments:
    second: bool = field(default=False)
    generates: bool = field(default=False)
def main():
    data_args, training_args = HfArgumentParser((DataArguments, TrainingArguments)).parse_args_into_dataclasses()
    model = {model}.from_pretrained("m")
{body}
    trainer = Trainer(model=model, args=training_args, eval_dataset=y{given})
    trainer.train()
    trainer.evaluate()
main()
"""
LOADED = {
    'evaluate.load("xnli", cache_dir=c)': "eval_accuracy",
    'evaluate.load("squad_v2" if data_args.second else "squad")': "eval_exact_match",
    'evaluate.load("rouge")': "eval_rouge1",
    'evaluate.load("wer")': "eval_wer",
    'evaluate.combine(["f1", "accuracy"])': "eval_f1",
    'evaluate.load("its_own")': "eval_loss",
    "unknown()": "eval_loss",
}
"""Metrics that a script loads, with the objective that their table makes."""
RETURNS = {
    "{lines}        return metric.compute(predictions=p)": True,
    "{lines}        r = metric.compute(predictions=p)\n        return {{k: round(v, 4) for k, v in r.items()}}": True,
    "{lines}        r = metric.compute(predictions=p)\n        r = {{k: v for k, v in r.items()}}\n"
    '        r["gen_len"] = 3\n        return r': True,
    "{lines}        return {{**metric.compute(predictions=p)}}": True,
    "{lines}        if p:\n            return metric.compute(predictions=p)\n        return {{}}": False,
    "{lines}        return metric.compute(predictions=p, average=None)": False,
    "{lines}        return other(p)": False,
}
GIVEN = {
    ", compute_metrics=compute_metrics": True,
    ", compute_metrics=partial(compute_metrics, 3)": True,
    ", compute_metrics=lambda p: compute_metrics(p)": True,
    ", compute_metrics=compute_metrics if training_args.do_eval and not is_torch_xla_available() else None": True,
    ", compute_metrics=compute_metrics if data_args.generates else None": False,
    ", compute_metrics=compute_metrics if training_args.predict_with_generate else None": False,
    "": False,
}


def objective(folder: Path, body: str, given: str, model: str = "AutoModelForSequenceClassification") -> str:
    path = folder / "train.py"
    path.write_text(SCRIPT.format(model=model, body=body, given=given))
    return inspect_script(path).metrics[0]


@pytest.mark.parametrize("load", LOADED)
def test_what_a_loaded_metric_computes_is_the_objective_where_it_is_surely_logged(load: str, tmp_path: Path) -> None:
    for returns, is_sure in RETURNS.items():
        body = f"    metric = {load}\n" + "    def compute_metrics(p):\n" + returns.format(lines="")
        found = objective(tmp_path, body, ", compute_metrics=compute_metrics")
        assert found == (LOADED[load] if is_sure else "eval_loss"), returns
    for given, is_sure in GIVEN.items():
        body = f"    metric = {load}\n" + "    def compute_metrics(p):\n        return metric.compute()"
        assert objective(tmp_path, body, given) == (LOADED[load] if is_sure else "eval_loss"), given


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('{"accuracy": a, "f1": f}', "eval_accuracy"),
        ('{"precision": a, "recall": b, "f1": f}', "eval_f1"),
        ('{"wer": w}', "eval_wer"),
        ('{"loss": w}', "eval_loss"),
        ('dict(pearson=r, mse=e)', "eval_pearson"),
        ('{"accuracy": [1, 2]}', "eval_loss"),
    ],
)  # fmt: skip
def test_own_scores_are_before_the_loss(keys: str, expected: str, tmp_path: Path) -> None:
    for lines in (f"        return {keys}", f"        r = {{'x': 1}}\n        r = {keys}\n        return r"):
        body = f"    def compute_metrics(p):\n{lines}"
        assert objective(tmp_path, body, ", compute_metrics=compute_metrics") == expected


@pytest.mark.parametrize("model", ["AutoModelForCausalLM", "BertForMaskedLM", "GPT2LMHeadModel"])
def test_of_a_language_model_the_loss_says_more_than_its_right_tokens(model: str, tmp_path: Path) -> None:
    for load, expected in {"accuracy": "eval_loss", "rouge": "eval_rouge1"}.items():
        body = f'    metric = evaluate.load("{load}")\n    def compute_metrics(p):\n        return metric.compute()'
        assert objective(tmp_path, body, ", compute_metrics=compute_metrics", model) == expected
