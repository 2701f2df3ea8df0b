"""A table of all settings of one run by category: Category, Parameter, Value; what is not known is `–`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hptui.model.format import NOTHING, setting
from hptui.model.trial import Trial, Value
from hptui.model.values import is_number
from hptui.results.document import Block, Heading, Paragraph, Table
from hptui.results.facts import Fact, Line, Name, Strong, line
from hptui.results.roles import SETTINGS, effective_batch
from hptui.results.sections.early import PATIENCE
from hptui.results.sections.setup import splits_of
from hptui.results.teller import Teller

ROWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Model", "Base model", ("model", "model_name", "base_model")),
    ("Model", "Total parameters", ("total_parameters", "parameters", "total_params")),
    ("Model", "Trainable parameters", ("parameters_trainable", "trainable_parameters", "trainable_params")),
    ("LoRA", "Rank (r)", ("lora_rank", "lora_r", "rank", "r")),
    ("LoRA", "Alpha (α)", ("lora_alpha", "alpha")),
    ("LoRA", "Dropout", ("lora_dropout",)),
    ("LoRA", "Target modules", ("lora_target", "lora_targets", "target_modules", "lora_target_modules")),
    ("Optimization", "Optimizer", ("optimizer", "optim")),
    ("Optimization", "Learning rate", ("learning_rate", "lr")),
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
    ("Training", "Early stopping patience", PATIENCE),
    ("Sequence", "Maximum length", ("max_length", "max_seq_len", "max_seq_length")),
    ("Sequence", "Packing", ("packing", "padding")),
    ("Precision", "Mixed precision", ("mixed_precision", "precision", "dtype", "bf16", "fp16")),
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
"""Category, parameter, and the names under which trainers know it. The first that has a value is taken."""
MODEL: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Model", "Width", SETTINGS["width"]),
    ("Model", "Layers", SETTINGS["layers"]),
    ("Model", "Attention heads", ("num_heads", "n_head", "heads")),
    ("Model", "Dropout", ("dropout",)),
)
"""Rows that only a model made from scratch has."""


def summary(t: Teller, trial: Trial | None, *, brief: bool = False) -> Iterator[Block]:
    """Every row (`brief`: those that are known), and after them each setting of the trainer that none of them names."""
    if trial is None:
        return
    yield Heading(2, ("Summary of all settings",))
    found = _sources(t, trial)
    rows: list[tuple[Line, ...]] = []
    before = ""
    used: set[str] = set()
    known = tuple(row for row in MODEL if any(name in found for name in row[2]))
    for category, label, names in (*ROWS[:3], *known, *ROWS[3:]):
        name = next((one for one in names if one in found), None)
        used.update(names)
        if name is None and brief:
            continue
        cell = found[name]() if name else (NOTHING,)
        rows.append(((Strong((category,)),) if category != before else ("",), (label,), cell))
        before = category
    first = True
    for name in t.view.settings(trial):
        said = not brief or name in t.study.trainer.settings or name in trial.params
        if said and name not in used and t.view.settings(trial)[name] not in ("", None):
            rows.append(((Strong(("Other",)),) if first else ("",), (t.name(name),), t.setting(trial, name)))
            first = False
    yield Table((("Category",), ("Parameter",), ("Value",)), tuple(rows))


def _sources(t: Teller, trial: Trial) -> Mapping[str, Callable[[], Line]]:
    """What is known of a trial, by name: settings, facts, and what is measured."""
    found: dict[str, Callable[[], Line]] = {}
    for source, field in ((t.record.facts, "study.facts"), (trial.facts, "facts")):
        for name, value in source.items():
            if value is not None and not isinstance(value, dict):
                found[name] = _teller(t, trial, name, value, field)
    for name, value in t.view.settings(trial).items():
        if value not in ("", None):
            found[name] = lambda name=name: t.setting(trial, name)  # type: ignore[misc]
    if t.view.settings(trial).get("early_stopping") is False:  # then its patience was never in force
        for name in PATIENCE:
            found.pop(name, None)
    whole = effective_batch(t.view.settings(trial), trial.effective)
    if whole is not None:
        found["effective_batch"] = lambda: (t.plain(f"trial.{trial.number}.effective_batch", whole, [trial]),)
    steps = {"planned": trial.total_steps, "actual": trial.last_step, "best_step": _best_step(t, trial)}
    for name, count in steps.items():
        if count is not None:
            found[name] = _teller(t, trial, f"steps.{name}", count, "")
    for split, examples in splits_of(t).items():
        found[f"split.{split}"] = _teller(t, trial, f"split.{split}", examples, "")
    environment: Mapping[str, Any] = t.record.environment(trial)
    for name in ("gpu", "cpu"):
        if environment.get(name):
            found[name] = lambda name=name: (Name(str(environment[name])),)  # type: ignore[misc]
    if trial.peak_memory_gb is not None:
        found["peak_memory_gb"] = lambda: (t.value(trial, "peak_memory_gb"),)
    return found


def _teller(t: Teller, trial: Trial, name: str, value: Value, field: str) -> Callable[[], Line]:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else setting(value)
    key = f"trial.{trial.number}.summary.{name}"
    return lambda: (Fact(key, value, text, (trial.number,), f"{field}.{name}" if field else ""),)


def _best_step(t: Teller, trial: Trial) -> int | None:
    one = t.record.summaries.get(t.record.metric, {}).get(trial.number)
    if one is None or one.n < 2:
        return None
    return one.low_step if t.study.objective.goal == "minimize" else one.high_step


def breakdown(t: Teller, trial: Trial | None) -> Iterator[Block]:
    """Where the memory went, as far as the trainer told."""
    if trial is None:
        return
    facts = {
        name.removeprefix("memory_").removesuffix("_gb"): float(value)
        for name, value in trial.facts.items()
        if name.startswith("memory_") and name.endswith("_gb") and is_number(value)
    }
    whole = facts.pop("capacity", None)
    if not facts:
        return
    yield Heading(2, ("Memory by purpose",))
    rows: list[tuple[Line, ...]] = [
        ((Name(name.replace("_", " ")),), (_memory(t, trial, name, gb),)) for name, gb in facts.items()
    ]
    if len(facts) > 1:
        rows.append((("together",), (t.memory(f"trial.{trial.number}.memory.sum", sum(facts.values()), [trial]),)))
    yield Table((("Purpose",), ("Memory",)), tuple(rows), frozenset({1}))
    if whole is not None:
        yield Paragraph(line("The device has {whole}.", whole=_memory(t, trial, "capacity", whole)))


def _memory(t: Teller, trial: Trial, name: str, gb: float) -> Fact:
    key = f"facts.memory_{name}_gb"
    return t.memory(f"trial.{trial.number}.{key}", gb, [trial], key)
