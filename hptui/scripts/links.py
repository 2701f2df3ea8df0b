"""Links to the files that a script reads, in a trial's own directory (`links` of `[trainer]`).

A script that writes where it starts would find the files of other trials there; in a directory of its own it finds what
it reads by these links alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from hptui.core.errors import UserError

TRIAL_MARKS = ("{trial_dir}", "{number}")
"""Placeholders that make a directory one of a single trial."""
EXAMPLE = 'for instance links = ["data"], or links = { data = "../data" }'


def read_links(value: Any) -> dict[str, str]:
    """Return the paths that are linked to, by the name that the script finds each under.

    Raises: UserError, which names the key.
    """
    table = {text: text for text in value} if isinstance(value, list) and _are_texts(value) else value
    if table is None:
        return {}
    if not isinstance(table, dict) or not _are_texts([*table, *table.values()]):
        raise UserError(f"trainer.links: must be a list or a table of texts, got {value!r}", hint=EXAMPLE)
    for name in table:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or not PurePosixPath(name).name:
            hint = f'a name for it: links = {{ {PurePosixPath(name).name or "data"} = "{name}" }}'
            raise UserError(f"trainer.links: {name!r} does not lie below the directory of a trial", hint=hint)
    return table


def _are_texts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) and value for value in values)


def check_links(value: Any, workdir: str) -> None:
    """Check the links of a `[trainer]` table whose script starts in `workdir`.

    Raises: UserError, which names the key.
    """
    if read_links(value) and not any(mark in workdir for mark in TRIAL_MARKS):
        hint = 'workdir = "{trial_dir}"; without it the script finds its files as they are'
        raise UserError("trainer.links: are made where each trial starts in a directory of its own", hint=hint)


def make_links(
    value: Any, directory: Path, work: Path, fill: Callable[[str, str], str], written: Collection[Path]
) -> None:
    """Make the links in the directory where a trial starts; `directory` is that of the study file.

    A folder that is not there is made, so that what one trial downloads is there for the next; one that is to be found
    where it lies is the trial's own. What hptui has `written` itself, such as the trial's copy of a file of settings,
    stays.
    """
    for name, text in read_links(value).items():
        link, target = work / name, Path(os.path.abspath(directory / fill(text, "links")))
        if os.path.lexists(link) or link in written:
            continue
        if not target.exists() and target.suffix:
            continue  # a file that the script may do without: the script's own error says more
        target.mkdir(parents=True, exist_ok=True) if not target.exists() else None
        if os.path.lexists(link):  # a folder of the trial's own
            continue
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def missing_files(value: Any, directory: Path, fill: Callable[[str, str], str]) -> Iterator[str]:
    """Yield the files to be linked to that are not there."""
    for text in read_links(value).values():
        target = directory / fill(text, "links")
        if target.suffix and not target.exists():
            yield text


def source_directory(value: Any, words: Sequence[str], directory: Path, work: Path) -> Path:
    """Return the directory in which the file of a command is: that of a linked package, else `work`."""
    module = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    first = module.partition(".")[0]
    links = read_links(value)
    target = links.get(first) or links.get(f"{first}.py") if first else None
    return Path(os.path.abspath(directory / target)).parent if target else work
