"""What the suite for executors stands on: how its attempts are made, followed and cleaned up."""

from __future__ import annotations

import json
import sys
import time
import unittest
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from hptui.core.study import Resources
from hptui.execution.executor import Executor, Handle, Launch, LaunchRecord, State, WorkerSpec, find_executor
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir

MAX_WAIT_S = 60.0
"""How long a promise may take to come true, on a slow and busy machine."""
POLL_S = 0.02  # seconds


class ExecutorStage:
    """Starts attempts of one executor for a test, and ends what the test left running."""

    executor: ClassVar[str] = "local"
    preload: ClassVar[tuple[str, ...]] = ()
    """Modules that a warm launcher imports, where the executor has one."""
    exempt: ClassVar[Mapping[str, str]] = {}
    """Name of a test -> why this executor cannot pass it."""
    parallel: ClassVar[int] = 3

    def setup_method(self, method: Callable[..., object]) -> None:
        """Skip what the executor is exempt from."""
        self._handles: list[Handle] = []
        self._opened: list[Executor] = []
        if reason := self.exempt.get(method.__name__):
            raise unittest.SkipTest(reason)

    def teardown_method(self) -> None:
        """End what a failed test left running."""
        for handle in self._handles:
            if not handle.state().gone:
                handle.fence()
        for executor in self._opened:
            executor.retire()
            executor.close()

    def make(self, folder: Path) -> Executor:
        """Return a new executor, opened for a study in `folder`."""
        executor = find_executor(self.executor)
        executor.open(StudyDir(folder / "study"), self.spec(), self.resources(self.parallel), lambda: None)
        self._opened.append(executor)
        self.until(executor, lambda: executor.capacity() >= self.parallel, "ready")
        return executor

    def resources(self, parallel: int) -> Resources:
        """Return the resources of the study; an executor of other machines adds where those are."""
        return Resources(parallel=parallel)

    def spec(self) -> WorkerSpec:
        """Return how workers are run."""
        command = (sys.executable, "-m", "hptui.trainers.worker")
        return WorkerSpec(command, "hptui.trainers.worker:main", self.preload)

    def launch(self, folder: Path, n: int = 1, *, kind: str = "toy", **settings: Any) -> Launch:
        """Return a launch of the toy trainer, or of another one in `folder`."""
        sd = StudyDir(folder / "study")
        run = RunDir(sd.attempt(n, 1))
        config = {
            "token": uuid.uuid4().hex,
            "study": "study",
            "trial": n,
            "attempt": 1,
            "seed": 0,
            "kind": kind,
            "directory": str(folder),
            "settings": {"steps": 5, **settings} if kind == "toy" else settings,
            "objectives": ["loss"],
            "trial_dir": str(sd.trial(n)),
            "checkpoints": str(sd.checkpoints(n)),
            "artifacts": str(sd.artifacts(n)),
            "cache": str(sd.cache),
        }
        command = [*self.spec().command, str(run.root)]
        environment = {"PYTHONUNBUFFERED": "1", "CONTRACT_MARK": "here"}
        return Launch(
            str(config["token"]), run, config, command, self.spec().entry, str(folder), environment, stop_grace=1.0
        )

    def start(self, executor: Executor, launch: Launch) -> Handle:
        """Start an attempt in a place of its own."""
        lease = executor.reserve()
        assert lease is not None, executor.waiting
        handle = executor.start(launch, lease)
        self._handles.append(handle)
        return handle

    def until(self, executor: Executor, condition: Callable[[], object], what: str) -> None:
        """Let the executor work until a condition holds."""
        deadline = time.monotonic() + MAX_WAIT_S
        while not condition():
            assert time.monotonic() < deadline, f"after {MAX_WAIT_S:g} s: not {what}"
            executor.poll()
            time.sleep(POLL_S)

    def ended(self, executor: Executor, handle: Handle, launch: Launch) -> tuple[State, list[dict[str, Any]]]:
        """Wait for the end of an attempt; return the state, and its events once collected."""
        self.until(executor, lambda: handle.state().gone, "gone")
        state = handle.state()
        handle.collect()
        return state, events_of(launch.run)

    def training(self, executor: Executor, handle: Handle, launch: Launch) -> None:
        """Wait until an attempt has reported a step."""

        def reported() -> bool:
            handle.sync()
            return any(event["k"] == "metrics" for event in events_of(launch.run))

        self.until(executor, reported, "training")
        assert handle.state().kind == "alive"

    def record(self, launch: Launch) -> LaunchRecord:
        """Return what the store would know of an attempt."""
        return LaunchRecord(launch.token, launch.run)


def events_of(run: RunDir) -> list[dict[str, Any]]:
    """Return the complete events of an attempt."""
    try:
        text = run.events.read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def sizes_of(run: RunDir) -> dict[str, int]:
    """Return the size of each file of a run directory."""
    return {path.name: path.stat().st_size for path in run.root.iterdir()}


def lives(pid: int) -> bool:
    """Return whether a process lives and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
