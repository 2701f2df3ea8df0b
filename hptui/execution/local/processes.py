"""Processes of attempts on this machine: whether one lives, by its lock and never by a pid; how to end what is left.

Linux only in parts: elsewhere orphans are possible."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.execution.executor import Launch, Lease, State
from hptui.execution.local import shim
from hptui.execution.local.descendants import recorded, start_time
from hptui.store.run_directory import RunDir, lock_is_held, read_json

TOKEN_VARIABLE = "HPTUI_ATTEMPT"  # noqa: S105
"""Environment variable with the attempt's token, by which its processes can be found."""
MAX_PID = 1 << 22
"""Highest pid that Linux gives."""
KILL_PENDING = 1 << (signal.SIGKILL - 1)
"""SIGKILL among the pending signals of a thread."""
MAX_DYING_S = 0.5
"""How long to wait for killed processes to end."""


def local_state(run: RunDir, boot: str = "") -> State:
    """Return what lock and run directory say of an attempt; `boot` is the boot in which it was started."""
    if lock_is_held(run.lock):
        return State("alive")
    if isinstance(read_json(run.exit), dict):
        return State("gone", "exit")
    if boot and boot != shim.boot_id():
        return State("gone", "boot", "the machine was restarted")
    if not os.path.exists(run.lock):  # not Path.exists, which raises where a directory was closed to us
        return State("gone", "never", "it was never started")
    return State("gone", "lock")


def shim_pid(run: RunDir) -> int | None:
    """Return the pid of an attempt's shim, as it wrote it down; None as long as it has not."""
    facts = read_json(run.shim)
    pid = facts.get("shim") if isinstance(facts, dict) else None
    return pid if isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid <= MAX_PID else None


def killed_but_alive(run: RunDir) -> str:
    """Return which process of an attempt was killed and does not end, and where it hangs; '' if none does.

    A call of the kernel that cannot be interrupted, as of a GPU's driver, holds it. Linux only.
    """
    facts = read_json(run.shim)
    worker = facts.get("worker") if isinstance(facts, dict) else None
    if not isinstance(worker, int) or not lock_is_held(run.lock):  # while its shim lives the pid is still the worker's
        return ""
    pids = [worker, *(pid for pid, began in recorded(run).items() if start_time(pid) == began)]
    for pid in dict.fromkeys(pids):
        for thread in Path(f"/proc/{pid}/task").glob("[0-9]*"):
            with suppress(OSError, ValueError, KeyError):
                status = dict(line.split(":", 1) for line in (thread / "status").read_text().splitlines())
                if status["State"].split()[0] == "D" and int(status["SigPnd"], 16) & KILL_PENDING:
                    where = (thread / "wchan").read_text().strip("\0 0")
                    return f"process {pid} hangs in a call of the kernel" + (f" ({where})" if where else "")
    return ""


def kill_worker(run: RunDir) -> bool:
    """Kill the worker of an attempt that lives; return False if it does not end.

    A call of the kernel, as of a GPU's driver, may hold it.
    """
    facts = read_json(run.shim)
    try:
        handle = os.pidfd_open(facts["worker"])
    except (OSError, TypeError, KeyError, ValueError, OverflowError):  # whatever a script put there
        return True
    try:
        if lock_is_held(run.lock):  # its shim lives and has not reaped it, so the pid is still its own
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll(MAX_DYING_S * 1000)
    except OSError:
        return True
    finally:
        os.close(handle)
    return not killed_but_alive(run)


def attempt_processes() -> Iterator[tuple[int, str]]:
    """Yield (pid, token) of the processes that carry the token of an attempt."""
    mark = f"{TOKEN_VARIABLE}=".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for word in words:
            if word.startswith(mark):
                yield int(process.name), word[len(mark) :].decode(errors="replace")


def open_shim_pidfd(pid: int, run: RunDir) -> int | None:
    """Return a pidfd that becomes readable when the shim ends; None where that is not possible.

    It only wakes the poll; the lock decides whether the attempt lives, and no signal is sent through it.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    if lock_is_held(run.lock):  # the shim still lives, so its pid was not reused before the pidfd was opened
        return handle
    os.close(handle)
    return None


def kill_orphans(token: str, run: RunDir) -> None:
    """Kill every process that could still write to an ended attempt, and delete its half-written files.

    A lock may be released before the last worker dies. The shim that wrote `exit.json` has killed them already. Linux
    only; a process stuck in the kernel is left.
    """
    if read_json(run.exit) is None:
        kill_marked_processes(token, run)
    delete_half_written(run)


def delete_half_written(run: RunDir) -> None:
    """Delete the files that a killed process was writing; none may live that could still write."""
    for temporary in run.root.glob(".*.tmp"):
        with suppress(OSError):  # not a file of ours
            temporary.unlink()


def kill_marked_processes(token: str, run: RunDir) -> int:
    """Kill the processes that carry a lost attempt's token or can write to its files; return their number.

    A forked child keeps its launcher's environment in /proc until it executes something, hence the files: the attempt's
    events, and the pipe that its shim read. Processes that only read them are left alone.
    """
    events = {str(run.events), f"{run.events} (deleted)"}
    mark, files = f"{TOKEN_VARIABLE}={token}".encode(), {*events, *_output_pipes(run)}
    known = recorded(run)
    killed, deadline = 0, time.monotonic() + MAX_DYING_S
    while dying := _kill(mark, files, known):  # until none is left: they may have forked meanwhile
        killed += len(dying)
        for handle in dying:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            os.close(handle)
        if time.monotonic() > deadline:  # stuck in the kernel, for example in a GPU driver call: cannot be killed
            break
    return killed


def _output_pipes(run: RunDir) -> Iterator[str]:
    """Yield the output pipes of the worker and of its script as /proc names them.

    None after a reboot: a pipe's inode number may then belong to another pipe.
    """
    for path in (run.shim, run.script):
        facts = read_json(path)
        if isinstance(facts, dict) and facts.get("output") and facts.get("boot") == shim.boot_id():
            yield f"pipe:[{facts['output']}]"


def _kill(mark: bytes, files: Collection[str], known: Mapping[int, int]) -> list[int]:
    """Kill all processes of an attempt; return pidfds that become readable when they are dead.

    `known` are its processes as they were recorded: pid and start time.
    """
    dying = []
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid() or not _belongs_to_attempt(entry, mark, files, known):
            continue
        try:
            handle = os.pidfd_open(int(entry.name))
        except OSError:
            continue
        dying.append(handle)
        if _belongs_to_attempt(entry, mark, files, known):  # again: the pid may have been reused meanwhile
            with suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
    return dying


def _belongs_to_attempt(process: Path, mark: bytes, files: Collection[str], known: Mapping[int, int]) -> bool:
    if (began := known.get(int(process.name))) is not None and start_time(int(process.name)) == began:
        return True
    try:
        if mark in (process / "environ").read_bytes().split(b"\0"):
            return True
        return any(_writes_to(process, fd, files) for fd in os.listdir(process / "fd"))
    except OSError:
        return False


def _writes_to(process: Path, fd: str, files: Collection[str]) -> bool:
    try:
        if os.readlink(process / "fd" / fd) not in files:
            return False
        lines = (process / "fdinfo" / fd).read_text().splitlines()
    except OSError:  # closed meanwhile
        return False
    flags = next(line.split()[1] for line in lines if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY


def attempt_environment(launch: Launch, lease: Lease) -> dict[str, str]:
    """Return the variables of an attempt's environment that differ from the runner's."""
    return {**lease.environment, **launch.environment, TOKEN_VARIABLE: launch.token}


def start_request(launch: Launch, lease: Lease) -> dict[str, Any]:
    """Return the message that asks the launcher to start an attempt."""
    return {
        "directory": str(launch.run.root),
        "token": launch.token,
        "cwd": launch.cwd,
        "environment": attempt_environment(launch, lease),
        "pause_grace": launch.pause_grace,
        "stop_grace": launch.stop_grace,
    }
