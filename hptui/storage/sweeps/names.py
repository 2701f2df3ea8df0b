"""Names of a sweep file that a study file cannot use as they are, and where its program is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from hptui.model.scripts import OWN

UNFIT = re.compile(r"[^A-Za-z0-9_.-]")
TAKEN = (*OWN, "kind")
LEVELS = 4
"""So far above the sweep file its program is looked for."""


def ours(names: Iterable[str]) -> dict[str, str]:
    """What a study calls parameters: as they are, unless hptui has a setting of that name, or a letter is unfit."""
    found: dict[str, str] = {}
    names = list(names)
    for name in names:
        fit = UNFIT.sub("_", name)
        fit = f"its_{fit}" if fit in TAKEN or not (fit[:1].isalpha() or fit[:1] == "_") else fit
        while fit != name and (fit in names or fit in found.values()):
            fit += "_"
        found[name] = fit
    return found


def workdir(path: str, words: Sequence[str]) -> str:
    """Where the command must run, seen from the sweep file: W&B's agent may be started above the file. '' beside it."""
    script = next((text for text in words if text.endswith((".py", ".sh")) and not os.path.isabs(text)), "")
    folder = Path(path).parent
    if not script or "{" in script or (folder / script).exists():
        return ""
    for level, above in enumerate(folder.parents[:LEVELS], 1):
        if (above / script).is_file():
            return "/".join([".."] * level)
    return ""
