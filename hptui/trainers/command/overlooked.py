"""An objective that nobody heard, though the script has written it into a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from hptui.trainers.metrics_in.files import KINDS
from hptui.trainers.metrics_in.reading import canonical

LARGEST = 1 << 20
"""Bytes of a file that is looked into."""
MOST = 50


def overlooked(output: Path, objectives: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """For each objective that is missing: the file of the trial that seems to hold it, and how it would be read."""
    missing = [name for name in objectives if name not in known]
    if not missing:
        return
    files = [path for path in sorted(output.rglob("*"))[:MOST] if path.suffix.lower() in KINDS and path.is_file()]
    texts = {path: canonical(path.read_text(errors="replace")[:LARGEST]) for path in files}
    for name in missing:
        found = next((path for path, text in texts.items() if canonical(name) in text), None)
        if found is not None:
            place = found.relative_to(output).as_posix()
            yield f'{name} stands in {found.name}, which nobody reads: metrics = ["{{trial_dir}}/{place}"] does'
