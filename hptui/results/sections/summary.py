"""The sections `All settings of the best trial` and `Memory by purpose`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hptui.core.format import NO_VALUE, setting
from hptui.core.trial import Role, Trial, Value
from hptui.core.values import is_number
from hptui.results.analysis.comparable import effective_batch
from hptui.results.document import Block, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, line
from hptui.results.roles import SETTING_NAMES
from hptui.results.sections.curves import PATIENCE_SETTINGS
from hptui.results.sections.examples import split_sizes

SUMMARY_ROWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Model", "Base model", ("model", "model_name", "base_model")),
    ("Model", "Total parameters", ("total_parameters", "parameters", "total_params")),
    ("Model", "Trainable parameters", ("parameters_trainable", "trainable_parameters", "trainable_params")),
    ("Model", "Trainable share", ("trainable_share",)),
    ("LoRA", "Rank (r)", ("lora_rank", "lora_r", "rank", "r")),
    ("LoRA", "Alpha (α)", ("lora_alpha", "alpha")),
    ("LoRA", "Dropout", ("lora_dropout",)),
    ("LoRA", "Target modules", ("lora_target", "lora_targets", "target_modules", "lora_target_modules")),
    ("Optimization", "Optimizer", ("optimizer", "optim")),
    ("Optimization", "Learning rate", ("learning_rate", "lr")),
    ("Optimization", "Final learning rate", ("final_learning_rate",)),
    ("Optimization", "LR schedule", ("lr_schedule", "lr_scheduler_type")),
    ("Optimization", "Warmup", ("warmup_ratio", "warmup_steps", "warmup")),
    ("Optimization", "Weight decay", ("weight_decay",)),
    ("Optimization", "Gradient clipping", ("max_grad_norm", "gradient_clip", "grad_clip")),
    ("Batch", "Batch size", ("batch_size", "per_device_train_batch_size")),
    ("Batch", "Gradient accumulation", ("gradient_accumulation", "gradient_accumulation_steps")),
    ("Batch", "Effective batch size", ("effective_batch",)),
    ("Training", "Epochs (planned)", ("epochs", "num_epochs", "num_train_epochs")),
    ("Training", "Steps (planned)", ("planned", "steps", "max_steps")),
    ("Training", "Steps (actual)", ("actual",)),
    ("Training", "Best step", ("best_step",)),
    ("Training", "Early stopping patience", PATIENCE_SETTINGS),
    ("Sequence", "Maximum length", ("max_length", "max_seq_len", "max_seq_length")),
    ("Sequence", "Packing", ("packing", "padding")),
    ("Precision", "Mixed precision", ("mixed_precision", "bf16", "fp16")),
    ("Precision", "Number format", ("precision", "dtype")),
    ("Precision", "Gradient checkpointing", ("gradient_checkpointing",)),
    ("Logging", "Log every", ("log_every", "logging_steps")),
    ("Logging", "Evaluate every", ("eval_every", "eval_steps")),
    ("Logging", "Save every", ("save_every", "checkpoint_every", "save_steps")),
    ("Dataset", "Train examples", ("split.train",)),
    ("Dataset", "Validation examples", ("split.validation",)),
    ("Dataset", "Test examples", ("split.test",)),
    ("Hardware", "Device", ("gpu", "cpu")),
    ("Hardware", "Peak memory", ("peak_memory_gb",)),
)
"""Category, parameter, and the names that trainers use for it, the first with a value being taken."""
BARE_LORA_NAMES = ("rank", "r", "alpha")
"""Names of settings that are LoRA's only where others of it are there."""
PARAMETER_COUNTS = (
    ("total_parameters", "parameters", "total_params"),
    ("parameters_trainable", "trainable_parameters", "trainable_params"),
)
"""Names of the numbers of all parameters, and of those that are trained."""
MODEL_ROWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Model", "Width", SETTING_NAMES["width"]),
    ("Model", "Layers", SETTING_NAMES["layers"]),
    ("Model", "Attention heads", ("num_heads", "n_head", "heads")),
    ("Model", "Dropout", ("dropout",)),
)
"""Rows of a model trained from scratch."""


def summary(facts: FactWriter, trial: Trial | None, *, brief: bool = False) -> Iterator[Block]:
    """Yield all rows (`brief`: those with a value), then the trainer's settings that no row covers."""
    if trial is None:
        return
    yield Heading(2, ("All settings of the best trial",))
    sources = _cell_sources(facts, trial)
    rows: list[tuple[Line, ...]] = []
    last_category = ""
    used: set[str] = set()
    model_rows = tuple(row for row in MODEL_ROWS if any(name in sources for name in row[2]))
    settings = facts.view.settings(trial)
    has_lora = settings.get("adapter") in ("lora", "qlora") or any("lora" in name for name in settings)
    for category, label, known_names in (*SUMMARY_ROWS[:3], *model_rows, *SUMMARY_ROWS[3:]):
        names = known_names
        if category == "LoRA" and not has_lora:  # a rank or an alpha of something else
            names = tuple(candidate for candidate in names if candidate not in BARE_LORA_NAMES)
        name = next((candidate for candidate in names if candidate in sources), None)
        used.update([name] if name in settings else names)  # of two settings of one kind the other one has its own row
        if name is None and brief:
            continue
        cell = sources[name]() if name else (NO_VALUE,)
        rows.append(((Bold((category,)),) if category != last_category else ("",), (label,), cell))
        last_category = category
    is_first = True
    for name in facts.view.settings(trial):
        is_shown = not brief or name in facts.study.trainer.settings or name in trial.params
        if is_shown and name not in used and facts.view.settings(trial)[name] not in ("", None):
            rows.append(((Bold(("Other",)),) if is_first else ("",), (facts.name(name),), facts.setting(trial, name)))
            is_first = False
    yield ReportTable((("Category",), ("Parameter",), ("Value",)), tuple(rows))


def _cell_sources(facts: FactWriter, trial: Trial) -> Mapping[str, Callable[[], Line]]:
    """Return functions that make the cells of a trial, by name of a setting, a fact or a measurement."""
    sources: dict[str, Callable[[], Line]] = {}
    for source, field in ((facts.data.facts, "study.facts"), (trial.facts, "facts")):
        for name, value in source.items():
            if value is not None and not isinstance(value, dict):
                sources[name] = _fact_cell(facts, trial, name, value, field)
    for name, value in facts.view.settings(trial).items():
        if value not in ("", None):
            sources[name] = lambda name=name: facts.setting(trial, name)  # type: ignore[misc]
    if facts.view.settings(trial).get("early_stopping") is False:  # its patience had no effect
        for name in PATIENCE_SETTINGS:
            sources.pop(name, None)
    counts = [
        next((v for n in names if is_number(v := trial.facts.get(n, facts.data.facts.get(n)))), None)
        for names in PARAMETER_COUNTS
    ]
    if counts[0] and counts[1] is not None:
        share = facts.percentage(f"trial.{trial.number}.trainable_share", counts[1] / counts[0], [trial], digits=2)
        sources["trainable_share"] = lambda: (share,)
    last_rate = next((trial.metrics[name] for name in SETTING_NAMES["learning_rate"] if name in trial.metrics), None)
    if last_rate is not None:
        sources["final_learning_rate"] = _fact_cell(facts, trial, "final_learning_rate", last_rate, "")
    effective = effective_batch(facts.view, trial)
    if effective is not None:
        sources["effective_batch"] = lambda: (
            facts.of_value(f"trial.{trial.number}.effective_batch", effective, [trial]),
        )
    # A script that reports values alone has no steps: its points are numbered by hptui.
    has_steps = trial.total_steps is not None or (trial.last_step or 0) > 1
    actual = trial.last_step if has_steps else None
    steps = {"planned": trial.total_steps, "actual": actual, "best_step": _best_step(facts, trial)}
    for name, count in steps.items():
        if count is not None:
            sources[name] = _fact_cell(facts, trial, f"steps.{name}", count, "")
    for split, examples in split_sizes(facts).items():
        sources[f"split.{split}"] = _fact_cell(facts, trial, f"split.{split}", examples, "")
    ran_here = trial.role is not Role.IMPORTED or facts.data.attempts.get(trial.number)
    environment: Mapping[str, Any] = facts.data.environment(trial) if ran_here else {}
    for name in ("gpu", "cpu"):
        if environment.get(name):
            sources[name] = lambda name=name: (Name(str(environment[name])),)  # type: ignore[misc]
    if trial.peak_memory_gb is not None:
        sources["peak_memory_gb"] = lambda: (facts.value(trial, "peak_memory_gb"),)
    return sources


def _fact_cell(facts: FactWriter, trial: Trial, name: str, value: Value, field: str) -> Callable[[], Line]:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else setting(value)
    key = f"trial.{trial.number}.summary.{name}"
    return lambda: (Fact(key, value, text, (trial.number,), f"{field}.{name}" if field else ""),)


def _best_step(facts: FactWriter, trial: Trial) -> int | None:
    summary_of_metric = facts.data.summaries.get(facts.data.metric, {}).get(trial.number)
    if summary_of_metric is None or summary_of_metric.n < 2:
        return None
    return summary_of_metric.low_step if facts.study.objective.goal == "minimize" else summary_of_metric.high_step


def breakdown(facts: FactWriter, trial: Trial | None) -> Iterator[Block]:
    """Yield the memory by purpose, as recorded by the trainer."""
    if trial is None:
        return
    sizes = {
        name.removeprefix("memory_").removesuffix("_gb"): float(value)
        for name, value in trial.facts.items()
        if name.startswith("memory_") and name.endswith("_gb") and is_number(value)
    }
    capacity = sizes.pop("capacity", None)
    if not sizes:
        return
    yield Heading(2, ("Memory by purpose",))
    rows: list[tuple[Line, ...]] = [
        ((Name(name.replace("_", " ")),), (_memory_fact(facts, trial, name, gb),)) for name, gb in sizes.items()
    ]
    if len(sizes) > 1:
        rows.append((("together",), (facts.memory(f"trial.{trial.number}.memory.sum", sum(sizes.values()), [trial]),)))
    yield ReportTable((("Purpose",), ("Memory",)), tuple(rows), frozenset({1}))
    if capacity is not None:
        yield Paragraph(line("The device has {whole}.", whole=_memory_fact(facts, trial, "capacity", capacity)))


def _memory_fact(facts: FactWriter, trial: Trial, name: str, gb: float) -> Fact:
    key = f"facts.memory_{name}_gb"
    return facts.memory(f"trial.{trial.number}.{key}", gb, [trial], key)
