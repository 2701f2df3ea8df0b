"""The executor that runs attempts on a Ray cluster: each in an actor that holds what it takes of the cluster.

This process never imports Ray: a bridge does. An attempt ends with its actor. What an actor that has ended left on its
node is collected, and killed if it lives, by another one there that holds nothing."""

from __future__ import annotations

from hptui.core.plugin_specs import ExecutorSpec
from hptui.execution.remote.handle import RemoteHandle
from hptui.execution.remote.link import MachineLink
from hptui.execution.remote.place_link import PlaceLink
from hptui.execution.remote.ray_places import RayPlaces
from hptui.execution.remote.relayed import RelayedExecutor

SPEC = ExecutorSpec("ray", "Actors on a Ray cluster.", "hptui.execution.remote.ray:RayExecutor")


class RayExecutor(RelayedExecutor):
    """Starts attempts on the cluster of `[ray]`."""

    name = "ray"

    def __init__(self) -> None:
        self._places = RayPlaces()
        super().__init__(self._places)

    def poll(self) -> None:
        """Take in what places have sent; have nodes asked for those that have ended."""
        super().poll()
        for link in self._places.all_links():
            if link.ended:
                link.ended = False
                self._move(link)
            wanted = link.keeper or not self._places.nodes or self._places.is_wanted(link.name)
            if (link.useless or not wanted) and self._is_free(link):
                self._places.end(link)
                link.useless = False
                if not wanted:
                    self._places.remove(link)

    def _is_free(self, link: PlaceLink) -> bool:
        """Return whether nothing runs at a place, and it can be given back."""
        handles = (*self._handles.values(), *self._fencing.values())
        if self._places.bridge is None or not self._places.bridge.up or self._places.is_reserved(link):
            return False
        return not any(handle.link is link for handle in handles)

    def _is_at(self, handle: RemoteHandle, link: PlaceLink) -> bool:
        """Return whether the actor at a connection is the one that an attempt was handed to."""
        return link.keeper or handle.facts.get("incarnation") == link.hello.get("incarnation")

    def _move(self, link: PlaceLink) -> None:
        """Have the node asked for what attempts left there whose place has ended."""
        for handle in (*self._handles.values(), *self._fencing.values()):
            if handle.link is not link or (handle.ended and handle.token not in self._fencing):
                continue
            if link.keeper or (link.up and self._is_at(handle, link)):
                continue
            handle.link = keeper = self._places.keeper(str(handle.facts.get("host")))
            handle.known, handle.ending = False, None
            if keeper.up:
                verb = {"verb": "fence", **handle.identity()} if handle.token in self._fencing else handle.announce()
                keeper.send(verb)

    def _connected(self, link: MachineLink) -> None:
        assert isinstance(link, PlaceLink)
        self._move(link)
        super()._connected(link)

    def fence(self, handle: RemoteHandle) -> None:
        """Have an attempt killed as soon as its place, or else its node, is reached."""
        link = handle.link
        if isinstance(link, PlaceLink) and link.up and not self._is_at(handle, link):
            handle.link = self._places.keeper(str(handle.facts.get("host")))
        super().fence(handle)

    def retire(self) -> None:
        """Give all places back to the cluster."""
        super().retire()
        self._places.end_all()
