"""Lists that are read like a log: what the runner decided, and lines found in the logs of all trials.

The lines stand in an unnamed temporary file of their own, so that find, filter, follow and pager work as on any log.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from hptui.core.errors import NotFound
from hptui.core.masking import shown
from hptui.core.trial import Trial
from hptui.operations.decisions import read_decisions
from hptui.operations.logs import log_of, matching_lines
from hptui.store.paths import StudyDir
from hptui.tui.sources.log import LogSnapshot, LogSource
from hptui.tui.sources.pool import ReaderPool

MAX_FOUND_LINES = 5000
"""Lines of all logs that are listed at most."""
LOGS_PER_POLL = 40
"""Logs that are searched per poll, so that other sources are read in between."""


class ListingSource(LogSource):
    """Lines that are written to a temporary file, which ends with this object."""

    def __init__(self, why: str) -> None:
        super().__init__(None, why)
        self._lines: list[str] = []
        self._open_file: IO[str] | None = None
        self._lock = threading.Lock()
        self._is_closed = False

    def close(self) -> None:
        """Delete the file; the feed may still be polling."""
        with self._lock:
            self._is_closed = True
            if self._open_file is not None:
                self._open_file.close()

    def set_lines(self, lines: Sequence[str]) -> None:
        """Set the lines: more of them are appended, others stand in a new file."""
        with self._lock:
            if not self._is_closed:
                self._write(lines)

    def _write(self, lines: Sequence[str]) -> None:
        if list(lines[: len(self._lines)]) != self._lines or self._open_file is None:
            if self._open_file is not None:
                self._open_file.close()
            self._open_file = tempfile.NamedTemporaryFile("w", prefix="hptui-", suffix=".txt", encoding="utf-8")  # noqa: SIM115
            self.path, self._lines = Path(self._open_file.name), []
        new = [shown(line).replace("\n", "  ") for line in lines[len(self._lines) :]]
        self._open_file.writelines(f"{line}\n" for line in new)
        self._open_file.flush()
        self._lines = list(lines)


class DecisionsSource(ListingSource):
    """What the runner of a study has decided."""

    def __init__(self, sd: StudyDir) -> None:
        super().__init__("nothing decided yet")
        self.sd = sd
        self._tick = -1

    def poll(self, pool: ReaderPool) -> LogSnapshot | None:
        """Return the decisions if there are new ones, else None."""
        tick = pool.tick(self.sd)
        if tick != self._tick:
            self._tick = tick
            reader = pool.reader(self.sd)
            with reader.connection.snapshot():
                self.set_lines([decision.line for decision in read_decisions(reader)])
        return super().poll(pool)


class FoundSource(ListingSource):
    """The lines of all logs of a study that contain a text; `places` are the trial and line number of each."""

    def __init__(self, sd: StudyDir, trials: Iterable[Trial], text: str) -> None:
        super().__init__(f"no log contains {text!r}")
        self.sd, self.text = sd, text
        self.places: list[tuple[int, int]] = []
        self.searched = 0
        self._trials = list(trials)
        self._matches: list[str] = []

    @property
    def left(self) -> int:
        """Number of trials whose logs are still to be searched."""
        return 0 if len(self.places) >= MAX_FOUND_LINES else len(self._trials) - self.searched

    def poll(self, pool: ReaderPool) -> LogSnapshot | None:
        """Search some more logs; return the lines found if there are new ones, else None."""
        for trial in self._trials[self.searched : self.searched + LOGS_PER_POLL] if self.left else ():
            self.searched += 1
            try:
                path = log_of(self.sd, trial)
            except NotFound:
                continue
            for number, line in matching_lines(path, self.text, MAX_FOUND_LINES - len(self.places)):
                self.places.append((trial.number, number))
                self._matches.append(f"trial {trial.number:<5} {number:>6}  {line}")
        if self._matches:
            self.set_lines(self._matches)
        return super().poll(pool)
