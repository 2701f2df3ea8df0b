"""The machines of a study: their connections, and how many attempts each may run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.study import Pull, Resources
from hptui.execution.executor import Lease, Place, WorkerSpec
from hptui.execution.remote.link import MachineLink
from hptui.execution.remote.staging import study_identity
from hptui.store.paths import StudyDir

Active = Callable[[MachineLink], int]
"""Returns how many attempts run on a machine, as far as is known."""


@dataclass(frozen=True, slots=True)
class RelayedLease(Lease):
    """A place on a machine; `number` is the relay's name for it."""

    link: MachineLink | None = None
    number: int = 0
    shares_files: bool = False


class Machines(ABC):
    """The connections to the machines of a study. What is at the other end of one is up to the subclass."""

    def __init__(self) -> None:
        self.sd = StudyDir(Path())
        self.spec = WorkerSpec(())
        self.resources = Resources()
        self.peak_gpu_gb: Callable[[], float | None] = lambda: None
        self.links: dict[str, MachineLink] = {}
        self.capacity: dict[str, int] = {}
        self._reserved: dict[str, set[int]] = {}

    def begin(self) -> None:
        """Begin to connect to the machines that the study names."""
        self.named()

    @abstractmethod
    def named(self) -> list[MachineLink]:
        """Return the connections at which attempts may be started now."""

    @abstractmethod
    def link(self, name: str) -> MachineLink:
        """Return a connection by its name, also one that the study names no more."""

    @abstractmethod
    def resources_of(self, name: str) -> dict[str, Any]:
        """Return what a machine must know of `[resources]`."""

    @abstractmethod
    def pull(self) -> Pull:
        """Return whose last checkpoint is copied here when an attempt has ended."""

    def pushes_code(self) -> bool:
        """Return whether machines get a copy of the study's directory."""
        return False

    def poll(self) -> None:  # noqa: B027  not every kind of machines has something in common
        """Take in what concerns all connections, before each is asked for its own."""

    def descriptors(self) -> Iterator[int]:
        """Yield what becomes readable when a machine has sent something."""
        for link in self.links.values():
            yield from link.descriptors()

    def close(self) -> None:
        """End the connections."""
        for link in self.links.values():
            link.close()

    def machine(self, link: MachineLink) -> str:
        """Return the name of the machine at the other end, with which labels of attempts there begin."""
        return link.name

    def prefix(self, link: MachineLink) -> str:
        """Return what stands before the relay's own name of a place in its label."""
        return f"{link.name} "

    def note_capacity(self, link: MachineLink, capacity: int) -> None:
        """Note how many attempts a relay says that it may run at once."""
        self.capacity[link.name] = max(0, capacity)

    def facts(self, link: MachineLink) -> Mapping[str, Any]:
        """Return what must be recorded of an attempt besides its place, to find it again."""
        return {}

    def disk(self, facts: Mapping[str, Any]) -> MachineLink:
        """Return a connection to the machine that has the files of an attempt, by its record."""
        return self.link(str(facts["place"]))

    def same_disk(self, first: MachineLink, second: MachineLink) -> bool:
        """Return whether two connections lead to the same files."""
        return first is second

    def opening(self, name: str, root: str) -> dict[str, Any]:
        """Return the first message to a relay."""
        return {
            "verb": "open",
            "root": root,
            "directory": str(self.spec.facts.get("directory") or ""),
            "command": list(self.spec.command),
            "entry": self.spec.entry,
            "preload": list(self.spec.preload),
            "resources": self.resources_of(name),
            "peak": self.peak_gpu_gb(),
        }

    def identity(self) -> str:
        """Return what tells this study from all others on a machine; made once, and moved with the study."""
        return study_identity(self.sd)

    # places -----------------------------------------------------------------------------------------------------

    def total(self, active: Active) -> int:
        """Return the places on machines that are reached, and those of attempts on others."""
        reached = {link.name: self.capacity.get(link.name, 0) for link in self.named() if link.up}
        return sum(reached.get(link.name, active(link)) for link in self.links.values())

    def free(self, active: Active) -> dict[MachineLink, int]:
        """Return how many attempts more each machine may run that is reached, the freest first."""
        free = {
            link: self.capacity.get(link.name, 0) - active(link) - len(self._reserved[link.name])
            for link in self.named()
            if link.up
        }
        return {link: free[link] for link in sorted(free, key=lambda link: -free[link])}

    def problems(self) -> str:
        """Return what is wrong with the connections."""
        return "; ".join(f"{link.name}: {link.why}" for link in self.named() if link.why)

    def reserve(self, link: MachineLink) -> tuple[list[dict[str, Any]], RelayedLease | None, str]:
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
        lease = RelayedLease(
            label=self.prefix(link) + str(given["label"]),
            gpus=tuple(given["gpus"]),
            facts={key: value for key, value in facts.items() if value is not None},
            host=str(given["host"]),
            boot=str(given["boot"]),
            threads=int(given["threads"]),
            link=link,
            number=number,
        )
        return messages, lease, ""

    def holds(self, lease: RelayedLease) -> bool:
        """Return whether a place is still held by the relay that granted it."""
        link = lease.link
        return link is not None and link.up and lease.number in self._reserved[link.name]

    def used(self, lease: RelayedLease) -> MachineLink:
        """Note that an attempt takes a lease; return the connection to its machine."""
        assert lease.link is not None
        self._reserved[lease.link.name].discard(lease.number)
        return lease.link

    def release(self, lease: RelayedLease) -> None:
        """Give a place back."""
        self.used(lease).send({"verb": "release", "id": lease.number})

    def lost(self, link: MachineLink) -> None:
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
