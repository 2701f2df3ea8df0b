"""The hosts of one study on this machine: processes that several attempts share, one for each slot at most.

    packs/N/{config.json, lock, control, socket, plan.json, shim.json, exit.json, log.txt}

A host is known by its lock, as an attempt is, so one that an earlier runner started is found again. Only its shim holds
the locks of its slot's GPUs. It ends by itself when it has long had no clients.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.execution.executor import Launch, Lease, StartFailed
from hptui.execution.local import shim
from hptui.execution.local.processes import delete_half_written
from hptui.execution.local.slots import LocalLease
from hptui.execution.pack_request import PackRequest
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.run_directory import (
    RunDir,
    acquire_lock,
    get_control,
    lock_is_held,
    put_control,
    read_json,
    write_json,
)

KEPT_HOSTS = 8
"""Directories of ended hosts that are kept, for their logs."""
PLAN_NAME = "plan.json"


@dataclass
class PackHost:
    """A host: its slot by label, the key of its trials, and how many it should hold.

    `draining`: it gets no more attempts, and ends once it has none. `hangs`: it is ended by force, `ends_at_once`: at
    once, with those who share it.
    """

    run: RunDir
    token: str
    label: str
    key: str
    lanes: int
    most: int
    lease: LocalLease
    draining: bool = False
    hangs: bool = False
    ends_at_once: bool = False
    plan: Mapping[str, Any] = field(default_factory=dict)
    _plan_seen: tuple[int, int] = (0, 0)

    @property
    def alive(self) -> bool:
        """Whether its shim holds its lock."""
        return lock_is_held(self.run.lock)

    @property
    def room(self) -> int:
        """How many attempts it should hold now."""
        return 0 if self.draining else max(1, min(self.most, int(self.plan.get("lanes") or self.lanes)))

    def read_plan(self) -> None:
        """Take in what the host has written since the last look."""
        try:
            facts = os.stat(self.run.root / PLAN_NAME)
        except OSError:
            return
        if (seen := (facts.st_mtime_ns, facts.st_ino)) != self._plan_seen:
            self._plan_seen = seen
            plan = read_json(self.run.root / PLAN_NAME)
            self.plan = plan if isinstance(plan, dict) else {}

    def end(self) -> None:
        """Ask it to end, by force if it does not answer."""
        verb = "kill" if self.hangs else "stop"
        if get_control(self.run) != verb:
            put_control(self.run, verb)


Starter = Callable[[Launch, Lease, Sequence[int]], object]
"""Starts a process under a shim; the descriptors are inherited by the shim."""


class Hosts:
    """The living hosts of a study. `residents` returns how many attempts a host has."""

    def __init__(self, sd: StudyDir, residents: Callable[[PackHost], int]) -> None:
        self.root = sd.root / "packs"
        self._residents = residents
        self.hosts: list[PackHost] = [host for run in self._directories() if (host := _restore(run)) is not None]
        self.refusals: dict[str, str] = {}

    def _directories(self) -> list[RunDir]:
        if not self.root.is_dir():
            return []
        return [RunDir(entry) for entry in sorted(self.root.iterdir()) if entry.name.isdigit()]

    def __iter__(self) -> Iterator[PackHost]:
        return iter(self.hosts)

    def poll(self) -> None:
        """Forget hosts that have ended, read the others' plans, and end those that are needed no more."""
        for host in list(self.hosts):
            if not host.alive:
                self.hosts.remove(host)
                delete_half_written(host.run)
                continue
            host.read_plan()
            if host.plan.get("refused"):
                self.refusals[host.key] = str(host.plan["refused"])
                host.draining = True
            if host.ends_at_once or (host.draining and not self._residents(host)):
                host.end()

    def at(self, run_directory: str) -> PackHost | None:
        """Return the living host of a directory."""
        return next((host for host in self.hosts if str(host.run.root) == run_directory), None)

    def labels(self) -> set[str]:
        """Return the slots that hosts hold."""
        return {host.label for host in self.hosts}

    def with_room(self, avoided: Collection[str]) -> PackHost | None:
        """Return the living host with the fewest attempts that should hold another one."""
        free = [
            host
            for host in self.hosts
            if self._residents(host) < host.room and not set(host.lease.gpus) & set(avoided) and host.alive
        ]
        return min(free, key=self._residents, default=None)

    def drain_one(self) -> None:
        """Make one host end once its attempts have, unless one does already: a place is needed."""
        if self.hosts and not any(host.draining for host in self.hosts):
            min(self.hosts, key=self._residents).draining = True
        self.poll()

    def drain(self, keep: Collection[str] = ()) -> None:
        """Make the hosts end whose slots are not among `keep`, once their attempts have."""
        for host in self.hosts:
            host.draining |= host.label not in keep
        self.poll()

    def start(self, launch: Launch, pack: PackRequest, lease: LocalLease, start: Starter) -> PackHost:
        """Start a host in a slot; its shim takes over the slot's locks.

        Raises: StartFailed, OSError.
        """
        self._delete_old()
        numbers = [int(run.root.name) for run in self._directories()]
        run, token = RunDir(self.root / f"{max(numbers, default=0) + 1:04d}"), uuid.uuid4().hex
        run.root.mkdir(mode=0o700, parents=True)
        place = {"label": lease.label, "gpus": list(lease.gpus), "environment": dict(lease.environment)}
        place["facts"] = dict(lease.facts)
        config = {
            **pack.config,
            "hosts": True,
            "token": token,
            "key": pack.key,
            "lanes": pack.lanes,
            "most_lanes": pack.most,
            "threads": lease.threads,
            "boot": shim.boot_id(),
            **place,
            "host_name": lease.host,
        }
        write_json(run.config, config)
        crash_point("after_host_config")
        lock = acquire_lock(run.lock)
        if lock is None:
            raise StartFailed(f"{run.lock} is held by another process")
        try:
            command = [*launch.command[:-1], str(run.root)]
            start(replace(launch, token=token, run=run, command=command, pack=None), lease, [lock, *lease.locks])
        finally:
            os.close(lock)
        crash_point("after_host_start")
        host = PackHost(run, token, lease.label, pack.key, pack.lanes, pack.most, replace(lease, locks=()))
        self.hosts.append(host)
        return host

    def _delete_old(self) -> None:
        """Delete the directories of all but the latest ended hosts."""
        ended = [run for run in self._directories() if not lock_is_held(run.lock)]
        for run in ended[:-KEPT_HOSTS]:
            for file in run.root.iterdir():
                file.unlink(missing_ok=True)
            run.root.rmdir()


def _restore(run: RunDir) -> PackHost | None:
    """Return a living host of an earlier runner; None for one that has ended: its whole files are kept."""
    if not lock_is_held(run.lock):
        delete_half_written(run)
        return None
    config = read_json(run.config)
    if not isinstance(config, dict):
        return None
    lease = LocalLease(
        label=config["label"],
        environment=config["environment"],
        facts=config["facts"],
        gpus=tuple(config["gpus"]),
        host=config["host_name"],
        boot=config["boot"],
        threads=config["threads"],
    )
    host = PackHost(run, config["token"], lease.label, config["key"], config["lanes"], config["most_lanes"], lease)
    host.draining = bool(get_control(run))
    host.read_plan()
    return host
