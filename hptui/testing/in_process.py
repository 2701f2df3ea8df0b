"""An executor whose attempts are threads of the runner's process: whole studies without a process per trial.

For trainers that do their work in this process and look at `should_stop`, as the toy trainer does. A thread has no
environment, working directory or memory limit of its own, and one that never looks cannot be killed."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, Any, TextIO, cast

from hptui.core.study import Resources
from hptui.execution.executor import Launch, LaunchRecord, Lease, StartFailed, State, WorkerSpec
from hptui.execution.local.processes import local_state
from hptui.store.paths import StudyDir
from hptui.store.records import Sample
from hptui.store.run_directory import EventWriter, RunDir, acquire_lock, get_control, put_control, read_json, write_json

_output = threading.local()
"""The log of the attempt that a thread runs, in `file`."""
_running: dict[str, InProcessHandle] = {}
"""Attempts of this process that have not ended, by token, whichever executor started them."""


class _Killed(BaseException):
    """Ends the thread of an attempt, as SIGKILL ends a process: no handler of the trainer sees it as an error."""


class _EndRequest(threading.Event):
    """The flag that a worker raises on SIGTERM; here a question, since a thread gets no signal."""

    def __init__(self, should_end: Callable[[], bool]) -> None:
        super().__init__()
        self._should_end = should_end

    def is_set(self) -> bool:
        return self._should_end()


class _OutputByThread:
    """Standard output or error that goes to the log of the attempt whose thread writes."""

    def __init__(self, other: TextIO) -> None:
        self.other = other

    def write(self, text: str) -> int:
        return self._stream().write(text)

    def flush(self) -> None:
        self._stream().flush()

    def _stream(self) -> IO[str]:
        return getattr(_output, "file", None) or self.other

    def __getattr__(self, name: str) -> Any:
        return getattr(self.other, name)


def _split_output() -> None:
    """Let each attempt's thread print into its own log; what other threads print goes where it went."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, _OutputByThread):
            setattr(sys, name, cast(TextIO, _OutputByThread(stream)))


class InProcessHandle:
    """An attempt that is a thread of this process, or was one of a process that has ended."""

    warm = True

    def __init__(self, record: LaunchRecord) -> None:
        self.token, self.run, self.label = record.token, record.run, record.label
        self._boot = record.boot
        self._fenced = False
        self._deadline: float | None = None
        self._grace: dict[str, float] = {}
        self._verb = ""
        self.wake: int | None = None
        self.on_forget: Callable[[], None] = lambda: None

    # the attempt's thread ---------------------------------------------------------------------------------------

    def begin(self, launch: Launch, lock: int) -> None:
        """Start the thread; it holds the attempt's lock until `exit.json` is written."""
        self._grace = dict.fromkeys(("stop", "prune"), launch.stop_grace) | {"pause": launch.pause_grace}
        self.wake, writer = os.pipe()
        _running[self.token] = self
        _split_output()
        name, arguments = f"attempt {self.token[:8]}", (launch, lock, writer)
        threading.Thread(target=self._live, args=arguments, name=name, daemon=True).start()

    def _live(self, launch: Launch, lock: int, writer: int) -> None:
        started, code, number = time.monotonic(), None, None
        with self.run.log.open("a", buffering=1) as _output.file:
            try:
                code = self._train(launch)
            except _Killed:
                number = 9
        end = {"code": code, "signal": number, "asked": self._verb, "insisted": number == 9 and self._verb != "kill"}
        seconds = {"seconds": round(time.monotonic() - started, 3), "ended": time.time()}
        write_json(self.run.exit, {"token": self.token, **end, **seconds, "oom_kills": 0, "swept": 0})
        _running.pop(self.token, None)
        os.close(lock)
        os.close(writer)  # the end of the stream wakes the runner

    def _train(self, launch: Launch) -> int:
        """Do what a worker process does, but for what belongs to the process: signals, thread limits, exit."""
        from hptui.trainers import registry, spec, worker  # the runner itself never loads trainers

        events = EventWriter(self.run.events)
        try:
            if launch.config.get("prepare"):
                kind = launch.config["kind"]
                outcome = spec.run_preparation(lambda: registry.preparation(kind), launch.config, events)
                return 0 if worker.write_end(events, outcome, {}) else 1
            outcome, final = worker.open_and_train(self.run, launch.config, events, _EndRequest(self._should_end))
            return 0 if worker.write_end(events, outcome, final) else 1
        finally:
            events.close()

    def _should_end(self) -> bool:
        """Return whether a verb asks the attempt to end. Raises: `_Killed` when it is to be ended by force."""
        verb = get_control(self.run)
        if verb in self._grace and verb != self._verb:
            self._deadline = time.monotonic() + self._grace[verb]
        self._verb = verb or self._verb
        if self._fenced or verb == "kill" or (self._deadline is not None and time.monotonic() > self._deadline):
            raise _Killed
        return bool(verb)

    # the runner's side ------------------------------------------------------------------------------------------

    def state(self) -> State:
        """Return whether the lock is held, by a thread of whichever process."""
        return local_state(self.run, self._boot)

    def signal(self, verb: str) -> None:
        """Write the verb to `control`."""
        if not self.state().gone:
            put_control(self.run, verb)

    def fence(self) -> None:
        """End the thread when it next looks; mark an attempt that was never started."""
        self._fenced = True
        if self.state().proof == "never":
            self.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            put_control(self.run, "kill")

    def sync(self) -> None:
        """Do nothing: the run directory is the one that the thread writes to."""

    def collect(self) -> None:
        """Do nothing: a thread that has let go of the lock writes no more."""

    def usage(self) -> Sample | None:
        """Return None: what a thread uses cannot be measured apart from its process."""
        return None

    def forget(self) -> None:
        """Free the place and close the handle."""
        self.on_forget()
        self.close()

    def close(self) -> None:
        """Close the runner's end of the pipe."""
        if self.wake is not None:
            os.close(self.wake)
            self.wake = None


class InProcessExecutor:
    """Runs attempts as threads, `[resources] parallel` at a time."""

    name = "in process"
    Handle = InProcessHandle
    """Class of the handles, for executors that behave otherwise on purpose."""

    def __init__(self) -> None:
        self.waiting = ""
        self._parallel = 0
        self._reserved: set[str] = set()
        self._handles: dict[str, InProcessHandle] = {}

    def open(
        self, study_dir: StudyDir, spec: WorkerSpec, resources: Resources, peak_gpu_gb: Callable[[], float | None]
    ) -> None:
        """Take the number of places from the resources."""
        self.revise(resources)

    def revise(self, resources: Resources) -> None:
        """Follow another number of places."""
        self._parallel = resources.parallel

    def has_gpus(self) -> bool:
        """Return False: threads share what the process has."""
        return False

    def capacity(self) -> int:
        """Return the number of places."""
        return self._parallel

    def reserve(self) -> Lease | None:
        """Hold a place; None when all are taken."""
        taken = self._reserved | {handle.label for handle in self._handles.values()}
        free = [label for label in (f"thread #{n + 1}" for n in range(self._parallel)) if label not in taken]
        if not free:
            return None
        self._reserved.add(free[0])
        return Lease(label=free[0], host=socket.gethostname())

    def release(self, lease: Lease) -> None:
        """Give the place back."""
        self._reserved.discard(lease.label)

    def start(self, launch: Launch, lease: Lease) -> InProcessHandle:
        """Start the thread of an attempt. Raises: `StartFailed`, `OSError`."""
        self.release(lease)
        record, run = LaunchRecord(launch.token, launch.run, lease.label, lease.boot), launch.run
        run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _token(run) == launch.token:
            return self.adopt(record)
        if get_control(run) == "kill":
            raise StartFailed(f"the attempt in {run.root} is fenced")
        write_json(run.config, launch.config)
        lock = acquire_lock(run.lock)
        if lock is None:
            raise StartFailed(f"{run.lock} is held by another attempt")
        handle = self._add(self.Handle(record))
        handle.begin(launch, lock)
        return handle

    def adopt(self, record: LaunchRecord) -> InProcessHandle:
        """Return the handle of an attempt: of a thread that lives, or of one that has ended."""
        handle = self._handles.get(record.token) or _running.get(record.token) or self.Handle(record)
        return self._add(handle)

    def _add(self, handle: InProcessHandle) -> InProcessHandle:
        self._handles[handle.token] = handle
        handle.on_forget = partial(self._drop, handle.token)
        return handle

    def _drop(self, token: str) -> None:
        self._handles.pop(token, None)

    def poll(self) -> None:
        """Do nothing: threads write into their run directories."""

    def wait_handles(self) -> Iterator[int]:
        """Yield what becomes readable when a thread has ended."""
        yield from (handle.wake for handle in self._handles.values() if handle.wake is not None)

    def settled(self) -> bool:
        """Return whether no thread runs: each would end with this process."""
        return all(handle.state().gone for handle in self._handles.values())

    def retire(self) -> None:
        """Do nothing: places are only counted."""

    def close(self) -> None:
        """Let go of all handles. Threads go on as long as this process lives."""
        for handle in self._handles.values():
            handle.close()
        self._handles.clear()


def _token(run: RunDir) -> str:
    config = read_json(run.config)
    return str(config.get("token")) if isinstance(config, dict) else ""
