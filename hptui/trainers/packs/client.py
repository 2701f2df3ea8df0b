"""The worker of an attempt that runs in a host: it writes the attempt's events and passes on requests to stop.

The attempt is this process: its shim, lock, log, events, checkpoints and end are its own, and its death is its own.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.core.trial import HOST_LOST, HOST_REFUSED, SECONDS_ALONE, Reason, Value
from hptui.store.run_directory import EventWriter, RunDir, lock_is_held, read_json
from hptui.trainers.context import TrialContext
from hptui.trainers.failures import Failure
from hptui.trainers.packs.channel import VERSION, Channel, Gone, connect

CONNECT_POLL_S = 0.02
"""Seconds between two tries to connect to a host that does not listen yet."""
POLL_S = 0.2
"""Longest time that a request to stop waits to be noticed; SIGTERM wakes at once."""
MAX_LAST_WORDS_S = 3.0
"""Seconds to wait for the file that says how the host ended."""
LOADING_S = 3600.0
"""Seconds that may pass without events while the host loads its base."""


class HostedTrainer:
    """A trainer whose computing is done by the host in a directory."""

    def __init__(self, host: Path, config: Mapping[str, Any], events: EventWriter) -> None:
        self._host, self._config, self._events = RunDir(host), config, events
        self._company: list[int] = []
        self._asked = False
        self._channel: Channel | None = None

    def greet(self, trial: TrialContext) -> None:
        """Tell the host of the trial if it listens: it begins while this process notes what it trains from."""
        if not trial.should_stop and (channel := self._reach()) is not None:
            with suppress(Gone):  # then the host is waited for, or its end is found
                self._say_hello(channel, trial)
                self._channel = channel

    def __call__(self, settings: Mapping[str, Value], trial: TrialContext) -> Mapping[str, float]:
        """Run the trial in the host; return its final metrics.

        Raises: Failure with the reason that the host found, or for the end of the host itself.
        """
        trial.phase("load", allow=LOADING_S)
        wake, waker = socket.socketpair()
        wake.setblocking(False)
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            if (channel := self._channel) is None:
                channel = self._connect(trial)
                if channel is None:  # asked to stop before it began
                    return {}
                self._say_hello(channel, trial)
            return self._relay(channel, trial, wake)
        except Gone:
            raise self._host_ended(trial) from None
        finally:
            signal.set_wakeup_fd(-1)
            wake.close()
            waker.close()

    def _connect(self, trial: TrialContext) -> Channel | None:
        """Return the connection to the host once it listens. Raises: Failure when the host is gone."""
        while not trial.should_stop:
            if (channel := self._reach()) is not None:
                return channel
            if not lock_is_held(self._host.lock):
                raise self._host_ended(trial)
            time.sleep(CONNECT_POLL_S)  # the host's start cannot be waited for: it has no socket yet
        return None

    def _reach(self) -> Channel | None:
        return connect(self._host.root) if self._host.root.is_dir() else None

    def _say_hello(self, channel: Channel, trial: TrialContext) -> None:
        """Tell the host which attempt this is. Raises: Gone."""
        resume = {"path": str(trial.resume_from or ""), "step": trial.resumed_step}
        token = self._config["token"]
        channel.send({"hello": str(trial.attempt_dir), "token": token, "version": VERSION, "resume": resume})

    def _relay(self, channel: Channel, trial: TrialContext, wake: socket.socket) -> Mapping[str, float]:
        poll = select.poll()
        poll.register(channel.fileno(), select.POLLIN)
        poll.register(wake.fileno(), select.POLLIN)
        handlers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "event": lambda message: self._events.emit(message["event"], **message["fields"]),
            "print": lambda message: print(message["print"], end="", flush=True),
            "pass": self._progressed,
            "checkpoint": lambda message: self._checkpoint(channel, trial, message),
        }
        while True:
            message = channel.receive()
            if message is None:
                channel.flush()
                self._pass_on_stop(channel, trial)
                poll.poll(POLL_S * 1000)
                _drain(wake)
            elif "end" in message:
                trial.obeyed, trial.early = message["obeyed"], message["early"]
                final: dict[str, float] = message["end"]
                return final
            elif "failed" in message:
                raise Failure(Reason(message["failed"]), message["message"])
            elif "refused" in message:
                trial.environment(**{HOST_REFUSED: message["refused"]})
                text = f"it cannot share a process: {message['refused']}; it runs again in one of its own"
                raise Failure(Reason.LOST, text)
            else:
                for key in handlers.keys() & message.keys():
                    handlers[key](message)

    def _pass_on_stop(self, channel: Channel, trial: TrialContext) -> None:
        if not self._asked and trial.should_stop:
            self._asked = True
            channel.send({"stop": trial.obeyed})

    def _progressed(self, message: Mapping[str, Any]) -> None:
        """Record that the host computes: silence of the host is what a hang is, not silence of this process."""
        self._company = list(message["with"])
        share = message.get("share")  # a host of an older version does not say it
        self._events.emit("progressed", passes=message["pass"], **({} if share is None else {SECONDS_ALONE: share}))

    def _checkpoint(self, channel: Channel, trial: TrialContext, message: Mapping[str, Any]) -> None:
        """Make a checkpoint of the files that the host writes, and answer it where it is. Raises: Gone."""
        staging = Path(self._config["checkpoints"]) / f".tmp-host-{self._config['token'][:12]}"

        def save(folder: Path) -> None:
            staging.mkdir(mode=0o700, parents=True, exist_ok=True)
            channel.send({"save": str(staging)})
            answer = _wait(channel, "saved")
            if not answer["saved"]:
                raise HostCouldNotSave(answer["error"])
            for entry in staging.iterdir():
                os.rename(entry, folder / entry.name)
            staging.rmdir()

        try:
            trial.obeyed = message["obeyed"]  # a trial that pauses at a rung keeps one checkpoint
            written = trial.checkpoint(save, message["checkpoint"])
        except HostCouldNotSave as error:
            channel.send({"checkpointed": "", "error": str(error)})
        except OSError as error:
            channel.send({"checkpointed": "", "error": error.strerror or str(error), "errno": error.errno})
        else:
            channel.send({"checkpointed": str(written)})

    # the end of the host ----------------------------------------------------------------------------------------

    def _host_ended(self, trial: TrialContext) -> Failure:
        """Return what the end of the host means for this trial: it is to blame only if it was alone there."""
        ending = self._ending()
        number, code = ending.get("signal"), ending.get("code")
        how = f"ended by {_signal_name(number)}" if number else f"ended with exit code {code}" if ending else "vanished"
        others = [other for other in self._company if other != trial.number]
        if others:
            trial.environment(**{HOST_LOST: others})
            return Failure(Reason.LOST, f"the process shared with trials {', '.join(map(str, others))} {how}")
        message = f"the process that computed it alone {how}"
        if number == signal.SIGKILL and ending.get("oom_kills"):
            return Failure(Reason.HOST_OOM, f"{message}: out of host memory")
        # Nobody here sent these signals, or the trial never came to compute: it is not to blame.
        innocent = not ending or not self._company or number in (signal.SIGKILL, signal.SIGTERM) or code == 0
        if innocent and not self._company and code != 0:
            trial.environment(**{HOST_LOST: []})
        return Failure(Reason.LOST if innocent else Reason.CRASH, message)

    def _ending(self) -> Mapping[str, Any]:
        """Return how the host's process ended; {} where nothing says it."""
        deadline = time.monotonic() + MAX_LAST_WORDS_S
        while not isinstance(ending := read_json(self._host.exit), dict):
            if time.monotonic() > deadline:
                return {}
            time.sleep(CONNECT_POLL_S)  # its shim writes the file within milliseconds, if it lives
        return ending


class HostCouldNotSave(Exception):
    """The host failed to write the files of a checkpoint, for a reason that it knows itself."""


def _wait(channel: Channel, key: str) -> Mapping[str, Any]:
    """Wait for the host's message with a key; it sends no other meanwhile. Raises: Gone."""
    poll = select.poll()
    poll.register(channel.fileno(), select.POLLIN)
    while (message := channel.receive()) is None or key not in message:
        channel.flush()
        poll.poll(1000)
    return message


def _drain(wake: socket.socket) -> None:
    try:
        wake.recv(64)
    except BlockingIOError:
        return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def host_of(config: Mapping[str, Any]) -> Path | None:
    """Return the directory of the host that an attempt runs in; None for a process of its own."""
    host = config.get("host")
    return Path(host) if host else None
