"""What is trained of a model: all of it, or a LoRA adapter that peft puts on it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn

from hptui.model.errors import UserError, did_you_mean
from hptui.trainers.sft.settings import ALL_LINEAR, ModelSettings, Settings, targets

MATRIX = 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """Parameters. A layer in 4 bits counts as what it stands for; weights that two layers share count once."""

    total: int
    trainable: int

    @property
    def percent(self) -> float:
        """Trainable of total, where the total holds the adapter, too."""
        return 100 * self.trainable / self.total


def lora_config(settings: ModelSettings) -> Any:
    """The settings as peft's."""
    from peft import LoraConfig

    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=targets(settings.lora_target),
        bias=settings.lora_bias,
        use_rslora=settings.rslora,
    )


def attach(model: Any, settings: Settings) -> Any:
    """The model with what is trained ready to be trained."""
    if settings.gradient_checkpointing:
        _recompute(model)
    if settings.adapter == "none":
        return model
    from peft import get_peft_model, prepare_model_for_kbit_training

    check_targets(model, settings)
    with old_names():
        if settings.adapter == "qlora":
            model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
        return get_peft_model(model, lora_config(settings))


@contextmanager
def old_names() -> Iterator[None]:
    """A block in which peft may ask transformers for things by their old names without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _recompute(model: Any) -> None:
    """Have layers keep their inputs alone, and compute the rest once more when it is needed."""
    if hasattr(model, "activation_checkpointing_enable"):  # its name in newer versions
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    else:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def check_targets(model: nn.Module, settings: ModelSettings) -> None:
    """Refuse names of layers that the model does not have."""
    wanted = targets(settings.lora_target)
    if isinstance(wanted, str):
        return
    names = {name for name, module in model.named_modules() if name and _is_matrix(module)}
    last = sorted({name.rpartition(".")[2] for name in names})
    for target in wanted:
        if not any(name == target or name.endswith(f".{target}") for name in names):
            raise UserError(
                f"lora_target: the model has no layer {target!r}; it has {', '.join(last)}, or {ALL_LINEAR!r} for all",
                hint=did_you_mean(target, last),
            )


def _is_matrix(module: nn.Module) -> bool:
    """Whether a layer is one product with a matrix, which an adapter can stand beside."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, nn.Parameter) and (weight.dim() == MATRIX or hasattr(weight, "quant_state"))


def sizes(model: nn.Module) -> Sizes:
    """Count the parameters, however they are kept."""
    total = trainable = 0
    for parameter in model.parameters():  # shared ones come once
        count = parameter.numel()
        if type(parameter).__name__ == "Params4bit":
            count = count * 2 * parameter.element_size()
        total += count
        trainable += count if parameter.requires_grad else 0
    return Sizes(total, trainable)
