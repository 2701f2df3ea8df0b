"""Which trials ran the same code and data, by the fingerprints of their attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hptui.core.dataclass import dataclass

FINGERPRINT_KEYS = ("hptui", "python", "git_commit", "git_dirty", "trainer_sha256", "code_sha256")
"""Keys of an attempt's environment that belong to its fingerprint."""
HASHES_OF_CODE = ("trainer_sha256", "code_sha256")
"""Keys that are a hash of the code that ran."""
UNCLEAR_WITH_HASH = frozenset({"hptui", "git_commit", "git_dirty"})
"""Keys that need not change what a trial computes where a hash of its code is known and equal."""


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


def changed_names(previous: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Return the names with another value.

    Only names on both sides: a package that one of two trials did not import is no change of code.
    """
    return [name for name in current if name in previous and current[name] != previous[name]]


def short(value: str) -> str:
    """Return the beginning of a hash; other values whole."""
    return value[:10] if len(value) > 20 else value


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """The trials that ran one version of code and data.

    `unclear` are the names that differ among them and need not change what they compute. `is_mixed` is of a trial
    whose attempts ran different versions.
    """

    trials: tuple[int, ...]
    values: Mapping[str, str]
    unclear: tuple[str, ...] = ()
    is_mixed: bool = False


def code_versions(prints: Mapping[int, Sequence[Mapping[str, str]]]) -> tuple[CodeVersion, ...]:
    """Return the versions that trials ran, in the order of their first trials.

    `prints` are the fingerprints of each trial's attempts. A trial without any is in none.
    """
    versions: list[CodeVersion] = []
    for number in sorted(prints):
        values: dict[str, str] = {}
        is_mixed = False
        for attempt in prints[number]:
            is_mixed = is_mixed or bool(_telling(values, attempt))
            values |= attempt
        if not values:
            continue
        # The newest first: what is not recorded of a trial is taken to be as it was last.
        index = next((i for i in reversed(range(len(versions))) if _is_same(versions[i], values)), None)
        if index is None or is_mixed:
            versions.append(CodeVersion((number,), values, (), is_mixed))
            continue
        known = versions[index]
        unclear = tuple(dict.fromkeys([*known.unclear, *changed_names(known.values, values)]))
        versions[index] = CodeVersion((*known.trials, number), {**known.values, **values}, unclear)
    return tuple(versions)


def _is_same(version: CodeVersion, values: Mapping[str, str]) -> bool:
    return not version.is_mixed and not _telling(version.values, values)


def _telling(previous: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Return the changed names that set two trials apart."""
    changed = changed_names(previous, current)
    has_hash = any(name in previous and previous[name] == current.get(name) for name in HASHES_OF_CODE)
    return [name for name in changed if not (has_hash and name in UNCLEAR_WITH_HASH)]
