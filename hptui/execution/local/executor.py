"""The executor of this machine: attempts are processes here, each under a shim that holds the attempt's lock."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from hptui.core.plugin_specs import ExecutorSpec
from hptui.core.study import Resources
from hptui.execution.executor import Launch, LaunchRecord, Lease, StartFailed, WorkerSpec
from hptui.execution.local import devices, shim
from hptui.execution.local.handle import LocalHandle
from hptui.execution.local.launcher import LauncherClient
from hptui.execution.local.lock_directory import touch_locks
from hptui.execution.local.packed_places import PackedPlaces
from hptui.execution.local.processes import (
    attempt_environment,
    start_request,
)
from hptui.execution.local.slots import LocalLease, SlotPool
from hptui.execution.local.usage import UsageSampler
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.run_directory import acquire_lock, get_control, read_json, write_json

log = logging.getLogger(__name__)

COLD_START_VARIABLE = "HPTUI_COLD"
"""Environment variable that, when set, starts every attempt in a fresh process and not from the launcher."""


SPEC = ExecutorSpec("local", "Processes on the machine of the runner.", "hptui.execution.local.executor:LocalExecutor")


class LocalExecutor(PackedPlaces):
    """Starts attempts as processes of this machine: shims of its own, or through the launcher if there is one."""

    name = "local"

    def __init__(self) -> None:
        self.waiting = ""
        self.launcher: LauncherClient | None = None
        self.client_launcher: LauncherClient | None = None
        self._children: list[subprocess.Popen[bytes]] = []
        self._adopted_shims: set[int] = set()
        self._handles: dict[str, LocalHandle] = {}
        self._reserved: set[str] = set()
        self._spec: WorkerSpec | None = None
        self._slots: SlotPool | None = None
        self._peak_gpu_gb: Callable[[], float | None] = lambda: None
        self._sampler: UsageSampler | None = None

    def open(
        self, study_dir: StudyDir, spec: WorkerSpec, resources: Resources, peak_gpu_gb: Callable[[], float | None]
    ) -> None:
        """Find the slots, and start the launcher unless attempts are to start cold.

        Clients of hosts come from a launcher without the trainer's libraries: they compute nothing, and a process with
        few pages is forked in a tenth of the time.
        """
        self._peak_gpu_gb = peak_gpu_gb
        self._spec = spec
        self.revise(resources)
        self.open_hosts(study_dir, resources, packs=self._packs_with(spec))
        self._sampler = UsageSampler()
        if spec.preload and not os.environ.get(COLD_START_VARIABLE):
            self.launcher = LauncherClient(spec.entry, spec.preload, os.environ)
            self.launcher.ensure()
            self.client_launcher = LauncherClient(spec.entry, [], os.environ)

    def revise(self, resources: Resources) -> None:
        """Divide the machine again. What runs keeps its slot: its label stays taken."""
        self._resources = resources
        avoided = self._slots.avoided if self._slots is not None else ()
        self._close_slots()
        held = devices.gpus_named_by(handle.label for handle in self._handles.values())
        self._slots = SlotPool(resources, self._peak_gpu_gb, prefer=held)
        self._slots.avoided = avoided
        self.revise_hosts(resources, packs=self._packs_with(self._spec))

    @staticmethod
    def _packs_with(spec: WorkerSpec | None) -> bool:
        return spec is not None and spec.packing is not None and not os.environ.get(COLD_START_VARIABLE)

    def attempts_here(self) -> Collection[LocalHandle]:
        """Return the attempts that run here."""
        return self._handles.values()

    def slot_labels(self) -> Collection[str]:
        """Return the names of the slots."""
        return self._slots.labels if self._slots is not None else ()

    def _close_slots(self) -> None:
        if self._slots is not None:
            self._slots.close()

    def avoid(self, gpus: Collection[str]) -> bool:
        """Start nothing more on these GPUs (UUIDs), and again on all others; return whether places are left."""
        if self._slots is None:
            return True
        self._slots.avoided = tuple(gpus)
        return self._slots.usable() > 0

    def torch_problem(self) -> str:
        """Return why torch cannot use the GPUs, and what to do; '' if it can, or nobody knows."""
        return self._slots.torch_problem() if self._slots is not None else ""

    def unused_gpus(self) -> str:
        """Return the warning about GPUs of makers on which hptui was never tried; '' if there are none."""
        return devices.unused_gpus()

    def notices(self) -> list[str]:
        """Return sentences about GPUs that are out of use or faulty, each once."""
        return self._slots.take_notices() if self._slots is not None else []

    def start_cold(self, why: str) -> None:
        """Start no attempt from the launcher any more: a forked process cannot do what attempts need."""
        if self.launcher is not None and not self.launcher.refusal:
            self.launcher.refuse(why)

    def cold_start_notice(self) -> str:
        """Return once why attempts start in fresh processes although a launcher was tried."""
        return self.launcher.refusal_notice() if self.launcher is not None else ""

    def has_gpus(self) -> bool:
        """Return whether this process may use a GPU."""
        return bool(devices.visible_gpus())

    def capacity(self) -> int:
        """Return the number of slots."""
        return self.places(self.slot_labels())

    def reserve(self) -> Lease | None:
        """Lock a free slot; None when there is none now."""
        if self._slots is None:
            return None
        taken = self._reserved | {handle.label for handle in self._handles.values()}
        lease, self.waiting = self._slots.claim(taken | (self.hosts.labels() if self.hosts is not None else set()))
        if lease is not None:
            self._reserved.add(lease.label)
        elif (lease := self.claim_lane(self._slots.avoided)) is not None:
            self.waiting = ""
        return lease

    def release(self, lease: Lease) -> None:
        """Unlock a slot."""
        self._reserved.discard(lease.label)
        for lock in lease.locks if isinstance(lease, LocalLease) else ():
            os.close(lock)

    # start ------------------------------------------------------------------------------------------------------

    def start(self, launch: Launch, lease: Lease) -> LocalHandle:
        """Start an attempt, from the launcher if there is one.

        Its lock is taken before the start and inherited, so there is no moment at which a living attempt looks dead.

        Raises: `StartFailed` when another process holds the attempt's lock or the attempt is fenced; `OSError`.
        """
        fds = list(lease.locks) if isinstance(lease, LocalLease) else []
        host, config_of_host = self.host_of_lease(lease), dict[str, str]()
        record = LaunchRecord(launch.token, launch.run, lease.label, lease.boot)
        self._reserved.discard(lease.label)
        try:
            launch.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            crash_point("after_mkdir")
            config = read_json(launch.run.config)
            if isinstance(config, dict) and config.get("token") == launch.token:
                return self.adopt(record)
            if get_control(launch.run) == "kill":
                raise StartFailed(f"the attempt in {launch.run.root} is fenced")
            if launch.pack is not None and isinstance(lease, LocalLease) and self.hosts is not None:
                host = host or self.hosts.start(launch, launch.pack, lease, self._spawn)
                config_of_host = {"host": str(host.run.root)}
            write_json(launch.run.config, {**launch.config, **config_of_host})
            crash_point("after_config")
            lock = acquire_lock(launch.run.lock)
            if lock is None:
                raise StartFailed(f"{launch.run.lock} is held by another process")
            fds.insert(0, lock)
            crash_point("after_lock")
            # The locks of a slot with a host belong to the host's shim alone: with them the attempt would outlive it.
            launcher, pid = self._spawn(launch, lease, fds if host is None else [lock], is_client=host is not None)
        finally:
            for fd in fds:
                os.close(fd)
            crash_point("after_spawn")
        handle = self._handles[launch.token] = LocalHandle(self, record, launcher)
        handle.started, handle.host = True, host
        if pid is not None:
            handle.note_shim(pid)
        return handle

    def _spawn(
        self, launch: Launch, lease: Lease, fds: Sequence[int], *, is_client: bool = False
    ) -> tuple[LauncherClient | None, int | None]:
        """Start a shim, warm or cold; return the launcher that starts it, or else its pid."""
        for launcher in (self.client_launcher if is_client else None, self.launcher):
            if launcher is not None and launcher.start(start_request(launch, lease), fds):
                return launcher, None
        return None, self._start_shim(launch, lease, fds)

    def _start_shim(self, launch: Launch, lease: Lease, fds: Sequence[int]) -> int:
        descriptors = ",".join(map(str, fds))
        grace = [str(launch.pause_grace), str(launch.stop_grace)]
        shim_command = [sys.executable, "-S", "-E", "-s", str(Path(shim.__file__).resolve())]
        process = subprocess.Popen(
            [*shim_command, str(launch.run.root), launch.token, descriptors, *grace, launch.cwd, *launch.command],
            pass_fds=list(fds),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **attempt_environment(launch, lease)},
        )
        self._children.append(process)
        return process.pid

    # follow -----------------------------------------------------------------------------------------------------

    def adopt(self, record: LaunchRecord) -> LocalHandle:
        """Return the handle of an attempt by its run directory."""
        handle = self._handles.get(record.token)
        if handle is None:
            handle = self._handles[record.token] = LocalHandle(self, record)
            handle.host = self.host_of(record.run)
            alive = not handle.state().gone
            if alive and handle.shim is not None:
                self._adopted_shims.add(handle.shim)
            named = self._slots is None or handle.label in self._slots.labels
            if alive and not named and not handle.stuck():
                self.revise(self._resources)  # a number of GPUs means those that are in use already
        return handle

    def poll(self) -> None:
        """Reap ended shims, note which shims the launcher has started, and hand out samples."""
        self._reap()
        for attempt in self._handles.values():
            if attempt.shim is not None:
                attempt.descendants.look(attempt.shim)
        touch_locks()
        if self.hosts is not None:
            self.hosts.poll()
        for launcher in self._launchers():
            for token, pid in launcher.poll().items():
                if handle := self._handles.get(token):
                    handle.note_shim(pid)
        for sample in self._sampler.drain() if self._sampler is not None else ():
            if handle := self._handles.get(sample.token):
                handle.samples.append(sample)

    def _launchers(self) -> Iterator[LauncherClient]:
        yield from filter(None, (self.launcher, self.client_launcher))

    def _reap(self) -> None:
        """Reap ended shims, also those that this very process started before it executed other code."""
        self._children = [child for child in self._children if child.poll() is None]
        for pid in list(self._adopted_shims):
            try:
                ended = os.waitpid(pid, os.WNOHANG)[0]
            except ChildProcessError:  # started by another process
                ended = pid
            if ended:
                self._adopted_shims.discard(pid)

    def wait_handles(self) -> Iterator[int]:
        """Yield what ends of shims and messages of the launcher make readable."""
        yield from (handle.pidfd for handle in self._handles.values() if handle.pidfd is not None)
        yield from (launcher.fileno() for launcher in self._launchers() if launcher.fileno() >= 0)

    def watch(self, handle: LocalHandle, pid: int) -> None:
        """Sample what the process tree of an attempt uses, unless another process computes for it."""
        if self._sampler is not None and handle.host is None:
            alone = () if self._slots is None else self._slots.gpus_alone(handle.label)
            self._sampler.watch(handle.token, pid, alone)

    def drop(self, handle: LocalHandle) -> None:
        """Forget an attempt that has ended: its slot is free."""
        self._handles.pop(handle.token, None)
        if self._sampler is not None:
            self._sampler.unwatch(handle.token)

    def settled(self) -> bool:
        """Return whether every attempt has its shim: what still waits in the launcher would end with it."""
        return self.hosts_settled() and all(
            handle.shim is not None or handle.state().gone for handle in self._handles.values()
        )

    def retire(self) -> None:
        """End the hosts; slots without one belong to the attempts that fill them."""
        if self.hosts is not None:
            self.hosts.drain()

    def close(self) -> None:
        """Close the launcher and all descriptors. Running attempts go on."""
        self._reap()  # this process may live on with other code, and would keep the zombies
        self._close_slots()
        for handle in self._handles.values():
            handle.close()
        if self._sampler is not None:
            self._sampler.close()
        for launcher in self._launchers():
            launcher.close()
