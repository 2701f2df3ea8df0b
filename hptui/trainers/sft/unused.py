"""Warnings about settings that were given and have no effect, each with the reason. Free of torch.

Without the warning, a table's column of such a setting would compare trials that are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hptui.trainers.data.read import holds_whole_texts, local_path
from hptui.trainers.settings import describe
from hptui.trainers.sft.settings import SftSettings

LORA = ("lora_rank", "lora_alpha", "lora_dropout", "lora_target", "lora_bias", "rslora")
QUANTISED = ("quant_type", "double_quant", "compute_dtype")
TEMPLATES = ("prompt_template", "completion_template", "system_prompt")
SPLITS = ("train_split", "validation_split", "test_split")
ANSWERS = ("generate_split", "generate_metrics", "max_new_tokens", "generate_batch_size", "stop", "custom_metrics")
FORMAT = ("answer_format", "answer_regex")
JUDGING = ("early_stopping_metric", "early_stopping_goal", "early_stopping_delta")


def unused_settings(settings: SftSettings, directory: Path) -> list[str]:
    """Return a sentence for each setting that differs from its default and has no effect."""
    schema = describe(SftSettings)
    sentences: dict[str, str] = {}
    for is_unused, names, reason in _rules(settings, directory):
        for name in names if is_unused else ():
            value = getattr(settings, name)
            if value != schema[name].default:
                sentences.setdefault(name, f"{name} = {value!r} has no effect: {reason}")
    if settings.lr_schedule == "step" and not settings.lr_steps:
        sentences["lr_schedule"] = "lr_schedule = 'step' has no effect: lr_steps names no step"
    return list(sentences.values())


def _named(s: SftSettings) -> list[str]:
    return [name for name in (s.train, s.validation, s.test) if name]


def _rules(s: SftSettings, directory: Path) -> Iterator[tuple[bool, tuple[str, ...], str]]:
    """Yield for each rule whether it applies, the settings that it makes unused, and the reason."""
    yield s.adapter == "none", LORA + QUANTISED, "adapter = 'none' trains the weights themselves"
    yield s.adapter == "lora", QUANTISED, "only adapter = 'qlora' keeps the model in 4 bits"
    adam = s.optimizer not in ("sgd", "adafactor")
    yield not adam, ("beta1", "beta2", "epsilon"), f"they are Adam's, and optimizer = {s.optimizer!r}"
    yield s.optimizer != "sgd", ("momentum",), f"it is that of sgd, and optimizer = {s.optimizer!r}"

    no_such_shape = f"lr_schedule = {s.lr_schedule!r} has none"
    yield s.lr_schedule not in ("linear", "cosine", "polynomial"), ("lr_end",), no_such_shape
    yield s.lr_schedule not in ("step", "exponential"), ("lr_decay",), no_such_shape
    yield s.lr_schedule != "step", ("lr_steps",), no_such_shape
    yield s.lr_schedule != "polynomial", ("lr_power",), no_such_shape
    yield s.steps > 0, ("epochs",), f"steps = {s.steps} gives the length"
    yield not s.early_stopping, ("patience",), "early_stopping is off"
    yield not s.judges, JUDGING, "neither early_stopping nor load_best nor save_model = 'best' is on"
    yield s.save_model == "none", ("merge_adapter",), "save_model = 'none' saves no model"

    yield bool(s.text_field), (*TEMPLATES, "chat_template"), "text_field gives whole texts"
    yield bool(s.messages_field), TEMPLATES, "messages_field gives whole conversations"
    yield s.chat_template or bool(s.messages_field), ("add_eos",), "the chat template decides how a text ends"
    whole = holds_whole_texts(local_path(s.train, directory)) and not s.text_field and not s.messages_field
    yield whole, (*TEMPLATES, "chat_template"), "train holds whole texts"
    yield whole or bool(s.text_field), ("loss_on",), "all of a whole text is learnt"
    yield bool(s.validation), ("validation_fraction",), "validation names its examples"
    yield bool(s.test), ("test_fraction",), "test names its examples"
    samples_drawn = not s.validation or bool(s.test_fraction or s.train_samples or s.eval_samples)
    yield not samples_drawn and not s.generate_samples, ("split_seed",), "nothing is drawn"
    all_files = all((path := local_path(name, directory)) is not None and path.is_file() for name in _named(s))
    yield all_files and not s.split_column, SPLITS, "there is no split_column, and files know no splits"
    all_local = all(local_path(name, directory) is not None for name in _named(s))
    yield all_local, ("dataset_config",), "the data lie on this machine"
    yield (
        s.model.startswith("hptui:") or (directory / s.model).is_dir(),
        ("revision",),
        "the model lies on this machine",
    )

    yield not s.generate_samples, ANSWERS + FORMAT, "generate_samples = 0 asks for no answers"
    yield "accuracy" not in s.generate_metrics, FORMAT, "accuracy is not among generate_metrics"
    yield s.answer_format != "regex", ("answer_regex",), f"answer_format = {s.answer_format!r}"
