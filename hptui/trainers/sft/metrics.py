"""The metrics that a fine-tuning reports, and the settings that its preparation checks. Free of torch.

Metrics of the user's own are not included: only a call gives their names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields

from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.sft.settings import LOSSES, SftSettings

TRAINING_METRICS = ("train_loss", "learning_rate", "grad_norm", "tokens_per_second", "epoch")
"""Metrics of the training."""
USE_METRICS = ("mfu",)
"""Use of a GPU's arithmetic, 0 to 1, where the card's peak is known."""
MEMORY_METRICS = ("host_memory_gb", "gpu_allocated_gb", "gpu_reserved_gb")
"""Peaks of memory; those of a GPU are measured where there is one."""
COST_METRICS = ("seconds_per_epoch", "seconds_per_1000_examples")
"""Metrics of the training's duration, in seconds."""
TEST_METRICS = ("test_loss", "test_perplexity")
"""Metrics on the test examples."""

TRIAL_COLUMNS = (
    *("number", "name", "status", "reason", "role", "title", "message", "attempts", "engine", "seed", "stage", "note"),
    *("replicate_of", "seconds", "peak_memory_gb", "progress"),
    *("final_learning_rate", "device", "cudnn_benchmark"),
)
"""Columns of the trial table besides settings and metrics."""

UNINSPECTED_SETTINGS = {"train_samples", "padding"}
"""Settings of data that do not change its tokens, and that a preparation does not check."""
INSPECTED_SETTINGS = (
    *(field.name for field in fields(DataSettings) if field.name not in UNINSPECTED_SETTINGS),
    *("model", "revision", "tokenizer", "trust_remote_code", "adapter", "lora_target"),
    *("early_stopping", "early_stopping_metric", "load_best", "save_model", "merge_adapter"),
    *("generate_samples", "generate_every", "generate_split", "generate_metrics", "custom_metrics"),
    *("answer_format", "answer_regex"),
)
"""Settings whose values only data, model, or a call of the user's own metrics can show to be wrong."""


def preloaded_modules(study: Study | None) -> tuple[str, ...]:
    """Return the modules that a warm launcher imports, with those that only this study needs."""
    needed = modules_to_preload(study) if study else ()
    return "torch", "torch._dynamo", "hptui.trainers.sft.imports", *needed


def modules_to_preload(study: Study) -> tuple[str, ...]:
    """Return slow imports that trials of this study need, for a launcher to do once."""
    text = json.dumps([asdict(study.space), *_written_settings(study)], default=str)
    rouge = '"generate_samples"' in text and ('"rouge"' in text or '"generate_metrics"' not in text)
    return ("hptui.trainers.evals.rouge",) if rouge else ()


def _written_settings(study: Study) -> Iterator[Mapping[str, Value]]:
    yield study.trainer.settings
    yield from (trial.set for trial in study.trials)
    yield from (preset.set for preset in study.presets)
    for stage in study.stages:
        yield stage.set
        yield {} if stage.space is None else asdict(stage.space)


def reported_metrics(settings: SftSettings, *, tested: bool) -> tuple[str, ...]:
    """Return the names of the metrics. `tested`: there are test examples. GPU metrics need a GPU."""
    answered = settings.generation().names if settings.generate_samples else ()
    return (
        *TRAINING_METRICS,
        *LOSSES,
        *answered,
        *(TEST_METRICS if tested else ()),
        *COST_METRICS,
        *MEMORY_METRICS,
        *USE_METRICS,
    )
