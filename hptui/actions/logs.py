"""What trials and the runner have printed: the last lines, and lines as they come."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hptui.model.errors import NotFound
from hptui.model.trial import Trial
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rundir import RunDir, is_held

BLOCK = 64 * 1024
POLL = 0.2


def log_of(sd: StudyDir, trial: Trial, attempt: int | None = None) -> Path:
    """The log of an attempt, by default the newest that has one; `NotFound` when there is none."""
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


def wait_for_log(sd: StudyDir, number: int, attempt: int | None, told: Callable[[str], None]) -> Path:
    """The log of a trial, waited for as long as the trial may still run; `told` is told once that it is."""
    said = False
    while True:
        with Reader(sd) as reader:
            trial = reader.trial(number)
        try:
            return log_of(sd, trial, attempt)
        except NotFound:
            if not trial.status.open:
                raise
        if not said:
            said = True
            told(f"trial {number} is {trial.status}; what it prints is shown as it comes")
        time.sleep(POLL)


def last_lines(path: Path, count: int) -> tuple[list[str], int]:
    """The last `count` lines of a file, and where it ended. A file that is not there has none."""
    try:
        with path.open("rb") as file:
            end = position = file.seek(0, os.SEEK_END)
            data = b""
            while position > 0 and data.count(b"\n") <= count:
                step = min(BLOCK, position)
                position -= step
                file.seek(position)
                data = file.read(step) + data
    except OSError:
        return [], 0
    lines = data[: data.rfind(b"\n") + 1].splitlines() if b"\n" in data else []
    rest = data[data.rfind(b"\n") + 1 :]
    lines += [rest] if rest else []
    return [line.decode(errors="replace") for line in lines[-count:]] if count else [], end


def lines_from(path: Path, offset: int, alive: Callable[[], bool]) -> Iterator[str]:
    """Lines after `offset` as they come, until nobody writes any more. Starts over when the file is rotated away."""
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
            time.sleep(POLL)


def writes(path: Path) -> bool:
    """Whether the attempt that a log belongs to still lives."""
    return is_held(RunDir(path.parent).lock)
