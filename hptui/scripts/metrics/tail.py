"""Files that a script writes while it runs: their new content, without what they held before it began."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MAX_READ_BYTES = 1 << 20


@dataclass
class FileTail:
    """New complete lines of a growing file. A file that shrinks or is replaced is read from its beginning."""

    path: Path
    offset: int = 0
    _inode: int = 0
    _incomplete: bytes = b""

    @classmethod
    def from_now(cls, path: Path) -> FileTail:
        """Return a tail that skips what the file holds already."""
        try:
            status = path.stat()
        except OSError:
            return cls(path)
        return cls(path, status.st_size, status.st_ino)

    def lines(self, *, last: bool = False) -> list[str]:
        """Return the complete lines since the last call.

        At most 1 MiB is read at once; with `last` all, and an incomplete last line, too.
        """
        try:
            named = os.stat(self.path)  # several times a second, mostly without news: do not open it then
            if named.st_size == self.offset and self._inode in (0, named.st_ino) and not (last and self._incomplete):
                return []
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                if status.st_size < self.offset or (self._inode and status.st_ino != self._inode):
                    self.offset, self._incomplete = 0, b""
                self._inode = status.st_ino
                if status.st_size == self.offset and not (last and self._incomplete):
                    return []
                file.seek(self.offset)
                data = file.read() if last else file.read(MAX_READ_BYTES)
        except OSError:
            return []
        self.offset += len(data)
        *complete, self._incomplete = (self._incomplete + data).split(b"\n")
        if last and self._incomplete:
            complete, self._incomplete = [*complete, self._incomplete], b""
        return [line.decode(errors="replace") for line in complete]


@dataclass
class RewrittenFile:
    """A file that is rewritten as a whole, such as a JSON of results."""

    path: Path
    last_stamp: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def from_now(cls, path: Path) -> RewrittenFile:
        """Return a document whose present content, of an earlier run, is skipped."""
        return cls(path, _stamp(path))

    def text(self) -> str | None:
        """Return the content if it has changed since the last call, else None."""
        stamp = _stamp(self.path)
        if stamp in (self.last_stamp, (0, 0, 0)):
            return None
        try:
            text = self.path.read_text(errors="replace")
        except OSError:
            return None
        self.last_stamp = stamp
        return text


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino
