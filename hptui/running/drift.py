"""Whether trials of one study ran the same code on the same data: a change is flagged, never silently mixed in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hptui.storage.store import Store

KEY = "code"
WATCHED = ("hptui", "python", "git_commit", "git_dirty", "trainer_sha256")


def fingerprint(environment: Mapping[str, Any]) -> dict[str, str]:
    """The facts of an attempt's environment that decide what its code computes."""
    found = {name: str(environment[name]) for name in WATCHED if environment.get(name) is not None}
    packages = environment.get("packages")
    if isinstance(packages, Mapping):
        found |= {f"package {name}": str(version) for name, version in packages.items()}
    data = environment.get("data")
    if isinstance(data, Mapping):
        found |= {
            f"data {name}": str(facts.get("sha256")) for name, facts in data.items() if isinstance(facts, Mapping)
        }
    return found


def note(store: Store, trial: int, environment: Mapping[str, Any]) -> None:
    """Compare an attempt with the one before it, and say what differs."""
    now = fingerprint(environment)
    before = json.loads(store.get_meta(KEY) or "{}")
    # A package that one of two trials has not imported is no change of code.
    changed = [name for name in now if name in before and now[name] != before[name]]
    if changed:
        said = ", ".join(f"{name} {_short(before[name])} → {_short(now[name])}" for name in changed)
        store.event("warning", "changed", f"not the code and data of the trials before: {said}", trial)
    if changed or not before.keys() >= now.keys():
        store.set_meta(KEY, json.dumps({**before, **now}))


def _short(value: str) -> str:
    return value[:10] if len(value) > 20 else value
