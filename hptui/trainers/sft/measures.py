"""Which metrics a fine-tuning reports, and which of its settings a preparation looks at. Free of torch.

Metrics of the user's own are not among them: only a call tells their names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields

from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.sft.settings import LOSSES, Settings

TRAINED = ("train_loss", "learning_rate", "grad_norm", "tokens_per_second", "epoch")
MEMORY = ("host_memory_gb", "gpu_allocated_gb", "gpu_reserved_gb")
COST = ("seconds_per_epoch", "seconds_per_1000_examples")
TESTED = ("test_loss", "test_perplexity")

RECORDED = (
    *("number", "name", "status", "reason", "role", "title", "message", "attempts", "engine", "seed", "stage", "note"),
    *("replicate_of", "seconds", "peak_memory_gb", "progress"),
    *("final_learning_rate", "device", "cudnn_benchmark"),
)
"""What a table may show of every trial beside settings and metrics."""

LATER = {"train_samples", "padding"}
LOOKED_AT = (
    *(one.name for one in fields(DataSettings) if one.name not in LATER),
    *("model", "revision", "tokenizer", "trust_remote_code", "adapter", "lora_target"),
    *("early_stopping", "early_stopping_metric", "load_best", "save_model", "merge_adapter"),
    *("generate_samples", "generate_every", "generate_split", "generate_metrics", "custom_metrics"),
    *("answer_format", "answer_regex"),
)
"""Settings whose values only data and model, or a call of the user's own metrics, can show to be wrong."""


def preloaded(study: Study) -> tuple[str, ...]:
    """Slow imports of libraries that trials of this study will need, each of them anew if no launcher has them."""
    told = json.dumps([asdict(study.space), *_written(study)], default=str)
    rouge = '"generate_samples"' in told and ('"rouge"' in told or '"generate_metrics"' not in told)
    return ("hptui.trainers.evals.rouge",) if rouge else ()


def _written(study: Study) -> Iterator[Mapping[str, Value]]:
    yield study.trainer.settings
    yield from (one.set for one in study.trials)
    yield from (one.set for one in study.presets)
    for stage in study.stages:
        yield stage.set
        yield {} if stage.space is None else asdict(stage.space)


def measures(settings: Settings, *, tested: bool) -> tuple[str, ...]:
    """The names; `tested`: there are test examples. Memory of a GPU is measured where there is one."""
    answered = settings.generation().names if settings.generate_samples else ()
    return (*TRAINED, *LOSSES, *answered, *(TESTED if tested else ()), *COST, *MEMORY)
