"""Warn when the code, packages or data of a study changed between trials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hptui.core.code_versions import changed_names, fingerprint, short
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store


def record_changes(store: Store, trial: int, environment: Mapping[str, Any]) -> None:
    """Compare an attempt's fingerprint with the one before, and record what differs."""
    current = fingerprint(environment)
    previous = json.loads(store.read.get_meta(MetaKey.CODE) or "{}")
    changed = changed_names(previous, current)
    if changed:
        differences = ", ".join(f"{name} {short(previous[name])} → {short(current[name])}" for name in changed)
        store.add_event(
            "warning", EventKind.CHANGED, f"not the code and data of the trials before: {differences}", trial
        )
    if changed or not previous.keys() >= current.keys():
        store.set_meta(MetaKey.CODE, json.dumps({**previous, **current}))
