"""The trained part of a model: all of it, or a LoRA adapter that peft adds to it.

Source: LoRA, arXiv:2106.09685; QLoRA, arXiv:2305.14314.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.trainers.sft.settings import ALL_LINEAR, ModelSettings, SftSettings, adapter_targets

MATRIX_DIMENSIONS = 2
"""Dimensions of a weight that an adapter can be added to."""


@dataclass(frozen=True, slots=True)
class ParameterCounts:
    """Numbers of parameters. 4-bit layers count as what they stand for; shared weights count once."""

    total: int
    trainable: int

    @property
    def percent(self) -> float:
        """The trainable share of the total, in percent; the total includes the adapter."""
        return 100 * self.trainable / self.total


def lora_config(settings: ModelSettings) -> Any:
    """Return the settings as peft's."""
    from peft import LoraConfig

    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=adapter_targets(settings.lora_target),
        bias=settings.lora_bias,
        use_rslora=settings.rslora,
    )


def attach_adapter(model: Any, settings: SftSettings) -> Any:
    """Return the model ready for training: with its adapter, and recomputation if set."""
    if settings.gradient_checkpointing:
        recompute_activations(model)
    if settings.adapter == "none":
        return _with_trained_in_32_bits(model)
    from peft import get_peft_model  # peft: only where it computes or saves

    check_targets(model, settings)
    if settings.adapter == "qlora":
        prepare_for_4_bits(model)
    with ignore_deprecated_names():
        return _with_trained_in_32_bits(get_peft_model(model, lora_config(settings)))


def prepare_for_4_bits(model: Any) -> None:
    """Freeze a model in 4 bits, and give its other weights 32 bits, as peft does."""
    from peft import prepare_model_for_kbit_training  # peft: only for a model in 4 bits

    with ignore_deprecated_names():
        prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)


def _with_trained_in_32_bits(model: Any) -> Any:
    """Return the model with its trained parameters in 32 bits: 16 would lose the small updates."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dtype in (torch.float16, torch.bfloat16):
            parameter.data = parameter.data.float()
    return model


@contextmanager
def ignore_deprecated_names() -> Iterator[None]:
    """Silence, for a block, warnings that peft uses deprecated names of transformers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def recompute_activations(model: Any) -> None:
    """Make layers keep their inputs alone, and recompute the rest for the backward pass."""
    if hasattr(model, "activation_checkpointing_enable"):  # its name in newer versions
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    else:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def check_targets(model: nn.Module, settings: ModelSettings) -> None:
    """Refuse names of layers that the model does not have. Raises: UserError."""
    requested = adapter_targets(settings.lora_target)
    if isinstance(requested, str):
        return
    names = {name for name, module in model.named_modules() if name and _is_matrix(module)}
    ends = sorted({name.rpartition(".")[2] for name in names})
    for target in requested:
        if not any(name == target or name.endswith(f".{target}") for name in names):
            raise UserError(
                f"lora_target: the model has no layer {target!r}; it has {', '.join(ends)}, or {ALL_LINEAR!r} for all",
                hint=did_you_mean(target, ends),
            )


def _is_matrix(module: nn.Module) -> bool:
    """Return whether a layer multiplies by one matrix, so that an adapter can be added to it."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, nn.Parameter) and (weight.dim() == MATRIX_DIMENSIONS or hasattr(weight, "quant_state"))


def count_parameters(model: nn.Module) -> ParameterCounts:
    """Count a model's parameters, in whatever format they are stored."""
    total = trainable = 0
    for parameter in model.parameters():  # shared ones come once
        count = parameter.numel()
        if type(parameter).__name__ == "Params4bit":
            count = count * 2 * parameter.element_size()
        total += count
        trainable += count if parameter.requires_grad else 0
    return ParameterCounts(total, trainable)
