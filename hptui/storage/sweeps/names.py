"""Names of a sweep file that a study file cannot use as they are, and the directory of its program."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from hptui.model.scripts import COMMAND_KEYS

INVALID_CHARACTER = re.compile(r"[^A-Za-z0-9_.-]")
"""Pattern of a character that a setting's name cannot have."""
RESERVED_NAMES = (*COMMAND_KEYS, "kind")
"""Settings of the trainer `command`, which parameters cannot be named after."""
MAX_PARENT_LEVELS = 4
"""Parent directories of the sweep file in which its program is looked for."""


def study_names_for(names: Iterable[str]) -> dict[str, str]:
    """Return the study's name for each parameter of a sweep.

    It differs where a setting of hptui has that name, or a character is not allowed.
    """
    study_names: dict[str, str] = {}
    names = list(names)
    for name in names:
        valid = INVALID_CHARACTER.sub("_", name)
        valid = f"its_{valid}" if valid in RESERVED_NAMES or not (valid[:1].isalpha() or valid[:1] == "_") else valid
        while valid != name and (valid in names or valid in study_names.values()):
            valid += "_"
        study_names[name] = valid
    return study_names


def find_workdir(path: str, words: Sequence[str]) -> str:
    """Return the directory in which the command must run, relative to the sweep file; '' for its own.

    W&B's agent may be started in a parent directory.
    """
    script = next((text for text in words if text.endswith((".py", ".sh")) and not os.path.isabs(text)), "")
    folder = Path(path).parent
    if not script or "{" in script or (folder / script).exists():
        return ""
    for level, ancestor in enumerate(folder.parents[:MAX_PARENT_LEVELS], 1):
        if (ancestor / script).is_file():
            return "/".join([".."] * level)
    return ""
