"""The stores that the feed has open: one reader a study, opened anew when the file is another one."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hptui.model.errors import HptuiError
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader


class Source(Protocol):
    """One thing that is watched. Used by the feed's thread alone, except `latest`, which anybody may read."""

    @property
    def latest(self) -> object | None:
        """The newest snapshot, which nobody changes."""

    def poll(self, pool: Pool) -> object | None:
        """A new snapshot if something has changed, else None. `HptuiError` when it cannot be known."""


class Pool:
    """Readers by study. `tick` changes whenever a store may hold something new."""

    def __init__(self) -> None:
        self._open: dict[Path, tuple[Reader, tuple[int, int]]] = {}
        self._ticks: dict[Path, tuple[int, int]] = {}
        self._fresh: set[Path] = set()

    def begin(self) -> None:
        """A new round: what each store says of itself is asked once in it."""
        self._fresh.clear()

    def reader(self, sd: StudyDir) -> Reader:
        """The reader of a study, open for as long as its file is the same."""
        found = self._open.get(sd.root)
        identity = _identity(sd.db)
        if found is not None and found[1] == identity:
            return found[0]
        if found is not None:
            self._drop(sd.root)
        reader = Reader(sd)
        self._open[sd.root] = (reader, identity)
        return reader

    def tick(self, sd: StudyDir) -> int:
        """A number that grows when another process has written, or the file has become another."""
        reader = self.reader(sd)
        if sd.root not in self._fresh:
            try:
                version = reader.data_version()
            except HptuiError:
                self._drop(sd.root)
                raise
            count, known = self._ticks.get(sd.root, (0, -1))
            self._ticks[sd.root] = (count + (version != known), version)
            self._fresh.add(sd.root)
        return self._ticks[sd.root][0]

    def close(self) -> None:
        """Close them all."""
        for root in list(self._open):
            self._drop(root)

    def _drop(self, root: Path) -> None:
        self._open.pop(root)[0].close()
        count, _ = self._ticks.get(root, (0, 0))
        self._ticks[root] = (count + 1, -1)
        self._fresh.discard(root)


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (-1, -1)
    return found.st_dev, found.st_ino
