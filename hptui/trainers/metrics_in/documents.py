"""The curve and the results that a JSON document of metrics holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOG_HISTORY_KEY = "log_history"
"""Key of the curve in `trainer_state.json` of transformers."""
CURVE_KEYS = (
    "history",
    "log",
    "logs",
    "epochs",
    "steps",
    "curve",
    "metrics",
    "results",
    "train_log",
    "training_history",
)
"""Keys of the curve in other documents."""
SETTINGS_KEYS = ("config", "cfg", "args", "arguments", "hparams", "hyperparameters", "params", "parameters", "settings")
"""Keys of settings."""


def split_curve(document: Any) -> tuple[list[Any], Any]:
    """Return the records of a document's curve, and what else the document holds.

    Forms are `{"history": [{…}, …], "best": …}`, `[{…}, …]`, and Keras' `{"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]}`.
    """
    if _is_records(document):
        return document, None
    if not isinstance(document, Mapping):
        return [], document
    if _is_records(document.get(LOG_HISTORY_KEY)):
        return document[LOG_HISTORY_KEY], None
    for name in CURVE_KEYS:
        if name in document and (records := split_curve(document[name])[0]):
            return records, {key: value for key, value in document.items() if key != name}
    lists = {name: value for name, value in document.items() if isinstance(value, list) and len(value) > 2}
    lengths = {len(value) for value in lists.values()}
    if len(lengths) != 1 or not all(isinstance(item, int | float) for value in lists.values() for item in value):
        return [], document
    rows = [
        {"step": index + 1, **{name: value[index] for name, value in lists.items()}} for index in range(lengths.pop())
    ]
    return rows, {name: value for name, value in document.items() if name not in lists}


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def without_settings(document: Any) -> Any:
    """Return a document without its tables of settings, which are no metrics."""
    if not isinstance(document, Mapping):
        return document
    return {
        name: value
        for name, value in document.items()
        if name.lower() not in SETTINGS_KEYS or isinstance(value, int | float)
    }
