"""A place on a Ray cluster: an actor that serves attempts by a relay, in a thread of its own.

Ray may call the methods in any of its threads; all that starts processes happens in the one thread that lives as long
as the actor. Attempts end with the actor: what it held of the cluster is somebody else's from then on."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

from hptui.execution.local.shim import OWNER_VARIABLE
from hptui.execution.remote.entry import Refused, probe
from hptui.execution.remote.relay import Relay

log = logging.getLogger(__name__)

Message = dict[str, Any]

UNATTENDED_S = 5.0
"""Seconds without a question after which nothing is read from attempts: nobody takes it."""
MAX_IDLE_S = 600.0
"""Seconds without a question after which a place without an attempt ends itself."""
MAX_BATCH_BYTES = 2 << 20
"""Bytes of messages that one answer has, about."""


class PlaceActor:
    """Serves one bridge at a time: the one that opened it last, by its session."""

    def __init__(self) -> None:
        os.umask(0o077)
        os.environ[OWNER_VARIABLE] = str(os.getpid())
        self._inbox = deque[tuple[str, Message]]()
        self._outbox = deque[Message]()
        self._news = threading.Condition()
        self._session, self._heard = "", time.monotonic()
        self._relay: Relay | None = None
        self._reader, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        threading.Thread(target=self._serve, daemon=True).start()

    def open(self, session: str, opening: Message) -> None:
        """Serve another bridge from now on; its first message will be the hello."""
        with self._news:
            self._session, self._heard = session, time.monotonic()
            self._outbox.clear()
            self._inbox.append((session, opening))
            self._news.notify_all()
        self._wake()

    def tell(self, session: str, messages: list[Message]) -> bool:
        """Pass messages to the relay; return whether the session is still the present one."""
        with self._news:
            if session != self._session:
                return False
            self._heard = time.monotonic()
            self._inbox.extend((session, message) for message in messages)
        self._wake()
        return True

    def collect(self, session: str, wait_s: float) -> list[Message] | None:
        """Return what the relay has to say, waiting for it a while; None once another bridge is served."""
        with self._news:
            self._heard = time.monotonic()
            self._news.wait_for(lambda: self._outbox or session != self._session, wait_s)
            if session != self._session:
                return None
            batch, size = list[Message](), 0
            while self._outbox and size < MAX_BATCH_BYTES:
                batch.append(self._outbox.popleft())
                size += len(batch[-1].get("data") or "")
            return batch

    # the relay's thread -----------------------------------------------------------------------------------------

    def _wake(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._waker, b"x")

    def _say(self, message: Message) -> None:
        with self._news:
            self._outbox.append(message)
            self._news.notify_all()

    def _serve(self) -> None:
        while True:
            try:
                self._turn()
            except Exception:  # a full disk, for example; were this thread to end, nobody would follow attempts
                log.exception("a turn has failed")
                time.sleep(1.0)  # the cause may pass

    def _turn(self) -> None:
        unheard = time.monotonic() - self._heard
        relay = self._relay
        if relay is not None and unheard < UNATTENDED_S:
            relay.wait(self._reader)
        else:
            select.select([self._reader], [], [], 1.0)
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)
        while self._inbox:
            session, message = self._inbox.popleft()
            if session == self._session:
                self._take(message)
        if self._relay is None:
            idle = True
        elif unheard < UNATTENDED_S:
            self._relay.turn()
            return
        else:
            self._relay.executor.poll()
            idle = self._relay.idle()
        if idle and unheard > MAX_IDLE_S:
            os._exit(0)

    def _take(self, message: Message) -> None:
        if message.get("verb") != "open":
            if self._relay is not None:
                self._relay.handle(message)
            return
        try:
            if message.get("probe"):
                self._say(probe(message))
                return
            if self._relay is None:
                self._relay = Relay(message, self._say)
            else:
                self._relay.renew(message)
            self._say(self._relay.hello())
        except Refused as error:
            self._say({"k": "refused", "why": str(error)})
