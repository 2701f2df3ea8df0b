"""The learning rate as a pure function of the step: linear warm-up, then constant, cosine, step or exponential."""

from __future__ import annotations

import math

from hptui.trainers.charlm.settings import Settings


def rate(settings: Settings, index: int, total: int, per_epoch: float) -> float:
    """The learning rate of the update number `index`, from 0, of `total`; `per_epoch` updates are an epoch."""
    warm = settings.warmup_steps
    warmth = min(1.0, (index + 1) / warm) if warm else 1.0
    return settings.learning_rate * warmth * _factor(settings, index, total, per_epoch)


def _factor(settings: Settings, index: int, total: int, per_epoch: float) -> float:
    since_warm = max(index - settings.warmup_steps, 0)
    if settings.lr_schedule == "cosine":  # to zero at the end
        return 0.5 * (1.0 + math.cos(math.pi * min(since_warm / max(total - settings.warmup_steps, 1), 1.0)))
    if settings.lr_schedule == "step":
        return math.pow(settings.lr_decay, sum(index >= step for step in settings.lr_steps))
    if settings.lr_schedule == "exponential":
        return math.pow(settings.lr_decay, since_warm / per_epoch)
    return 1.0


def peak(settings: Settings, total: int, per_epoch: float) -> float:
    """The largest learning rate that a run reaches: less than asked for when the warm-up outlasts it."""
    # After the warm-up no schedule rises; before it, only a drop of `step` can end a rise.
    turns = {0, min(max(settings.warmup_steps, 1), total) - 1}
    turns |= {step - 1 for step in settings.lr_steps if 0 < step <= total}
    return max(rate(settings, index, total, per_epoch) for index in turns)
