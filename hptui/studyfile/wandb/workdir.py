"""Finds the directory in which the command of a sweep must run: W&B starts it where its agent was started."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

PROGRAM_SUFFIXES = (".py", ".sh")
CONFIG_SUFFIXES = (".yaml", ".yml", ".json", ".toml", ".cfg", ".ini", ".gin")
MAX_PARENT_LEVELS = 8
"""Directories above the sweep file that are looked into; a repository's root ends the search."""


def find_workdir(path: str, words: Sequence[str], values: Iterable[Any] = ()) -> str:
    """Return the directory in which a command must run, relative to the sweep file; '' for the file's own.

    It is the nearest one above the file, else the one where the person stands, that holds the program (`train.py`, or
    the module behind `-m`), and among these the one that holds most of the configuration files that the command or a
    parameter with one value (`values`) names.
    """
    folder = Path(path).parent
    programs = list(_programs(words))
    configs = list(_named_paths([*words[1:], *(f"={value}" for value in values if isinstance(value, str))]))
    best, most = folder, 0
    for directory in dict.fromkeys([folder, *_above(folder), Path.cwd()]):
        has_program = any((directory / program).is_file() for program in programs)
        if (count := 1_000 * has_program + sum((directory / config).is_file() for config in configs)) > most:
            best, most = directory, count
    return "" if best == folder else Path(os.path.relpath(best, folder)).as_posix()


def _above(folder: Path) -> Iterator[Path]:
    """Yield the directories above, up to the root of the repository."""
    for directory in folder.parents[:MAX_PARENT_LEVELS]:
        if (folder / ".git").exists():
            return
        yield directory
        folder = directory


def _programs(words: Sequence[str]) -> Iterator[str]:
    """Yield the relative paths of which one must exist: a script, or the forms that a module can have.

    A module that starts another program (`-m torch.distributed.launch train.py`) is followed by that program.
    """
    for index, text in enumerate(words):
        if "{" in text or os.path.isabs(text):
            continue
        if index and words[index - 1] == "-m":
            module = text.replace(".", "/")
            yield from (f"{module}.py", f"{module}/__main__.py")
        elif text.endswith(PROGRAM_SUFFIXES):
            yield text
            return


def _named_paths(words: Iterable[str]) -> Iterator[str]:
    """Yield the relative paths of configuration files: `conf/base.yaml`, `--config=conf/base.yaml`."""
    for word in words:
        text = word.rpartition("=")[2]
        if text.endswith(CONFIG_SUFFIXES) and "{" not in text and not os.path.isabs(text):
            yield text
