"""Recognises files that are taken for a sweep and are none, and keys of a sweep file that W&B itself does not read."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from hptui.core.errors import StudyError
from hptui.core.values import show

SWEEP_KEYS = (
    "program", "method", "metric", "metrics", "parameters", "early_terminate", "command", "run_cap", "name",
    "description", "scheduler", "hptui",
)  # fmt: skip
"""Keys of a sweep file that are read."""
SERVER_ONLY_KEYS = ("entity", "project", "apiVersion", "kind", "controller", "job", "image_uri", "version", "$schema")
"""Keys that only W&B's server uses."""
LAUNCH_KEYS = ("job", "image_uri")
"""Keys that name what W&B Launch starts in place of a program."""
MLFLOW_KEYS = ("experiment_name", "sweep_name")
"""Keys of MLflow's sweep files, which resemble those of W&B otherwise."""
HYDRA_KEYS = ("hydra", "defaults")
"""Keys of Hydra's configuration files."""
TABLE_KEYS = ("metric", "parameters", "early_terminate", "scheduler", "controller", "hptui")
"""Keys whose value is a table: `common: {…}`, which other tables copy, is no misspelling of `command: […]`."""
MIN_SIMILARITY = 0.75
"""Similarity (0 to 1) from which an unknown key is taken for a misspelling."""
MAX_KEYS_SHOWN = 6


def require_sweep(top: Mapping[str, Any]) -> None:
    """Raise StudyError for a file of another format, naming the format and what to write instead."""
    if any(key in top for key in MLFLOW_KEYS):
        hint = "a sweep file of W&B has program: train.py and a list as its command"
        raise StudyError("is a sweep of MLflow, no W&B sweep file", where=_first(top, MLFLOW_KEYS), hint=hint)
    starts = any(key in top for key in ("program", "command", "metric"))
    if "method" not in top and ("parameters" not in top or (not starts and _has_method(top))):
        raise _foreign(top)
    if any(key in top for key in LAUNCH_KEYS) and not top.get("program") and not top.get("command"):
        key = _first(top, LAUNCH_KEYS)
        hint = "name the script that the job runs: program: train.py"
        raise StudyError(
            f"is a sweep of W&B Launch: it starts {key} {show(top[key])}, no program", where=key, hint=hint
        )


def _foreign(top: Mapping[str, Any]) -> StudyError:
    """Return the error for a file without a method and without parameters."""
    keys = ", ".join(list(top)[:MAX_KEYS_SHOWN])
    inside = _has_method(top)
    if any(key in top for key in HYDRA_KEYS):
        kind, hint = "a configuration of Hydra", "hptui new SCRIPT writes a study file for the script that reads it"
    elif inside is not None:
        kind, hint = "a format of its own", f"what stands under {inside!r} goes to the top, with program: train.py"
    else:
        kind, hint = "a format of its own", "hptui new SCRIPT writes a study file for the script that it belongs to"
    missing = "no method at the top" if "parameters" in top else "neither method nor parameters"
    return StudyError(f"is no W&B sweep file but {kind}: {missing}, but {keys}", hint=hint)


def _has_method(top: Mapping[str, Any]) -> str | None:
    """Return the table within a file that has a method of its own; None without one."""
    return next((key for key, value in top.items() if isinstance(value, dict) and "method" in value), None)


def _first(top: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next(key for key in keys if key in top)


def checked_keys(top: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Return the sweep without the keys that W&B does not read, each with a note.

    Raises: StudyError for a key that nearly is one of a sweep file.
    """
    for misspelling, right in (("parameter", "parameters"), ("objective", "metric")):
        if misspelling in top and right not in top:
            top[right] = top.pop(misspelling)
    known = [*SWEEP_KEYS, *SERVER_ONLY_KEYS]
    for key in [key for key in top if key not in known]:
        same_form = [name for name in known if (name in TABLE_KEYS) == isinstance(top[key], dict)]
        if close := get_close_matches(key, same_form, n=1, cutoff=MIN_SIMILARITY):
            raise StudyError(f"unknown key {key!r}", where=key, value=key, hint=f"did you mean {close[0]!r}?")
        notes.append(f"{key}: no sweep file has this key, and W&B does not read it; it is left out")
        del top[key]
    if server_keys := [key for key in top if key in SERVER_ONLY_KEYS]:
        notes.append(f"{', '.join(server_keys)}: only W&B's server needs this; nothing is sent anywhere")
    return top
