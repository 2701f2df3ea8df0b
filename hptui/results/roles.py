"""The meaning of settings and metrics by their common names: `lr` is a learning rate, `bleu` is maximized."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from hptui.core.study import Goal, Study
from hptui.core.trial import Value
from hptui.core.values import is_number

SETTING_NAMES: Mapping[str, tuple[str, ...]] = {
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
    "evaluation": (
        "eval_samples",
        "eval_size",
        "eval_batches",
        "eval_iters",
        "max_eval_samples",
        "num_eval_samples",
        "n_eval",
        "val_size",
        "val_samples",
        "val_batches",
        "limit_val_batches",
        "test_samples",
        "test_size",
    ),
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
"""Names of settings by role, the most common one first."""

HIGHER_IS_BETTER = re.compile(
    r"(^|[_/.\s-])(acc|accuracy|bleu|chrf|rouge\w*|f1|exact_match|em|reward|score|pass\w*|win_rate)([_/.\s@-]|$)"
)
"""Names of metrics that are better when higher."""
LOWER_IS_BETTER = re.compile(
    r"(^|[_/.\s-])(loss|nll|perplexity|ppl|error|wer|cer|rmse|mse|mae|seconds|time|latency|memory)([_/.\s-]|$)"
)
"""Names of metrics that are better when lower."""
COST_METRIC = re.compile(r"(^|[_/.\s-])(seconds|time|latency|memory|throughput|per_second|gb)([_/.\s-]|$)")
"""Names of metrics that measure time, memory or throughput."""
NONNEGATIVE_METRIC = re.compile(
    r"(^|[_/.\s-])(loss|perplexity|ppl|error|wer|cer|rmse|mse|mae|seconds|time|latency|memory|acc|accuracy|bleu|chrf"
    r"|rouge\w*|f1|exact_match|em|pass\w*|win_rate)([_/.\s@-]|$)"
)
"""Names of metrics that have no negative values."""
RATE_METRIC = re.compile(r"(^|[_/.\s-])(acc|accuracy|f1|exact_match|em|pass\w*|win_rate)([_/.\s@-]|$)")
"""Names of metrics that are shares where they lie between 0 and 1."""
VALIDATION_PREFIX = re.compile(r"^(val|valid|validation|eval|dev|test|heldout|held_out)[_/.-]")
"""Prefix of metrics measured on held-out data."""
TRAINING_PREFIX = re.compile(r"^(train|training)[_/.-]")
"""Prefix of metrics measured on training data."""
SPLITS = {"val": "validation", "valid": "validation", "validation": "validation", "eval": "validation"}
"""The split by the first word of a metric's name."""
SPLITS |= {"dev": "validation", "heldout": "validation", "held_out": "validation", "test": "test"}


def setting_with_role(settings: Collection[str], role: str) -> str | None:
    """Return the name of the setting with this role."""
    return next((name for name in SETTING_NAMES[role] if name in settings), None)


def number_with_role(settings: Mapping[str, Value], role: str) -> float | None:
    """Return the value of the setting with this role, if it is a number."""
    name = setting_with_role(settings, role)
    value = settings.get(name) if name else None
    return value if is_number(value) else None


def goal_of(study: Study, metric: str) -> Goal | None:
    """Return the direction in which a metric is better; None if unknown.

    An objective or `[metrics]` of the study states it; of another split of an objective it is the same, and of other
    metrics it is taken from the name.
    """
    for objective in study.objectives:
        if objective.metric == metric:
            return objective.goal
    spec = study.metrics.get(metric)
    if spec and spec.goal:
        return spec.goal
    stem = _without_split(metric)
    for objective in study.objectives:
        if _without_split(objective.metric) == stem:
            return objective.goal
    name = metric.lower()
    if LOWER_IS_BETTER.search(name) or name == "peak_memory_gb":
        return "minimize"
    return "maximize" if HIGHER_IS_BETTER.search(name) else None


def _without_split(metric: str) -> str:
    """Return the name of a metric without its split: `loss` for `train_loss` and `val_loss`."""
    return VALIDATION_PREFIX.sub("", TRAINING_PREFIX.sub("", metric))


def lower_bound(metric: str) -> float | None:
    """Return the value that a metric cannot fall below, by its name; None if unknown."""
    return 0.0 if NONNEGATIVE_METRIC.search(metric.lower()) else None


def is_rate_by_name(metric: str) -> bool:
    """Return whether a metric with values from 0 to 1 is a share, by its name."""
    return RATE_METRIC.search(metric.lower()) is not None


def is_cost(metric: str) -> bool:
    """Return whether a metric measures what a trial cost rather than its quality, by its name."""
    return COST_METRIC.search(metric.lower()) is not None


def split_of(metric: str) -> str:
    """Return the split that a metric's name indicates: train, validation, test, or '' if none."""
    if TRAINING_PREFIX.match(metric):
        return "train"
    prefix = VALIDATION_PREFIX.match(metric)
    return SPLITS[prefix[1]] if prefix else ""


def training_and_validation(metric: str, names: Collection[str]) -> tuple[str | None, str | None]:
    """Return the training and the validation metric among `names` that belong to `metric`."""
    stem = VALIDATION_PREFIX.sub("", TRAINING_PREFIX.sub("", metric))
    training = (f"train_{stem}", f"train/{stem}", f"training_{stem}", stem)
    validation = [
        f"{prefix}{separator}{stem}"
        for separator in "_/"
        for prefix in ("val", "eval", "valid", "validation", "dev", "test")
    ]
    train_metric = next((name for name in training if name in names), None)
    if VALIDATION_PREFIX.match(metric):
        return train_metric, metric
    return train_metric, next((name for name in validation if name in names), None)


def effective_batch(settings: Mapping[str, Value], effective: Mapping[str, Value] | None = None) -> float | None:
    """Return the examples per optimizer step: as recorded, else batch size × accumulation.

    None if one of them is unknown.
    """
    recorded = (effective or {}).get("effective_batch_size")
    if is_number(recorded):
        return recorded
    batch, accumulation = number_with_role(settings, "batch"), number_with_role(settings, "accumulation")
    return None if batch is None or accumulation is None else batch * accumulation
