"""Gives a script the trial's copy of a file of settings whose path stands in the script.

The tap loads this file by its path, and only where a study asks for it. What the script opens for reading under the
path of the original is the copy; an empty file tells hptui that this happened, or that the script, which works in the
directory of the trial, has opened the copy itself. Standard library only.
"""

from __future__ import annotations

import builtins
import io
import os
from typing import Any


def install(original: str, copy: str, mark: str) -> None:
    """Let `open` read `copy` in place of `original`; `mark` is made when the copy is read."""
    targets = {os.path.realpath(original), os.path.realpath(copy)}
    names = {os.path.basename(path) for path in (original, *targets)}
    open_file = io.open

    def open_copy(file: Any, mode: str = "r", *others: Any, **options: Any) -> Any:
        if "r" in mode and "+" not in mode and is_original(file):
            os.close(os.open(mark, os.O_CREAT | os.O_WRONLY, 0o600))
            file = copy
        return open_file(file, mode, *others, **options)

    def is_original(file: Any) -> bool:
        if not isinstance(file, (str, os.PathLike)):
            return False
        path = os.fspath(file)
        return isinstance(path, str) and os.path.basename(path) in names and os.path.realpath(path) in targets

    builtins.open = io.open = open_copy  # any script may call either
