"""The bridge to a Ray cluster: a process of its own between the runner and the actors that serve attempts.

    python -m hptui.execution.remote.ray_bridge

Ray blocks, and ends its process, when the head of its cluster is lost: that must not be the runner. Talks JSON lines
on stdin and stdout, as a relay does. It owns nothing: when its runner is gone it leaves, and what runs goes on.

To it, by `verb`: open place keeper tell end ping. From it, by `k`: hello nodes place from ended pong."""

from __future__ import annotations

import importlib
import os
import platform
import queue
import select
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.version import __version__
from hptui.execution.remote.entry import Refused
from hptui.execution.remote.messages import PROTOCOL, BadMessage, LineBuffer, pack
from hptui.execution.remote.ray_cluster import NAMESPACE, Cluster, last_line, probe_nodes
from hptui.execution.remote.relay import private_streams

Message = dict[str, Any]

LONG_POLL_S = 1.0
"""How long one question to a place waits for news."""
QUEUED_AFTER_S = 1.0
"""Seconds without an answer after which a new place is reported as waiting for the cluster."""
REOPEN_S = 1.0
"""Seconds after which a place that could not be reached is tried again."""
MAX_CONNECT_S = 25.0
"""Seconds that Ray may take to connect."""
CONNECT_TIMEOUT_S = 5.0
"""Seconds that the head's port may take to answer."""


@dataclass(eq=False)
class HeldPlace:
    """A place as the bridge holds it. `name` is the runner's name of it, `session` that of the present opening."""

    name: str
    actor: Any
    opening: Message
    session: str = ""
    opened: bool = False
    reported: bool = False
    telling: bool = False
    since: float = field(default_factory=time.monotonic)
    outgoing: list[Message] = field(default_factory=list)

    @property
    def incarnation(self) -> str:
        """The actor's identity: another one by the same name knows nothing of its attempts."""
        return str(self.actor._actor_id.hex())


class Bridge:
    """Passes messages on between one runner and the places of its study."""

    def __init__(self, ray: Any, opening: Message, write: Callable[[Message], None]) -> None:
        self._write = write
        self._jobs = queue.SimpleQueue[Callable[[], None]]()
        self.reader, self._waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.cluster = Cluster(ray, str(opening["identity"]), self._post)
        self._held: dict[str, HeldPlace] = {}
        self._nodes: Message = {}

    def hello(self) -> Message:
        """Return what the runner must know of the cluster."""
        self._nodes = self.cluster.nodes()
        return {"k": "hello", "ray": self.cluster.version, "python": platform.python_version(), **self._nodes}

    def _post(self, job: Callable[[], None]) -> None:
        """Have something done in the main thread."""
        self._jobs.put(job)
        with suppress(BlockingIOError):
            os.write(self._waker, b"x")

    def turn(self) -> None:
        """Do what other threads have asked for, and report places that wait."""
        with suppress(BlockingIOError):
            os.read(self.reader, 4096)
        with suppress(queue.Empty):
            while True:
                self._jobs.get_nowait()()
        for held in self._held.values():
            if not held.opened and not held.reported and time.monotonic() - held.since > QUEUED_AFTER_S:
                held.reported = True
                self._write({"k": "place", "place": held.name, "state": "queued"})

    # messages of the runner -------------------------------------------------------------------------------------

    def handle(self, message: Message) -> None:
        """Carry out one message."""
        verb, name = message.get("verb"), str(message.get("place"))
        if verb == "ping":
            self._write({"k": "pong"})
        elif verb == "tell":
            if held := self._held.get(name):
                held.outgoing.append(message["message"])
                self._tell(held)
        elif verb in ("place", "keeper"):
            self._held.pop(name, None)
            find = self.cluster.find_place if verb == "place" else self.cluster.find_keeper
            self.cluster.do(lambda: find(message), lambda result: self._take_place(message, result))
        elif verb == "end":
            held = self._held.pop(name, None)
            actor = held.actor if held is not None else None
            ended = {"k": "ended", "place": name}
            self.cluster.do(lambda: self.cluster.end(name, actor), lambda _: self._write(ended))

    def _take_place(self, message: Message, result: Any) -> None:
        name = str(message["place"])
        if isinstance(result, Exception):
            self._report(name, "failed", f"{type(result).__name__}: {last_line(str(result))}")
            return
        state, actor, why = result
        if actor is None:
            self._report(name, state, why)
            return
        held = self._held[name] = HeldPlace(name, actor, message["opening"])
        self._report(name, state, "", incarnation=held.incarnation)
        self._open(held)

    def _report(self, name: str, state: str, why: str, **facts: Any) -> None:
        self._write({"k": "place", "place": name, "state": state, "why": why, **facts})

    # places -----------------------------------------------------------------------------------------------------

    def _call(self, held: HeldPlace, reference: Any, then: Callable[[Any], None]) -> None:
        """Have the answer of a place taken in by the main thread, if that is still of the present session."""
        session = held.session

        def arrived(future: Any) -> None:
            def take() -> None:
                if self._held.get(held.name) is not held or held.session != session:
                    return
                error = future.exception()
                if error is None:
                    then(future.result())
                else:
                    self._failed(held, error)

            self._post(take)

        reference.future().add_done_callback(arrived)

    def _open(self, held: HeldPlace) -> None:
        held.session, held.telling = uuid.uuid4().hex, False
        held.outgoing.clear()
        self._call(held, held.actor.open.remote(held.session, held.opening), lambda _: self._opened(held))

    def _opened(self, held: HeldPlace) -> None:
        held.opened = True
        self._collect(held)

    def _collect(self, held: HeldPlace) -> None:
        reference = held.actor.collect.remote(held.session, LONG_POLL_S)
        self._call(held, reference, lambda messages: self._collected(held, messages))

    def _collected(self, held: HeldPlace, messages: list[Message] | None) -> None:
        if messages is None:
            self._held.pop(held.name)
            self._report(held.name, "taken", "another runner has taken it over")
            return
        self._collect(held)
        for message in messages:
            if message.get("k") == "hello":
                message["incarnation"] = held.incarnation
            self._write({"k": "from", "place": held.name, "message": message})

    def _tell(self, held: HeldPlace) -> None:
        if held.telling or not held.outgoing:
            return
        messages, held.outgoing, held.telling = held.outgoing, [], True

        def sent(_: Any) -> None:
            held.telling = False
            self._tell(held)

        self._call(held, held.actor.tell.remote(held.session, messages), sent)

    def _failed(self, held: HeldPlace, error: BaseException) -> None:
        """Try a place again that Ray cannot reach for now; report one that has died."""
        if type(error).__name__ == "ActorUnavailableError":
            self._report(held.name, "unreachable", last_line(str(error)))
            held.session, held.opened, held.reported = "", False, True
            timer = threading.Timer(REOPEN_S, lambda: self._post(lambda: self._reopen(held)))
            timer.daemon = True
            timer.start()
            return
        self._held.pop(held.name)
        self._report(held.name, "dead", last_line(str(error)))

    def _reopen(self, held: HeldPlace) -> None:
        if self._held.get(held.name) is held:
            self._open(held)

    def take_nodes(self, nodes: Message) -> None:
        """Tell the runner of nodes that have come or gone, and of what is in use."""
        if nodes != self._nodes:
            self._nodes = nodes
            self._write({"k": "nodes", **nodes})


def connect(opening: Message) -> Any:
    """Connect to the cluster; return the module ray. Raises: Refused."""
    if opening.get("protocol") != PROTOCOL or opening.get("version") != __version__:
        raise Refused(
            f"hptui is {__version__} in {sys.executable}, {opening.get('version')} at the runner: install the same one"
        )
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        hint = f"{sys.executable} -m pip install 'ray>=2.40,<3', or name another python in [ray]"
        raise Refused(f"{sys.executable} has no Ray ({error}): {hint}") from None
    address = str(opening["address"])
    if address.startswith("ray://"):
        raise Refused("[ray] address: give HOST:PORT of the head, on a machine of the cluster; ray:// is for clients")
    host, _, port = address.rpartition(":")
    if address != "auto":
        try:
            socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
        except (OSError, ValueError, OverflowError) as error:
            raise Refused(
                f"no Ray head answers at {address} ({error}): start one with: ray start --head, or set address in [ray]"
            ) from None
    connected = threading.Timer(MAX_CONNECT_S, lambda: _give_up(address))
    connected.daemon = True
    connected.start()
    try:
        ray.init(
            address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False, logging_level="ERROR"
        )
    except Exception as error:  # noqa: BLE001  Ray raises many kinds
        raise Refused(_why_not(address, error)) from None
    finally:
        connected.cancel()
    return ray


def _give_up(address: str) -> None:
    print(f"no answer of the Ray cluster at {address} within {MAX_CONNECT_S:g} s: does its head live?", file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)


def _why_not(address: str, error: Exception) -> str:
    text = " ".join(str(error).split())
    if "ersion mismatch" in text:
        return f"{text} ({sys.executable}: use the Ray and Python of the cluster, with python in [ray])"
    if isinstance(error, ConnectionError) and address == "auto":
        return "no Ray cluster runs on this machine: start it with: ray start --head, or set address in [ray]"
    if isinstance(error, ConnectionError):
        text += " (if the cluster asks for a token, RAY_AUTH_MODE and RAY_AUTH_TOKEN must be set here as on its nodes)"
    return f"{type(error).__name__}: {text[:600]}"


def main() -> int:
    """Serve until the runner is gone."""
    source, target = private_streams()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.environ.setdefault("RAY_DISABLE_IMPORT_WARNING", "1")

    def write(message: Message) -> None:
        data = memoryview(pack(message))
        while data:
            data = data[os.write(target, data) :]

    lines, bridge = LineBuffer(), None
    try:
        while True:
            descriptors = [source] if bridge is None else [source, bridge.reader]
            ready = select.select(descriptors, [], [], 1.0)[0]
            if source in ready:
                data = os.read(source, 1 << 18)
                if not data:
                    break
                for message in lines.feed(data):
                    if bridge is not None:
                        bridge.handle(message)
                        continue
                    ray = connect(message)
                    bridge = Bridge(ray, message, write)
                    hello = bridge.hello()
                    if message.get("probe"):
                        write(hello | {"answers": probe_nodes(ray, message.get("opening"))})
                        break
                    write(hello)
                    bridge.cluster.watch(bridge.take_nodes)
            if bridge is not None:
                bridge.turn()
    except Refused as error:
        with suppress(OSError):
            write({"k": "refused", "why": str(error)})
        os._exit(1)
    except (BrokenPipeError, BadMessage) as error:
        print(error, file=sys.stderr)
    os._exit(0)  # Ray's own farewell may block; nothing here needs one


if __name__ == "__main__":
    sys.exit(main())
