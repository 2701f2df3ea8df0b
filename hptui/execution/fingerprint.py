"""Warn when the code, packages or data of a study changed between trials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store

FINGERPRINT_KEYS = ("hptui", "python", "git_commit", "git_dirty", "trainer_sha256", "code_sha256")
"""Keys of an attempt's environment that belong to its fingerprint."""


def fingerprint(environment: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts of an attempt's environment that determine what its code computes."""
    values = {name: str(environment[name]) for name in FINGERPRINT_KEYS if environment.get(name) is not None}
    packages = environment.get("packages")
    if isinstance(packages, Mapping):
        values |= {f"package {name}": str(version) for name, version in packages.items()}
    plugins = environment.get("plugins")
    if isinstance(plugins, Mapping):
        values |= {f"plug-in {name}": str(version) for name, version in plugins.items()}
    data = environment.get("data")
    if isinstance(data, Mapping):
        values |= {
            f"data {name}": str(facts.get("sha256")) for name, facts in data.items() if isinstance(facts, Mapping)
        }
    return values


def record_changes(store: Store, trial: int, environment: Mapping[str, Any]) -> None:
    """Compare an attempt's fingerprint with the one before, and record what differs."""
    current = fingerprint(environment)
    previous = json.loads(store.read.get_meta(MetaKey.CODE) or "{}")
    # Only names on both sides: a package that one of two trials did not import is no change of code.
    changed = [name for name in current if name in previous and current[name] != previous[name]]
    if changed:
        differences = ", ".join(f"{name} {_short(previous[name])} → {_short(current[name])}" for name in changed)
        store.add_event(
            "warning", EventKind.CHANGED, f"not the code and data of the trials before: {differences}", trial
        )
    if changed or not previous.keys() >= current.keys():
        store.set_meta(MetaKey.CODE, json.dumps({**previous, **current}))


def _short(value: str) -> str:
    return value[:10] if len(value) > 20 else value
