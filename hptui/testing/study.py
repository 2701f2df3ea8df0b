"""A study in a few words, and running it as a user does: a study file, a HOME of its own, a detached runner."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.api.reading import OpenStudy, open_study
from hptui.core.dataclass import dataclass
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.results.export.text_formats import toml_key, toml_text

__all__ = ["WrittenStudy", "study", "run_to_rest"]

MAX_REST_S = 90.0
"""Seconds within which a study of a test comes to rest, also on a busy machine."""
DEFAULT_TABLES: Mapping[str, Any] = {
    "name": "demo",
    "objective": {"metric": "loss"},
    "trainer": {"kind": "toy", "steps": 5},
    "space": {"learning_rate": "1e-5..1e-1 log"},
    "search": {"sampler": "random", "trials": 3},
}
"""What a study of a test is, where it says nothing else."""


@dataclass(frozen=True, slots=True)
class WrittenStudy:
    """A study file, and the HOME in which it is run."""

    path: Path
    home: Path


def study(tmp_path: Path, **tables: Any) -> WrittenStudy:
    """Write a study file into a directory: three trials of the toy trainer, unless `tables` say otherwise.

    Each is a table of the file or a key at its top, and replaces the one of that name: `search={"sampler": "halton"}`.
    """
    document = {**DEFAULT_TABLES, **tables}
    top = {key: value for key, value in document.items() if not isinstance(value, Mapping)}
    text = toml_text(top)
    for key, value in document.items():
        if isinstance(value, Mapping):
            text += f"\n[{toml_key(key)}]\n{toml_text(value)}"
    path = tmp_path / f"{document['name']}.toml"
    path.write_text(text)
    return WrittenStudy(path, tmp_path / "home")


def run_to_rest(written: WrittenStudy, timeout: float = MAX_REST_S, **options: Any) -> OpenStudy:
    """Run a study until its runner has left, and return what is recorded.

    `options` are those of `hptui run`. Raises: TimeoutError; HptuiError if it cannot be started.
    """
    started = run(written.home, str(written.path), **options)
    deadline = time.monotonic() + timeout
    while runner_status(started.sd)["alive"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{written.path.name} still runs after {timeout:g} s; see {started.sd.runner_log}")
        time.sleep(0.02)  # until the runner has recorded the last trial and let go of its lock
    return open_study(started.sd.name, home=written.home)
