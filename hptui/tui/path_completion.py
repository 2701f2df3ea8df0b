"""Completes paths that are typed in dialogs. No Textual in here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

MAX_ENTRIES = 5000
"""Entries of a directory that are looked at."""


def path_candidates(text: str, suffixes: Sequence[str]) -> list[str]:
    """Return what a typed path can go on to: directories, with `/`, and files with one of the suffixes."""
    folder, _, start = text.rpartition("/")
    prefix = text[: len(text) - len(start)]
    try:
        with os.scandir(Path(prefix or ".").expanduser() if prefix or not folder else "/") as entries:
            listed = [entry for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False)]
    except OSError:
        return []
    names = []
    for entry in listed:
        if not entry.name.startswith(start) or (entry.name.startswith(".") and not start.startswith(".")):
            continue
        if entry.is_dir():
            names.append(f"{prefix}{entry.name}/")
        elif not suffixes or entry.name.endswith(tuple(suffixes)):
            names.append(f"{prefix}{entry.name}")
    return sorted(names)


def completed_path(text: str, suffixes: Sequence[str]) -> tuple[str, list[str]]:
    """Return a typed path as far as it is unambiguous, and what it can go on to."""
    candidates = path_candidates(text, suffixes)
    if not candidates:
        return text, []
    # Of sorted names the first and the last agree in no more than all do.
    pairs = enumerate(zip(candidates[0], candidates[-1], strict=False))
    shared = min(len(candidates[0]), len(candidates[-1]))
    length = next((index for index, (first, last) in pairs if first != last), shared)
    return (candidates[0][:length] if length > len(text) else text), candidates
