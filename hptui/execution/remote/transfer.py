"""Files that come from machines and go to them, in pieces, while everything else goes on.

Each copy is a generator of questions to a machine, which gets the answers sent in; a broken connection ends it, and
it is begun again once the connection is back."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from hptui.execution.remote.messages import CHUNK_BYTES, BadMessage, bytes_of, inside

log = logging.getLogger(__name__)


class FileSource(Protocol):
    """What answers the questions of a copy: the connection to a machine, or a directory that is shared with it."""

    name: str

    @property
    def state(self) -> str:
        """What it does; `connecting` means that it may answer soon."""

    @property
    def up(self) -> bool:
        """Whether it answers."""

    def number(self) -> int:
        """Return a new number for a question."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a question."""


Question = tuple[FileSource, dict[str, Any]]
Copy = Generator[Question, dict[str, Any], None]

MAX_WAIT_S = 30.0
"""Seconds that a copy waits for a connection that is being made."""


class Failed(Exception):
    """A machine could not do its part of a copy."""


class Copies:
    """All copies that are under way."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, int], tuple[Copy, FileSource, Callable[[bool], None]]] = {}
        self._postponed: list[tuple[float, Sequence[FileSource], Copy, Callable[[bool], None]]] = []

    def begin(self, copy: Copy, done: Callable[[bool], None], sources: Sequence[FileSource] = ()) -> None:
        """Begin a copy once connections that are being made to its sources are there, or after a while.

        `done` is called once, with whether it is complete.
        """
        self._postponed.append((time.monotonic() + MAX_WAIT_S, sources, copy, done))
        self.poll()

    def poll(self) -> None:
        """Begin the copies that need to wait no more."""
        now, postponed, self._postponed = time.monotonic(), self._postponed, []
        for entry in postponed:
            deadline, sources, copy, done = entry
            if now < deadline and any(source.state == "connecting" for source in sources):
                self._postponed.append(entry)
            else:
                self._step(copy, None, done)

    def answer(self, link: FileSource, message: dict[str, Any]) -> bool:
        """Pass on an answer; return whether a copy was waiting for it."""
        waiting = self._waiting.pop((link.name, int(message.get("id") or 0)), None)
        if waiting is None:
            return False
        self._step(waiting[0], message, waiting[2])
        return True

    def drop(self, link: FileSource) -> None:
        """End the copies of a connection that has broken."""
        for key, (copy, _, done) in list(self._waiting.items()):
            if key[0] == link.name:
                del self._waiting[key]
                copy.close()
                done(False)

    def _step(self, copy: Copy, answer: dict[str, Any] | None, done: Callable[[bool], None]) -> None:
        try:
            link, question = next(copy) if answer is None else copy.send(answer)
        except StopIteration:
            done(True)
            return
        except (OSError, Failed, BadMessage) as error:
            log.warning("a copy has failed: %s", error)
            done(False)
            return
        if not link.up:
            copy.close()
            done(False)
            return
        number = link.number()
        self._waiting[link.name, number] = copy, link, done
        link.send({**question, "id": number})


def fetch_files(link: FileSource, root: Path, trial: int, files: list[Any], large: list[Any]) -> Copy:
    """Copy files of a trial from a machine to the same places below `root`, unless they are here."""
    for entry in files:
        relative, size, modified = str(entry[0]), int(entry[1]), int(entry[2])
        parts = PurePosixPath(relative).parts
        own = len(parts) < 3 or parts[2].startswith("attempt-") or parts[2] in ("checkpoints", "from")
        if parts[:2] != ("trials", f"{trial:04d}") or own:
            raise BadMessage(f"{relative!r} is no result of trial {trial}")
        target = inside(root, relative)
        with suppress(OSError):
            facts = target.stat()
            if (facts.st_size, facts.st_mtime_ns) == (size, modified):
                continue
        try:
            yield from _fetch(link, relative, size, target)
        except Failed as error:  # it was deleted meanwhile, for example: the others are wanted all the same
            log.warning("%s: %s is left there: %s", link.name, relative, error)
            continue
        os.utime(target, ns=(modified, modified))
    for relative, size in large:
        log.warning("%s: %s is left there: it has %d bytes", link.name, relative, size)


def _fetch(link: FileSource, relative: str, size: int, target: Path) -> Copy:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(temporary, flags, 0o600)
    try:
        offset = 0
        while offset < size:
            answer = yield link, {"verb": "get", "path": relative, "offset": offset}
            data = bytes_of(answer["data"]) if answer.get("k") == "data" else b""
            if not data:
                raise Failed(str(answer.get("why") or "it has become shorter"))
            os.write(fd, data[: size - offset])
            offset += len(data)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    os.replace(temporary, target)


def fetch_folder(link: FileSource, root: Path, relative: str) -> Copy:
    """Copy a folder, which does not change any more, from a machine to the same place below `root`."""
    target = inside(root, relative)
    if target.is_dir():
        return
    answer = yield link, {"verb": "tree", "path": relative}
    if answer.get("k") != "tree" or not answer["files"]:
        raise Failed(f"{relative} is not there any more")
    temporary = target.with_name(f".tmp-{target.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    for path, size in answer["files"]:
        within = PurePosixPath(str(path)).relative_to(PurePosixPath(relative))
        yield from _fetch(link, str(path), int(size), inside(temporary, within))
    os.rename(temporary, target)


def send_folder(link: FileSource, root: Path, relative: str) -> Copy:
    """Copy a folder from here to the same place on a machine, where it appears as a whole or not at all."""
    source, incoming = root / relative, relative.replace("/", "_")
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        name = f"{incoming}/{path.relative_to(source)}"
        with path.open("rb") as file:
            offset = 0
            while (data := file.read(CHUNK_BYTES)) or not offset:
                part = {"verb": "put", "path": name, "offset": offset, "data": data.decode("latin-1")}
                answer = yield link, part
                if answer.get("k") != "done":
                    raise Failed(str(answer.get("why")))
                offset += len(data)
                if not data:
                    break
    answer = yield link, {"verb": "install", "from": incoming, "to": relative}
    if answer.get("k") != "done":
        raise Failed(str(answer.get("why")))
