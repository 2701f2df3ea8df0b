"""Notice that the code of a running process was replaced on disk, and when the new code works.

A process that goes on with old code imports modules of the new one late, and starts children from it. So a runner whose
code has changed starts nothing new and executes the new code in its place, as soon as that has answered once."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)

CHECK_INTERVAL_S = 5.0
"""How often the files are looked at, and how long to wait after an answer that failed."""
MAX_ANSWER_S = 60.0
"""Time that the new code may take to answer, before it counts as broken."""
GIVE_UP_S = 600.0
"""Time after which new code that keeps failing is no longer waited for."""

Signature = tuple[tuple[int, int, bytes] | None, ...]


class CodeWatch:
    """Compares files with what they were when it was made; `probe` is a command that answers if the new code works.

    `output` is what the last answer printed. Its methods never wait.
    """

    def __init__(self, files: Sequence[Path], probe: Sequence[str]) -> None:
        self._files, self._probe = tuple(files), list(probe)
        self._first = self._signature()
        self._looked_at = time.monotonic()
        self._changed = False
        self._failing_since: float | None = None
        self._process: subprocess.Popen[str] | None = None
        self._asked_at = 0.0
        self._asked_about: Signature = ()
        self.output = ""

    def changed(self) -> bool:
        """Return whether the files have changed. It stays so: modules of both versions may be loaded by then."""
        now = time.monotonic()
        if not self._changed and now - self._looked_at >= CHECK_INTERVAL_S:
            self._looked_at = now
            self._changed = self._signature() != self._first
        return self._changed

    def answers(self) -> bool:
        """Return whether the new code works, after asking it until it does. To be called once it has changed."""
        if self._process is None:
            if time.monotonic() - self._asked_at >= CHECK_INTERVAL_S or not self._asked_at:
                self._ask()
            return False
        code = self._process.poll()
        if code is None:
            if time.monotonic() - self._asked_at > MAX_ANSWER_S:
                self._process.kill()
            return False
        output, self._process = self._process.communicate()[0].strip(), None
        # Files that changed meanwhile belong to an installation that goes on: the answer may be of half of it.
        if code == 0 and output and self._signature() == self._asked_about:
            self.output = output.splitlines()[-1]
            return True
        self._failing_since = self._failing_since or time.monotonic()
        if code and output != self.output:
            self.output = output
            log.warning("the new code does not work yet (exit code %d): %s", code, output[-2000:])
        return False

    def given_up(self) -> bool:
        """Return whether the new code has failed for so long that nobody should wait for it."""
        return self._failing_since is not None and time.monotonic() - self._failing_since > GIVE_UP_S

    def close(self) -> None:
        """End a question that is still open."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self) -> None:
        self._asked_at, self._asked_about = time.monotonic(), self._signature()
        self._process = subprocess.Popen(
            self._probe,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )

    def _signature(self) -> Signature:
        return tuple(_look(path) for path in self._files)


def _look(path: Path) -> tuple[int, int, bytes] | None:
    """Return inode, modification time and content of a file; None while it is missing.

    The content, since a version may be installed with times of its own. Other errors are the caller's: they say nothing
    about the code.
    """
    try:
        facts = path.stat()
        return facts.st_ino, facts.st_mtime_ns, path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
