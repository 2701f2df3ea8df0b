"""An attempt on another machine, and the copies of its files here.

The run directory here is a copy that only grows: `events.jsonl` is appended to in whole lines, each once, as long as
the offsets fit; `exit.json` comes last, when everything else is here."""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hptui.core.trial import NOTICE_FILE
from hptui.execution.executor import CERTAIN_PROOFS, LaunchRecord, Proof, State
from hptui.execution.remote.messages import BadMessage, bytes_of
from hptui.store.records import SAMPLE_FIELDS, Sample
from hptui.store.run_directory import RunDir, get_control, put_control, read_json, write_atomic, write_json

if TYPE_CHECKING:
    from hptui.execution.remote.link import MachineLink

MAX_EVENTS_BYTES = 1 << 30
"""Bytes of events after which an attempt is given up: no training writes as many."""


def handed_over(run: RunDir) -> dict[str, Any]:
    """Return what is recorded of an attempt that was handed to another machine; {} for another one."""
    facts = read_json(run.executor)
    return facts if isinstance(facts, dict) else {}


class Keeper(Protocol):
    """The executor of a handle."""

    def fence(self, handle: RemoteHandle) -> None:
        """Have the attempt killed as soon as its machine is reached."""

    def drop(self, handle: RemoteHandle) -> None:
        """Give up an attempt whose end is recorded."""


class RemoteHandle:
    """An attempt on another machine. `known`: the relay of the current connection has answered about it."""

    is_claimed = False
    """Whether "never" is beyond doubt also of an attempt that was submitted: a claim says who may start it."""

    def __init__(self, executor: Keeper, record: LaunchRecord, link: MachineLink | None, facts: dict[str, Any]) -> None:
        self.token, self.run, self.record, self.link, self.facts = record.token, record.run, record, link, facts
        self.trial, self.n = int(record.run.root.parent.name), int(record.run.root.name.rpartition("-")[2])
        self.label = record.label
        self.warm = False
        self.known = False
        self.waiting = ""
        self.samples: deque[Sample] = deque()
        self._executor = executor
        self._kind: State = State("starting")
        self._end: State | None = None
        self._control: tuple[int, int] | None = None
        self.ending: dict[str, Any] | None = None
        if not facts:
            self._end = State("gone", "never", "it was never handed over")
        elif isinstance(read_json(self.run.exit), dict):
            self._end = State("gone", "exit")
        elif facts.get("ended") or facts.get("fenced"):
            self._end = State("gone", "lock")
        self.events_size = _whole_lines(self.run.events)
        self.log_size = _size(self.run.log)

    @property
    def ended(self) -> bool:
        """Whether all that it left is here, or it was fenced."""
        return self._end is not None

    @property
    def fenced(self) -> bool:
        """Whether it was given up: nothing of it is copied any more."""
        return bool(self.facts.get("fenced"))

    @property
    def place(self) -> str:
        """The place that it was handed to."""
        return self.link.name if self.link is not None else str(self.facts.get("place") or "")

    def state(self) -> State:
        """Return what the relay has reported; unknown while the machine cannot be reached."""
        if self._end is not None:
            return self._end
        place = self.place
        if self.waiting:
            return State("queued", why=self.waiting, place=place)
        if self.link is not None and self.link.gone:
            return State("gone", "engine", self.link.gone, place)
        if self.link is None or not self.link.up or not self.known:
            why = self.link.why if self.link is not None else "nobody asks it now"
            return State("unknown", why=f"{place} cannot be reached" + (f": {why}" if why else ""), place=place)
        return State(self._kind.kind, why=self._kind.why, place=place)

    # verbs ------------------------------------------------------------------------------------------------------

    def signal(self, verb: str) -> None:
        """Write the verb to `control` here, and pass it on."""
        if self._end is None:
            put_control(self.run, verb)
            self.sync()

    def sync(self) -> None:
        """Pass on the verb in `control`, which front ends write too, once to each connection."""
        if self._end is not None or self.link is None or not self.link.up or not self.known:
            return
        if verb := self.new_verb():
            self.link.send({"verb": "control", "token": self.token, "what": verb})

    def new_verb(self) -> str:
        """Return the verb in `control`, once; '' if there is none that was not returned before."""
        try:
            facts = os.stat(self.run.control)
        except OSError:
            return ""
        if (facts.st_mtime_ns, facts.st_ino) == self._control or not (verb := get_control(self.run)):
            return ""
        self._control = (facts.st_mtime_ns, facts.st_ino)
        return verb

    def pass_on_again(self) -> None:
        """Note that the verb in `control` has not arrived."""
        self._control = None

    def fence(self) -> None:
        """Record that nothing of it counts any more, and have it killed as soon as its machine is reached."""
        if not self.facts:
            self.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            put_control(self.run, "kill")
            return
        if self.facts.get("fence_done"):
            return
        if not self.fenced:
            self.note(fenced=time.time())
        self._end = self._end or State("gone", "lock")
        self.waiting = ""
        self._executor.fence(self)

    def fence_done(self) -> None:
        """Note that its machine has killed it, or will never start it."""
        self.note(fence_done=time.time())

    def collect(self) -> None:
        """Do nothing: an attempt is gone here only once all that it left is here."""

    def usage(self) -> Sample | None:
        """Return the oldest sample that has not been returned yet."""
        return self.samples.popleft() if self.samples else None

    def forget(self) -> None:
        """Note that its end is recorded; its run directory there may go."""
        if self.facts and not self.facts.get("ended"):
            self.note(ended=time.time())
        self._executor.drop(self)

    def close(self) -> None:
        """Do nothing: the executor holds the connection."""

    # what the relay sends ---------------------------------------------------------------------------------------

    def announce(self) -> dict[str, Any]:
        """Return the message that makes a relay follow it, from where the copies here end."""
        self._control = None
        offsets = {"offset": self.events_size, "log_offset": self.log_size}
        return {"verb": "adopt", **self.identity(), **offsets}

    def identity(self) -> dict[str, Any]:
        """Return what a relay needs to find it."""
        place = {"label": self.facts.get("slot") or "", "boot": self.facts.get("boot") or ""}
        return {"token": self.token, "trial": self.trial, "n": self.n, **place}

    def take(self, message: dict[str, Any]) -> None:
        """Take in a message of its relay. Raises: BadMessage, OSError."""
        if self._end is not None:
            return  # fenced, or recorded
        self.known = True
        kind = message["k"]
        if kind == "started":
            self.warm = bool(message.get("warm"))
            self.note(submitted=time.time())
        elif kind == "state" and message.get("kind") in ("starting", "alive"):
            self._kind = State(message["kind"], why=str(message.get("why") or ""))
        elif kind == "ev":
            self._append_events(int(message["off"]), bytes_of(message["data"]))
        elif kind == "log" and int(message["off"]) == self.log_size:
            self.log_size += _append(self.run.log, bytes_of(message["data"]))
        elif kind == "usage":
            sample = {name: message.get(name) for name in SAMPLE_FIELDS}
            by_gpu, slowed_by = message.get("gpus") or {}, tuple(message.get("slowed_by") or ())
            self.samples.append(Sample(self.token, float(message["at"]), gpus=by_gpu, slowed_by=slowed_by, **sample))

    def _append_events(self, offset: int, data: bytes) -> None:
        if offset != self.events_size:
            if offset > self.events_size and self.link is not None:  # something between was lost
                self.link.send(self.announce())
            return
        if offset + len(data) > MAX_EVENTS_BYTES:
            raise BadMessage("more events than any training writes")
        self._kind = State("alive")
        self.events_size += _append(self.run.events, data)

    def finish(self) -> None:
        """Write the last files: the attempt is gone here from now on."""
        end = self.ending
        if end is None or self._end is not None:
            return
        if end.get("log_tail"):
            _append(self.run.log, b"\n[...]\n" + bytes_of(end["log_tail"]))
        files = end.get("json") or {}
        for path in (self.run.root / NOTICE_FILE, self.run.shim, self.run.exit):  # exit.json last
            if isinstance(files.get(path.name), str):
                write_atomic(path, bytes_of(files[path.name]))
        proof: Proof = next((proof for proof in CERTAIN_PROOFS if proof == end.get("proof")), "lock")
        if proof == "never" and self.facts.get("submitted") and not self.is_claimed:
            proof = "engine"  # it was started: what answers is another machine, or has another disk
        self._end = State("gone", proof, str(end.get("why") or ""), self.place)

    def note(self, **facts: Any) -> None:
        """Record facts of it in `executor.json`."""
        self.facts |= facts
        with suppress(OSError):  # the store knows that it was fenced; a full disk must not hinder it
            write_json(self.run.executor, self.facts)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _whole_lines(path: Path) -> int:
    """Cut a copy to its whole lines, and return its size: a killed runner may have written a part."""
    size = _size(path)
    if not size:
        return 0
    with path.open("rb+") as file:
        position = size
        while position > 0:
            start = max(0, position - 65536)
            file.seek(start)
            end = file.read(position - start).rfind(b"\n")
            if end >= 0:
                position = start + end + 1
                break
            position = start
        if position < size:
            file.truncate(position)
        return position


def _append(path: Path, data: bytes) -> int:
    """Append all of some data, or, if that fails midway, nothing; return its length. Raises: OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size, view = os.fstat(fd).st_size, memoryview(data)
        try:
            while view:
                view = view[os.write(fd, view) :]
        except OSError:
            os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)
    return len(data)
