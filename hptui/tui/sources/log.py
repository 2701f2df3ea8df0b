"""A log file under watch: where its lines begin, which of them a filter lets through. Lines are read when drawn.

A file that has grown is read on from where it ended; one that was cut or replaced is read anew. Of a file beyond
`LIMIT` only the end is indexed, and that is said.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass
from pathlib import Path

from hptui.tui.sources.pool import Pool

BLOCK = 1 << 22
LIMIT = 1 << 27
LONGEST = 1 << 13
"""Bytes of one line that are ever looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class LogSnapshot:
    """Lines of a file: where each begins; `chosen` are the indices that the filter lets through, None: all."""

    path: Path | None
    starts: array[int]
    size: int
    skipped: int = 0
    chosen: array[int] | None = None
    filter: str = ""
    problem: str = ""

    def __len__(self) -> int:
        return len(self.starts) if self.chosen is None else len(self.chosen)

    def number(self, index: int) -> int:
        """The line's index in the file, of a line in sight."""
        return index if self.chosen is None else self.chosen[index]


class LogSource:
    """Watches a log. `path` and `filter` may be set by any thread."""

    def __init__(self, path: Path | None = None, why: str = "") -> None:
        self.path = path
        self.why = why
        self.filter = ""
        self._latest: LogSnapshot | None = None
        self._identity: tuple[object, ...] = ()
        self._starts: array[int] = array("Q")
        self._chosen: array[int] = array("Q")
        self._judged = 0
        self._size = self._skipped = 0
        self._filter = ""

    @property
    def latest(self) -> LogSnapshot | None:
        return self._latest

    def poll(self, pool: Pool) -> LogSnapshot | None:
        path, wanted = self.path, self.filter
        if path is None:
            return self._say(LogSnapshot(None, array("Q"), 0, problem=self.why))
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                identity = (path, found.st_dev, found.st_ino)
                if identity != self._identity or found.st_size < self._size:
                    self._start_over(identity, found.st_size)
                if found.st_size == self._size and wanted == self._filter and self._latest is not None:
                    return None
                self._index(file.fileno(), found.st_size)
                if wanted != self._filter:
                    self._filter, self._judged, self._chosen = wanted, 0, array("Q")
                if wanted:
                    self._judge(file.fileno())
        except OSError as error:
            return self._say(LogSnapshot(path, array("Q"), 0, problem=f"{path}: {error.strerror or error}"))
        chosen = array("Q", self._chosen) if wanted else None
        self._latest = LogSnapshot(path, array("Q", self._starts), self._size, self._skipped, chosen, wanted)
        return self._latest

    def _say(self, snapshot: LogSnapshot) -> LogSnapshot | None:
        if self._latest is not None and self._latest.problem == snapshot.problem and self._latest.path == snapshot.path:
            return None
        self._latest = snapshot
        return snapshot

    def _start_over(self, identity: tuple[object, ...], size: int) -> None:
        self._identity, self._filter, self._judged = identity, "", 0
        self._starts, self._chosen = array("Q"), array("Q")
        self._skipped = self._size = max(0, size - LIMIT)

    def _index(self, fd: int, size: int) -> None:
        """Find where lines begin, from where the last look ended."""
        fresh = not self._starts
        while self._size < size:
            data = os.pread(fd, min(BLOCK, size - self._size), self._size)
            if not data:
                break
            if fresh:
                # In the midst of a file, the first whole line is the first.
                first = 0 if self._skipped == 0 else data.find(b"\n") + 1
                self._starts.append(self._size + first)
                fresh = False
            elif self._open_end:
                self._starts.append(self._size)
            self._open_end = False
            position = data.find(b"\n")
            while position != -1:
                if position + 1 < len(data):
                    begin = self._size + position + 1
                    if begin > self._starts[-1]:
                        self._starts.append(begin)
                else:
                    self._open_end = True
                position = data.find(b"\n", position + 1)
            self._size += len(data)

    _open_end = False
    """Whether the last byte read was a newline: the next line begins with the next byte."""

    def _judge(self, fd: int) -> None:
        """Which lines the filter lets through. The last one is judged anew: it may not be whole yet."""
        text = self._filter
        wanted = not text.startswith("!")
        needle = text.removeprefix("!").lower().encode()
        while self._chosen and self._chosen[-1] >= max(0, self._judged - 1):
            self._chosen.pop()
        index = max(0, self._judged - 1)
        count = len(self._starts)
        while index < count:
            last = min(count, index + 4096)
            begin, end = self._starts[index], self._starts[last] if last < count else self._size
            data = os.pread(fd, min(end - begin, BLOCK), begin)
            for number in range(index, last):
                offset = self._starts[number] - begin
                stop = (self._starts[number + 1] if number + 1 < count else self._size) - begin
                if offset >= len(data) or (stop > len(data) and stop - offset > LONGEST):
                    line = os.pread(fd, min(LONGEST, stop - offset), self._starts[number])
                else:
                    line = data[offset : min(stop, offset + LONGEST)]
                if (needle in line.lower()) is wanted:
                    self._chosen.append(number)
            index = last
        self._judged = count


def line_at(fd: int, snapshot: LogSnapshot, number: int) -> str:
    """A line of the file, as far as it is ever shown; of a line that a program has overwritten, what it shows last."""
    begin = snapshot.starts[number]
    end = snapshot.starts[number + 1] if number + 1 < len(snapshot.starts) else snapshot.size
    data = os.pread(fd, min(LONGEST, end - begin), begin).rstrip(b"\r\n")
    shown = data.rsplit(b"\r", 1)[-1] if b"\r" in data else data
    return shown.decode(errors="replace")
