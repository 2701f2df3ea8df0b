"""Records of a study as they are shown: with every secret in settings and texts masked.

Names of metrics and measured values are left alone, so that curves are still found by them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from hptui.core.expressions import Expression
from hptui.core.masking import label_choices, mask, mask_text
from hptui.core.space import Choice
from hptui.core.study import Study
from hptui.core.trial import Trial, Value

R = TypeVar("R")
LEFT_ALONE = ("name", "metric", "kind")
"""Fields by which records refer to each other."""
Labels = Mapping[str, Mapping[Any, str]]
"""What is shown for the secret choices of a parameter, by its name and the choice."""


def masked_record(record: R) -> R:
    """Return a dataclass with secrets in its texts and tables masked; itself if it holds none."""
    changes = {}
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if field.init and field.name not in LEFT_ALONE and (masked := _masked(value)) is not value:
            changes[field.name] = masked
    return dataclasses.replace(record, **changes) if changes else record  # type: ignore[type-var]


def _masked(value: Any) -> Any:
    if isinstance(value, Choice):
        return masked_choice(value)
    if isinstance(value, Expression):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return masked_record(value)
    if isinstance(value, tuple) and any(dataclasses.is_dataclass(item) for item in value):
        items = tuple(_masked(item) for item in value)
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if isinstance(value, Mapping) and any(dataclasses.is_dataclass(item) for item in value.values()):
        return {name: _masked(item) for name, item in value.items()}
    return mask(value)


def masked_choice(choice: Choice) -> Choice:
    """Return a choice whose secret values are `***1`, `***2`."""
    labels = label_choices(choice.name, choice.choices)
    if not labels:
        return choice
    return dataclasses.replace(choice, choices=tuple(_label(labels, value) for value in choice.choices))


def _label(labels: Mapping[Any, str], value: Value) -> Value:
    return labels.get(value, value) if isinstance(value, str) else value


def masked_study(study: Study) -> tuple[Study, Labels]:
    """Return a study with secrets masked, and what is shown for secret choices."""
    spaces = [study.space, *(stage.space for stage in study.stages if stage.space is not None)]
    choices = [entry for space in spaces for entry in space.parameters if isinstance(entry, Choice)]
    labels = {choice.name: label_choices(choice.name, choice.choices) for choice in choices}
    return masked_record(study), labels


def masked_trial(trial: Trial, labels: Labels) -> Trial:
    """Return a trial with secrets masked: in settings, facts, its message and what people wrote about it."""
    changes: dict[str, Any] = {}
    for field in ("params", "effective", "facts"):
        settings: Mapping[str, Value] = getattr(trial, field)
        shown = masked_settings(settings, labels)
        if shown is not settings:
            changes[field] = shown
    for field in ("message", "note", "title"):
        text: str = getattr(trial, field)
        if text and (masked := mask_text(text)) != text:
            changes[field] = masked
    return dataclasses.replace(trial, **changes) if changes else trial


def masked_settings(settings: Mapping[str, Value], labels: Labels) -> Mapping[str, Value]:
    """Return settings with secrets masked; numbers stay, for they are searched and compared."""
    result: dict[str, Value] | None = None
    for name, value in settings.items():
        kind = type(value)
        if kind is float or kind is int or kind is bool or value is None:
            continue
        shown = _label(labels[name], value) if name in labels else value
        if shown is value:
            shown = mask(value, name)
        if shown is not value:
            result = dict(settings) if result is None else result
            result[name] = shown
    return settings if result is None else result
