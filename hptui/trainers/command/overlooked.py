"""Finds an objective that no source has reported, though the script has written it into a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from hptui.trainers.metrics_in.files import FORMAT_BY_SUFFIX
from hptui.trainers.metrics_in.reading import canonical_name

MAX_SEARCHED_CHARS = 1 << 20
"""Characters of a file that are searched."""
MAX_SEARCHED_FILES = 50
"""Files that are searched."""


def unread_objective_warnings(output: Path, objectives: Sequence[str], recorded: Collection[str]) -> Iterator[str]:
    """Yield, for each missing objective, the trial's file that seems to hold it and how it would be read."""
    missing = [name for name in objectives if name not in recorded]
    if not missing:
        return
    files = [
        path
        for path in sorted(output.rglob("*"))[:MAX_SEARCHED_FILES]
        if path.suffix.lower() in FORMAT_BY_SUFFIX and path.is_file()
    ]
    texts = {path: canonical_name(path.read_text(errors="replace")[:MAX_SEARCHED_CHARS]) for path in files}
    for name in missing:
        file = next((path for path, text in texts.items() if canonical_name(name) in text), None)
        if file is not None:
            relative = file.relative_to(output).as_posix()
            yield f'{name} stands in {file.name}, which nobody reads: metrics = ["{{trial_dir}}/{relative}"] does'
