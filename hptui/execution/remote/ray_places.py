"""The places of a study on a Ray cluster: what it may have, what it asks the bridge for, and what it gets."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hptui.core.ray_cluster import RayCluster
from hptui.core.ssh import Pull
from hptui.core.study import Resources
from hptui.core.version import __version__
from hptui.execution.executor import Place
from hptui.execution.remote.link import Link, MachineLink
from hptui.execution.remote.machines import Active, Machines, RelayedLease
from hptui.execution.remote.messages import PROTOCOL
from hptui.execution.remote.place_link import PlaceLink

BRIDGE = "hptui.execution.remote.ray_bridge"
PLACE = "place-"
"""How the names of places begin; a number follows."""
MAX_CONNECT_S = 90.0
"""Seconds that the bridge may take to start and to connect."""
MAX_END_S = 5.0
"""How long a study that rests waits until its places are given back."""


def bridge_command(ray: RayCluster) -> list[str]:
    """Return the command that starts the bridge."""
    return [os.path.expanduser(ray.python) or sys.executable, "-P", "-m", BRIDGE]


def explain(name: str, text: str) -> str:
    """Return what the bridge complains of, with what to do about it."""
    last = text.strip().splitlines()[-1] if text.strip() else ""
    missing = "No module named 'hptui" in text or "No module named hptui" in text
    return f"{last} (install hptui there, or set python in [ray])" if missing else last


def uses_gpus(resources: Resources, total: Mapping[str, float]) -> bool:
    """Return whether trials take GPUs of a cluster that has `total`."""
    return total.get("GPU", 0) > 0 if resources.gpus == "all" else bool(resources.gpus)


def demand_of(resources: Resources, total: Mapping[str, float]) -> dict[str, float]:
    """Return what one place takes of the cluster."""
    demand = {"CPU": resources.ray.cpus, **resources.ray.resources}
    if uses_gpus(resources, total):
        demand["GPU"] = resources.gpus_per_trial / resources.trials_per_gpu
    return demand


def wanted_places(resources: Resources, total: Mapping[str, float]) -> int:
    """Return how many places a study may have."""
    if resources.ray.places is not None:
        return resources.ray.places
    if not uses_gpus(resources, total):
        return resources.parallel
    gpus = int(resources.gpus) if isinstance(resources.gpus, int) else int(total.get("GPU", 0))
    return max(1, gpus // resources.gpus_per_trial * resources.trials_per_gpu)


def amounts(demand: Mapping[str, float]) -> str:
    """Return amounts of resources in words."""
    return ", ".join(f"{amount:g} {name}" for name, amount in demand.items() if amount)


def unfit(demand: Mapping[str, float], nodes: list[Mapping[str, Any]]) -> str:
    """Return why no node of the cluster could ever hold a place; '' if one could."""
    if any(all(node["has"].get(name, 0) >= amount for name, amount in demand.items()) for node in nodes):
        return ""
    most = {name: max((node["has"].get(name, 0) for node in nodes), default=0) for name in demand}
    lacking = [f"{name}: {demand[name]:g}, the most of a node is {most[name]:g}" for name in demand]
    short = [text for name, text in zip(demand, lacking, strict=True) if most[name] < demand[name]]
    if not short:
        return f"no single node has {amounts(demand)} together"
    return f"no node has what a trial takes ({'; '.join(short)})"


class RayPlaces(Machines):
    """The bridge, the places and the nodes behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.bridge: Link | None = None
        self.nodes: list[Mapping[str, Any]] = []
        self.has: Mapping[str, float] = {}
        self.in_use: Mapping[str, float] = {}
        self._connected = False
        self._ended: set[str] = set()

    def begin(self) -> None:
        """Start the bridge."""
        opening = lambda: {"verb": "open", "address": self.resources.ray.address, "identity": self.identity()}
        self.bridge = Link("Ray", bridge_command(self.resources.ray), opening, explain, MAX_CONNECT_S)

    # what is wanted ---------------------------------------------------------------------------------------------

    def wanted(self) -> int:
        """Return how many places the study may have; 0 before the cluster has answered."""
        return wanted_places(self.resources, self.has) if self.nodes else 0

    def is_wanted(self, name: str) -> bool:
        """Return whether a place is one of those that the study may have."""
        number = name.removeprefix(PLACE)
        return number.isdigit() and 1 <= int(number) <= self.wanted()

    def named(self) -> list[MachineLink]:
        """Return the connections to the places that the study may have now."""
        return [self.link(f"{PLACE}{n + 1}") for n in range(self.wanted())]

    def link(self, name: str) -> PlaceLink:
        """Return the connection to a place, also to one that is wanted no more."""
        if name not in self.links:
            self.links[name] = PlaceLink(self, name)
            self._reserved[name] = set()
        return self.place_link(name)

    def place_link(self, name: str) -> PlaceLink:
        """Return a connection that there is."""
        link = self.links[name]
        assert isinstance(link, PlaceLink)
        return link

    def all_links(self) -> list[PlaceLink]:
        """Return all connections that there are."""
        return [self.place_link(name) for name in self.links]

    def keeper(self, host: str, node: str = "") -> PlaceLink:
        """Return the connection to a node, for what a place that has ended left on it."""
        if host not in self.links:
            self.links[host] = PlaceLink(self, host, keeper=True, node=node)
            self._reserved[host] = set()
        return self.place_link(host)

    def resources_of(self, name: str) -> dict[str, Any]:
        """Return what a place must know of `[resources]`."""
        resources = self.resources
        return {
            "gpus": "all" if uses_gpus(resources, self.has) else 0,
            "trials_per_gpu": resources.trials_per_gpu,
            "gpus_per_trial": resources.gpus_per_trial,
            "parallel": 1,
            "share": resources.share,
        }

    def pull(self) -> Pull:
        """Return whose last checkpoint is copied here when an attempt has ended."""
        return self.resources.ray.pull

    def place_opening(self, link: PlaceLink) -> dict[str, Any]:
        """Return the first message to a place, or to a node."""
        opening = self.opening(link.name, os.path.join(self.resources.ray.dir, self.identity(), "{host}"))
        opening |= {"table": "ray", "protocol": PROTOCOL, "version": __version__}
        return opening | ({"slot": "keeper", "ends": True} if link.keeper else {"slot": link.name})

    # the bridge -------------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Distribute what the bridge has brought, and ask it for what is wanted."""
        if self.bridge is None:
            return
        messages = self.bridge.poll()
        if self._connected and (not self.bridge.up or any(message.get("k") == "hello" for message in messages)):
            self._connected = False
            for link in self.all_links():
                link.receive({"k": "place", "state": "lost", "why": self.bridge.why or "the bridge has ended"})
        for message in messages:
            self._distribute(message)
        if not self.bridge.up:
            return
        if not self._connected:
            self._connected = True
            self.named()
            for link in self.all_links():
                link.retry_at = 0.0
        now = time.monotonic()
        for link in self.all_links():
            if link.retry_at is not None and now >= link.retry_at:
                self._request(link)

    def _distribute(self, message: dict[str, Any]) -> None:
        kind, name = message.get("k"), str(message.get("place"))
        if kind in ("hello", "nodes"):
            self.nodes, self.has, self.in_use = message["nodes"], message["total"], message["used"]
            hosts = {node["host"] for node in self.nodes}
            for link in self.all_links():
                if link.keeper and not link.up and link.host in hosts and link.retry_at is None:
                    link.retry_at = 0.0
                elif link.queued and link.state == "connecting":
                    link.why = self.why_queued()
        elif kind == "ended":
            self._ended.add(name)
        elif name in self.links:
            link = self.place_link(name)
            if kind == "place" and message.get("state") == "queued":
                message["why"] = self.why_queued()
            link.receive(message["message"] if kind == "from" else message)

    def _request(self, link: PlaceLink) -> None:
        assert self.bridge is not None
        link.retry_at = None
        message: dict[str, Any] = {"place": link.name, "opening": self.place_opening(link)}
        if link.keeper:
            message |= {"verb": "keeper", "host": link.host, "node": link.node}
        else:
            create = self.is_wanted(link.name)
            message |= {"verb": "place", "create": create, "demand": demand_of(self.resources, self.has)}
        self.bridge.send(message)

    def pass_on(self, place: str, message: Mapping[str, Any]) -> None:
        """Send a message to a place."""
        if self.bridge is not None:
            self.bridge.send({"verb": "tell", "place": place, "message": message})

    def why_queued(self) -> str:
        """Return what a place waits for."""
        demand = demand_of(self.resources, self.has)
        if problem := unfit(demand, self.nodes):
            return problem
        taken = ", ".join(f"{self.in_use.get(name, 0):g} of {self.has.get(name, 0):g} {name}" for name in demand)
        return f"it takes {amounts(demand) or 'nothing'} of the cluster, which has {taken} in use"

    def is_reserved(self, link: PlaceLink) -> bool:
        """Return whether a place is held for an attempt that is about to start."""
        return bool(self._reserved[link.name])

    def end(self, link: PlaceLink) -> None:
        """Give a place back."""
        if self.bridge is not None and self.bridge.up:
            self.bridge.send({"verb": "end", "place": link.name})

    def remove(self, link: PlaceLink) -> None:
        """Forget a place that is wanted no more."""
        del self.links[link.name]
        self.capacity.pop(link.name, None)

    def end_all(self) -> None:
        """Give all places back, and wait until that is done if the cluster answers."""
        if self.bridge is None or not self.bridge.up:
            return
        self._ended.clear()
        names = {link.name for link in self.all_links() if not link.keeper}
        for link in self.all_links():
            self.end(link)
        deadline = time.monotonic() + MAX_END_S
        while names - self._ended and self.bridge.up and time.monotonic() < deadline:
            for message in self.bridge.poll():
                self._distribute(message)
            time.sleep(0.02)  # an answer takes milliseconds
        for name in names:
            self.remove(self.place_link(name))

    # places -----------------------------------------------------------------------------------------------------

    def descriptors(self) -> Iterator[int]:
        """Yield what becomes readable when the bridge has brought something."""
        if self.bridge is not None:
            yield from self.bridge.descriptors()

    def close(self) -> None:
        """Close the bridge."""
        if self.bridge is not None:
            self.bridge.close()

    def machine(self, link: MachineLink) -> str:
        """Return the name of the node that a place is on."""
        return link.host if isinstance(link, PlaceLink) and link.host else link.name

    def prefix(self, link: MachineLink) -> str:
        """Return what stands before the relay's own name of a place in its label."""
        return f"{self.machine(link)} {link.name} "

    def facts(self, link: MachineLink) -> Mapping[str, Any]:
        """Return which actor an attempt is handed to."""
        return {"incarnation": link.hello.get("incarnation")}

    def disk(self, facts: Mapping[str, Any]) -> PlaceLink:
        """Return a connection to the node that an attempt ran on: a place there, or the node itself."""
        host = str(facts.get("host"))
        up = (link for link in self.all_links() if link.up and link.host == host)
        return next(up, None) or self.keeper(host)

    def same_disk(self, first: MachineLink, second: MachineLink) -> bool:
        """Return whether two places are on the same node."""
        return self.machine(first) == self.machine(second)

    def note_capacity(self, link: MachineLink, capacity: int) -> None:
        """Note that a place runs one attempt at once, however many GPUs it shares with others."""
        self.capacity[link.name] = min(1, max(0, capacity))

    def reserve(self, link: MachineLink) -> tuple[list[dict[str, Any]], RelayedLease | None, str]:
        """Hold a place; its threads are the CPUs that it has."""
        messages, lease, waiting = super().reserve(link)
        if lease is not None:
            lease = replace(lease, threads=max(1, int(self.resources.ray.cpus)))
        return messages, lease, waiting

    def total(self, active: Active) -> int:
        """Return the places that are up and wanted, and those of attempts whose places are not."""
        wanted = [link for link in self.named() if link.up]
        return len(wanted) + sum(active(link) for link in self.all_links() if link.keeper or not link.up)

    def problems(self) -> str:
        """Return what is wrong with bridge or places, each cause once."""
        if self.bridge is None or not self.bridge.up:
            return f"Ray: {self.bridge.why}" if self.bridge is not None and self.bridge.why else ""
        waiting = [link for link in self.all_links() if not link.keeper and not link.up and link.why]
        return "; ".join(dict.fromkeys(f"{link.name}: {link.why}" for link in waiting[:3]))

    def places(self, active: Active) -> list[Place]:
        """Return the places and what they do, for people."""
        listed = []
        bridge = self.bridge
        if bridge is not None and not bridge.up:
            states = {"connecting": "connecting", "refused": "refused"}
            listed.append(
                Place(
                    "Ray", states.get(bridge.state, "unreachable"), bridge.why, round(bridge.since), heard=bridge.heard
                )
            )
        for link in self.all_links():
            running = active(link)
            if link.keeper and not running:
                continue
            state = {"up": "running" if running else "idle", "down": "unreachable"}.get(link.state, link.state)
            listed.append(
                Place(
                    name=link.name,
                    state="queued" if link.queued and link.state == "connecting" else state,
                    why=(f"on {link.host}" if not link.keeper else "what a lost place left there is collected")
                    if link.up
                    else link.why,
                    since=round(link.since),
                    slots=0 if link.keeper else 1,
                    running=running,
                    heard=round(link.heard, -1),
                )
            )
        return listed
