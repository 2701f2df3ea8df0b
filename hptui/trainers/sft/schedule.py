"""The learning rate as a pure function of the step: a linear warm-up from zero, then one of seven shapes.

As in transformers, the first update of a warm-up has the rate 0, and update number `warmup` is the first at the peak.
"""

from __future__ import annotations

import math

from hptui.trainers.sft.settings import TrainingSettings


def warmup(settings: TrainingSettings, total: int) -> int:
    """Steps of warm-up in a run of `total`."""
    return settings.warmup_steps or math.ceil(total * settings.warmup_ratio)


def rate(settings: TrainingSettings, index: int, total: int, per_epoch: float) -> float:
    """The learning rate of the update number `index`, from 0, of `total`; `per_epoch` updates are an epoch."""
    return settings.learning_rate * factor(settings, index, total, per_epoch)


def factor(settings: TrainingSettings, index: int, total: int, per_epoch: float) -> float:
    """The share of the peak."""
    warm = warmup(settings, total)
    if index < warm:
        return index / warm
    since, left = index - warm, max(total - warm, 1)
    done = min(since / left, 1.0)
    shapes = {
        "linear": lambda: _down(settings, 1.0 - done),
        "cosine": lambda: _down(settings, 0.5 * (1.0 + math.cos(math.pi * done))),
        "polynomial": lambda: _down(settings, math.pow(1.0 - done, settings.lr_power)),
        "step": lambda: math.pow(settings.lr_decay, sum(index >= step for step in settings.lr_steps)),
        "exponential": lambda: math.pow(settings.lr_decay, since / per_epoch),
        "inverse_sqrt": lambda: math.sqrt(max(warm, 1) / (since + max(warm, 1))),
    }
    shape = shapes.get(settings.lr_schedule)
    return shape() if shape else 1.0


def _down(settings: TrainingSettings, share: float) -> float:
    """From 1 to `lr_end` as `share` goes from 1 to 0."""
    return settings.lr_end + (1.0 - settings.lr_end) * share


def peak(settings: TrainingSettings, total: int, per_epoch: float) -> float:
    """The largest learning rate that a run reaches: less than asked for when the warm-up outlasts it."""
    # It rises during the warm-up alone, unless lr_end lies above the peak; so one of these is the largest.
    turns = {min(warmup(settings, total), total - 1), total - 1}
    return max(rate(settings, index, total, per_epoch) for index in turns)
