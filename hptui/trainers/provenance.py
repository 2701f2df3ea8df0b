"""The provenance of an attempt: its process's environment, the commit of its code, and its files with their hashes.

The worker records it when it begins, because all of it may change while a study runs; the runner records the machine.
Variables are kept by an allow-list of names, and never when they look like a secret."""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import json
import os
import platform
import re
import resource
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.git import ask_git
from hptui.core.masking import mask_text, recordable_variables
from hptui.core.trial import Value


def environment_facts(threads: int = 0) -> dict[str, Value]:
    """Return the environment of this process as it is now."""
    return {**interpreter_facts(threads), **computing_facts()}


def interpreter_facts(threads: int = 0) -> dict[str, Value]:
    """Return what holds for a worker, whichever process computes for it."""
    return {"python": platform.python_version(), "executable": sys.executable, "worker_threads": threads}


def computing_facts() -> dict[str, Value]:
    """Return what holds for the process that computes: what it has imported, its variables and switches."""
    return {
        "packages": dict(sorted(package_versions().items())),
        "variables": recorded_variables(os.environ),
        "determinism": determinism_switches(),
    }


def recorded_variables(environ: Mapping[str, str]) -> dict[str, Value]:
    """Return the variables that change how a training runs and hold no secrets."""
    return {name: value for name, value in recordable_variables(environ).items() if value == environ[name]}


def host_peak_gib() -> float:
    """Return the peak of this process's resident memory, in GiB.

    `getrusage` alone reports too much: the memory of the parent before `exec` counts there as the program's own.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmHWM:"))
        return int(line.split()[1]) / (1 << 20)
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def children_peak_gib() -> float:
    """Return the largest peak of resident memory among children that have ended, in GiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 << 20)


@dataclass
class KnownModules:
    """What was found when this process, or the one that it was forked from, last looked: versions, and up to where."""

    versions: dict[str, str] = field(default_factory=dict)
    last: str = ""


KNOWN = KnownModules()


def package_versions() -> dict[str, Value]:
    """Return the versions of the third-party packages that this process has imported."""
    versions: dict[str, Value] = {**KNOWN.versions, **_versions_after(KNOWN.last)}
    return versions


def remember_versions() -> None:
    """Look now, so that this process and those that it forks look at later imports only.

    To look at thousands of modules copies the pages that they share.
    """
    KNOWN.versions, KNOWN.last = {**KNOWN.versions, **_versions_after(KNOWN.last)}, next(reversed(sys.modules))


def _versions_after(last: str) -> dict[str, str]:
    """Return the versions of the packages imported after a module; of all where it is not there."""
    versions = {}
    later = list(itertools.takewhile(lambda name: name != last, reversed(sys.modules)))
    for name in later:
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names or name == "hptui":
            continue
        module = sys.modules.get(name)
        # Read from the module's dictionary: a module's `__getattr__` may import things or warn.
        version = vars(module).get("__version__") if hasattr(module, "__dict__") else None
        version = str(version) if isinstance(version, str) else distribution_version(name)
        if version:
            versions[name] = version
    return versions


def distribution_version(name: str) -> str:
    """Return the version of an installed distribution, or ''."""
    try:
        return importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""


def determinism_switches() -> dict[str, Value]:
    """Return the switches that decide whether a run can be repeated bit by bit."""
    switches: dict[str, Value] = {
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random"),
        "cublas_workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG", ""),
    }
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        switches["deterministic_algorithms"] = torch.are_deterministic_algorithms_enabled()
        switches["cudnn_benchmark"] = torch.backends.cudnn.benchmark
        switches["matmul_precision"] = torch.get_float32_matmul_precision()
        switches["cuda"] = torch.version.cuda or ""
    return switches


GIT_TIMEOUT_S = 5.0
"""Timeout of one git command, in seconds."""
MAX_WHOLE_HASH_BYTES = 1 << 30
"""Files up to this many bytes are hashed whole; of larger ones the first and the last `PART` bytes."""
HASHED_END_BYTES = 64 << 20
"""Bytes at each end of a larger file that are hashed."""
MAX_DIRECTORY_FILES = 2000
"""Entries of a directory that are hashed, at most."""
HASHES_FILE = "inputs.json"
"""File in a study's cache with the hashes that were computed before."""
OUTPUT_SETTING = re.compile("out|log|cache|save|checkpoint|result", re.IGNORECASE)
"""Pattern of names of settings that name a path to write to: they are no inputs."""


def git_facts(directory: Path) -> dict[str, Value]:
    """Return commit, remote, and whether tracked files differ from the commit; {} outside a repository."""
    commit = _git(directory, "rev-parse", "HEAD")
    if not commit:
        return {}
    changed = _git(directory, "status", "--porcelain", "--untracked-files=no")
    facts: dict[str, Value] = {"git_commit": commit, "git_dirty": None if changed is None else bool(changed)}
    remote = _git(directory, "config", "--get", "remote.origin.url")
    return {**facts, "git_remote": mask_text(remote)} if remote else facts


def _git(directory: Path, *arguments: str) -> str | None:
    """Return the output of a git command; None when git fails, is missing, or takes too long."""
    output = ask_git(directory, *arguments, timeout=GIT_TIMEOUT_S)
    return None if output is None else output.decode(errors="replace").strip()


def data_facts(settings: Mapping[str, Any], directory: Path, cache: Path) -> dict[str, Value]:
    """Return bytes, modification time and SHA-256 of the files and directories that settings name.

    Hashes are kept in `cache` and reused while size and modification time stay the same.
    """
    remembered = _remembered(cache / HASHES_FILE)
    described: dict[str, Value] = {}
    fresh: dict[str, Any] = {}
    for text in _texts(settings):
        path = Path(os.path.expanduser(text))
        path = path if path.is_absolute() else directory / path
        try:
            facts = _facts(path, remembered.get(str(path)))
        except (OSError, ValueError):
            continue
        if facts is not None:
            described[text] = fresh[str(path)] = facts
    if any(remembered.get(path) != facts for path, facts in fresh.items()):
        _remember(cache / HASHES_FILE, {**remembered, **fresh})
    return {"data": described} if described else {}


def _texts(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield each text in settings that could be a path, once."""
    seen: set[str] = set()
    for name, value in settings.items():
        if OUTPUT_SETTING.search(name):
            continue
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text and "\n" not in text and len(text) < 4096 and text not in seen:
                seen.add(text)
                yield text


def _facts(path: Path, remembered: Mapping[str, Any] | None) -> dict[str, Value] | None:
    if path.is_dir():
        return _directory_facts(path)
    if not path.is_file():
        return None
    stat = path.stat()
    facts: dict[str, Value] = {"bytes": stat.st_size, "mtime": stat.st_mtime}
    if remembered is not None and all(remembered.get(name) == value for name, value in facts.items()):
        return {**facts, "sha256": remembered.get("sha256")}
    return {**facts, "sha256": _sha256(path, stat.st_size)}


def _sha256(path: Path, size: int) -> str:
    with path.open("rb") as file:
        if size <= MAX_WHOLE_HASH_BYTES:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(str(size).encode())
        for start in (0, size - HASHED_END_BYTES):
            file.seek(start)
            digest.update(file.read(HASHED_END_BYTES))
        return f"ends:{digest.hexdigest()}"


def _directory_facts(path: Path) -> dict[str, Value]:
    """Describe a directory by names, sizes and modification times of the files in it."""
    digest, size, count, newest = hashlib.sha256(), 0, 0, 0.0
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            count += 1
            if count > MAX_DIRECTORY_FILES:
                return {"bytes": size, "mtime": newest, "sha256": f"names:{digest.hexdigest()}"}
            with suppress(OSError):
                stat = os.stat(os.path.join(folder, name))
                relative = os.path.relpath(os.path.join(folder, name), path)
                digest.update(f"{relative}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode("utf-8", "replace"))
                size, newest = size + stat.st_size, max(newest, stat.st_mtime)
    return {"bytes": size, "mtime": newest, "sha256": f"names:{digest.hexdigest()}"}


def _remembered(path: Path) -> dict[str, Any]:
    try:
        hashes = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return hashes if isinstance(hashes, dict) else {}


def _remember(path: Path, hashes: Mapping[str, Any]) -> None:
    """Write the hashes that are reused. Several workers may do so at once: the last one wins."""
    with suppress(OSError):  # only a saving of time: a read-only or full cache must not fail the trial
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(hashes))
        os.replace(temporary, path)
