"""Optimizers by name, the memory of their state, and the learning rate as a pure function of the step.

As in transformers, the first update of a warm-up has the rate 0, and update number `warmup` is the first at the peak.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from hptui.core.errors import Unsupported
from hptui.trainers.sft.settings import TrainingSettings
from hptui.trainers.sft.trained import Trained


def group_parameters(trained: Trained, weight_decay: float) -> list[dict[str, Any]]:
    """Return parameter groups: with weight decay for matrices, without for biases and scales of norms."""
    decayed = list(trained.decayed)
    known = {id(parameter) for parameter in decayed}
    others = [p for p in trained.parameters if id(p) not in known]
    candidates = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return [group for group in candidates if group["params"]]


def make_optimizer(settings: TrainingSettings, trained: Trained) -> torch.optim.Optimizer:
    """Return the optimizer of a run over the trained parameters.

    Raises: Unsupported if it needs a GPU and there is none.
    """
    parameter_groups, rate = group_parameters(trained, settings.weight_decay), settings.learning_rate
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


def count_warmup_steps(settings: TrainingSettings, total: int) -> int:
    """Return the steps of warm-up in a run of `total` steps."""
    return settings.warmup_steps or math.ceil(total * settings.warmup_ratio)


def learning_rate_at(settings: TrainingSettings, index: int, total: int, per_epoch: float) -> float:
    """Return the learning rate of update `index` (from 0) of `total`; an epoch has `per_epoch` updates."""
    return settings.learning_rate * schedule_factor(settings, index, total, per_epoch)


def schedule_factor(settings: TrainingSettings, index: int, total: int, per_epoch: float) -> float:
    """Return the learning rate as a share of the peak."""
    warmup_steps = count_warmup_steps(settings, total)
    if index < warmup_steps:
        return index / warmup_steps
    after_warmup, remaining = index - warmup_steps, max(total - warmup_steps, 1)
    progress = min(after_warmup / remaining, 1.0)
    shapes = {
        "linear": lambda: _toward_end(settings, 1.0 - progress),
        "cosine": lambda: _toward_end(settings, 0.5 * (1.0 + math.cos(math.pi * progress))),
        "polynomial": lambda: _toward_end(settings, math.pow(1.0 - progress, settings.lr_power)),
        "step": lambda: math.pow(settings.lr_decay, sum(index >= step for step in settings.lr_steps)),
        "exponential": lambda: math.pow(settings.lr_decay, after_warmup / per_epoch),
        "inverse_sqrt": lambda: math.sqrt(max(warmup_steps, 1) / (after_warmup + max(warmup_steps, 1))),
    }
    shape = shapes.get(settings.lr_schedule)
    return shape() if shape else 1.0


def _toward_end(settings: TrainingSettings, share: float) -> float:
    """Return a value that falls from 1 to `lr_end` as `share` goes from 1 to 0."""
    return settings.lr_end + (1.0 - settings.lr_end) * share


def peak_learning_rate(settings: TrainingSettings, total: int, per_epoch: float) -> float:
    """Return the largest learning rate of a run: below the setting's if the warm-up outlasts it."""
    # It rises only during the warm-up, or to the end if lr_end is above the peak; so one of these is the largest.
    candidates = {min(count_warmup_steps(settings, total), total - 1), total - 1}
    return max(learning_rate_at(settings, index, total, per_epoch) for index in candidates)
