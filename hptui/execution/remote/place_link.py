"""The connection to one place on a cluster: messages that go by way of a bridge which all places share."""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from hptui.execution.remote.link import MAX_ASK_S, Link, LinkState

Message = dict[str, Any]


class Bridged(Protocol):
    """All places, as one of them needs them."""

    bridge: Link | None

    def poll(self) -> None:
        """Distribute what the bridge has brought."""

    def pass_on(self, place: str, message: Mapping[str, Any]) -> None:
        """Send a message to a place."""


class PlaceLink:
    """The connection to a place, or to a node itself (`keeper`): to what places that have ended left there.

    `ended` is set when the actor at the other end has ended, or was replaced, until somebody has seen to its attempts.
    `useless` is set when it refuses to serve, until somebody has ended it.
    """

    def __init__(self, places: Bridged, name: str, *, keeper: bool = False, node: str = "") -> None:
        self.name, self.keeper, self.node = name, keeper, node
        self.state: LinkState = "connecting"
        self.why, self.since, self.heard = "", time.time(), 0.0
        self.hello: Mapping[str, Any] = {}
        self.gone = ""
        self.queued = self.ended = self.failed = self.useless = False
        self.retry_at: float | None = 0.0
        self.delay_s = 1.0
        self._places = places
        self._inbox = deque[Message]()

    @property
    def up(self) -> bool:
        """Whether messages can be exchanged."""
        return self.state == "up"

    @property
    def host(self) -> str:
        """The name of the node's machine; '' before it is known."""
        return self.name if self.keeper else str(self.hello.get("host") or "")

    def number(self) -> int:
        """Return a new number for a question."""
        return self._bridge().number()

    def _bridge(self) -> Link:
        assert self._places.bridge is not None
        return self._places.bridge

    def descriptors(self) -> Iterator[int]:
        """Yield what becomes readable when there is news."""
        yield from self._bridge().descriptors()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message, if the connection is up; else it is lost."""
        if self.up:
            self._places.pass_on(self.name, message)

    def receive(self, message: Message) -> None:
        """Take in what the bridge brings for this place, for the next `poll`."""
        self._inbox.append(message)

    def poll(self) -> list[Message]:
        """Return the messages of the relay there, following what the bridge says of the place meanwhile."""
        messages = []
        while self._inbox:
            message = self._inbox.popleft()
            if message.get("k") == "place":
                self._follow(str(message["state"]), str(message.get("why") or ""))
                continue
            self.heard = time.time()
            if message.get("k") == "refused":
                self._set("refused", str(message.get("why")))
                self.failed = self.useless = True
                self.retry_at = self._later()
                continue
            if message.get("k") == "hello":
                self.hello, self.delay_s, self.gone = message, 1.0, ""
                self.queued = self.failed = False
                self._set("up")
            messages.append(message)
        return messages

    def _follow(self, state: str, why: str) -> None:
        """Follow a change of the place's state."""
        if state in ("new", "dead", "absent"):
            self.ended = True
        if state == "found":
            self._set("connecting")
        elif state == "new":
            self.queued = False
            self._set("refused" if self.failed else "connecting", self.why if self.failed else "")
        elif state == "queued":
            self.queued = True
            self._set("connecting", why)
        elif state == "absent" and self.keeper:
            self.gone = why
            self._set("down", why)
        elif state == "taken":
            self._set("refused", why)
        elif state in ("dead", "failed") and not self.hello and not self.keeper:
            self.failed, self.retry_at = True, self._later()
            self._set("refused", why)
        elif state in ("dead", "failed", "absent"):
            self.retry_at = self._later()
            self._set("down", why)
        else:  # unreachable, or the bridge is lost
            self._set("down", why)

    def _later(self) -> float:
        """Return when to try again: after a time that doubles up to half a minute."""
        self.delay_s, delay = min(30.0, 2 * self.delay_s), self.delay_s
        return time.monotonic() + delay

    def _set(self, state: LinkState, why: str = "") -> None:
        if state != self.state:
            self.state, self.since = state, time.time()
        self.why = why

    def ask(self, message: Mapping[str, Any], answers: Callable[[Message], bool]) -> list[Message]:
        """Send a message and return what has come until a message that `answers`, or for a second."""
        self.send(message)
        deadline, messages = time.monotonic() + MAX_ASK_S, list[Message]()
        while self.up and (left := deadline - time.monotonic()) > 0:
            poll = select.poll()
            for descriptor in self.descriptors():
                poll.register(descriptor, select.POLLIN)
            poll.poll(left * 1000)
            self._places.poll()
            messages += self.poll()
            if any(answers(message) for message in messages):
                break
        return messages

    def close(self) -> None:
        """Do nothing: the bridge is closed as a whole."""
