"""Every key that a study file may hold, table by table, and suggestions for unknown keys.

`[trainer]`, `[space]`, `[metrics]`, `[notes]` and `set` hold names of the user's own, which are validated where they
are read; "space" and "metrics" here are the keys of one entry."""

from __future__ import annotations

from collections.abc import Collection

from hptui.core.errors import StudyError, did_you_mean, nearest
from hptui.core.keys import Problems
from hptui.core.trial import Value

KEYS: dict[str, tuple[str, ...]] = {
    "": (
        "name",
        "about",
        "objective",
        "trainer",
        "space",
        "search",
        "stage",
        "trial",
        "preset",
        "resources",
        "metrics",
        "report",
        "notes",
        "reference",
        "trial_name",
        "on_end",
        "columns",
    ),
    "objective": ("metric", "goal", "select", "samples"),
    "search": (
        "sampler",
        "sampler_settings",
        "trials",
        "seed",
        "baseline",
        "evaluate_base",
        "constraints",
        "pruner",
        "stop",
        "outcome",
        "until",
        "warm_start",
    ),
    "search.pruner": (
        "kind",
        "warmup",
        "startup",
        "on",
        "percentile",
        "eta",
        "factor",
        "patience",
        "min_delta",
        "wraps",
        "low",
        "high",
        "bands",
        "strict",
    ),
    "search.stop": ("when", "after"),
    "search.until": ("trials", "hours", "no_improvement", "target"),
    "stage": ("name", "trials", "set", "space", "sampler", "from", "seeds", "pruner", "baseline"),
    "trial": ("name", "title", "note", "set"),
    "preset": ("name", "title", "note", "set"),
    "resources": (
        "gpus",
        "trials_per_gpu",
        "gpus_per_trial",
        "parallel",
        "timeout",
        "hang_after",
        "on_hang",
        "lost_retries",
        "min_free_gb",
        "keep_checkpoints",
        "checkpoints",
        "pause_grace",
        "stop_grace",
    ),
    "metrics": ("goal", "unit", "heading", "format", "split", "bands"),
    "report": ("title", "columns", "write", "style", "figures", "files"),
    "reference": ("metric", "value", "split", "epochs", "steps", "source", "targets"),
    "space": (
        "low",
        "high",
        "log",
        "step",
        "int",
        "choices",
        "ordered",
        "weights",
        "shape",
        "distribution",
        "expr",
        "when",
        "note",
    ),
}
"""Allowed keys by table; '' is the top of the file."""


def validate_keys(keys: Collection[str], table: str, where: str) -> None:
    """Raise for keys that `table`, a name in `KEYS`, does not have."""
    problems = Problems()
    for key in keys:
        if key not in KEYS[table]:
            problems.errors.append(unknown_key_error(key, table, where))
    problems.raise_all()


def unknown_key_error(key: str, table: str, where: str) -> StudyError:
    """Return the error for an unknown key.

    Its hint is the nearest spelling, else the table to which the key belongs, else the allowed keys.
    """
    known_keys = KEYS[table]
    tables = [name for name, keys in KEYS.items() if key in keys and name not in (table, "space", "metrics")]
    hint = did_you_mean(key, known_keys)
    if tables and not nearest(key, known_keys):
        hint = (
            f"it belongs in [{tables[0]}]"
            if tables[0]
            else "it belongs at the top of the file, before the first [table]"
        )
    return StudyError(f"unknown key {key!r}", where=join_location(where, key), value=key, hint=hint)


def missing_key_error(key: str, where: str, why: str = "", value: Value = None) -> StudyError:
    """Return the error for a required key that is missing."""
    return StudyError(f"missing{f': {why}' if why else ''}", where=join_location(where, key), value=value)


def join_location(where: str, key: str) -> str:
    """Return the dotted location of `key` in the table at `where`."""
    return f"{where}.{key}" if where else key
