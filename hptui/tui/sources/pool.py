"""The stores that the feed has open: one reader per study, opened again when its file was replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hptui.core.errors import HptuiError
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader


class FeedSource(Protocol):
    """One thing that is polled.

    Used by the feed's thread only, except `latest`, which any thread may read.
    """

    @property
    def latest(self) -> object | None:
        """The newest snapshot, which is immutable."""

    def poll(self, pool: ReaderPool) -> object | None:
        """Return a new snapshot if something has changed, else None.

        Raises: HptuiError if that cannot be read.
        """


class ReaderPool:
    """Readers by study. `tick` changes whenever a store may contain something new."""

    def __init__(self) -> None:
        self._open: dict[Path, tuple[StoreReader, tuple[int, int]]] = {}
        self._ticks: dict[Path, tuple[int, int]] = {}
        self._checked: set[Path] = set()

    def begin(self) -> None:
        """Begin a round: the version of each store is read once per round."""
        self._checked.clear()

    def reader(self, sd: StudyDir) -> StoreReader:
        """Return the reader of a study; it is opened again when the file was replaced."""
        entry = self._open.get(sd.root)
        identity = _identity(sd.db)
        if entry is not None and entry[1] == identity:
            return entry[0]
        if entry is not None:
            self._close_reader(sd.root)
        reader = StoreReader.open(sd)
        self._open[sd.root] = (reader, identity)
        return reader

    def tick(self, sd: StudyDir) -> int:
        """Return a number that grows when another process has written, or the file was replaced."""
        reader = self.reader(sd)
        if sd.root not in self._checked:
            try:
                version = reader.connection.data_version()
            except HptuiError:
                self._close_reader(sd.root)
                raise
            count, previous = self._ticks.get(sd.root, (0, -1))
            self._ticks[sd.root] = (count + (version != previous), version)
            self._checked.add(sd.root)
        return self._ticks[sd.root][0]

    def close(self) -> None:
        """Close all readers."""
        for root in list(self._open):
            self._close_reader(root)

    def _close_reader(self, root: Path) -> None:
        self._open.pop(root)[0].close()
        count, _ = self._ticks.get(root, (0, 0))
        self._ticks[root] = (count + 1, -1)
        self._checked.discard(root)


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return status.st_dev, status.st_ino
