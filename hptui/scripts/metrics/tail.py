"""Files that a script writes while it runs: their new content, without what they held before it began."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from hptui.core.dataclass import dataclass

MAX_READ_BYTES = 1 << 20
MAX_LINE_BYTES = 1 << 22
"""Bytes of a line; a longer one is skipped."""
HEAD_BYTES, TAIL_BYTES = 4096, 64
"""Bytes at the beginning, and before the place that was read to, that tell whether the file was rewritten."""


@dataclass
class FileTail:
    """New complete lines of a growing file. A file that is rewritten, replaced or cut is read from its beginning.

    `reading` counts how often that has happened.
    """

    path: Path
    offset: int = 0
    reading: int = 0
    _inode: int = 0
    _incomplete: bytes = b""
    _skips: bool = False
    _head: bytes = b""
    _before: bytes = b""

    @classmethod
    def from_now(cls, path: Path) -> FileTail:
        """Return a tail that skips what the file holds already."""
        tail = cls(path)
        with suppress(OSError), open(path, "rb") as file:
            status = os.fstat(file.fileno())
            tail.offset, tail._inode = status.st_size, status.st_ino
            tail._head = os.pread(file.fileno(), min(HEAD_BYTES, tail.offset), 0)
            size = min(TAIL_BYTES, tail.offset)
            tail._before = os.pread(file.fileno(), size, tail.offset - size)
        return tail

    def lines(self, *, last: bool = False) -> list[str]:
        """Return the complete lines since the last call.

        At most 1 MiB is read at once; with `last` all, and an incomplete last line, too.
        """
        try:
            named = os.stat(self.path)  # several times a second, mostly without news: do not open it then
            if named.st_size == self.offset and self._inode in (0, named.st_ino) and not last:
                return []
            with open(self.path, "rb") as file:
                status = os.fstat(file.fileno())
                lines = self._read(file.fileno(), status, last=last)
                while last and self.offset < status.st_size:
                    before = self.offset
                    lines += self._read(file.fileno(), status, last=last)
                    if self.offset == before:  # it was cut meanwhile
                        break
        except OSError:
            return []
        if last and self._incomplete:
            lines, self._incomplete = [*lines, self._incomplete], b""
        return [line.decode(errors="replace") for line in lines]

    def _read(self, fd: int, status: os.stat_result, *, last: bool) -> list[bytes]:
        if status.st_size < self.offset or self._inode not in (0, status.st_ino):
            self._start_over()
        data = os.pread(fd, MAX_READ_BYTES, self.offset)
        if not self._is_same(fd):  # checked after the read: whatever was read then belongs to what is remembered
            self._start_over()
            data = os.pread(fd, MAX_READ_BYTES, 0)
        self._inode = status.st_ino
        if self.offset == len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
        self._before = (self._before + data)[-TAIL_BYTES:]
        self.offset += len(data)
        return self._split(data)

    def _start_over(self) -> None:
        self.offset, self._incomplete, self._skips, self._head, self._before = 0, b"", False, b"", b""
        self.reading += 1

    def _is_same(self, fd: int) -> bool:
        """Return whether the file still begins, and goes on to where it was read to, as it did."""
        at = self.offset - len(self._before)
        return os.pread(fd, len(self._head), 0) == self._head and os.pread(fd, len(self._before), at) == self._before

    def _split(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes; one that is too long is left out."""
        first, newline, rest = data.partition(b"\n")
        if not self._skips:
            self._incomplete += first
            self._skips = len(self._incomplete) > MAX_LINE_BYTES
        if self._skips:
            self._incomplete = b""
        if not newline:
            return []
        complete = [] if self._skips else [self._incomplete]
        self._skips = False
        *more, self._incomplete = rest.split(b"\n")
        return [*complete, *more]


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
