"""Finds an objective that no source has reported, though the script has written it into a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from hptui.trainers.metrics_in.files import KINDS
from hptui.trainers.metrics_in.reading import canonical

LARGEST = 1 << 20
"""Characters of a file that are searched."""
MOST = 50
"""Files that are searched."""


def overlooked(output: Path, objectives: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """Yield, for each missing objective, the trial's file that seems to hold it and how it would be read."""
    missing = [name for name in objectives if name not in known]
    if not missing:
        return
    files = [path for path in sorted(output.rglob("*"))[:MOST] if path.suffix.lower() in KINDS and path.is_file()]
    texts = {path: canonical(path.read_text(errors="replace")[:LARGEST]) for path in files}
    for name in missing:
        file = next((path for path, text in texts.items() if canonical(name) in text), None)
        if file is not None:
            relative = file.relative_to(output).as_posix()
            yield f'{name} stands in {file.name}, which nobody reads: metrics = ["{{trial_dir}}/{relative}"] does'
