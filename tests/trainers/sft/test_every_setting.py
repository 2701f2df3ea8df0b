"""Every setting of `sft` does something, or it is said why it does nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hptui.trainers.settings import build, describe
from hptui.trainers.sft.prepare import unused_settings
from hptui.trainers.sft.settings import SftSettings
from tests.trainers.attempts import events
from tests.trainers.sft import tiny

SHORT = {"steps": 2, "eval_every": 1, "lora_rank": 2, "lora_target": ["q_proj", "v_proj"]}
GENERATED = {"generate_samples": 3, "max_new_tokens": 3}
GRADED = {**GENERATED, "generate_metrics": ["accuracy"]}
PLAIN = {"train": "texts", "validation_fraction": 0.5, "validation": ""}
COLUMN = {"train": "split.jsonl", "split_column": "part", "validation": "", "validation_fraction": 0.4}
WORSE = {"adapter": "none", "learning_rate": 0.5, "lr_schedule": "constant", "steps": 4}
CHANGES: dict[str, tuple[dict[str, Any], Any]] = {
    "model": ({}, "other"),
    "tokenizer": ({}, "other"),
    "dtype": ({}, "bfloat16"),
    "attention": ({}, "eager"),
    "adapter": ({}, "none"),
    "lora_rank": ({}, 4),
    "lora_alpha": ({}, 64),
    "lora_dropout": ({}, 0.5),
    "lora_target": ({}, "all-linear"),
    "lora_bias": ({"model": "other"}, "lora_only"),
    "rslora": ({}, True),
    "quant_type": ({"adapter": "qlora"}, "fp4"),
    "double_quant": ({"adapter": "qlora"}, False),
    "compute_dtype": ({"adapter": "qlora"}, "bfloat16"),
    "trust_remote_code": ({}, True),
    "train": ({}, "split.jsonl"),
    "validation": ({}, "split.jsonl"),
    "test": ({}, "split.jsonl"),
    "split_column": ({"train": "split.jsonl", "validation": ""}, "part"),
    "train_split": (COLUMN, "held"),
    "validation_split": (COLUMN, "held"),
    "test_split": (COLUMN, "held"),
    "validation_fraction": ({"validation": ""}, 0.5),
    "test_fraction": ({}, 0.5),
    "split_seed": ({"validation": ""}, 1),
    "train_samples": ({}, 5),
    "eval_samples": ({}, 5),
    "prompt_template": ({}, "{completion}"),
    "completion_template": ({}, "{n}"),
    "system_prompt": ({"prompt_template": "{system_prompt}{prompt}"}, "Add!"),
    "chat_template": ({}, True),
    "text_field": ({}, "prompt"),
    "messages_field": ({}, "messages"),
    "loss_on": ({}, "all"),
    "add_eos": ({}, False),
    "max_length": ({}, 12),
    "too_long": ({"text_field": "prompt", "max_length": 8}, "split"),
    "padding": ({}, "max_length"),
    "packing": ({}, True),
    "batch_size": ({}, 2),
    "gradient_accumulation": ({}, 2),
    "effective_batch_size": ({}, 8),
    "epochs": ({"steps": 0, "train_samples": 8}, 0.5),
    "steps": ({}, 3),
    "mixed_precision": ({}, "bf16"),
    "early_stopping": ({**WORSE, "patience": 1}, True),
    "patience": ({**WORSE, "early_stopping": True}, 1),
    "early_stopping_metric": ({"load_best": True}, "perplexity"),
    "early_stopping_goal": ({"load_best": True}, "maximize"),
    "early_stopping_delta": ({"load_best": True}, 100.0),
    "load_best": ({**WORSE, "early_stopping_goal": "maximize"}, True),
    "optimizer": ({}, "sgd"),
    "learning_rate": ({}, 1e-3),
    "weight_decay": ({"adapter": "none", "steps": 3}, 0.5),
    "beta1": ({"steps": 3}, 0.5),
    "beta2": ({"steps": 3}, 0.5),
    "epsilon": ({}, 1.0),
    "momentum": ({"optimizer": "sgd", "steps": 3}, 0.9),
    "max_grad_norm": ({"optimizer": "sgd"}, 1e-3),
    "lr_schedule": ({}, "constant"),
    "warmup_steps": ({}, 1),
    "warmup_ratio": ({}, 0.5),
    "lr_end": ({}, 0.5),
    "lr_decay": ({"lr_schedule": "exponential"}, 0.9),
    "lr_steps": ({"lr_schedule": "step"}, [1]),
    "lr_power": ({"lr_schedule": "polynomial"}, 3.0),
    "gradient_checkpointing": ({}, True),
    "log_every": ({}, 2),
    "eval_every": ({}, 2),
    "eval_batch_size": ({}, 3),
    "save_every": ({}, 1),
    "deterministic": ({}, True),
    "threads": ({}, 2),
    "save_model": ({}, "last"),
    "merge_adapter": ({"save_model": "last"}, True),
    "generate_samples": ({}, 3),
    "generate_every": (GENERATED, 1),
    "generate_split": ({**GENERATED, "test": "split.jsonl"}, "test"),
    "generate_metrics": (GENERATED, ["bleu"]),
    "answer_format": (GRADED, "boxed"),
    "answer_regex": ({**GRADED, "answer_format": "regex", "answer_regex": "."}, "xyz"),
    "max_new_tokens": (GENERATED, 5),
    "generate_batch_size": (GENERATED, 2),
    "stop": ({**GENERATED, "max_new_tokens": 8}, ["e", "o", "a", "t", "n", " ", "1", "2"]),
    "custom_metrics": (GENERATED, ["mine.py:brevity"]),
}
IDLE: dict[str, tuple[dict[str, Any], Any]] = {
    **{name: ({"adapter": "none"}, CHANGES[name][1]) for name in ("lora_alpha", "lora_dropout", "rslora", "lora_bias")},
    "lora_rank": ({"adapter": "none"}, 2),
    "lora_target": ({"adapter": "none"}, ["q_proj"]),
    **{name: ({"adapter": "lora"}, CHANGES[name][1]) for name in ("quant_type", "double_quant", "compute_dtype")},
    "beta1": ({"optimizer": "sgd"}, 0.5),
    "beta2": ({"optimizer": "adafactor"}, 0.5),
    "epsilon": ({"optimizer": "sgd"}, 1e-6),
    "momentum": ({}, 0.9),
    "lr_end": ({"lr_schedule": "constant"}, 0.1),
    "lr_decay": ({}, 0.5),
    "lr_steps": ({}, [3]),
    "lr_power": ({}, 2.0),
    "lr_schedule": ({}, "step"),
    "epochs": ({"steps": 5}, 3.0),
    "patience": ({}, 5),
    "early_stopping_metric": ({}, "perplexity"),
    "early_stopping_goal": ({}, "maximize"),
    "early_stopping_delta": ({}, 0.5),
    "merge_adapter": ({}, True),
    "prompt_template": ({"text_field": "prompt"}, "x"),
    "completion_template": ({"messages_field": "messages"}, "x"),
    "system_prompt": ({"text_field": "prompt"}, "x"),
    "chat_template": ({"text_field": "prompt"}, True),
    "validation_fraction": ({"validation": "validation.jsonl"}, 0.5),
    "test_fraction": ({"test": "validation.jsonl"}, 0.5),
    "dataset_config": ({}, "main"),
    "split_seed": ({}, 7),
    "loss_on": ({"text_field": "prompt"}, "all"),
    **{f"{name}_split": ({}, "held") for name in ("train", "validation", "test")},
    "revision": ({}, "main"),
    **{n: ({}, CHANGES[n][1]) for n in ("max_new_tokens", "generate_split", "stop", "custom_metrics")},
    "generate_batch_size": ({}, 2),
    "generate_metrics": ({}, ["bleu"]),
    "answer_format": (GENERATED, "boxed"),
    "answer_regex": (GRADED, "x"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tiny.study(tmp_path_factory.mktemp("study"), chat=True)
    other = tiny.model("qwen2")
    other.save_pretrained(made / "other")
    tokenizer = tiny.tokenizer()
    tokenizer.save_pretrained(made / "other")
    (made / "mine.py").write_text("def brevity(predictions):\n    return [len(text) < 9 for text in predictions]\n")
    rows = [
        {**row, "messages": [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": "yes"}]}
        for row in tiny.rows(30)
    ]
    tiny.write(made / "train.jsonl", rows)
    tiny.write(made / "validation.jsonl", rows[:10])
    parts = ("train", "validation", "test", "held")
    tiny.write(made / "split.jsonl", [{**row, "part": parts[n % 4]} for n, row in enumerate(tiny.rows(24, 100))])
    return made


_traces: dict[str, Any] = {}


def trace(folder: Path, settings: dict[str, Any], again: str = "") -> Any:
    """All that a run leaves which a second run of the same settings leaves alike."""
    settings = {**SHORT, **settings}
    key = again + repr(sorted(settings.items()))
    if key not in _traces:
        run = tiny.attempt(folder, settings, number=len(list(folder.glob("trials/*"))))
        final = tiny.train(run)
        kinds = ("metrics", "effective", "facts", "checkpoint", "artifact")
        told = [_lasting(event) for kind in kinds for event in events(run, kind)]
        files = sorted(path.name for path in (run.root.parent / "artifacts").rglob("*"))
        _traces[key] = told, _lasting(final), files
    return _traces[key]


CHANCE = ("seconds", "host_memory", "tokens_per_second", "inference_time", "peak_", "time")


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: _lasting(v)
            for k, v in value.items()
            if not any(word in str(k) for word in CHANCE) and k not in ("t", "q")
        }
    return [_lasting(item) for item in value] if isinstance(value, list) else value


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_setting_changes_what_is_recorded(folder: Path, name: str) -> None:
    beside, value = CHANGES[name]
    without, with_ = trace(folder, beside), trace(folder, {**beside, name: value})
    assert with_ != without


@pytest.mark.parametrize("settings", [{}, {**GENERATED, "save_model": "best"}], ids=["plain", "generated"])
def test_what_is_compared_is_the_same_when_nothing_is_changed(folder: Path, settings: dict[str, Any]) -> None:
    assert trace(folder, settings) == trace(folder, settings, "again")


@pytest.mark.parametrize("name", IDLE)
def test_a_setting_that_does_nothing_is_named(folder: Path, name: str) -> None:
    beside, value = IDLE[name]
    told = {**{k: v for k, v in tiny.TINY.items() if k not in IDLE}, **beside, name: value}
    told = {k: v for k, v in told.items() if not (k == "steps" and name == "epochs" and "steps" not in beside)}
    said = unused_settings(build(SftSettings, told), folder)
    assert [one.split(" ", 1)[0] for one in said] == [name]
    assert not unused_settings(build(SftSettings, {k: v for k, v in told.items() if k != name}), folder)


ON_A_GPU = {"tf32"}
"""Without a GPU they do nothing, and a trial's warning says so."""


@pytest.mark.parametrize("name", ON_A_GPU)
def test_what_only_a_gpu_can_do_is_named(folder: Path, name: str) -> None:
    run = tiny.attempt(folder, {name: True, "steps": 1}, number=9999)
    tiny.train(run)
    assert f"{name} = True has no effect: there is no GPU" in [event["message"] for event in events(run, "warning")]


def test_no_setting_is_left_out() -> None:
    assert set(CHANGES) | set(IDLE) | ON_A_GPU == set(describe(SftSettings))
