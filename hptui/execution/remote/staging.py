"""What every executor of other machines prepares: a name for the study there, and paths as they are there."""

from __future__ import annotations

import shlex
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.store.paths import StudyDir
from hptui.store.run_directory import read_json, write_json

PATH_KEYS = ("trial_dir", "checkpoints", "continues", "artifacts", "cache", "resume_from")
"""Keys of a worker's configuration that hold paths in the study's directory."""


def study_identity(sd: StudyDir) -> str:
    """Return what tells this study from all others on a machine; made once, and moved with the study."""
    path = sd.trials / ".places-id"
    facts = read_json(path)
    if not isinstance(facts, str):
        sd.trials.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = uuid.uuid4().hex
        write_json(path, facts)
    return facts


def far_config(config: Mapping[str, Any], here: Path, there: str) -> dict[str, Any]:
    """Return a worker's configuration with the paths of the study's directory as they are on a machine."""

    def far(value: Any) -> Any:
        if isinstance(value, list):
            return [far(item) for item in value]
        inside = isinstance(value, str) and value.startswith(f"{here}/")
        return there + value[len(str(here)) :] if inside else value

    return {name: far(value) if name in PATH_KEYS else value for name, value in config.items()}


def quoted_python(python: str) -> str:
    """Return a path of Python for a shell; empty: the one that runs here."""
    path = python or sys.executable
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") else shlex.quote(path)
