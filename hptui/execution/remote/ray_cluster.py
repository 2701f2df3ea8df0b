"""The Ray cluster as the bridge sees it: its nodes, and the actors of a study. All that may block is done in a thread.

Imported in the bridge's process alone. No function of anybody crosses: the actor's class is found by import there."""

from __future__ import annotations

import importlib
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from hptui.core.version import __version__
from hptui.execution.remote.messages import PROTOCOL
from hptui.execution.remote.ray_place import PlaceActor

Message = dict[str, Any]
Found = tuple[str, Any, str]
"""What was found of a place: new, found or absent; the actor or None; and why there is none."""

NAMESPACE = "hptui"
WATCH_S = 2.0
"""How often nodes are looked at."""
MAX_PROBED_NODES = 32
"""Most nodes on which a probe starts an actor."""
PROBE_S = 60.0
"""Seconds that nodes have to answer a probe."""
METHOD_THREADS = 4
"""Calls that a place takes at once: one waits for news, others bring messages."""


def last_line(text: str) -> str:
    """Return the line of a message of Ray's that says most: the last error, or the first sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.partition(":")[0].endswith(("Error", "Exception"))]
    reasons = [line for line in lines if line.startswith("The actor is dead because")]
    return (errors or reasons or lines[-1:] or [""])[-1][:400]


class Cluster:
    """A connected cluster. `post` has something done in the main thread."""

    def __init__(self, ray: Any, identity: str, post: Callable[[Callable[[], None]], None]) -> None:
        self._ray, self._identity, self._post = ray, identity, post
        self._work = queue.SimpleQueue[Callable[[], None]]()
        self._class = ray.remote(PlaceActor)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def version(self) -> str:
        """The version of Ray."""
        return str(self._ray.__version__)

    def do(self, job: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Do something that may block; pass its result, or what it raised, to the main thread."""

        def work() -> None:
            try:
                result = job()
            except Exception as error:  # noqa: BLE001  Ray raises many kinds
                result = error
            self._post(lambda: then(result))

        self._work.put(work)

    def watch(self, tell: Callable[[Message], None]) -> None:
        """Tell the main thread what nodes there are, for ever."""

        def look() -> None:
            while True:
                time.sleep(WATCH_S)
                nodes = self.nodes()
                self._post(lambda nodes=nodes: tell(nodes))  # type: ignore[misc]

        threading.Thread(target=look, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._work.get()()

    def nodes(self) -> Message:
        """Return the living nodes with all that they have, and what is in use of the whole."""
        total, free = self._ray.cluster_resources(), self._ray.available_resources()
        names = [name for name in total if not name.startswith(("node:", "object_store_memory", "memory"))]
        living = [
            {
                "host": node["NodeManagerHostname"],
                "node": node["NodeID"],
                "has": {name: amount for name, amount in node["Resources"].items() if name in names},
            }
            for node in self._ray.nodes()
            if node["Alive"]
        ]
        living.sort(key=lambda node: (node["host"], node["node"]))
        return {
            "nodes": living,
            "total": {name: total[name] for name in sorted(names)},
            "used": {name: round(total[name] - free.get(name, 0.0), 3) for name in sorted(names)},
        }

    # actors -----------------------------------------------------------------------------------------------------

    def _name(self, place: str) -> str:
        return f"{self._identity}/{place}"

    def find_place(self, message: Message) -> Found:
        """Return the actor of a place; make it, where that is wanted, if there is none."""
        name = self._name(str(message["place"]))
        with suppress(ValueError):
            return "found", self._ray.get_actor(name, namespace=NAMESPACE), ""
        if not message.get("create"):
            return "absent", None, "it has ended"
        demand: Mapping[str, float] = message["demand"]
        custom = {key: amount for key, amount in demand.items() if key not in ("CPU", "GPU")}
        options = {"num_cpus": demand.get("CPU", 0), "num_gpus": demand.get("GPU", 0), "resources": custom}
        actor = self._class.options(name=name, lifetime="detached", **options, **_always()).remote()
        return "new", actor, ""

    def find_keeper(self, message: Message) -> Found:
        """Start an actor on a node that holds nothing of it, for what a place has left there."""
        host, node = str(message["host"]), str(message.get("node") or "")
        nodes = [entry for entry in self._ray.nodes() if entry["Alive"] and entry["NodeManagerHostname"] == host]
        if not nodes:
            return "absent", None, f"{host} is no node of the cluster any more"
        chosen = next((entry for entry in nodes if entry["NodeID"] == node), nodes[0])
        return "new", _pinned(self._class, chosen["NodeID"]), ""

    def end(self, place: str, actor: Any) -> None:
        """End the actor of a place, whether or not this bridge has opened it."""
        with suppress(ValueError):
            self._ray.kill(actor or self._ray.get_actor(self._name(place), namespace=NAMESPACE))


def _always() -> Message:
    """Return the options of all actors: Ray restarts nothing."""
    return {"max_restarts": 0, "max_task_retries": 0, "max_concurrency": METHOD_THREADS}


def _pinned(actor_class: Any, node: str) -> Any:
    """Start an actor that holds nothing, on one node."""
    strategies = importlib.import_module("ray.util.scheduling_strategies")
    strategy = strategies.NodeAffinitySchedulingStrategy(node_id=node, soft=False)
    return actor_class.options(num_cpus=0, scheduling_strategy=strategy, **_always()).remote()


def probe_nodes(ray: Any, opening: Message | None) -> list[Message]:
    """Return what each node answers to the opening of a probe: hptui, directories, and its machine."""
    if opening is None:
        return []
    opening = {**opening, "protocol": PROTOCOL, "version": __version__}
    actor_class, asked = ray.remote(PlaceActor), []
    for node in [node for node in ray.nodes() if node["Alive"]][:MAX_PROBED_NODES]:
        actor, session = _pinned(actor_class, node["NodeID"]), uuid.uuid4().hex
        opened = actor.open.remote(session, opening)
        asked.append((node["NodeManagerHostname"], actor, session, opened))
    answers, deadline = list[Message](), time.monotonic() + PROBE_S
    for host, actor, session, opened in asked:
        try:
            ray.get(opened, timeout=max(0.1, deadline - time.monotonic()))
            messages: list[Message] = []
            while not messages and time.monotonic() < deadline:
                messages = ray.get(actor.collect.remote(session, 5.0), timeout=max(0.1, deadline - time.monotonic()))
            answer = messages[0] if messages else {"k": "refused", "why": f"it does not answer within {PROBE_S:g} s"}
        except Exception as error:  # noqa: BLE001  Ray raises many kinds
            answer = {"k": "refused", "why": f"{type(error).__name__}: {last_line(str(error))}"}
        answers.append({**answer, "node_host": host})
    return answers
