"""A log file: where its lines begin, and which of them a filter selects. The lines are read when they are drawn.

A file that has grown is read on from where it ended; one that was cut or replaced is read again. Of a file larger than
`MAX_INDEXED_BYTES` only the end is indexed; `skipped` is the number of bytes left out.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.errors import NotFound
from hptui.tui.sources.pool import ReaderPool

BLOCK_BYTES = 1 << 22
"""Bytes that are read at once."""
MAX_INDEXED_BYTES = 1 << 27
"""Bytes of a file that are indexed at most."""
MAX_LINE_BYTES = 1 << 13
"""Bytes of one line that are read at most."""


@dataclass(frozen=True, slots=True, eq=False)
class LogSnapshot:
    """The lines of a file: where each begins.

    `chosen` are the indices that the filter selects; None means all.
    """

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
        """Return the index in the file of a line in sight."""
        return index if self.chosen is None else self.chosen[index]


class LogSource:
    """Watches a log. `path`, `find` and `filter` may be set by any thread.

    While there is no `path`, each poll asks `find` for one: the log of a trial that has just started comes later than
    the trial. `why` is shown until then.
    """

    def __init__(self, path: Path | None = None, why: str = "", *, find: Callable[[], Path] | None = None) -> None:
        self.path = path
        self.why = why
        self.find = find
        self.filter = ""
        self._latest: LogSnapshot | None = None
        self._identity: tuple[object, ...] = ()
        self._starts: array[int] = array("Q")
        self._chosen: array[int] = array("Q")
        self._filtered_count = 0
        self._size = self._skipped = 0
        self._filter = ""

    @property
    def latest(self) -> LogSnapshot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> LogSnapshot | None:
        """Return the index of lines if the file or the filter has changed, else None."""
        path, filter_text = self.path or self._search(), self.filter
        if path is None:
            return self._report_problem(LogSnapshot(None, array("Q"), 0, problem=self.why))
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                identity = (path, status.st_dev, status.st_ino)
                if identity != self._identity or status.st_size < self._size:
                    self._reset(identity, status.st_size)
                if status.st_size == self._size and filter_text == self._filter and self._shows(path):
                    return None
                self._index_lines(file.fileno(), status.st_size)
                if filter_text != self._filter:
                    self._filter, self._filtered_count, self._chosen = filter_text, 0, array("Q")
                if filter_text:
                    self._apply_filter(file.fileno())
        except OSError as error:
            return self._report_problem(LogSnapshot(path, array("Q"), 0, problem=f"{path}: {error.strerror or error}"))
        chosen = array("Q", self._chosen) if filter_text else None
        self._latest = LogSnapshot(path, array("Q", self._starts), self._size, self._skipped, chosen, filter_text)
        return self._latest

    def _shows(self, path: Path) -> bool:
        """Return whether the newest snapshot is of this file, and not of why there was none."""
        return self._latest is not None and self._latest.path == path and not self._latest.problem

    def _search(self) -> Path | None:
        """Return the log that is looked for, if it is there by now."""
        find = self.find
        if find is None:
            return None
        try:
            path = find()
        except NotFound as error:
            self.why = error.message
            return None
        if find is self.find:
            self.path = path
        return path

    def _report_problem(self, snapshot: LogSnapshot) -> LogSnapshot | None:
        if self._latest is not None and self._latest.problem == snapshot.problem and self._latest.path == snapshot.path:
            return None
        self._latest = snapshot
        return snapshot

    def _reset(self, identity: tuple[object, ...], size: int) -> None:
        self._identity, self._filter, self._filtered_count = identity, "", 0
        self._starts, self._chosen = array("Q"), array("Q")
        self._skipped = self._size = max(0, size - MAX_INDEXED_BYTES)

    def _index_lines(self, fd: int, size: int) -> None:
        """Find where lines begin, from the end of the last poll on."""
        is_first = not self._starts
        while self._size < size:
            block = os.pread(fd, min(BLOCK_BYTES, size - self._size), self._size)
            if not block:
                break
            if is_first:
                # The first line of a truncated index begins after the first newline.
                first = 0 if self._skipped == 0 else block.find(b"\n") + 1
                self._starts.append(self._size + first)
                is_first = False
            elif self._ends_with_newline:
                self._starts.append(self._size)
            self._ends_with_newline = False
            position = block.find(b"\n")
            while position != -1:
                if position + 1 < len(block):
                    begin = self._size + position + 1
                    if begin > self._starts[-1]:
                        self._starts.append(begin)
                else:
                    self._ends_with_newline = True
                position = block.find(b"\n", position + 1)
            self._size += len(block)

    _ends_with_newline = False
    """True if the last byte read was a newline: the next line begins with the next byte."""

    def _apply_filter(self, fd: int) -> None:
        """Find the lines that the filter selects. The last line is tested again: it may have been incomplete."""
        text = self._filter
        includes = not text.startswith("!")
        needle = text.removeprefix("!").lower().encode()
        while self._chosen and self._chosen[-1] >= max(0, self._filtered_count - 1):
            self._chosen.pop()
        index = max(0, self._filtered_count - 1)
        count = len(self._starts)
        while index < count:
            last = min(count, index + 4096)
            begin, end = self._starts[index], self._starts[last] if last < count else self._size
            block = os.pread(fd, min(end - begin, BLOCK_BYTES), begin)
            for number in range(index, last):
                offset = self._starts[number] - begin
                stop = (self._starts[number + 1] if number + 1 < count else self._size) - begin
                if offset >= len(block) or (stop > len(block) and stop - offset > MAX_LINE_BYTES):
                    line = os.pread(fd, min(MAX_LINE_BYTES, stop - offset), self._starts[number])
                else:
                    line = block[offset : min(stop, offset + MAX_LINE_BYTES)]
                if (needle in line.lower()) is includes:
                    self._chosen.append(number)
            index = last
        self._filtered_count = count


def read_line(fd: int, snapshot: LogSnapshot, number: int) -> str:
    """Return a line of the file, cut to the longest that is shown.

    Of a line that was overwritten by carriage returns, the last state is returned.
    """
    begin = snapshot.starts[number]
    end = snapshot.starts[number + 1] if number + 1 < len(snapshot.starts) else snapshot.size
    data = os.pread(fd, min(MAX_LINE_BYTES, end - begin), begin).rstrip(b"\r\n")
    visible = data.rsplit(b"\r", 1)[-1] if b"\r" in data else data
    return visible.decode(errors="replace")
