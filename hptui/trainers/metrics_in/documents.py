"""What a JSON document of results says: its curve, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HISTORY = "log_history"
"""Where transformers' `trainer_state.json` keeps its curve."""
CURVES = ("history", "log", "logs", "epochs", "steps", "curve", "metrics", "results", "train_log", "training_history")
"""Where other documents keep theirs."""
SETTINGS = ("config", "cfg", "args", "arguments", "hparams", "hyperparameters", "params", "parameters", "settings")


def curve(found: Any) -> tuple[list[Any], Any]:
    """(the records of a document that holds a curve, what else it says): `{"history": [{…}, …], "best": …}`,
    `[{…}, …]`, or, as Keras has it, `{"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]}`.
    """
    if _is_records(found):
        return found, None
    if not isinstance(found, Mapping):
        return [], found
    if _is_records(found.get(HISTORY)):
        return found[HISTORY], None
    for name in CURVES:
        if name in found and (records := curve(found[name])[0]):
            return records, {key: value for key, value in found.items() if key != name}
    lists = {name: value for name, value in found.items() if isinstance(value, list) and len(value) > 2}
    lengths = {len(value) for value in lists.values()}
    if len(lengths) != 1 or not all(isinstance(one, int | float) for value in lists.values() for one in value):
        return [], found
    rows = [{"step": at + 1, **{name: value[at] for name, value in lists.items()}} for at in range(lengths.pop())]
    return rows, {name: value for name, value in found.items() if name not in lists}


def _is_records(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(one, Mapping) for one in found)


def results(found: Any) -> Any:
    """A document without its tables of settings, which are no metrics."""
    if not isinstance(found, Mapping):
        return found
    return {
        name: value for name, value in found.items() if name.lower() not in SETTINGS or isinstance(value, int | float)
    }
