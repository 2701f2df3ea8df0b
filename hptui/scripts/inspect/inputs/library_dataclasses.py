"""Dataclasses of transformers and trl behind their parsers: the fields that people search, with their defaults."""

from __future__ import annotations

from typing import Any

from hptui.scripts.inspect.forms import READS_OF_TYPE, FormKind, OptionForm, Reads
from hptui.scripts.inspect.syntax import ScriptOption, type_of

OF_LIBRARY = "of transformers.TrainingArguments"
"""The help text of options that are not declared in the script."""
TRAINING_ARGUMENTS: dict[str, Any] = {
    "learning_rate": 5e-5,
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "num_train_epochs": 3.0,
    "weight_decay": 0.0,
    "warmup_steps": 0,
    "lr_scheduler_type": "linear",
    "max_grad_norm": 1.0,
    "seed": 42,
}
"""Commonly searched fields of transformers.TrainingArguments with the defaults of transformers 5."""
OF_TRAINING_CLASS: dict[str, dict[str, Any]] = {
    "TrainingArguments": {},
    "SFTConfig": {"learning_rate": 2e-5},
    "DPOConfig": {"learning_rate": 1e-6, "beta": 0.1, "label_smoothing": 0.0},
    "KTOConfig": {"learning_rate": 1e-6, "beta": 0.1, "desirable_weight": 1.0, "undesirable_weight": 1.0},
    "GRPOConfig": {
        "learning_rate": 1e-6,
        "beta": 0.0,
        "epsilon": 0.2,
        "temperature": 1.0,
        "num_generations": 8,
        "num_iterations": 1,
        "max_completion_length": 256,
    },
    "RLOOConfig": {
        "learning_rate": 1e-6,
        "beta": 0.05,
        "temperature": 1.0,
        "num_generations": 2,
        "max_completion_length": 256,
    },
    "RewardConfig": {"learning_rate": 1e-4},
    "ORPOConfig": {"learning_rate": 1e-6, "beta": 0.1},
    "CPOConfig": {"learning_rate": 1e-6, "beta": 0.1},
}
"""Ends of the names of classes that derive from TrainingArguments, with what they add or change (trl 1.9)."""
OTHER_CLASSES: dict[str, dict[str, Any]] = {
    "ModelConfig": {
        "model_name_or_path": None,
        "use_peft": False,
        "lora_r": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.05,
    },
    "ScriptArguments": {"dataset_name": None},
}
"""Dataclasses of trl that its scripts use together with one of these, with the fields that people say (trl 1.9)."""


def is_training_class(name: str) -> bool:
    """Return whether a class of that name has the fields of transformers.TrainingArguments."""
    return name.endswith(tuple(OF_TRAINING_CLASS))


def training_options(name: str) -> list[ScriptOption]:
    """Return the commonly searched options of a class that has the fields of TrainingArguments."""
    changed = next((fields for end, fields in OF_TRAINING_CLASS.items() if name.endswith(end)), {})
    form = OptionForm(reads=Reads.TEXT, flags=("--output_dir",))
    return [
        *(_option(field, default) for field, default in {**TRAINING_ARGUMENTS, **changed}.items()),
        ScriptOption("output_dir", "output_dir", "str", help=OF_LIBRARY, form=form),
    ]


def other_options(name: str) -> list[ScriptOption]:
    """Return the options of another dataclass of trl; [] for a class that is not known."""
    return [_option(field, default) for field, default in OTHER_CLASSES.get(name, {}).items()]


def _option(name: str, default: Any) -> ScriptOption:
    kind = "str" if default is None else type_of(default)
    reads = Reads.BOOL if isinstance(default, bool) else READS_OF_TYPE[kind]
    form = OptionForm(FormKind.VALUE, reads, (f"--{name}",), silent=default)
    return ScriptOption(name, name, kind, default, help=OF_LIBRARY, form=form)
