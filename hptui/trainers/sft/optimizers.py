"""Optimizers by name, and the memory that their state takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from hptui.model.errors import Unsupported
from hptui.trainers.sft.settings import TrainingSettings

MATRIX_DIMENSIONS = 2
"""Dimensions from which a parameter has weight decay."""


def group_parameters(named: Iterable[tuple[str, nn.Parameter]], weight_decay: float) -> list[dict[str, Any]]:
    """Return parameter groups: weight decay for matrices, none for biases and scales of norms."""
    parameters = [parameter for _, parameter in named]
    matrices = [p for p in parameters if p.dim() >= MATRIX_DIMENSIONS]
    vectors = [p for p in parameters if p.dim() < MATRIX_DIMENSIONS]
    candidates = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return [group for group in candidates if group["params"]]


def make_optimizer(settings: TrainingSettings, named: Iterable[tuple[str, nn.Parameter]]) -> torch.optim.Optimizer:
    """Return the optimizer of a run over the trained parameters.

    Raises: Unsupported if it needs a GPU and there is none.
    """
    parameter_groups, rate = group_parameters(named, settings.weight_decay), settings.learning_rate
    adam: dict[str, Any] = {"lr": rate, "betas": (settings.beta1, settings.beta2), "eps": settings.epsilon}
    name = settings.optimizer
    if name == "adamw":
        return torch.optim.AdamW(parameter_groups, **adam)
    if name == "adamw_fused":
        return torch.optim.AdamW(parameter_groups, **adam, fused=True)
    if name == "adam":
        return torch.optim.Adam(parameter_groups, **adam)
    if name == "sgd":
        return torch.optim.SGD(parameter_groups, lr=rate, momentum=settings.momentum)
    if name == "adafactor":
        return torch.optim.Adafactor(parameter_groups, lr=rate)
    return _of_bitsandbytes(name, parameter_groups, adam)


def _of_bitsandbytes(name: str, parameter_groups: list[dict[str, Any]], adam: dict[str, Any]) -> torch.optim.Optimizer:
    import bitsandbytes

    device = parameter_groups[0]["params"][0].device.type
    if name == "paged_adamw_8bit":
        if device != "cuda":
            raise Unsupported('optimizer = "paged_adamw_8bit" pages to and from a GPU, and there is none')
        paged: torch.optim.Optimizer = bitsandbytes.optim.PagedAdamW8bit(parameter_groups, **adam)
        return paged
    eight_bit: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(parameter_groups, **adam)
    return eight_bit


def state_bytes(optimizer: torch.optim.Optimizer) -> int:
    """Return the bytes of the tensors of an optimizer's state."""
    sizes = {
        value.data_ptr(): value.numel() * value.element_size()
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.numel() > 1
    }
    return sum(sizes.values())
