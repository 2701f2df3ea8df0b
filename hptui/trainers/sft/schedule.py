"""The learning rate of `sft` as a pure function of the step: a linear warm-up from zero, then one of seven shapes.

As in transformers, the first update of a warm-up has the rate 0, and update number `warmup` is the first at the peak.
"""

from __future__ import annotations

import math

from hptui.trainers.sft.settings import TrainingSettings


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
