"""Files that a script writes while it runs: what is new in them, and nothing that was there before it began."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 20


@dataclass
class Tail:
    """New whole lines of a growing file. A file that shrinks or is replaced is read from its beginning."""

    path: Path
    offset: int = 0
    _inode: int = 0
    _rest: bytes = b""

    @classmethod
    def from_now(cls, path: Path) -> Tail:
        """A tail that leaves out what the file holds already."""
        try:
            known = path.stat()
        except OSError:
            return cls(path)
        return cls(path, known.st_size, known.st_ino)

    def lines(self, *, last: bool = False) -> list[str]:
        """Whole lines since the last call; with `last` also one without its end."""
        try:
            seen = os.stat(self.path)  # asked several times a second, mostly for nothing
            if seen.st_size == self.offset and self._inode in (0, seen.st_ino) and not (last and self._rest):
                return []
            with open(self.path, "rb") as file:
                known = os.fstat(file.fileno())
                if known.st_size < self.offset or (self._inode and known.st_ino != self._inode):
                    self.offset, self._rest = 0, b""
                self._inode = known.st_ino
                if known.st_size == self.offset and not (last and self._rest):
                    return []
                file.seek(self.offset)
                data = file.read() if last else file.read(CHUNK)
        except OSError:
            return []
        self.offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        if last and self._rest:
            whole, self._rest = [*whole, self._rest], b""
        return [line.decode(errors="replace") for line in whole]


@dataclass
class Document:
    """A file that is written anew as a whole, such as a JSON of results."""

    path: Path
    seen: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def from_now(cls, path: Path) -> Document:
        """A document whose present content is somebody else's."""
        return cls(path, _stamp(path))

    def text(self) -> str | None:
        """The content, if it has changed since."""
        stamp = _stamp(self.path)
        if stamp in (self.seen, (0, 0, 0)):
            return None
        try:
            text = self.path.read_text(errors="replace")
        except OSError:
            return None
        self.seen = stamp
        return text


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        known = path.stat()
    except OSError:
        return 0, 0, 0
    return known.st_mtime_ns, known.st_size, known.st_ino
