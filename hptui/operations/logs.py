"""What trials and the runner have printed: the last lines, and new lines as they come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hptui.core.errors import NotFound
from hptui.core.trial import Trial
from hptui.execution.probe import probe
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir

BLOCK_BYTES = 64 * 1024  # bytes
MAX_LINE_BYTES = 64 * 1024
"""Bytes of one line that are shown."""
READ_BYTES = 1 << 20
POLL_S = 0.2  # seconds


def log_of(sd: StudyDir, trial: Trial, attempt: int | None = None) -> Path:
    """Return the log of an attempt, by default the newest that has one.

    Raises: `NotFound` when there is none.
    """
    numbers = range(trial.attempts, 0, -1) if attempt is None else (attempt,)
    for n in numbers:
        path = RunDir(sd.attempt(trial.number, n)).log
        if path.is_file():
            return path
    if attempt is not None:
        raise NotFound(
            f"trial {trial.number} has no log of attempt {attempt}", hint=f"it has {trial.attempts} attempts"
        )
    if trial.status.open:
        raise NotFound(f"trial {trial.number} has printed nothing yet: it is {trial.status}")
    raise NotFound(f"trial {trial.number} printed nothing: it is {trial.status}")


def wait_for_log(sd: StudyDir, number: int, attempt: int | None, notify: Callable[[str], None]) -> Path:
    """Return the log of a trial, after waiting for it as long as the trial may still run.

    `told` is called once with a sentence when waiting begins. Raises: `NotFound` when the trial ended without a log.
    """
    announced = False
    while True:
        with StoreReader.open(sd) as reader:
            trial = reader.trial(number)
        try:
            return log_of(sd, trial, attempt)
        except NotFound:
            if not trial.status.open:
                raise
        if not announced:
            announced = True
            notify(f"trial {number} is {trial.status}; what it prints is shown as it comes")
        time.sleep(POLL_S)


def last_lines(path: Path, count: int) -> tuple[list[str], int]:
    """Return the last `count` lines of a file, and its size; ([], 0) when it cannot be read.

    Of a line longer than `MAX_LINE_BYTES` the beginning is returned.
    """
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            starts = _starts_of_last(file.fileno(), end, count)
            stops = [*starts[1:], end][: len(starts)]
            lines = [_line_at(file.fileno(), start, stop) for start, stop in zip(starts, stops, strict=True)]
    except OSError:
        return [], 0
    return lines[-count:] if count else [], end


def _starts_of_last(fd: int, end: int, count: int) -> list[int]:
    """Return where the last lines of a file begin, looking back block by block."""
    starts: list[int] = []
    position = end
    while position > 0 and len(starts) <= count:
        size = min(BLOCK_BYTES, position)
        position -= size
        block = os.pread(fd, size, position)
        newline = block.rfind(b"\n")
        while newline >= 0 and len(starts) <= count:
            if position + newline + 1 < end:
                starts.append(position + newline + 1)
            newline = block.rfind(b"\n", 0, newline)
    if position == 0 and len(starts) <= count and end > 0:
        starts.append(0)
    return starts[::-1]


def _line_at(fd: int, start: int, stop: int) -> str:
    size = stop - start - (os.pread(fd, 1, stop - 1) == b"\n")
    data = os.pread(fd, min(size, MAX_LINE_BYTES), start).removesuffix(b"\n")
    if size > MAX_LINE_BYTES and b"\r" in (end := os.pread(fd, MAX_LINE_BYTES, stop - MAX_LINE_BYTES)):
        data, size = end.removesuffix(b"\n"), MAX_LINE_BYTES  # a progress bar: its last state stands at the end
    return _shown(data, size)


def _shown(line: bytes, size: int) -> str:
    """Return a line as a terminal shows it, without earlier states of a progress bar.

    One of more than `MAX_LINE_BYTES` is cut, with its size at the end.
    """
    text = line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")
    return text if size <= MAX_LINE_BYTES else f"{text}… ({size} bytes)"


def lines_from(path: Path, offset: int, alive: Callable[[], bool]) -> Iterator[str]:
    """Yield lines after `offset` as they come, until `alive` is False and all is read.

    Starts at the beginning again when the file becomes shorter, since the log was then rotated. Long lines are cut.
    """
    pending, size = b"", 0
    while True:
        ended = not alive()
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < offset:
                    offset, pending, size = 0, b"", 0
                data = os.pread(file.fileno(), READ_BYTES, offset)
        except OSError:
            data = b""
        offset += len(data)
        for index, part in enumerate(data.split(b"\n")):
            if index:
                yield _shown(pending, size)
                pending, size = b"", 0
            state = part.rstrip(b"\r").rpartition(b"\r")
            if state[1]:  # a progress bar that is drawn again
                pending, size, part = b"", 0, state[2]
            pending, size = pending + part[: MAX_LINE_BYTES - len(pending)], size + len(part)
        if ended and not data:
            if pending:
                yield _shown(pending, size)
            return
        if not data:
            time.sleep(POLL_S)


def matching_lines(path: Path, text: str, limit: int) -> Iterator[tuple[int, str]]:
    """Yield number (from 1) and text of each line of a file that contains a text, whatever its case."""
    needle, count = text.lower().encode(), 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if needle in line.lower():
                    yield number, _shown(line.rstrip(b"\n")[:MAX_LINE_BYTES], len(line))
                    count += 1
                    if count >= limit:
                        return
    except OSError:  # a log that is gone has no line
        return


def is_still_written(path: Path) -> bool:
    """Return True while the attempt that a log belongs to lives."""
    return not probe(RunDir(path.parent)).gone
