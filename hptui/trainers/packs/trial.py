"""A trial as its trainer sees it inside a host: what it records is passed on to the client of its attempt."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, SupportsIndex, cast

from hptui.store.run_directory import EventWriter, RunDir
from hptui.trainers.checkpoints import Checkpoint
from hptui.trainers.context import TrialContext
from hptui.trainers.packs.channel import Channel, Gone

MAX_ANSWER_S = 600.0
"""Seconds that the host waits for a client to finish a checkpoint; a slow disk may take long."""


class RelayedEvents:
    """What stands in for the writer of an attempt's events: each goes to the client, which writes it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def emit(self, kind: str, **fields: Any) -> None:
        """Pass an event on. Raises: Gone."""
        self._channel.send({"event": kind, "fields": fields})

    def flush(self, *, sync: bool = False) -> None:
        """Do nothing: the client writes events in order, and before a checkpoint it syncs them."""


class HostedTrial(TrialContext):
    """The context of a trial in a host. `asked` is the verb of the client's request to stop; None: none came."""

    shares_process = True

    def __init__(self, run: RunDir, config: Mapping[str, Any], channel: Channel, resume: Mapping[str, Any]) -> None:
        self.channel = channel
        self.asked: str | None = None
        events = cast(EventWriter, RelayedEvents(channel))
        # The client has verified the checkpoint; the host must neither hash it again nor find another one.
        super().__init__(run, {**config, "attempt": 1, "continues": ""}, events)
        self.attempt = config["attempt"]
        if resume.get("path"):
            self._resume = Checkpoint(Path(resume["path"]), int(resume["step"]))
        if config.get("continues") and self.attempt == 1:
            self._origin = self._resume

    @property
    def stop_verb(self) -> str:
        """The pending request to this trial, as its client has passed it on."""
        return self.asked or ""

    @property
    def should_stop(self) -> bool:
        """Whether to finish the step, save a checkpoint and return."""
        self.take_requests()
        if self.asked is not None:
            self.obeyed = self.asked
            return True
        if self._rung is not None and self._rung.reached:
            self.obeyed = "rung"
            return True
        return self.tried

    def take_requests(self) -> None:
        """Take in what the client has sent. Raises: Gone."""
        while (message := self.channel.receive()) is not None:
            self._take(message)

    def _take(self, message: Mapping[str, Any]) -> None:
        if "stop" in message:
            self.asked = str(message["stop"])

    def say(self, text: str) -> None:
        """Print a line to the trial's own log."""
        self.channel.send({"print": text + "\n"})

    def warn(self, message: str) -> None:
        """Record a warning, and print it to the trial's log."""
        self.channel.send({"print": f"warning: {message}\n"})
        self._events.emit("warning", message=message[:2000])

    def checkpoint(self, save: Callable[[Path], None], step: SupportsIndex | None = None) -> Path:
        """Let `save` write files into a directory that the client names, and the client make it a checkpoint.

        So nothing of it is seen if the attempt ends meanwhile. Raises: OSError as the client met it; Gone.
        """
        number = self._last_step if step is None else step.__index__()
        self.channel.send({"checkpoint": number, "obeyed": self.obeyed})
        folder = Path(self._answer("save")["save"])
        try:
            save(folder)
        except BaseException as error:
            self.channel.send({"saved": False, "error": f"{type(error).__name__}: {error}"})
            self._answer("checkpointed")
            raise
        self.channel.send({"saved": True})
        answer = self._answer("checkpointed")
        if answer.get("error"):
            raise OSError(answer.get("errno") or 5, answer["error"])
        self._saved = time.monotonic()
        return Path(answer["checkpointed"])

    def _answer(self, key: str) -> Mapping[str, Any]:
        """Wait for the client's message with this key; take in what comes before it. Raises: Gone."""
        deadline = time.monotonic() + MAX_ANSWER_S
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN)
        while True:
            self.channel.flush()
            message = self.channel.receive()
            if message is not None and key in message:
                return message
            if message is not None:
                self._take(message)
                continue
            if time.monotonic() > deadline:
                self.channel.close()
                raise Gone(f"it did not answer for {MAX_ANSWER_S:.0f} s")
            poll.poll(50 if self.channel.blocked else 500)
