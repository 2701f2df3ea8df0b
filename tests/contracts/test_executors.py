"""What every executor promises, on those that we ship; and whole studies on threads."""

from __future__ import annotations

import ast
import os
import signal
from pathlib import Path
from typing import ClassVar

import pytest

from hptui.core.errors import Unsupported, UserError
from hptui.execution.executor import find_executor
from hptui.store.run_directory import RunDir
from hptui.testing.executors import ExecutorContract
from tests.support import events, run_to_rest, state, toy, trials
from tests.test_layers import PACKAGE, imports, modules, name_of

pytestmark = pytest.mark.process

ON_THREADS = '[resources]\nexecutor = "hptui.testing.executors:InProcessExecutor"\n'


@pytest.fixture(autouse=True)
def _without_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


class TestLocal(ExecutorContract):
    """Every attempt is a fresh process."""


class TestLocalFromLauncher(ExecutorContract):
    """Attempts are forked from a process that has imported the worker."""

    preload = ("hptui.trainers.worker",)


class TestInProcess(ExecutorContract):
    """Attempts are threads."""

    executor = "hptui.testing.executors:InProcessExecutor"
    exempt: ClassVar = {
        "test_the_environment_is_the_attempts_own": "a thread shares variables, directory and umask with its process",
        "test_a_killed_worker_is_gone_and_leaves_nothing": "kill -9 of a thread is that of its process",
        "test_one_that_does_not_obey_is_killed_after_its_grace": "a thread that never looks cannot be ended",
    }


def test_a_study_runs_on_threads(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=4, steps=8, rest=ON_THREADS + "parallel = 2"))
    found = trials(sd)
    assert [str(trial.status) for trial in found] == ["complete"] * 4
    assert all(trial.last_step == 8 and trial.values for trial in found)
    assert state(sd) == ("done", "")
    run = RunDir(sd.attempt(0, 1))
    assert "step 8/8" in run.log.read_text()
    assert not run.shim.exists()
    same = run_to_rest(home, toy(tmp_path, "processes", trials=4, steps=8))
    assert [trial.values for trial in trials(same)] == [trial.values for trial in found]


def test_threads_that_the_runner_took_along_run_again(home: Path, tmp_path: Path) -> None:
    from hptui.operations.run import run
    from hptui.operations.runner_lock import runner_status
    from tests.support import until

    sd = run(home, str(toy(tmp_path, trials=1, steps=60, step_seconds=0.02, rest=ON_THREADS))).sd
    until(lambda: (trials(sd) or [None])[0] is not None and (trials(sd)[0].last_step or 0) > 5)
    os.kill(int(str(runner_status(sd)["pid"])), signal.SIGKILL)
    until(lambda: not runner_status(sd)["alive"])
    run_to_rest(home, "toy")
    [trial] = trials(sd)
    assert (str(trial.status), trial.attempts, trial.last_step) == ("complete", 2, 60)


def test_an_unknown_executor_is_refused_with_the_nearest_name(home: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"resources.executor: unknown executor 'locl'\n.*did you mean 'local'"):
        run_to_rest(home, toy(tmp_path, rest='[resources]\nexecutor = "locl"'))
    with pytest.raises(UserError, match=r"there is no executor 'lokal'\n.*'local'"):
        find_executor("lokal")
    with pytest.raises(Unsupported, match="'no_such_module:Executor' cannot be loaded: ModuleNotFoundError"):
        run_to_rest(home, toy(tmp_path, rest='[resources]\nexecutor = "no_such_module:Executor"'))
    assert not (home / "toy").exists()


def test_only_the_local_executor_knows_the_processes_of_attempts() -> None:
    """Modules that tell about this machine itself (its GPUs, leftovers, lock directory) are named here."""
    machine = {
        "check",
        "check_places",
        "doctor",
        "doctor_study",
        "dry_run",
        "find",
        "gpu_check",
        "machine",
        "runner_process",
    }
    allowed = {"hptui.execution.probe", *(f"hptui.operations.{name}" for name in machine), "hptui.testing.in_process"}
    allowed |= {
        "hptui.execution.slurm.on_node",
        "hptui.execution.remote.ray_place",
        "hptui.execution.remote.relay",
        "hptui.execution.remote.entry",
    }  # that is this machine, too
    for path in modules():
        name = name_of(path)
        if name.startswith("hptui.execution.local") or name in allowed:
            continue
        assert not [found for found in imports(path) if found.startswith("hptui.execution.local")], name
        if name.startswith(("hptui.execution", "hptui.operations")):
            called = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
            assert "lock_is_held" not in called, f"{path.relative_to(PACKAGE)} asks a lock; `probe` does"


UNREACHABLE = """
import time
from hptui.execution.executor import State
from hptui.testing.in_process import InProcessExecutor, InProcessHandle

class Silent(InProcessHandle):
    # Cannot be asked for four seconds, in which nothing of the attempt arrives here.

    def state(self):
        self.since = getattr(self, "since", None) or time.monotonic()
        if time.monotonic() - self.since < 4:
            return State("unknown", why="no answer")
        return super().state()

    def _train(self, launch):
        time.sleep(4.5)
        return super()._train(launch)

class Unreachable(InProcessExecutor):
    Handle = Silent
"""


def test_an_attempt_that_nobody_can_be_asked_about_is_neither_hung_nor_lost(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unreachable.py").write_text(UNREACHABLE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.syspath_prepend(tmp_path)
    limits = 'timeout = "2s"\nhang_after = "1s"\non_hang = "stop"'
    resources = f'[resources]\nexecutor = "unreachable:Unreachable"\n{limits}'
    sd = run_to_rest(home, toy(tmp_path, trials=1, steps=5, rest=resources))
    [trial] = trials(sd)
    assert (str(trial.status), trial.attempts, trial.last_step) == ("complete", 1, 5)
    assert not events(sd, "hung")


def test_changing_the_executor_leaves_alone_what_runs(home: Path, tmp_path: Path) -> None:
    from hptui.operations.run import run
    from tests.support import rest, until

    path = toy(tmp_path, trials=3, steps=100, step_seconds=0.02)
    sd = run(home, str(path)).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 3)
    path.write_text(path.read_text() + ON_THREADS)
    run(home, str(path))
    rest(sd)
    found = trials(sd)
    assert [(str(trial.status), trial.attempts) for trial in found] == [("complete", 1)] * 3
    assert RunDir(sd.attempt(0, 1)).shim.exists()
    assert not RunDir(sd.attempt(2, 1)).shim.exists()
    assert not events(sd, "trial_waiting")
