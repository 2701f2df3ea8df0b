"""The executor of this machine: attempts are processes here, each under a shim that holds the attempt's lock."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from hptui.core.plugin_specs import ExecutorSpec
from hptui.core.study import Resources
from hptui.execution.executor import Launch, LaunchRecord, Lease, StartFailed, State, WorkerSpec
from hptui.execution.local import devices, shim
from hptui.execution.local.descendants import Descendants
from hptui.execution.local.launcher import LauncherClient
from hptui.execution.local.lock_directory import touch_locks
from hptui.execution.local.processes import (
    attempt_environment,
    kill_marked_processes,
    kill_orphans,
    local_state,
    open_shim_pidfd,
    shim_pid,
    start_request,
)
from hptui.execution.local.slots import LocalLease, SlotPool
from hptui.execution.local.usage import UsageSampler
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.records import Sample
from hptui.store.run_directory import acquire_lock, get_control, put_control, read_json, write_json

log = logging.getLogger(__name__)

MAX_START_S = 240.0
"""Time that an attempt's shim may take to appear, before the launcher is taken for stuck and replaced."""
MAX_COUNTED_GAP_S = 5.0
"""Longest time between two looks that counts: over a longer one the machine or the runner was suspended."""
COLD_START_VARIABLE = "HPTUI_COLD"
"""Environment variable that, when set, starts every attempt in a fresh process and not from the launcher."""


class LocalHandle:
    """An attempt on this machine. `shim` is the pid of its shim, None as long as that has not shown itself.

    `started` says that this process has made its directory: if nothing is there any more, somebody removed it.
    """

    def __init__(self, executor: LocalExecutor, record: LaunchRecord, *, warm: bool = False) -> None:
        self.token, self.run, self.warm, self.label = record.token, record.run, warm, record.label
        self.shim: int | None = None
        self.started = False
        self.pidfd: int | None = None
        self.samples: deque[Sample] = deque()
        self.descendants = Descendants(record.run)
        self._executor, self._boot = executor, record.boot
        self._starting_s = 0.0
        self._looked_at = time.monotonic()

    def state(self) -> State:
        """Return whether the lock is held. An attempt whose start hangs is killed, with its launcher."""
        state = local_state(self.run, self._boot)
        if state.gone or self.shim is not None:
            return state
        if (pid := shim_pid(self.run)) is not None:
            self.note_shim(pid)
            return state
        now = time.monotonic()
        self._starting_s += min(now - self._looked_at, MAX_COUNTED_GAP_S)
        self._looked_at = now
        if self._starting_s > MAX_START_S and self._executor.launcher is not None:
            log.error("%s does not start; a new launcher is taken", self.run.root)
            self.fence()
            self._starting_s = 0.0
        return State("starting")

    def note_shim(self, pid: int) -> None:
        """Follow the shim from now on: wake when it ends, sample what its tree uses."""
        if self.shim is None:
            self.shim, self.pidfd = pid, open_shim_pidfd(pid, self.run)
            self._executor.watch(self, pid)

    def signal(self, verb: str) -> None:
        """Write the verb to `control`, which the shim and the worker read."""
        if not local_state(self.run).gone:
            put_control(self.run, verb)

    def fence(self) -> None:
        """Kill the attempt. One that was never started is marked, so that no start by its token does anything."""
        if self.shim is None and not self.started and local_state(self.run).proof == "never":
            self.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            put_control(self.run, "kill")
            return
        if self.shim is None and self._executor.launcher is not None:
            self._executor.launcher.close()  # a start that still waits in it dies with it
        if self.pidfd is not None:
            with suppress(OSError):  # the worker dies with it; once the directory is gone, nothing else leads to them
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        kill_marked_processes(self.token, self.run)

    def sync(self) -> None:
        """Do nothing: the run directory is the one that the worker writes to."""

    def collect(self) -> None:
        """Kill every process that could still write to the attempt, and delete half-written files."""
        kill_orphans(self.token, self.run)

    def usage(self) -> Sample | None:
        """Return the oldest sample that has not been returned yet."""
        return self.samples.popleft() if self.samples else None

    def forget(self) -> None:
        """Free the slot and close the handle."""
        self._executor.drop(self)
        self.close()

    def close(self) -> None:
        """Close the descriptor that wakes the runner."""
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None


SPEC = ExecutorSpec("local", "Processes on the machine of the runner.", "hptui.execution.local.executor:LocalExecutor")


class LocalExecutor:
    """Starts attempts as processes of this machine: shims of its own, or through the launcher if there is one."""

    name = "local"

    def __init__(self) -> None:
        self.waiting = ""
        self.launcher: LauncherClient | None = None
        self._children: list[subprocess.Popen[bytes]] = []
        self._adopted_shims: set[int] = set()
        self._handles: dict[str, LocalHandle] = {}
        self._reserved: set[str] = set()
        self._slots: SlotPool | None = None
        self._peak_gpu_gb: Callable[[], float | None] = lambda: None
        self._sampler: UsageSampler | None = None

    def open(
        self, study_dir: StudyDir, spec: WorkerSpec, resources: Resources, peak_gpu_gb: Callable[[], float | None]
    ) -> None:
        """Find the slots, and start the launcher unless attempts are to start cold."""
        self._peak_gpu_gb = peak_gpu_gb
        self.revise(resources)
        self._sampler = UsageSampler()
        if spec.preload and not os.environ.get(COLD_START_VARIABLE):
            self.launcher = LauncherClient(spec.entry, spec.preload, os.environ)
            self.launcher.ensure()

    def revise(self, resources: Resources) -> None:
        """Divide the machine again. What runs keeps its slot: its label stays taken."""
        avoided = self._slots.avoided if self._slots is not None else ()
        self._close_slots()
        self._slots = SlotPool(resources, self._peak_gpu_gb)
        self._slots.avoided = avoided

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
        return len(self._slots or ())

    def reserve(self) -> Lease | None:
        """Lock a free slot; None when there is none now."""
        if self._slots is None:
            return None
        taken = self._reserved | {handle.label for handle in self._handles.values()}
        lease, self.waiting = self._slots.claim(taken)
        if lease is not None:
            self._reserved.add(lease.label)
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
            write_json(launch.run.config, launch.config)
            crash_point("after_config")
            lock = acquire_lock(launch.run.lock)
            if lock is None:
                raise StartFailed(f"{launch.run.lock} is held by another process")
            fds.insert(0, lock)
            crash_point("after_lock")
            warm = self.launcher is not None and self.launcher.start(start_request(launch, lease), fds)
            pid = None if warm else self._start_shim(launch, lease, fds)
        finally:
            for fd in fds:
                os.close(fd)
            crash_point("after_spawn")
        handle = self._handles[launch.token] = LocalHandle(self, record, warm=warm)
        handle.started = True
        if pid is not None:
            handle.note_shim(pid)
        return handle

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
            if not handle.state().gone and handle.shim is not None:
                self._adopted_shims.add(handle.shim)
        return handle

    def poll(self) -> None:
        """Reap ended shims, note which shims the launcher has started, and hand out samples."""
        self._reap()
        for attempt in self._handles.values():
            if attempt.shim is not None:
                attempt.descendants.look(attempt.shim)
        touch_locks()
        if self.launcher is not None:
            for token, pid in self.launcher.poll().items():
                if handle := self._handles.get(token):
                    handle.note_shim(pid)
        for sample in self._sampler.drain() if self._sampler is not None else ():
            if handle := self._handles.get(sample.token):
                handle.samples.append(sample)

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
        if self.launcher is not None and self.launcher.fileno() >= 0:
            yield self.launcher.fileno()

    def watch(self, handle: LocalHandle, pid: int) -> None:
        """Sample what the process tree of an attempt uses."""
        if self._sampler is not None:
            alone = self._slots.gpus_alone(handle.label) if self._slots is not None else ()
            self._sampler.watch(handle.token, pid, alone)

    def drop(self, handle: LocalHandle) -> None:
        """Forget an attempt that has ended: its slot is free."""
        self._handles.pop(handle.token, None)
        if self._sampler is not None:
            self._sampler.unwatch(handle.token)

    def settled(self) -> bool:
        """Return whether every attempt has its shim: what still waits in the launcher would end with it."""
        return all(handle.shim is not None or handle.state().gone for handle in self._handles.values())

    def retire(self) -> None:
        """Do nothing: this machine's slots belong to the attempts that fill them."""

    def close(self) -> None:
        """Close the launcher and all descriptors. Running attempts go on."""
        self._reap()  # this process may live on with other code, and would keep the zombies
        self._close_slots()
        for handle in self._handles.values():
            handle.close()
        if self._sampler is not None:
            self._sampler.close()
        if self.launcher is not None:
            self.launcher.close()
