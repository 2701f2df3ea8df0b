"""What the names of metrics tell a chart: which belong together, and which may be its x axis. Without NumPy."""

from __future__ import annotations

from collections.abc import Iterable

AXES = ("step", "time", "tokens", "epoch")
COMPANIONS = {
    "tokens": ("tokens", "tokens_seen", "num_tokens", "num_input_tokens_seen", "train_tokens", "train/tokens"),
    "epoch": ("epoch", "epochs", "train/epoch"),
}
"""Axis -> metrics that may tell it, where a trainer reports one."""

TRAINING = ("train", "training")
VALIDATION = ("val", "valid", "validation", "eval", "evaluation", "test", "dev")


def partner(metric: str, names: Iterable[str]) -> str | None:
    """The training metric of a validation metric, or the other way round: `val_loss` and `train_loss`, or `loss`."""
    words, sep = _words(metric)
    known = set(names)
    for index, word in enumerate(words):
        if word in VALIDATION:
            bare = sep.join([*words[:index], *words[index + 1 :]])
            candidates = [sep.join([*words[:index], other, *words[index + 1 :]]) for other in TRAINING] + [bare]
        elif word in TRAINING:
            candidates = [sep.join([*words[:index], other, *words[index + 1 :]]) for other in VALIDATION]
        else:
            continue
        return next((name for name in candidates if name in known), None)
    candidates = [f"{other}{mark}{metric}" for other in VALIDATION for mark in "_/"]
    return next((name for name in candidates if name in known), None)


def is_training(metric: str) -> bool:
    """Whether a metric of a pair is the one measured on what is trained on."""
    return not any(word in VALIDATION for word in _words(metric)[0])


def _words(metric: str) -> tuple[list[str], str]:
    sep = "/" if "/" in metric else "_"
    return metric.split(sep), sep
