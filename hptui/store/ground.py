"""Whether what a runner holds is still what lies at its paths: directory, lock, store and write-ahead log.

By path stats only: a descriptor of the store that was opened and closed would drop SQLite's locks."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from hptui.core.errors import MachineError
from hptui.store.paths import StudyDir

Identity = tuple[int, int] | None
"""Device and inode of what lies at a path; None: nothing does."""


class GroundLost(MachineError):
    """Files of a study were removed, renamed or replaced under its runner, which may write no more."""


def identity(path: Path | str) -> Identity:
    """Return the identity of what lies at a path."""
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


class Ground:
    """The files that a runner works on, as they were when it began."""

    def __init__(self, sd: StudyDir) -> None:
        self.sd = sd
        self._log = f"{sd.db}-wal"
        # Not for reading: it tells a directory that was renamed from one that was removed.
        self._directory = os.open(sd.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._held = {path: identity(path) for path in (sd.root, sd.db, sd.lock)}
        self._log_identity = identity(self._log)

    def problem(self) -> str:
        """Return what has happened to the files; '' when they are what they were."""
        if (now := identity(self.sd.root)) != self._held[self.sd.root]:
            if moved := self.moved_to():
                return f"the directory of the study was moved to {moved}"
            return f"the directory of the study was {_change(now)}: {self.sd.root}"
        for path in (self.sd.lock, self.sd.db):
            if (now := identity(path)) != self._held[path]:
                return f"{path.name} was {_change(now)} in {self.sd.root}"
        now = identity(self._log)
        if self._log_identity is None:
            self._log_identity = now
        elif now != self._log_identity:
            return f"{self.sd.db.name}-wal was {_change(now)} in {self.sd.root}"
        return ""

    def require(self) -> None:
        """Do nothing while the files are what they were.

        Raises: GroundLost.
        """
        if problem := self.problem():
            raise GroundLost(f"{problem}: the runner writes nothing more and leaves")

    def moved_to(self) -> str:
        """Return where the directory is now; '' when it was removed, or is where it was."""
        try:
            path = os.readlink(f"/proc/self/fd/{self._directory}")
        except OSError:
            return ""
        removed = os.fstat(self._directory).st_nlink == 0 or path.endswith(" (deleted)")
        return "" if removed or path == str(self.sd.root.resolve()) else path

    @property
    def directory_removed(self) -> bool:
        """Whether the directory is gone, so that nothing can be recorded any more."""
        return identity(self.sd.root) != self._held[self.sd.root] and not self.moved_to()

    @property
    def store_is_ours(self) -> bool:
        """Whether the store can still be written: only the lock was removed or replaced."""
        same = all(identity(path) == self._held[path] for path in (self.sd.root, self.sd.db))
        return same and identity(self._log) == self._log_identity

    @property
    def log_was_removed(self) -> bool:
        """Whether all that is missing is the write-ahead log, which this process still holds.

        An empty one at its path is that of somebody who reads; in any other the store goes on without this process.
        """
        if self._log_identity is None or identity(self._log) == self._log_identity:
            return False
        with suppress(FileNotFoundError):
            if os.stat(self._log).st_size:
                return False
        return all(identity(path) == known for path, known in self._held.items())


def _change(now: Identity) -> str:
    return "removed" if now is None else "replaced"
