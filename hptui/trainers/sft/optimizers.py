"""Optimizers by name, and the memory that their state takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from hptui.model.errors import Unsupported
from hptui.trainers.sft.settings import TrainingSettings

MATRIX = 2


def groups(named: Iterable[tuple[str, nn.Parameter]], weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; biases and the scales of norms do not."""
    parameters = [parameter for _, parameter in named]
    matrices = [p for p in parameters if p.dim() >= MATRIX]
    vectors = [p for p in parameters if p.dim() < MATRIX]
    made = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return [group for group in made if group["params"]]


def make(settings: TrainingSettings, named: Iterable[tuple[str, nn.Parameter]]) -> torch.optim.Optimizer:
    """The optimizer of a run over the parameters that are trained."""
    some, rate = groups(named, settings.weight_decay), settings.learning_rate
    adam: dict[str, Any] = {"lr": rate, "betas": (settings.beta1, settings.beta2), "eps": settings.epsilon}
    name = settings.optimizer
    if name == "adamw":
        return torch.optim.AdamW(some, **adam)
    if name == "adamw_fused":
        return torch.optim.AdamW(some, **adam, fused=True)
    if name == "adam":
        return torch.optim.Adam(some, **adam)
    if name == "sgd":
        return torch.optim.SGD(some, lr=rate, momentum=settings.momentum)
    if name == "adafactor":
        return torch.optim.Adafactor(some, lr=rate)
    return _of_bitsandbytes(name, some, adam)


def _of_bitsandbytes(name: str, some: list[dict[str, Any]], adam: dict[str, Any]) -> torch.optim.Optimizer:
    import bitsandbytes

    device = some[0]["params"][0].device.type
    if name == "paged_adamw_8bit":
        if device != "cuda":
            raise Unsupported('optimizer = "paged_adamw_8bit" pages to and from a GPU, and there is none')
        paged: torch.optim.Optimizer = bitsandbytes.optim.PagedAdamW8bit(some, **adam)
        return paged
    small: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(some, **adam)
    return small


def state_bytes(optimizer: torch.optim.Optimizer) -> int:
    """Bytes of the tensors that an optimizer keeps."""
    found = {
        value.data_ptr(): value.numel() * value.element_size()
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.numel() > 1
    }
    return sum(found.values())
