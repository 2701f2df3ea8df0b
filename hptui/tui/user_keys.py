"""The keys of a user's config. Two things on one key are reported: Textual would drop one of them silently."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.core.errors import did_you_mean
from hptui.tui.keys import KeyBinding, all_keys_by_id, key_text

TOGETHER = (
    ("studies", "table"),
    ("study", "trials", "table"),
    ("study", "chart"),
    ("trial", "pane"),
    ("compare", "pane", "columns"),
    ("health", "table"),
    ("insights", "pane", "points"),
    ("metrics", "chart"),
    ("space", "table"),
    ("report", "pane"),
    ("records", "log"),
    ("decisions", "log"),
    ("found", "log"),
    ("sample", "log"),
)
"""Scopes whose keys work at the same time; those of `app` always do."""


def textual_keymap(user_keys: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the user's `[keys]` in Textual's form, and messages about unknown ids and keys given twice."""
    keys_by_id = all_keys_by_id()
    valid = {name: keys for name, keys in user_keys.items() if name in keys_by_id}
    problems = [
        f"[keys] there is no key {name!r}; {did_you_mean(name, keys_by_id)}"
        for name in user_keys
        if name not in keys_by_id
    ]
    return valid, [*problems, *key_conflicts(valid)]


def key_conflicts(user_keys: Mapping[str, str]) -> list[str]:
    """Return a message for each key of the user's that something else has, too.

    What hides another key without the user's choice is meant to.
    """
    by_id = all_keys_by_id()
    problems = []
    for name, keys in user_keys.items():
        added = set(_split(keys)) - set(_split(by_id[name].keys))
        for other in by_id.values():
            taken = added & set(_split(user_keys.get(other.id, other.keys)))
            if other.id == name or not taken or not _meet(by_id[name], other):
                continue
            if other.id in user_keys and other.id < name and added >= taken:
                continue  # both are the user's: one message is enough
            signs = ", ".join(key_text(key) for key in sorted(taken))
            problems.append(
                f"[keys] {name} = {keys!r} takes {signs} from {other.id} ({other.label}); give that another key"
            )
    return problems


def _split(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",") if key.strip()]


def _meet(first: KeyBinding, second: KeyBinding) -> bool:
    """Return whether two keys can be pressed at the same place."""
    scopes = {first.scope, second.scope}
    return len(scopes) == 1 or "app" in scopes or any(scopes <= set(group) for group in TOGETHER)
