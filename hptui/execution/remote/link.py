"""The connection to one machine: a process with a relay at its other end, started again for ever when it breaks.

Nothing here blocks but `ask`, for a second at most. The command line for the far side is fixed but for the path of
Python and the user's own setup; everything else goes as JSON on standard input."""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
import random
import select
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol

from hptui.core.version import __version__
from hptui.execution.remote.messages import PROTOCOL, BadMessage, LineBuffer, pack
from hptui.execution.remote.staging import quoted_python

log = logging.getLogger(__name__)

COMMAND_VARIABLE = "HPTUI_SSH"
"""Environment variable with the command to use in place of `ssh`, such as `ssh -F FILE`."""
SSH_OPTIONS = (
    *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ServerAliveInterval=5"),
    *("-o", "ServerAliveCountMax=3", "-o", "ConnectTimeout=15", "-o", "ClearAllForwardings=yes"),
    *("-o", "ForwardAgent=no", "-T"),
)
MAX_CONNECT_S = 30.0
"""Seconds after which a connection without a hello is tried again."""
PING_S = 15.0
MAX_SILENCE_S = 60.0
"""Seconds without an answer to a ping after which the connection counts as broken."""
FIRST_DELAY_S, MAX_DELAY_S = 1.0, 30.0
"""Delays before a broken connection is tried again."""
MAX_ASK_S = 1.0
"""How long an answer is waited for."""
PIPE_BYTES = 1 << 20
READ_BYTES = 1 << 20
MAX_STDERR_BYTES = 4096

LinkState = Literal["connecting", "up", "down", "refused"]


class MachineLink(Protocol):
    """A way to a relay that is made, lost and made again.

    `why` says what is wrong with it, `since` when its state began and `heard` when the machine was heard last (UTC).
    `hello` is the relay's first message. `gone` says that the machine is lost, by the word of an engine that may be
    wrong; '' otherwise.
    """

    name: str
    state: LinkState
    why: str
    since: float
    heard: float
    hello: Mapping[str, Any]
    gone: str

    @property
    def up(self) -> bool:
        """Whether messages can be exchanged."""

    def number(self) -> int:
        """Return a new number for a question."""

    def descriptors(self) -> Iterator[int]:
        """Yield what becomes readable when there is news."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message, if the connection is up; else it is lost, as what was sent just before a break is."""

    def poll(self) -> list[dict[str, Any]]:
        """Return what has come; make a connection, or end a broken one, when it is time."""

    def ask(self, message: Mapping[str, Any], answers: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Send a message and return what has come until a message that `answers`, or for a second."""

    def close(self) -> None:
        """End the connection; the relay leaves by itself."""


def ssh_command(host: str, python: str, setup: Sequence[str]) -> list[str]:
    """Return the command that starts a relay on a machine."""
    far = f"exec {quoted_python(python)} -m hptui.execution.remote.relay"
    if setup:
        far = "exec bash -lc " + shlex.quote("\n".join([*setup, far]))
    return [*shlex.split(os.environ.get(COMMAND_VARIABLE) or "ssh"), *SSH_OPTIONS, host, far]


def remedy(host: str, text: str) -> str:
    """Return what ssh or the machine complains of, with what to do about it."""
    hints = {
        "Host key verification failed": f"its host key is not known here, or has changed: look at it with: ssh {host}",
        "Permission denied": f"no key of yours is accepted: ssh {host} must work without a question",
        "Could not resolve hostname": "no such machine: check the name in [ssh] hosts",
        "No module named": "hptui is not installed for the Python there: set python in [ssh]",
        "No such file or directory": "that Python does not exist there: set python in [ssh]",
        "command not found": "that Python does not exist there: set python in [ssh]",
    }
    hint = next((hint for part, hint in hints.items() if part in text), "")
    last = text.strip().splitlines()[-1] if text.strip() else ""
    return f"{last} ({hint})" if hint and last else hint or last


class Link:
    """A connection through the streams of a process. `opening` returns the first message of each connection.

    `explain` returns what a process that has ended complains of, with what to do about it.
    """

    gone = ""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        opening: Callable[[], Mapping[str, Any]],
        explain: Callable[[str, str], str] = remedy,
        max_connect_s: float = MAX_CONNECT_S,
    ) -> None:
        self.name, self._command, self._opening, self._explain = name, list(command), opening, explain
        self._max_connect_s = max_connect_s
        self.state: LinkState = "connecting"
        self.why, self.since, self.heard = "", time.time(), 0.0
        self.hello: Mapping[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = LineBuffer()
        self._out = bytearray()
        self._stderr = b""
        self._delay, self._retry_at = FIRST_DELAY_S, 0.0
        self._began = self._read_at = self._pinged_at = 0.0
        self._numbers = itertools.count(1)

    @property
    def up(self) -> bool:
        """Whether messages can be exchanged."""
        return self.state == "up"

    def number(self) -> int:
        """Return a new number for a question."""
        return next(self._numbers)

    def descriptors(self) -> Iterator[int]:
        """Yield what becomes readable when there is news."""
        if self._process is not None and self._process.stdout is not None:
            yield self._process.stdout.fileno()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message, if the connection is up; else it is lost, as what was sent just before a break is."""
        if self.up:
            self._out += pack(message)
            self._flush()

    def poll(self) -> list[dict[str, Any]]:
        """Return what has come; make a connection, or end a broken one, when it is time."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._retry_at:
                self._connect()
            return []
        messages = self._read()
        if self._process is None:
            return messages
        self._flush()
        if self.state == "connecting" and now - self._began > self._max_connect_s:
            self._break(f"no answer within {self._max_connect_s:g} s")
        elif self.up and now - self._read_at > MAX_SILENCE_S:
            self._break(f"silent for {MAX_SILENCE_S:g} s")
        elif self.up and now - self._pinged_at > PING_S:
            self._pinged_at = now
            self.send({"verb": "ping"})
        return messages

    def ask(self, message: Mapping[str, Any], answers: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Send a message and return what has come until a message that `answers`, or for a second."""
        self.send(message)
        deadline, messages = time.monotonic() + MAX_ASK_S, list[dict[str, Any]]()
        while self.up and (left := deadline - time.monotonic()) > 0:
            poll = select.poll()
            for descriptor in self.descriptors():
                poll.register(descriptor, select.POLLIN)
            poll.poll(left * 1000)
            messages += self.poll()
            if any(answers(message) for message in messages):
                break
        return messages

    def close(self) -> None:
        """End the connection; the relay leaves by itself."""
        if self._process is not None:
            self._end_process()

    # the ssh process --------------------------------------------------------------------------------------------

    def _set(self, state: LinkState, why: str = "") -> None:
        if state != self.state:
            self.state, self.since = state, time.time()
        self.why = why

    def _connect(self) -> None:
        self._began = time.monotonic()
        try:
            self._process = process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # ^C in the user's terminal is not for it
                bufsize=0,
            )
        except OSError as error:
            self._retry(f"{self._command[0]} cannot be started: {error.strerror}")
            return
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
            with suppress(OSError, AttributeError):
                fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._lines, self._stderr = LineBuffer(banner=True), b""
        opening = {"protocol": PROTOCOL, "version": __version__, **self._opening()}
        self._out = bytearray(pack(opening))
        if self.state != "refused":
            self._set("connecting" if not self.heard else "down", self.why)
        self._flush()

    def _read(self) -> list[dict[str, Any]]:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        with suppress(BlockingIOError):
            self._stderr = (self._stderr + os.read(self._process.stderr.fileno(), READ_BYTES))[-MAX_STDERR_BYTES:]
        messages: list[dict[str, Any]] = []
        try:
            data = os.read(self._process.stdout.fileno(), READ_BYTES)
        except BlockingIOError:
            return []
        try:
            messages = self._lines.feed(data)
        except BadMessage as error:
            self._break(f"what answers is no relay: {error}")
            return []
        self._read_at = time.monotonic()
        if messages:
            self.heard = time.time()
        if not self.up and messages:
            messages = self._greet(messages)
        if not data:
            self._ended()
        return messages

    def _greet(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        first = messages[0]
        if first.get("k") == "hello":
            self.hello, self._delay = first, FIRST_DELAY_S
            self._pinged_at = time.monotonic()
            self._set("up")
            return messages
        self._break(str(first.get("why") or "what answers is no relay"), refused=True)
        return []

    def _ended(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        with suppress(OSError):
            self._stderr = (self._stderr + os.read(self._process.stderr.fileno(), READ_BYTES))[-MAX_STDERR_BYTES:]
        text = self._explain(self.name, self._stderr.decode(errors="replace"))
        never_up = not self.up and self._process.returncode not in (255, None)
        self._break(text or "the connection has ended", refused=never_up)

    def _break(self, why: str, *, refused: bool = False) -> None:
        log.warning("%s: %s", self.name, why)
        self._end_process()
        self._set("refused" if refused else "down", why)
        self._retry(why)

    def _retry(self, why: str) -> None:
        if self.state != "refused":
            self._set("down", why)
        self._retry_at = time.monotonic() + self._delay * random.uniform(0.8, 1.2)
        self._delay = min(MAX_DELAY_S, 2 * self._delay)

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            process.wait(0.2)  # it ends by itself once nobody listens
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _flush(self) -> None:
        if self._process is None or self._process.stdin is None:
            return
        try:
            while self._out:
                written = os.write(self._process.stdin.fileno(), self._out[:PIPE_BYTES])
                del self._out[:written]
        except BlockingIOError:
            return
        except OSError:
            self._out.clear()  # reading says why it has ended
