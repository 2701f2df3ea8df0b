"""What a script leaves behind dies with its attempt, also when shim and worker are killed at the same moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hptui.execution.local.descendants import Descendants, descendants, recorded, start_time
from hptui.execution.local.processes import kill_marked_processes
from hptui.operations.run import run
from hptui.store.run_directory import RunDir, read_json, write_json
from tests.faults.harness import stopped
from tests.support import rest, trials, until

SCRIPT = """
    import os, sys, time
    def daemon(name, keep_output):
        if os.fork():
            return os.wait()
        os.setsid()
        if os.fork():
            os._exit(0)
        if not keep_output:
            for fd in range(3):
                os.dup2(os.open(os.devnull, os.O_RDWR), fd)
        with open(name, "w") as file:
            file.write(str(os.getpid()))
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(90)"], {})
    first = not os.path.exists(os.path.join(os.path.dirname(__file__), "began"))
    open(os.path.join(os.path.dirname(__file__), "began"), "w").close()
    if first:
        for name in ("silent", "talking"):
            daemon(os.path.join(os.path.dirname(__file__), name), name == "talking")
    for step in range(600 if first else 3):
        print(f"step {step} loss {1 / (step + 1)}", flush=True)
        time.sleep(0.1 if first else 0)
"""


def test_daemons_with_nothing_of_ours_end_with_shim_and_worker(home: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(textwrap.dedent(SCRIPT))
    path = tmp_path / "orphans.toml"
    path.write_text(
        f'name = "orphans"\n[objective]\nmetric = "loss"\n[trainer]\nkind = "command"\n'
        f'command = ["{sys.executable}", "{tmp_path / "train.py"}"]\n[space]\nlr = {{ choices = [0.1, 0.2] }}\n'
        '[search]\nsampler = "random"\ntrials = 1\n'
    )
    sd = run(home, str(path)).sd
    files = [tmp_path / name for name in ("silent", "talking")]
    until(lambda: all(file.exists() and file.read_text() for file in files))
    pids = [int(file.read_text()) for file in files]
    run_dir = RunDir(sd.attempt(0, 1))
    until(lambda: pids[0] in recorded(run_dir), "the runner has seen the silent one")
    assert not any(stopped(pid) for pid in pids)
    facts = read_json(run_dir.shim)
    for pid in (facts["shim"], facts["worker"]):
        os.kill(pid, signal.SIGSTOP)  # so that neither sees the other die
    for pid in (facts["shim"], facts["worker"]):
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(stopped(pid) for pid in pids), "the daemons end")
    rest(sd)
    assert [str(one.status) for one in trials(sd)] == ["complete"]


@pytest.fixture
def sleeper() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True, env={})
    yield process  # type: ignore[misc]
    process.kill()
    process.wait()


def test_a_process_that_has_the_pid_of_one_that_ended_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    run_dir = RunDir(tmp_path)
    Descendants(run_dir).look(os.getpid())
    facts = read_json(run_dir.descendants)
    assert recorded(run_dir)[sleeper.pid] == start_time(sleeper.pid) == descendants(os.getpid())[sleeper.pid]
    only = {**facts, "processes": {str(sleeper.pid): facts["processes"][str(sleeper.pid)] - 1}}
    write_json(run_dir.descendants, only)
    assert kill_marked_processes("0" * 32, run_dir) == 0
    write_json(run_dir.descendants, {**only, "boot": "another"})
    assert kill_marked_processes("0" * 32, run_dir) == 0
    write_json(run_dir.descendants, {**facts, "processes": {str(sleeper.pid): start_time(sleeper.pid)}})
    assert kill_marked_processes("0" * 32, run_dir) == 1
    assert sleeper.wait(timeout=10) == -signal.SIGKILL


def test_what_is_no_record_kills_nobody(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    run_dir = RunDir(tmp_path)
    Descendants(run_dir).look(os.getpid())
    boot = read_json(run_dir.descendants)["boot"]
    for processes in ([], {"x": 1}, {str(sleeper.pid): "1"}, {str(sleeper.pid): None}, {"9" * 40: 1}, {"": 1}, None):
        write_json(run_dir.descendants, {"boot": boot, "processes": processes})
        assert kill_marked_processes("0" * 32, run_dir) == 0
    assert sleeper.poll() is None
