"""The machines of a study: their connections, and how many attempts each may run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hptui.core.ssh import Ssh, SshHost
from hptui.core.study import Resources
from hptui.execution.executor import Lease, Place, WorkerSpec
from hptui.execution.remote.link import Link, ssh_command
from hptui.execution.remote.staging import study_identity
from hptui.store.paths import StudyDir

Active = Callable[[Link], int]
"""Returns how many attempts run on a machine, as far as is known."""


@dataclass(frozen=True, slots=True)
class SshLease(Lease):
    """A place on a machine; `number` is the relay's name for it."""

    link: Link | None = None
    number: int = 0
    shares_files: bool = False


class Machines:
    """The machines that a study names, and those on which it still has attempts."""

    def __init__(self) -> None:
        self.sd = StudyDir(Path())
        self.spec = WorkerSpec(())
        self.resources = Resources()
        self.peak_gpu_gb: Callable[[], float | None] = lambda: None
        self.links: dict[str, Link] = {}
        self.capacity: dict[str, int] = {}
        self._reserved: dict[str, set[int]] = {}

    @property
    def named(self) -> list[Link]:
        """The connections to the machines that the study names now."""
        return [self.link(host.host) for host in self.resources.ssh.hosts]

    def link(self, name: str) -> Link:
        """Return the connection to a machine, also to one that the study names no more."""
        if name not in self.links:
            host, ssh = self._host(name), self.resources.ssh
            command = ssh_command(name, host.python or ssh.python, ssh.setup)
            self.links[name] = Link(name, command, lambda: self._opening(name))
            self._reserved[name] = set()
        return self.links[name]

    def _host(self, name: str) -> SshHost:
        return next((host for host in self.resources.ssh.hosts if host.host == name), SshHost(name))

    def _opening(self, name: str) -> dict[str, Any]:
        host, ssh = self._host(name), self.resources.ssh
        return {
            "verb": "open",
            "root": os.path.join(host.dir or ssh.dir or Ssh().dir, study_identity(self.sd), _file_name(name)),
            "directory": str(self.spec.facts.get("directory") or ""),
            "command": list(self.spec.command),
            "entry": self.spec.entry,
            "preload": list(self.spec.preload),
            "resources": self.resources_of(name),
            "peak": self.peak_gpu_gb(),
        }

    def resources_of(self, name: str, ssh: Ssh | None = None) -> dict[str, Any]:
        """Return what a machine must know of `[resources]`."""
        hosts, resources = (ssh or self.resources.ssh).hosts, self.resources
        host = next((host for host in hosts if host.host == name), SshHost(name))
        gpus = host.gpus if host.gpus is not None else resources.gpus
        return {
            "gpus": list(gpus) if isinstance(gpus, tuple) else gpus,
            "trials_per_gpu": resources.trials_per_gpu,
            "gpus_per_trial": resources.gpus_per_trial,
            "parallel": host.slots or resources.parallel,
            "share": resources.share,
        }

    # places -----------------------------------------------------------------------------------------------------

    def total(self, active: Active) -> int:
        """Return the places on machines that are reached, and those of attempts on others."""
        reached = {link.name: self.capacity.get(link.name, 0) for link in self.named if link.up}
        return sum(reached.get(link.name, active(link)) for link in self.links.values())

    def free(self, active: Active) -> dict[Link, int]:
        """Return how many attempts more each machine may run that is reached, the freest first."""
        free = {
            link: self.capacity.get(link.name, 0) - active(link) - len(self._reserved[link.name])
            for link in self.named
            if link.up
        }
        return {link: free[link] for link in sorted(free, key=lambda link: -free[link])}

    def problems(self) -> str:
        """Return what is wrong with the connections."""
        return "; ".join(f"{link.name}: {link.why}" for link in self.named if link.why)

    def reserve(self, link: Link) -> tuple[list[dict[str, Any]], SshLease | None, str]:
        """Hold a place; return all messages that have come, the lease or None, and what is waited for."""
        number = link.number()

        def answers(message: dict[str, Any]) -> bool:
            return message.get("k") == "lease" and message.get("id") == number

        messages = link.ask({"verb": "reserve", "id": number, "peak": self.peak_gpu_gb()}, answers)
        answer = next(filter(answers, messages), None)
        if answer is None:
            link.send({"verb": "release", "id": number})  # should it still be granted
            return messages, None, ""
        if not isinstance(answer.get("lease"), dict):
            return messages, None, f"{link.name}: {answer['waiting']}" if answer.get("waiting") else ""
        given = answer["lease"]
        self._reserved[link.name].add(number)
        facts = {**link.hello.get("facts", {}), **given["facts"]}
        lease = SshLease(
            label=f"{link.name} {given['label']}",
            gpus=tuple(given["gpus"]),
            facts={key: value for key, value in facts.items() if value is not None},
            host=str(given["host"]),
            boot=str(given["boot"]),
            threads=int(given["threads"]),
            link=link,
            number=number,
        )
        return messages, lease, ""

    def holds(self, lease: SshLease) -> bool:
        """Return whether a place is still held by the relay that granted it."""
        link = lease.link
        return link is not None and link.up and lease.number in self._reserved[link.name]

    def used(self, lease: SshLease) -> Link:
        """Note that an attempt takes a lease; return the connection to its machine."""
        assert lease.link is not None
        self._reserved[lease.link.name].discard(lease.number)
        return lease.link

    def release(self, lease: SshLease) -> None:
        """Give a place back."""
        self.used(lease).send({"verb": "release", "id": lease.number})

    def lost(self, link: Link) -> None:
        """Note that a connection is a new one, or broken: its relay holds no place any more."""
        self._reserved[link.name].clear()

    def places(self, active: Active) -> list[Place]:
        """Return the machines and what they do, for people."""
        listed = []
        for name, link in self.links.items():
            running = active(link)
            states = {"up": "running" if running else "idle", "down": "unreachable"}
            place = Place(
                name=name,
                state=states.get(link.state, link.state),
                why="" if link.up else link.why,
                since=round(link.since),
                slots=self.capacity.get(name, 0),
                running=running,
                heard=round(link.heard, -1) if link.up else round(link.heard),
            )
            listed.append(place)
        return listed


def _file_name(host: str) -> str:
    """Return the name of a machine as a file name."""
    return "".join(letter if letter.isalnum() or letter in "-_.@" else "_" for letter in host).lstrip(".") or "host"
