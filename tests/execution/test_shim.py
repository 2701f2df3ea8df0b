"""The shim with real processes: logs, orders, clean-up, the lock, cold and warm."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hptui.execution.executor import Launch, Lease
from hptui.execution.local import shim
from hptui.execution.local.executor import LocalExecutor
from hptui.execution.local.launcher import LauncherClient
from hptui.execution.local.processes import kill_marked_processes, open_shim_pidfd
from hptui.store.run_directory import RunDir, lock_is_held, put_control, read_json
from tests.support import until

LISTEN = "import signal,sys,time; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True); time.sleep(60)"
DEAF = "import signal,time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


COLD = LocalExecutor()
"""Keeps the shims that it has started, so that they are reaped."""


def start(folder: Path, code: str, **options: object) -> RunDir:
    run = RunDir(folder / "attempt-1")
    launch = Launch(
        run=run,
        token="abc",
        config={},
        cwd=str(folder),
        environment={},
        command=[sys.executable, "-c", code],
        **options,  # type: ignore[arg-type]
    )
    COLD.start(launch, Lease())
    return run


def reap() -> None:
    until(lambda: (COLD.poll(), not COLD._children)[1])


def ended(run: RunDir) -> dict[str, object]:
    until(lambda: not lock_is_held(run.lock))
    reap()
    found = read_json(run.exit)
    assert isinstance(found, dict)
    return found


def up(run: RunDir) -> None:
    until(lambda: run.log.exists() and "up" in run.log.read_text())


def test_an_attempt_lives_exactly_as_long_as_its_lock_is_held(tmp_path: Path) -> None:
    run = start(tmp_path, LISTEN)
    assert lock_is_held(run.lock)
    up(run)
    put_control(run, "stop")
    assert ended(run)["code"] == 7


@pytest.mark.parametrize("verb", ["pause", "stop", "prune"])
def test_a_worker_is_asked_before_it_is_made(tmp_path: Path, verb: str) -> None:
    run = start(tmp_path, LISTEN)
    up(run)
    put_control(run, verb)
    end = ended(run)
    assert (end["code"], end["asked"], end["insisted"]) == (7, verb, False)


def test_a_deaf_worker_is_killed_when_patience_is_over(tmp_path: Path) -> None:
    run = start(tmp_path, DEAF, stop_grace=0.3)
    up(run)
    put_control(run, "stop")
    end = ended(run)
    assert (end["signal"], end["asked"], end["insisted"]) == (9, "stop", True)


def test_kill_does_not_ask(tmp_path: Path) -> None:
    run = start(tmp_path, LISTEN)
    up(run)
    put_control(run, "kill")
    assert ended(run)["signal"] == 9


def test_a_stopped_worker_hears_the_order_all_the_same(tmp_path: Path) -> None:
    run = start(tmp_path, LISTEN)
    up(run)
    os.kill(read_json(run.shim)["worker"], signal.SIGSTOP)
    put_control(run, "stop")
    assert ended(run)["code"] == 7


CHILDREN = """
import os, subprocess, sys, time
for session in (False, True):
    p = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=session)
    print(p.pid, flush=True)
print("up", flush=True)
"""


def test_what_a_worker_leaves_behind_is_swept_even_from_another_session(tmp_path: Path) -> None:
    run = start(tmp_path, CHILDREN)
    end = ended(run)
    left = [int(word) for word in run.log.read_text().split() if word.isdigit()]
    assert len(left) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)
    assert end["swept"]


def test_a_killed_shim_takes_its_worker_along_and_the_lock_is_free(tmp_path: Path) -> None:
    run = start(tmp_path, LISTEN)
    up(run)
    facts = read_json(run.shim)
    os.kill(facts["shim"], signal.SIGKILL)
    until(lambda: not lock_is_held(run.lock) and not alive(facts["worker"]))
    reap()
    assert read_json(run.exit) is None


@pytest.mark.parametrize("dead", [False, True])
def test_an_attempt_with_an_owner_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, dead: bool) -> None:
    owner = subprocess.Popen(["sleep", "600"])
    monkeypatch.setenv(shim.OWNER_VARIABLE, str(owner.pid))
    if dead:
        owner.kill()
        owner.wait()
        run = start(tmp_path, "print('up', flush=True)")
        until(lambda: not lock_is_held(run.lock))
        reap()
        assert (run.log.exists(), read_json(run.exit)) == (False, None)
        return
    code = CHILDREN.replace('print("up"', "print(os.environ.get('HPTUI_OWNER'), 'up'")
    run = start(tmp_path, f"{code}time.sleep(600)")
    up(run)
    owner.kill()
    owner.wait()
    end = ended(run)
    assert (end["signal"], end["asked"], end["insisted"]) == (9, "", True)
    assert "None up" in run.log.read_text()
    left = [int(word) for word in run.log.read_text().split() if word.isdigit()]
    assert len(left) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_strays_of_a_lost_attempt_are_found_by_their_mark(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    mark = {**os.environ, "HPTUI_ATTEMPT": "stray-token"}
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=mark, start_new_session=True)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    until(lambda: b"stray-token" in Path(f"/proc/{process.pid}/environ").read_bytes())
    assert kill_marked_processes("stray-token", run) == 1
    assert process.wait(10) == -9
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_reader_of_the_events_is_no_stray(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    run.events.write_text("{}\n")
    code = f"import time; f = open({str(run.events)!r}); print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    assert kill_marked_processes("nobody", run) == 0
    process.kill()
    process.wait()
    process.stdout.close()


def test_progress_bars_leave_only_their_last_state_in_the_log(tmp_path: Path) -> None:
    bar = "import sys\nfor i in range(101): sys.stdout.write(f'\\r{i}%')\nsys.stdout.write('\\ndone\\nno newline')"
    run = start(tmp_path, bar)
    ended(run)
    assert run.log.read_text() == "100%\ndone\nno newline\n"


def test_a_flood_is_rotated_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim, "MAX_LOG_BYTES", 1000)
    log = shim.WorkerLog(str(tmp_path / "log.txt"))
    for number in range(200):
        log.feed(f"line {number:04d} {'x' * 90}\n".encode())
    log.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["log.txt", "log.txt.1", "log.txt.2"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4000
    assert "line 0199" in (tmp_path / "log.txt").read_text() + (tmp_path / "log.txt.1").read_text()


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    run = start(tmp_path, "print('hello')")
    ended(run)
    for path in run.root.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_worker_does_not_hold_the_lock(tmp_path: Path) -> None:
    code = "import os,sys; print(sorted(int(f) for f in os.listdir('/proc/self/fd')), flush=True)"
    run = start(tmp_path, code)
    ended(run)
    assert json.loads(run.log.read_text())[:3] == [0, 1, 2]
    held = json.loads(run.log.read_text())
    assert len(held) == 4, held  # the fourth lists the directory itself


def test_a_handle_is_given_only_for_a_living_shim(tmp_path: Path) -> None:
    run = start(tmp_path, LISTEN)
    up(run)
    shim_pid = read_json(run.shim)["shim"]
    handle = open_shim_pidfd(shim_pid, run)
    assert handle is not None
    os.close(handle)
    assert open_shim_pidfd(shim_pid, RunDir(tmp_path / "another")) is None
    put_control(run, "kill")
    ended(run)
    assert open_shim_pidfd(shim_pid, run) is None


# warm -----------------------------------------------------------------------------------------------------------

BODY = """
import os, sys, time
def main(directory):
    print("warm", os.environ["COLOUR"], os.getcwd(), flush=True)
    if os.environ.get("LINGER"):
        time.sleep(60)
    return 5
"""


@pytest.fixture
def body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "warm_body.py").write_text(BODY)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    return tmp_path


def warm_start(folder: Path, warm: LauncherClient, n: int = 1, **environment: str) -> RunDir:
    run = RunDir(folder / f"attempt-{n}")
    launch = Launch(
        run=run,
        token=f"warm-{n}",
        config={},
        cwd=str(folder),
        environment={"COLOUR": "red", **environment},
        command=[sys.executable, "-c", "print('cold')"],
    )
    executor = LocalExecutor()
    executor.launcher = warm
    assert executor.start(launch, Lease()).warm
    return run


def test_a_warm_start_forks_shim_and_worker(body: Path) -> None:
    warm = LauncherClient("warm_body:main", ["json"], os.environ)
    run = warm_start(body, warm)
    end = ended(run)
    assert end["code"] == 5
    assert run.log.read_text() == f"warm red {body}\n"
    assert warm.poll() == {"warm-1": read_json(run.shim)["shim"]}
    warm.close()


def test_attempts_outlive_their_launcher_and_the_next_gets_a_new_one(body: Path) -> None:
    warm = LauncherClient("warm_body:main", ["json"], os.environ)
    first = warm_start(body, warm, 1, LINGER="1")
    until(lambda: first.log.exists() and "warm" in first.log.read_text())
    until(lambda: warm.poll())
    assert warm._process is not None
    warm._process.kill()
    until(lambda: (warm.poll(), warm.fileno() == -1)[1])
    assert lock_is_held(first.lock)
    second = warm_start(body, warm, 2)
    assert ended(second)["code"] == 5
    put_control(first, "kill")
    assert ended(first)["signal"] == 9
    warm.close()


def test_modules_that_cannot_be_imported_mean_a_cold_start(body: Path) -> None:
    warm = LauncherClient("warm_body:main", ["no_such_module"], os.environ)
    warm.ensure()
    until(lambda: (warm.poll(), warm.refusal)[1])
    assert "no_such_module" in warm.refusal
    launch = Launch("t", RunDir(body / "a"), {}, [sys.executable, "-c", "print('cold')"], cwd=str(body))
    COLD.launcher = warm
    assert not COLD.start(launch, Lease()).warm
    COLD.launcher = None
    ended(launch.run)
    assert launch.run.log.read_text() == "cold\n"
    warm.close()


@pytest.mark.parametrize("module", ["json", "no_such_module"])
def test_a_launcher_whose_runner_hangs_up_ends_without_a_word(body: Path, module: str) -> None:
    """As when the runner is killed while the launcher imports: a traceback would be taken for the runner's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    words = ["-m", "hptui.execution.local.launcher", str(theirs.fileno()), str(os.getpid()), "warm_body:main", module]
    ended_one = subprocess.run(
        [sys.executable, *words], pass_fds=[theirs.fileno()], capture_output=True, text=True, check=False, timeout=60
    )
    theirs.close()
    assert (ended_one.returncode, ended_one.stdout, ended_one.stderr) == (0, "", "")


def test_a_module_that_starts_threads_is_refused(body: Path) -> None:
    (body / "threaded.py").write_text(
        "import threading,time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    )
    warm = LauncherClient("warm_body:main", ["threaded"], os.environ)
    warm.ensure()
    until(lambda: (warm.poll(), warm.refusal)[1])
    assert "threads" in warm.refusal
    warm.close()


def test_a_launcher_that_dies_before_it_forked_lets_go_of_the_lock(body: Path) -> None:
    (body / "slow_import.py").write_text("import time; time.sleep(60)")
    warm = LauncherClient("warm_body:main", ["slow_import"], os.environ)
    run = warm_start(body, warm)
    assert lock_is_held(run.lock)
    assert warm._process is not None
    time.sleep(0.2)
    warm._process.kill()
    until(lambda: (warm.poll(), not lock_is_held(run.lock))[1])
    assert read_json(run.shim) is None
    warm.close()


@pytest.mark.parametrize("where", ["import", "fork"])
def test_a_start_that_hangs_is_given_up(where: str, body: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launcher that still imports has a longer time of its own: a cold disk is slow."""
    limits = {"import": (0.0, 0.3), "fork": (0.3, 600.0)}[where]
    monkeypatch.setattr("hptui.execution.local.handle.MAX_START_S", limits[0])
    monkeypatch.setattr("hptui.execution.local.launcher.MAX_IMPORT_S", limits[1])
    (body / "slow_import.py").write_text("import time; time.sleep(60)")
    executor = LocalExecutor()
    executor.launcher = LauncherClient("warm_body:main", ["slow_import"] if where == "import" else [], os.environ)
    if where == "fork":
        executor.launcher.ensure()
        until(lambda: (executor.poll(), executor.launcher and executor.launcher.ready)[1])
        assert executor.launcher._process is not None
        os.kill(executor.launcher._process.pid, signal.SIGSTOP)
    run = RunDir(body / "attempt-1")
    launch = Launch("hanging", run, {}, [sys.executable, "-c", "print('cold')"], cwd=str(body))
    handle = executor.start(launch, Lease())
    assert handle.state().kind == "starting"
    assert not executor.settled()
    assert [handle.state().kind for _ in range(3)] == ["starting"] * 3
    until(lambda: (executor.poll(), handle.state().gone)[1])
    assert (handle.state().proof, executor.launcher.fileno()) == ("lock", -1)
    assert executor.settled()
    handle.forget()
    executor.close()
