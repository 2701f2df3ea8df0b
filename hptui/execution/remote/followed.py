"""An attempt as the relay follows it: what it has written since the last look, and how it ended."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hptui.core.trial import NOTICE_FILE
from hptui.execution.attempt_checkpoints import remove_superseded
from hptui.execution.executor import Handle, LaunchRecord
from hptui.execution.remote.messages import CHUNK_BYTES
from hptui.store.safe_reading import UnusableFile, open_regular, read_end, read_lines, read_start

MAX_LOG_BYTES = 16 << 20
"""Bytes of a log that are sent while the attempt runs; of what comes after, only the end is."""
LOG_TAIL_BYTES = 256 << 10
"""Bytes of that end."""
MAX_FILE_BYTES = 64 << 20
"""Largest file of a trial that is sent home by itself."""
MAX_FILES = 2000
"""Most files of a trial that are sent home by themselves."""
KILL_AGAIN_S = 5.0
"""Seconds after which an attempt that was fenced, and lives on, is killed again."""


class Followed:
    """One attempt. `ended`: its end was sent; after that nothing more is."""

    def __init__(self, root: Path, record: LaunchRecord, handle: Handle) -> None:
        self.root, self.token, self.run, self.handle = root, record.token, record.run, handle
        self.ended = False
        self._offset = self._log_offset = 0
        self._announced: tuple[str, str] = ("", "")
        self._collected = False
        self._killed_at = time.monotonic()

    def begin(self, offset: int, log_offset: int) -> None:
        """Follow from where the runner's copies of events and log end; send state and end again."""
        self._offset, self._log_offset = offset, log_offset
        self._announced, self.ended = ("", ""), False

    def is_time_to_kill_again(self) -> bool:
        """Return True now and then."""
        due = time.monotonic() - self._killed_at > KILL_AGAIN_S
        self._killed_at = time.monotonic() if due else self._killed_at
        return due

    def look(self) -> Iterator[dict[str, Any]]:
        """Yield messages. Whether it lives is asked before bytes are read, so none comes after an end."""
        if self.ended:
            return
        state = self.handle.state()
        if state.certain and not self._collected:
            self.handle.collect()
            self._collected = True
        if (state.kind, state.why) != self._announced and not state.certain:
            self._announced = (state.kind, state.why)
            yield {"k": "state", "token": self.token, "kind": state.kind, "why": state.why}
        lines, end = read_lines(self.run.events, self._offset, CHUNK_BYTES)
        if end > self._offset:
            data = b"".join(line + b"\n" for line in lines)[: end - self._offset]
            yield {"k": "ev", "token": self.token, "off": self._offset, "data": data.decode("latin-1")}
            self._offset = end
        if log := self._new_log():
            yield {"k": "log", "token": self.token, "off": self._log_offset - len(log), "data": log.decode("latin-1")}
        elif state.certain and end == self._offset and not lines:
            self.ended = True
            yield self._end(state.proof, state.why)

    def _new_log(self) -> bytes:
        if self._log_offset >= MAX_LOG_BYTES:
            return b""
        try:
            fd = open_regular(self.run.log)
        except (OSError, UnusableFile):
            return b""
        try:
            data = os.pread(fd, CHUNK_BYTES, self._log_offset)
        finally:
            os.close(fd)
        self._log_offset += len(data)
        return data

    def _end(self, proof: str, why: str) -> dict[str, Any]:
        files = {path.name: _text(path) for path in (self.run.root / NOTICE_FILE, self.run.shim, self.run.exit)}
        tail = read_end(self.run.log, LOG_TAIL_BYTES).decode("latin-1") if self._log_offset >= MAX_LOG_BYTES else ""
        left, large = self._files()
        end = {"k": "end", "token": self.token, "proof": proof, "why": why, "json": files, "log_tail": tail}
        return {**end, "files": left, "large": large, "checkpoint": self._newest_checkpoint()}

    def _newest_checkpoint(self) -> str:
        """Return the path of the attempt's newest checkpoint; '' if it has none."""
        folder = self.run.root.parent / "checkpoints" / f"a{self.run.root.name.rpartition('-')[2]}"
        names = sorted(path.parent.name for path in folder.glob("step-*/MANIFEST.json"))
        return str((folder / names[-1]).relative_to(self.root)) if names else ""

    def _files(self) -> tuple[list[tuple[str, int, int]], list[tuple[str, int]]]:
        """Return files of the trial to send home (path, bytes, modified), and those that are too large."""
        left, large = list[tuple[str, int, int]](), list[tuple[str, int]]()
        trial = self.run.root.parent
        for folder, names, files in os.walk(trial):
            names[:] = sorted(n for n in names if Path(folder) != trial or not _is_own(n))
            for name in sorted(files):
                path = Path(folder, name)
                if path.is_symlink() or not path.is_file() or name.endswith(".tmp"):
                    continue
                facts = path.stat()
                relative = str(path.relative_to(self.root))
                if facts.st_size > MAX_FILE_BYTES or len(left) >= MAX_FILES:
                    large.append((relative, facts.st_size))
                else:
                    left.append((relative, facts.st_size, facts.st_mtime_ns))
        return left, large[:20]

    def delete(self) -> None:
        """Delete the run directory, and checkpoints of earlier attempts here that newer ones replace."""
        shutil.rmtree(self.run.root, ignore_errors=True)
        n = int(self.run.root.name.rpartition("-")[2])
        remove_superseded(self.run.root.parent / "checkpoints", n)

    def empty(self) -> None:
        """Delete what a fenced attempt has written; what keeps it from starting once more stays."""
        for path in self.run.root.iterdir() if self.run.root.is_dir() else ():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path not in (self.run.control, self.run.lock):
                path.unlink(missing_ok=True)


def _is_own(name: str) -> bool:
    """Return whether a folder of a trial is hptui's own and is not sent with its files."""
    return name in ("checkpoints", "from") or name.startswith("attempt-")


def _text(path: Path) -> str | None:
    try:
        return read_start(path).decode("latin-1")
    except (OSError, UnusableFile):
        return None
