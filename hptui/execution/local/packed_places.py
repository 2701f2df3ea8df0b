"""The part of the local executor that knows hosts: places in them, starts into them, and their ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Protocol

from hptui.core.study import Resources
from hptui.execution.executor import Handle, Lease
from hptui.execution.local.hosts import Hosts, PackHost
from hptui.execution.local.processes import shim_pid
from hptui.execution.local.slots import LocalLease
from hptui.execution.pack_request import PackRequest
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, read_json


class HostedHandle(Protocol):
    """What is asked of an attempt's handle here. `host` is the process that it shares; None: it has its own."""

    token: str
    label: str
    run: RunDir
    host: PackHost | None


class PackedPlaces(ABC):
    """Hosts and the lanes in them. Without `open_hosts` there are none, and each slot is one place."""

    hosts: Hosts | None = None
    _packs = False

    @abstractmethod
    def attempts_here(self) -> Collection[HostedHandle]:
        """Return the attempts that run here."""

    def open_hosts(self, study_dir: StudyDir, resources: Resources, *, packs: bool) -> None:
        """Find the hosts that an earlier runner left. They are used on if the study still packs."""
        self.hosts = Hosts(study_dir, self._count)
        self.revise_hosts(resources, packs=packs)

    def revise_hosts(self, resources: Resources, *, packs: bool) -> None:
        """Follow changed resources: hosts that fit them no more end after their attempts."""
        self._packs = packs and resources.packing is not None
        if self.hosts is not None:
            self.hosts.drain(keep=self.slot_labels() if self._packs else ())

    @abstractmethod
    def slot_labels(self) -> Collection[str]:
        """Return the names of the slots."""

    def _count(self, host: PackHost) -> int:
        """Return how many attempts a host has, or is about to get."""
        return sum(handle.host is host for handle in self.attempts_here())

    def places(self, labels: Collection[str]) -> int:
        """Return how many attempts could run at once in the slots, as things are."""
        if self.hosts is None:
            return len(labels)
        hosts = {host.label: host for host in self.hosts}
        in_hosts = sum(max(host.room, self._count(host)) for host in hosts.values())
        return in_hosts + len(set(labels) - hosts.keys())

    def claim_lane(self, avoided: Collection[str]) -> LocalLease | None:
        """Return a place in a host that has room; None where there is none."""
        host = self.hosts.with_room(avoided) if self.hosts is not None and self._packs else None
        if host is None:
            return None
        return replace(host.lease, lanes=host.room, shares_with=str(host.run.root))

    def host_of(self, run: RunDir) -> PackHost | None:
        """Return the living host that an attempt was started in, by its `config.json`."""
        config = read_json(run.config)
        if self.hosts is None or not isinstance(config, dict) or not config.get("host"):
            return None
        return self.hosts.at(str(config["host"]))

    def host_of_lease(self, lease: Lease) -> PackHost | None:
        """Return the living host that a place is in; None for a slot without one."""
        shared = lease.shares_with if isinstance(lease, LocalLease) else ""
        return self.hosts.at(shared) if self.hosts is not None and shared else None

    def hosts_settled(self) -> bool:
        """Return whether every host has its shim: what still waits in the launcher would end with it."""
        return all(shim_pid(host.run) is not None or not host.alive for host in self.hosts or ())

    # PackingExecutor --------------------------------------------------------------------------------------------

    def fits(self, lease: Lease, pack: PackRequest | None) -> bool:
        """Return whether an attempt can begin in a place. If not, the place is being made ready for it."""
        shared = lease.shares_with if isinstance(lease, LocalLease) else ""
        if not shared:
            return True
        host = self.host_of_lease(lease)
        if host is not None and pack is not None and host.key == pack.key and host.alive:
            host.most = max(host.most, pack.most)
            return True
        if self.hosts is not None and host is not None:
            self.hosts.drain_one()
        return False

    def slots(self) -> int:
        """Return the number of slots."""
        return len(self.slot_labels())

    def companions(self, handle: Handle) -> list[Handle]:
        """Return the other attempts in the process that an attempt shares; none if it has its own."""
        host = getattr(handle, "host", None)
        others: list[Any] = [
            other for other in self.attempts_here() if other.host is host and other.token != handle.token
        ]
        return others if host is not None else []

    def end_host(self, handle: Handle, *, once_empty: bool = False) -> None:
        """Kill the process that an attempt shares, which answers no more; its attempts are lost.

        With `once_empty` it is killed when its attempts have ended.
        """
        host = getattr(handle, "host", None)
        if host is not None and self.hosts is not None:
            host.draining = host.hangs = True
            host.ends_at_once |= not once_empty
            self.hosts.poll()

    def pack_plans(self) -> list[Mapping[str, Any]]:
        """Return what the living hosts have measured and chosen."""
        return [host.plan for host in self.hosts or () if host.plan]

    def pack_refusal(self, key: str) -> str:
        """Return why a host has found that nothing of this key can be packed; ''."""
        return self.hosts.refusals.get(key, "") if self.hosts is not None else ""
