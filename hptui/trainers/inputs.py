"""What an attempt trains from: the commit of its code, and the files that its settings name, with their hashes.

Taken by the worker when it begins, because both may change while a study runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.model.secrets import scrub
from hptui.model.trial import Value

GIT_SECONDS = 5.0
WHOLE = 1 << 30
"""Files up to this size are hashed whole; of larger ones the first and the last part of `PART` bytes."""
PART = 64 << 20
MANY = 2000
"""Entries of a directory that are looked at."""
REMEMBERED = "inputs.json"
OUTPUT = re.compile("out|log|cache|save|checkpoint|result", re.IGNORECASE)
"""What a setting is called that names a place to write to."""


def git(directory: Path) -> dict[str, Value]:
    """Commit, remote and whether files differ from the commit; {} outside a repository."""
    commit = _git(directory, "rev-parse", "HEAD")
    if not commit:
        return {}
    changed = _git(directory, "status", "--porcelain", "--untracked-files=no")
    found: dict[str, Value] = {"git_commit": commit, "git_dirty": None if changed is None else bool(changed)}
    remote = _git(directory, "config", "--get", "remote.origin.url")
    return {**found, "git_remote": scrub(remote)} if remote else found


def _git(directory: Path, *words: str) -> str | None:
    """What git says; None when it fails, is not there, or takes too long."""
    # A repository's own configuration may name programs that `status` would run; they are none of our business.
    harmless = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *harmless, "-C", str(directory), *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=GIT_SECONDS,
            env=quiet,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def data(settings: Mapping[str, Any], directory: Path, cache: Path) -> dict[str, Value]:
    """The files and directories that settings name, by path: bytes, time of change, SHA-256.

    What has been hashed once is remembered in `cache`, for as long as size and time stay.
    """
    known = _remembered(cache / REMEMBERED)
    found: dict[str, Value] = {}
    fresh: dict[str, Any] = {}
    for text in _texts(settings):
        path = Path(os.path.expanduser(text))
        path = path if path.is_absolute() else directory / path
        try:
            facts = _facts(path, known.get(str(path)))
        except (OSError, ValueError):
            continue
        if facts is not None:
            found[text] = fresh[str(path)] = facts
    if any(known.get(path) != facts for path, facts in fresh.items()):
        _remember(cache / REMEMBERED, {**known, **fresh})
    return {"data": found} if found else {}


def _texts(settings: Mapping[str, Any]) -> Iterator[str]:
    """Every text in settings that could be a path, each once."""
    seen: set[str] = set()
    for name, value in settings.items():
        if OUTPUT.search(name):
            continue
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text and "\n" not in text and len(text) < 4096 and text not in seen:
                seen.add(text)
                yield text


def _facts(path: Path, known: Mapping[str, Any] | None) -> dict[str, Value] | None:
    if path.is_dir():
        return _of_directory(path)
    if not path.is_file():
        return None
    stat = path.stat()
    facts: dict[str, Value] = {"bytes": stat.st_size, "mtime": stat.st_mtime}
    if known is not None and all(known.get(name) == value for name, value in facts.items()):
        return {**facts, "sha256": known.get("sha256")}
    return {**facts, "sha256": _sha256(path, stat.st_size)}


def _sha256(path: Path, size: int) -> str:
    with path.open("rb") as file:
        if size <= WHOLE:
            return hashlib.file_digest(file, "sha256").hexdigest()
        found = hashlib.sha256(str(size).encode())
        for start in (0, size - PART):
            file.seek(start)
            found.update(file.read(PART))
        return f"ends:{found.hexdigest()}"


def _of_directory(path: Path) -> dict[str, Value]:
    """A directory by the names, sizes and times of what is in it."""
    found, size, count, newest = hashlib.sha256(), 0, 0, 0.0
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            count += 1
            if count > MANY:
                return {"bytes": size, "mtime": newest, "sha256": f"names:{found.hexdigest()}"}
            with suppress(OSError):
                stat = os.stat(os.path.join(folder, name))
                where = os.path.relpath(os.path.join(folder, name), path)
                found.update(f"{where}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode("utf-8", "replace"))
                size, newest = size + stat.st_size, max(newest, stat.st_mtime)
    return {"bytes": size, "mtime": newest, "sha256": f"names:{found.hexdigest()}"}


def _remembered(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(path: Path, known: Mapping[str, Any]) -> None:
    """Several workers may do this at once: each writes whole, and the last one wins."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(known))
        os.replace(beside, path)
