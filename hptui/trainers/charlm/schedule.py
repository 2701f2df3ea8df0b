"""The learning rate of `charlm` as a pure function of the step.

A linear warm-up is followed by a constant, cosine, step or exponential schedule.
"""

from __future__ import annotations

import math

from hptui.trainers.charlm.settings import CharlmSettings


def learning_rate_at(settings: CharlmSettings, index: int, total: int, per_epoch: float) -> float:
    """Return the learning rate of update `index` (from 0) of `total`; an epoch has `per_epoch` updates."""
    warmup_steps = settings.warmup_steps
    warmup = min(1.0, (index + 1) / warmup_steps) if warmup_steps else 1.0
    return settings.learning_rate * warmup * _decay_factor(settings, index, total, per_epoch)


def _decay_factor(settings: CharlmSettings, index: int, total: int, per_epoch: float) -> float:
    after_warmup = max(index - settings.warmup_steps, 0)
    if settings.lr_schedule == "cosine":  # to zero at the end
        return 0.5 * (1.0 + math.cos(math.pi * min(after_warmup / max(total - settings.warmup_steps, 1), 1.0)))
    if settings.lr_schedule == "step":
        return math.pow(settings.lr_decay, sum(index >= step for step in settings.lr_steps))
    if settings.lr_schedule == "exponential":
        return math.pow(settings.lr_decay, after_warmup / per_epoch)
    return 1.0


def peak_learning_rate(settings: CharlmSettings, total: int, per_epoch: float) -> float:
    """Return the largest learning rate of a run: below the setting's if the warm-up outlasts it."""
    # After the warm-up no schedule rises; before it, only a drop of `step` can end a rise.
    candidates = {0, min(max(settings.warmup_steps, 1), total) - 1}
    candidates |= {step - 1 for step in settings.lr_steps if 0 < step <= total}
    return max(learning_rate_at(settings, index, total, per_epoch) for index in candidates)
