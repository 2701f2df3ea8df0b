"""What settings and metrics mean, by the names that this field gives them: `lr` is a learning rate, `bleu` goes up."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from hptui.model.study import Goal, Study
from hptui.model.trial import Value
from hptui.model.values import is_number

SETTINGS: Mapping[str, tuple[str, ...]] = {
    "learning_rate": ("learning_rate", "lr", "max_lr", "peak_lr"),
    "batch": ("batch_size", "per_device_train_batch_size", "per_device_batch_size", "micro_batch_size", "bs"),
    "accumulation": ("gradient_accumulation", "gradient_accumulation_steps", "grad_accum", "accumulation_steps"),
    "sequence": ("max_seq_len", "max_length", "max_seq_length", "seq_len", "block_size", "context_length"),
    "width": ("model_dim", "hidden_size", "d_model", "n_embd", "width", "dim"),
    "layers": ("num_layers", "num_hidden_layers", "n_layers", "n_layer", "depth", "layers"),
    "dropout": ("dropout", "lora_dropout"),
    "epochs": ("epochs", "num_epochs", "num_train_epochs", "n_epochs", "max_epochs"),
    "steps": ("steps", "max_steps", "num_steps", "train_steps", "iterations", "max_iters"),
    "clip": ("gradient_clip", "max_grad_norm", "grad_clip", "gradient_clipping"),
    "mixed": ("mixed_precision", "fp16", "bf16"),
    "early_stopping": ("early_stopping",),
    "checkpointing": ("gradient_checkpointing",),
    "rank": ("lora_rank", "lora_r", "rank", "r"),
    "alpha": ("lora_alpha", "alpha"),
    "weight_decay": ("weight_decay",),
    "schedule": ("lr_schedule", "lr_scheduler_type", "schedule"),
    "four_bit": (
        "load_in_4bit",
        "use_4bit",
        "four_bit",
        "qlora",
        "quantize_4bit",
        "quantization",
        "quantize",
        "adapter",
    ),
}
"""What a setting does -> the names that it goes by, the usual one first."""

UP = re.compile(
    r"(^|[_/.\s-])(acc|accuracy|bleu|chrf|rouge\w*|f1|exact_match|em|reward|score|pass\w*|win_rate)([_/.\s@-]|$)"
)
DOWN = re.compile(
    r"(^|[_/.\s-])(loss|nll|perplexity|ppl|error|wer|cer|rmse|mse|mae|seconds|time|latency|memory)([_/.\s-]|$)"
)
COST = re.compile(r"(^|[_/.\s-])(seconds|time|latency|memory|throughput|per_second|gb)([_/.\s-]|$)")
NEVER_BELOW_ZERO = re.compile(
    r"(^|[_/.\s-])(loss|perplexity|ppl|error|wer|cer|rmse|mse|mae|seconds|time|latency|memory|acc|accuracy|bleu|chrf"
    r"|rouge\w*|f1|exact_match|em|pass\w*|win_rate)([_/.\s@-]|$)"
)
VALIDATION = re.compile(r"^(val|valid|validation|eval|dev|test|heldout|held_out)[_/.-]")
TRAINING = re.compile(r"^(train|training)[_/.-]")
SPLITS = {"val": "validation", "valid": "validation", "validation": "validation", "eval": "validation"}
SPLITS |= {"dev": "validation", "heldout": "validation", "held_out": "validation", "test": "test"}


def setting_of(settings: Collection[str], role: str) -> str | None:
    """The name that a setting with this role has here."""
    return next((name for name in SETTINGS[role] if name in settings), None)


def number_of(settings: Mapping[str, Value], role: str) -> float | None:
    """The value of the setting with this role, if it is a number."""
    name = setting_of(settings, role)
    value = settings.get(name) if name else None
    return value if is_number(value) else None


def goal_of(study: Study, metric: str) -> Goal | None:
    """Which way a metric is better: as an objective or `[metrics]` says, else by its name; None where nobody says."""
    for objective in study.objectives:
        if objective.metric == metric:
            return objective.goal
    spec = study.metrics.get(metric)
    if spec and spec.goal:
        return spec.goal
    name = metric.lower()
    if DOWN.search(name) or name == "peak_memory_gb":
        return "minimize"
    return "maximize" if UP.search(name) else None


def floor_of(metric: str) -> float | None:
    """What a metric cannot fall below, by its name; None where that is not known."""
    return 0.0 if NEVER_BELOW_ZERO.search(metric.lower()) else None


def is_cost(metric: str) -> bool:
    """Whether a metric is what a trial cost, and not how good it is: by its name."""
    return COST.search(metric.lower()) is not None


def split_of(metric: str) -> str:
    """On which split a metric is measured, as far as its name says: train, validation, test, or ''."""
    if TRAINING.match(metric):
        return "train"
    found = VALIDATION.match(metric)
    return SPLITS[found[1]] if found else ""


def counterpart(metric: str, names: Collection[str]) -> tuple[str | None, str | None]:
    """The training and validation metric that belong together with `metric`, among `names`."""
    stem = VALIDATION.sub("", TRAINING.sub("", metric))
    training = (f"train_{stem}", f"train/{stem}", f"training_{stem}", stem)
    held = [f"{word}{sign}{stem}" for sign in "_/" for word in ("val", "eval", "valid", "validation", "dev", "test")]
    on_training = next((name for name in training if name in names), None)
    if VALIDATION.match(metric):
        return on_training, metric
    return on_training, next((name for name in held if name in names), None)


def effective_batch(settings: Mapping[str, Value], effective: Mapping[str, Value] | None = None) -> float | None:
    """Examples per optimizer step: what the trainer said, else batch size times accumulation."""
    said = (effective or {}).get("effective_batch_size")
    if is_number(said):
        return said
    batch, times = number_of(settings, "batch"), number_of(settings, "accumulation")
    return None if batch is None else batch * (times or 1)
