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
    raise NotFound(f"trial {trial.number} has printed nothing yet: it is {trial.status}")


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
    """Return the last `count` lines of a file, and its size; ([], 0) when it cannot be read."""
    try:
        with path.open("rb") as file:
            end = position = file.seek(0, os.SEEK_END)
            data = b""
            while position > 0 and data.count(b"\n") <= count:
                step = min(BLOCK_BYTES, position)
                position -= step
                file.seek(position)
                data = file.read(step) + data
    except OSError:
        return [], 0
    lines = data[: data.rfind(b"\n") + 1].splitlines() if b"\n" in data else []
    unfinished = data[data.rfind(b"\n") + 1 :]
    lines += [unfinished] if unfinished else []
    return [line.decode(errors="replace") for line in lines[-count:]] if count else [], end


def lines_from(path: Path, offset: int, alive: Callable[[], bool]) -> Iterator[str]:
    """Yield lines after `offset` as they come, until `alive` is False and all is read.

    Starts at the beginning again when the file becomes shorter, since the log was then rotated.
    """
    pending = b""
    while True:
        ended = not alive()
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < offset:
                    offset, pending = 0, b""
                file.seek(offset)
                data = file.read()
        except OSError:
            data = b""
        offset += len(data)
        *lines, pending = (pending + data).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
        if ended and not data:
            if pending:
                yield pending.decode(errors="replace")
            return
        if not data:
            time.sleep(POLL_S)


def is_still_written(path: Path) -> bool:
    """Return True while the attempt that a log belongs to lives."""
    return not probe(RunDir(path.parent)).gone
