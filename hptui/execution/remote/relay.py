"""The relay: serves one runner on another machine. Started there by ssh; talks JSON lines on stdin and stdout.

    python -m hptui.execution.remote.relay

It starts attempts by the executor of that machine, so locks of GPUs, shims and launcher are those of local studies,
and sends home what they write. It owns nothing: when its runner is gone it leaves, and what runs goes on. At most one
relay serves a study on a machine: a new one ends the one before. It needs nothing but Python and hptui itself."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hptui.execution.executor import Launch, LaunchRecord, Lease, WorkerSpec
from hptui.execution.local.executor import LocalExecutor
from hptui.execution.remote.entry import Refused, check_opening, hello_of, probe, resources_from, take_over
from hptui.execution.remote.files import INCOMING, FileVerbs
from hptui.execution.remote.followed import Followed
from hptui.execution.remote.messages import BadMessage, LineBuffer, pack
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir

LOOK_S = 0.05
"""How often the files of attempts are looked at."""
MAX_SILENCE_S = 60.0
"""Seconds without a word from the runner after which the relay leaves."""
MAX_SETTLE_S = 8.0
"""How long it waits before it leaves for attempts that it has just started."""


class Relay:
    """Serves the attempts of one study on this machine.

    With `slot` in its opening it is one of several that share a directory. With `ends` it kills what it adopts.
    """

    def __init__(self, opening: dict[str, Any], write: Any) -> None:
        self.root = check_opening(opening)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.root.stat().st_uid != os.geteuid():
            raise Refused(f"{self.root} belongs to somebody else; set dir in [{opening.get('table') or 'ssh'}]")
        suffix = f"-{opening['slot']}" if opening.get("slot") else ""
        self.lock = take_over(self.root / f"relay{suffix}.lock")
        self.executor = LocalExecutor()
        self.peak: float | None = opening.get("peak")
        command = (sys.executable, *opening["command"][1:])
        spec = WorkerSpec(command, str(opening["entry"]), tuple(opening["preload"]))
        self.executor.open(StudyDir(self.root), spec, resources_from(opening["resources"]), lambda: self.peak)
        self.command = command
        self.followed: dict[str, Followed] = {}
        self.fencing: dict[str, Followed] = {}
        self.leases: dict[int, Lease] = {}
        self.files = FileVerbs(self.root, INCOMING + suffix)
        self._ends = bool(opening.get("ends"))
        self._write = write

    def hello(self) -> dict[str, Any]:
        """Return what the runner must know of this machine."""
        return hello_of(self.root, self.executor.capacity())

    def renew(self, opening: dict[str, Any]) -> None:
        """Begin again for another connection, which tells again what to follow; it holds no places."""
        check_opening(opening)
        for lease in self.leases.values():
            self.executor.release(lease)
        self.leases.clear()
        self.followed.clear()

    def idle(self) -> bool:
        """Return whether no attempt lives here."""
        return not self.fencing and all(handle.state().gone for handle in self.executor.attempts_here())

    def handle(self, message: dict[str, Any]) -> None:
        """Carry out one message; what it raises is answered."""
        verb = str(message.get("verb"))
        try:
            method = getattr(self, f"do_{verb}", None) or getattr(self.files, f"do_{verb}", None)
            if method is None:
                raise BadMessage(f"unknown verb {verb!r}")
            if answer := method(message):
                self._write(answer)
        except (OSError, BadMessage, KeyError, TypeError, ValueError) as error:
            text = f"{verb}: {type(error).__name__}: {error}"
            self._write({"k": "error", "id": message.get("id"), "token": message.get("token"), "why": text})

    # verbs ------------------------------------------------------------------------------------------------------

    def do_reserve(self, message: dict[str, Any]) -> dict[str, Any]:
        """Hold a place."""
        self.peak = message.get("peak")
        lease = self.executor.reserve()
        answer: dict[str, Any] = {"k": "lease", "id": message["id"], "waiting": self.executor.waiting, "lease": None}
        if lease is not None:
            self.leases[message["id"]] = lease
            names = ("label", "gpus", "host", "boot", "threads")
            answer["lease"] = {name: getattr(lease, name) for name in names} | {"facts": dict(lease.facts)}
        return answer

    def do_release(self, message: dict[str, Any]) -> None:
        """Give a place back."""
        if lease := self.leases.pop(message["id"], None):
            self.executor.release(lease)

    def do_start(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Start an attempt in a place that was reserved."""
        record = self._record(message)
        if record.token in self.followed or record.token in self.fencing:
            return None
        lease = self.leases.pop(message["lease"], None)
        try:
            if lease is None:
                raise OSError("its place is held no more")
            handle = self.executor.start(self._launch(message, record), lease)
        except OSError as error:
            handle = self.executor.adopt(record)
            if handle.state().proof == "never":
                handle.fence()
            if handle.state().gone:
                self.executor.drop(handle)
                return {"k": "end", "token": record.token, "proof": "never", "why": str(error), "files": []}
        self.followed[record.token] = Followed(self.root, record, handle)
        return {"k": "started", "token": record.token, "warm": handle.warm}

    def _launch(self, message: dict[str, Any], record: LaunchRecord) -> Launch:
        config = message["config"]
        for name in ("trial_dir", "artifacts", "cache"):
            Path(config[name]).mkdir(mode=0o700, parents=True, exist_ok=True)
        return Launch(
            token=record.token,
            run=record.run,
            config=config,
            command=[*self.command, str(record.run.root)],
            entry=message["entry"],
            cwd=message["cwd"] if os.path.isdir(message["cwd"]) else str(self.root),
            environment=message["environment"],
            pause_grace=float(message["pause_grace"]),
            stop_grace=float(message["stop_grace"]),
        )

    def do_adopt(self, message: dict[str, Any]) -> None:
        """Follow an attempt from where the runner's copies end."""
        record = self._record(message)
        followed = self.followed.get(record.token) or Followed(self.root, record, self.executor.adopt(record))
        if self._ends and not followed.handle.state().gone:
            followed.handle.fence()  # the place that it ran at has ended, so its GPUs are somebody else's
        followed.begin(int(message["offset"]), int(message["log_offset"]))
        self.followed[record.token] = followed

    def do_control(self, message: dict[str, Any]) -> None:
        """Pass a verb on to an attempt."""
        if followed := self.followed.get(message["token"]):
            followed.handle.signal(str(message["what"]))

    def do_fence(self, message: dict[str, Any]) -> None:
        """Keep an attempt from starting, and kill it, until it is known to be gone."""
        record = self._record(message)
        followed = self.followed.pop(record.token, None) or Followed(self.root, record, self.executor.adopt(record))
        followed.handle.fence()
        self.fencing[record.token] = followed

    def do_forget(self, message: dict[str, Any]) -> None:
        """Delete what an attempt left here but its checkpoints: its end is recorded."""
        if followed := self.followed.pop(message["token"], None):
            followed.handle.forget()
            followed.delete()

    def do_revise(self, message: dict[str, Any]) -> dict[str, Any]:
        """Follow changed resources."""
        self.executor.revise(resources_from(message["resources"]))
        return {"k": "capacity", "capacity": self.executor.capacity()}

    def do_avoid(self, message: dict[str, Any]) -> None:
        """Start nothing on some GPUs."""
        self.executor.avoid([str(gpu) for gpu in message["gpus"]])

    def do_ping(self, message: dict[str, Any]) -> dict[str, Any]:
        """Answer."""
        return {"k": "pong", "n": message.get("n")}

    def _record(self, message: dict[str, Any]) -> LaunchRecord:
        run = RunDir(StudyDir(self.root).attempt(int(message["trial"]), int(message["n"])))
        return LaunchRecord(str(message["token"]), run, str(message.get("label") or ""), str(message.get("boot") or ""))

    # one turn ---------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Send what attempts have written, and how they ended."""
        self.executor.poll()
        for text in self.executor.notices():
            self._write({"k": "notice", "text": text})
        for followed in self.followed.values():
            for message in followed.look():
                self._write(message)
            while (sample := followed.handle.usage()) is not None:
                self._write({"k": "usage", **asdict(sample)})
        for token, followed in list(self.fencing.items()):
            if followed.handle.state().gone:
                followed.handle.collect()
                followed.handle.forget()
                followed.empty()
                del self.fencing[token]
                self._write({"k": "fenced", "token": token})
            elif followed.is_time_to_kill_again():
                followed.handle.fence()

    def wait(self, source: int) -> bool:
        """Wait for news; return whether the runner has sent something, or gone."""
        poll = select.poll()
        poll.register(source, select.POLLIN)
        for fd in self.executor.wait_handles():
            poll.register(fd, select.POLLIN)
        busy = any(not followed.ended for followed in self.followed.values()) or self.fencing
        return any(fd == source for fd, _ in poll.poll((LOOK_S if busy else 1.0) * 1000))

    def leave(self) -> None:
        """Let attempts that only begin get their shim, then let go of everything."""
        deadline = time.monotonic() + MAX_SETTLE_S
        while not self.executor.settled() and time.monotonic() < deadline:
            self.executor.poll()
            time.sleep(0.02)  # the launcher's messages come within milliseconds, or not at all
        self.executor.close()


def private_streams() -> tuple[int, int]:
    """Return standard input and output as descriptors that no child inherits; put nothing in their places.

    sshd ends a session only when nobody holds its streams: an attempt that did would keep a dead relay's link open.
    """
    source, target, errors = os.dup(0), os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):
        os.dup2(nothing, fd)
    sys.stderr = os.fdopen(errors, "w", buffering=1)
    return source, target


def main() -> int:
    """Serve until the runner is gone."""
    os.umask(0o077)
    source, target = private_streams()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    leaving: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: leaving.append(number))

    def write(message: dict[str, Any]) -> None:
        data = memoryview(pack(message))
        while data:
            data = data[os.write(target, data) :]

    lines, relay, heard = LineBuffer(), None, time.monotonic()
    try:
        while not leaving:
            if relay is None or relay.wait(source):
                data = os.read(source, 1 << 18)
                if not data:
                    break
                heard = time.monotonic()
                for message in lines.feed(data):
                    if relay is None and message.get("probe"):
                        write(probe(message))
                        return 0
                    if relay is None:
                        relay = Relay(message, write)
                        write(relay.hello())
                    else:
                        relay.handle(message)
            elif time.monotonic() - heard > MAX_SILENCE_S:
                break
            if relay is not None:
                relay.turn()
    except Refused as error:
        with suppress(OSError):
            write({"k": "refused", "why": str(error)})
        return 1
    except (BrokenPipeError, BadMessage) as error:
        print(error, file=sys.stderr)
    finally:
        if relay is not None:
            relay.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
