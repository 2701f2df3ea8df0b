"""What the names of metrics say for a chart: which belong together, and which can be its x axis.

Without NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable

AXES = ("step", "time", "tokens", "epoch")
"""The x axes of a chart, in the order in which a key goes through them."""
AXIS_METRICS = {
    "tokens": ("tokens", "tokens_seen", "num_tokens", "num_input_tokens_seen", "train_tokens", "train/tokens"),
    "epoch": ("epoch", "epochs", "train/epoch"),
}
"""Axis -> names of the metric that gives it, if a trainer reports one."""

TRAINING_WORDS = ("train", "training")
"""Parts of a metric's name that mark it as measured on training data."""
VALIDATION_WORDS = ("val", "valid", "validation", "eval", "evaluation", "test", "dev")
"""Parts of a metric's name that mark it as measured on held-out data."""


def counterpart_of(metric: str, names: Iterable[str]) -> str | None:
    """Return the training metric of a validation metric, or the reverse.

    `train_loss` or `loss` of `val_loss`.
    """
    words, separator = _words(metric)
    available = set(names)
    for index, word in enumerate(words):
        if word in VALIDATION_WORDS:
            bare = separator.join([*words[:index], *words[index + 1 :]])
            candidates = [separator.join([*words[:index], other, *words[index + 1 :]]) for other in TRAINING_WORDS] + [
                bare
            ]
        elif word in TRAINING_WORDS:
            candidates = [separator.join([*words[:index], other, *words[index + 1 :]]) for other in VALIDATION_WORDS]
        else:
            continue
        return next((name for name in candidates if name in available), None)
    candidates = [f"{other}{joint}{metric}" for other in VALIDATION_WORDS for joint in "_/"]
    return next((name for name in candidates if name in available), None)


def is_training(metric: str) -> bool:
    """Return whether a metric of a pair is the one measured on training data."""
    return not any(word in VALIDATION_WORDS for word in _words(metric)[0])


def _words(metric: str) -> tuple[list[str], str]:
    separator = "/" if "/" in metric else "_"
    return metric.split(separator), separator
