"""What executors have in common that run attempts on other machines, each behind a relay.

Attempt directories here are copies of those there. What must survive the runner is in `executor.json` of each, written
before anything is started."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from hptui.core.study import Resources
from hptui.execution.executor import Launch, LaunchRecord, Lease, Place, StartFailed, WorkerSpec
from hptui.execution.fetching import Fetched
from hptui.execution.remote.checkpoint_moves import CheckpointMoves
from hptui.execution.remote.code_copy import CodeCopy
from hptui.execution.remote.handle import RemoteHandle, handed_over
from hptui.execution.remote.link import MachineLink
from hptui.execution.remote.machines import Machines, RelayedLease
from hptui.execution.remote.messages import BadMessage
from hptui.execution.remote.staging import far_config
from hptui.execution.remote.transfer import Copies, Copy
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.run_directory import get_control, write_json

log = logging.getLogger(__name__)

MAX_RETIRE_S = 3.0
"""How long a study that rests waits for machines to end fenced attempts."""
ANSWERS = ("data", "tree", "done", "error")
"""Kinds of messages that answer a question of a copy."""


class RelayedExecutor:
    """Starts attempts on other machines, and keeps copies of their files here."""

    name = ""

    def __init__(self, machines: Machines) -> None:
        self.waiting = ""
        self._machines = machines
        self._opened = False
        self._handles: dict[str, RemoteHandle] = {}
        self._fencing: dict[str, RemoteHandle] = {}
        self._notices: list[str] = []
        self._copies, self._moves = Copies(), CheckpointMoves(machines)
        self._code: CodeCopy | None = None
        self._problem = ""

    @property
    def _root(self) -> Path:
        return self._machines.sd.root

    def open(
        self, study_dir: StudyDir, spec: WorkerSpec, resources: Resources, peak_gpu_gb: Callable[[], float | None]
    ) -> None:
        """Begin to connect to the machines; nothing waits for them."""
        machines, self._opened = self._machines, True
        machines.sd, machines.spec, machines.resources = study_dir, spec, resources
        machines.peak_gpu_gb = peak_gpu_gb
        machines.begin()
        self.poll()

    def revise(self, resources: Resources) -> None:
        """Follow changed resources: new machines, other numbers of places. What runs stays where it is."""
        self._machines.resources = resources
        for link in self._machines.named():
            message = {"verb": "revise", "resources": self._machines.resources_of(link.name)}
            self._dispatch(link, link.ask(message, lambda answer: answer.get("k") == "capacity"))

    # places -----------------------------------------------------------------------------------------------------

    def has_gpus(self) -> bool:
        """Return True: whether there are GPUs on the machines is known only there."""
        return True

    def _active(self, link: MachineLink) -> int:
        return sum(handle.link is link and not handle.ended for handle in self._handles.values())

    def capacity(self) -> int:
        """Return the places on machines that are reached, and those of attempts on others."""
        return self._machines.total(self._active)

    def reserve(self) -> Lease | None:
        """Hold a place on the machine with most of them free."""
        free = self._machines.free(self._active)
        self.waiting = "" if free else self._machines.problems()
        for link, places in free.items():
            if places > 0 and (lease := self._reserve_on(link)):
                return lease
        return None

    def reserve_near(self, device: str) -> tuple[Lease | None, bool]:
        """Hold a place on the machine that an attempt ran on, by its label."""
        free = self._machines.free(self._active)
        near = [link for link in free if device.startswith(f"{self._machines.machine(link)} ")]
        lease = next((lease for link in near if free[link] > 0 and (lease := self._reserve_on(link))), None)
        return lease, bool(near)

    def _reserve_on(self, link: MachineLink) -> RelayedLease | None:
        messages, lease, waiting = self._machines.reserve(link)
        self._dispatch(link, messages)
        self.waiting = waiting or self.waiting
        return lease

    def holds(self, lease: Lease) -> bool:
        """Return whether the relay that granted a place still holds it."""
        return isinstance(lease, RelayedLease) and self._machines.holds(lease)

    def release(self, lease: Lease) -> None:
        """Give a place back."""
        if isinstance(lease, RelayedLease):
            self._machines.release(lease)

    def places(self) -> list[Place]:
        """Return the machines and what they do."""
        return self._machines.places(self._active)

    # start ------------------------------------------------------------------------------------------------------

    def start(self, launch: Launch, lease: Lease) -> RemoteHandle:
        """Start an attempt; checkpoints that it goes on from are brought to its machine first.

        Raises: `StartFailed` for an attempt that is fenced; `OSError`.
        """
        if not isinstance(lease, RelayedLease) or lease.link is None:
            raise StartFailed("the place is none of another machine")
        if launch.token in self._handles or handed_over(launch.run).get("token") == launch.token:
            self.release(lease)
            return self.adopt(LaunchRecord(launch.token, launch.run, lease.label, lease.boot))
        link = lease.link
        try:
            code = self._code_for(launch)
            launch.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if get_control(launch.run) == "kill":
                raise StartFailed(f"the attempt in {launch.run.root} is fenced")
            write_json(launch.run.config, launch.config)
            slot = lease.label.removeprefix(self._machines.prefix(link))
            facts = {"v": 1, "executor": self.name, "token": launch.token, "place": link.name, "host": lease.host}
            facts |= {"boot": lease.boot, "slot": slot, "intent": time.time(), "submitted": None}
            facts |= self._machines.facts(link)
            write_json(launch.run.executor, facts)
        except BaseException:
            self.release(lease)
            raise
        crash_point("after_intent")
        record = LaunchRecord(launch.token, launch.run, lease.label, lease.boot)
        handle = self._handles[launch.token] = RemoteHandle(self, record, link, facts)
        handle.known = link.up
        self._machines.used(lease)
        message = self._start_message(launch, lease, handle)
        folders, far_code = self._moves.needed(launch.config, link), ""
        if code is not None:
            far_code = code.path
            message["cwd"] = message["config"]["directory"] = f"{link.hello.get('root')}/{far_code}"
            message["config"]["code"] = code.facts
        if not folders and code is None:
            link.send(message)
            crash_point("after_submit")
            return handle
        handle.waiting = "files are brought to it"

        def brought(complete: bool) -> None:
            handle.waiting = ""
            if not complete:
                log.warning("not all files can be brought to %s", link.name)
            if not handle.ended:  # without its code it is never started: the machine is only asked for it
                link.send(message if code is None or has_code else handle.announce())

        has_code = list[bool]()

        def copies() -> Copy:
            if code is not None:
                yield from code.send(link, far_code)
                has_code.append(True)
            yield from self._moves.bring(folders, link)

        sources = [source for _, source in folders if source is not None]
        self._copies.begin(copies(), brought, sources)
        return handle

    def _code_for(self, launch: Launch) -> CodeCopy | None:
        """Return the code that a machine must have first, if any. Raises: `StartFailed`, see `problem`."""
        if not self._machines.pushes_code():
            return None
        directory = Path(str(launch.config["directory"]))
        if self._code is None or self._code.directory != directory:
            self._code = CodeCopy(directory)
        try:
            self._code.look()
        except StartFailed as error:
            self._problem = str(error)
            raise
        return self._code

    def problem(self) -> str:
        """Return once why nothing would ever start; '' as long as nothing is wrong."""
        problem, self._problem = self._problem, ""
        return problem

    def _start_message(self, launch: Launch, lease: RelayedLease, handle: RemoteHandle) -> dict[str, Any]:
        assert lease.link is not None
        return {
            "verb": "start",
            **handle.identity(),
            "lease": lease.number,
            "config": far_config(launch.config, self._root, str(lease.link.hello.get("root"))),
            "cwd": launch.cwd,
            "entry": launch.entry,
            "environment": dict(launch.environment),
            "pause_grace": launch.pause_grace,
            "stop_grace": launch.stop_grace,
        }

    # follow -----------------------------------------------------------------------------------------------------

    def adopt(self, record: LaunchRecord) -> RemoteHandle:
        """Return the handle of an attempt by what is recorded of it here."""
        if record.token in self._handles:
            return self._handles[record.token]
        facts = handed_over(record.run)
        facts = facts if facts.get("token") == record.token else {}
        link = self._machines.link(str(facts["place"])) if facts and self._opened else None
        handle = RemoteHandle(self, record, link, facts)
        if not handle.ended:
            self._handles[record.token] = handle
            if link is not None:
                link.send(handle.announce())
        return handle

    def poll(self) -> None:
        """Take in what machines have sent, and connect to those that are lost."""
        self._machines.poll()
        self._copies.poll()
        for link in list(self._machines.links.values()):
            was_up = link.up
            self._dispatch(link, link.poll())
            if was_up and not link.up:
                self._copies.drop(link)
                self._machines.lost(link)

    def _dispatch(self, link: MachineLink, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            kind = message.get("k")
            try:
                if kind in ("hello", "capacity"):
                    self._machines.note_capacity(link, int(message.get("capacity") or 0))
                    if kind == "hello":
                        self._connected(link)
                elif kind in ANSWERS and self._copies.answer(link, message):
                    continue
                elif kind == "fenced":
                    if handle := self._fencing.pop(str(message.get("token")), None):
                        handle.fence_done()
                elif kind == "notice":
                    self._notices.append(f"{link.name}: {message.get('text')}")
                elif (handle := self._handles.get(str(message.get("token")))) and handle.link is link:
                    self._take(link, handle, message)
                if kind == "error":
                    log.warning("%s: %s", link.name, message.get("why"))
            except (BadMessage, KeyError, TypeError, ValueError) as error:
                log.warning("%s sends what cannot be used: %s: %s", link.name, type(error).__name__, error)

    def _connected(self, link: MachineLink) -> None:
        """Tell a new relay what to follow and what to fence."""
        self._copies.drop(link)
        self._machines.lost(link)
        for handle in self._handles.values():
            if handle.link is link and not handle.ended:
                handle.known, handle.ending = False, None
                if not handle.waiting:
                    link.send(handle.announce())
        for handle in self._fencing.values():
            if handle.link is link:
                link.send({"verb": "fence", **handle.identity()})

    def _take(self, link: MachineLink, handle: RemoteHandle, message: dict[str, Any]) -> None:
        handle.take(message)
        if message["k"] != "end" or handle.ending is not None or handle.ended:
            return
        handle.ending = message
        files, large = message.get("files") or [], message.get("large") or []

        def fetched(complete: bool) -> None:
            if complete or link.up:  # what cannot be copied is in the log; a broken connection ends it once more
                handle.finish()

        self._copies.begin(self._moves.fetch(link, handle, files, large), fetched)

    def fence(self, handle: RemoteHandle) -> None:
        """Have an attempt killed as soon as its machine is reached."""
        self._handles.pop(handle.token, None)
        self._fencing[handle.token] = handle
        if handle.link is not None:
            handle.link.send({"verb": "fence", **handle.identity()})

    def drop(self, handle: RemoteHandle) -> None:
        """Give up an attempt whose end is recorded."""
        if self._handles.pop(handle.token, None) is not None and handle.link is not None:
            handle.link.send({"verb": "forget", "token": handle.token})

    def bring_home(self, checkpoint: Path) -> Fetched:
        """Copy the checkpoint of a best trial here, if the study wants that; return how far that has come."""
        if self._machines.pull() != "best":
            return Fetched("here")
        return self._moves.bring_home(checkpoint, self._copies)

    def wait_handles(self) -> Iterator[int]:
        """Yield what becomes readable when a machine has sent something."""
        yield from self._machines.descriptors()

    def avoid(self, gpus: Collection[str]) -> bool:
        """Start nothing more on these GPUs (UUIDs), on whichever machine; there may always be other places."""
        for link in self._machines.links.values():
            link.send({"verb": "avoid", "gpus": sorted(gpus)})
        return True

    def notices(self) -> list[str]:
        """Return sentences about GPUs that are out of use, each once."""
        notices, self._notices = self._notices, []
        return notices

    def torch_problem(self) -> str:
        """Return '': whether torch can use a machine's GPUs shows there."""
        return ""

    def unused_gpus(self) -> str:
        """Return '': `hptui doctor` there says what GPUs a machine has."""
        return ""

    def settled(self) -> bool:
        """Return True: attempts belong to their machines, and what a new process needs is on the disk."""
        return not any(handle.waiting for handle in self._handles.values())

    def retire(self) -> None:
        """Give machines that are reached a moment to end what was fenced: after this nobody asks them."""
        deadline = time.monotonic() + MAX_RETIRE_S
        while any(handle.link is not None and handle.link.up for handle in self._fencing.values()):
            if time.monotonic() > deadline:
                break
            self.poll()
            time.sleep(0.05)  # an answer takes milliseconds

    def close(self) -> None:
        """Close the connections. What runs goes on."""
        self._machines.close()
