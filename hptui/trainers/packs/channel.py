"""The connection between a host and a client: JSON messages over a Unix socket, one packet each.

A message that a peer does not read now waits in memory; a peer that reads nothing for long is cut off, so that nobody
waits for it. What is longer than a packet goes in parts.
"""

from __future__ import annotations

import json
import os
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VERSION = 1
"""Version of the messages. A host refuses clients of another one."""
SOCKET_NAME = "socket"
PART_BYTES = 60_000
"""Most bytes of a packet: below every system's default limit."""
MAX_WAITING_BYTES = 16 << 20
"""Bytes that may wait for a peer that does not read."""


class Gone(Exception):
    """The peer has closed the connection, or no longer reads."""


class Channel:
    """One end of a connection. `fileno` becomes readable when there is a message."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        link.setblocking(False)
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._parts: list[bytes] = []
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._link.fileno()

    @property
    def blocked(self) -> bool:
        """Whether messages wait for the peer to read."""
        return bool(self._waiting)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message, or keep it until the peer reads. Raises: Gone."""
        data = json.dumps(message, separators=(",", ":")).encode()
        for start in range(0, len(data), PART_BYTES):
            part = data[start : start + PART_BYTES]
            more = b"+" if start + PART_BYTES < len(data) else b"."
            self._waiting.append(more + part)
            self._waiting_bytes += len(part) + 1
        self.flush()
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.close()
            raise Gone("it does not read")

    def flush(self) -> None:
        """Send what waits, as far as the peer takes it. Raises: Gone."""
        while self._waiting:
            try:
                self._link.send(self._waiting[0])
            except BlockingIOError:
                return
            except OSError as error:
                self.close()
                raise Gone(str(error)) from error
            self._waiting_bytes -= len(self._waiting.popleft())

    def receive(self) -> dict[str, Any] | None:
        """Return the next message; None when there is none now. Raises: Gone at the end of the connection."""
        while True:
            try:
                data = self._link.recv(PART_BYTES + 1)
            except BlockingIOError:
                return None
            except OSError as error:
                self.close()
                raise Gone(str(error)) from error
            if not data:
                self.close()
                raise Gone("it has closed the connection")
            self._parts.append(data[1:])
            if data[:1] == b".":
                message, self._parts = b"".join(self._parts), []
                value: dict[str, Any] = json.loads(message)
                return value

    def close(self) -> None:
        """Close this end."""
        if not self.closed:
            self.closed = True
            self._link.close()


@contextmanager
def _short_path(directory: Path) -> Iterator[str]:
    """Yield a path of a directory's socket that is short enough for an address."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{SOCKET_NAME}"
    finally:
        os.close(fd)


def listen(directory: Path) -> socket.socket:
    """Return the listening socket of a host, which only this user may connect to."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    (directory / SOCKET_NAME).unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        with _short_path(directory) as path:
            server.bind(path)
    finally:
        os.umask(before)
    server.listen(128)
    server.setblocking(False)
    return server


def connect(directory: Path) -> Channel | None:
    """Return the connection to a host; None while it does not listen."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with _short_path(directory) as path:
            link.connect(path)
    except OSError:
        link.close()
        return None
    return Channel(link)
