"""Start the runner of a study as a detached process, and wait until it holds the study's lock."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time

from hptui.core.errors import Locked, MachineError
from hptui.operations.ownership import require_runnable
from hptui.operations.runner_process import runner_status
from hptui.store.paths import StudyDir

MAX_START_S = 20.0
"""Time for a runner to start, and for another process to finish creating a study."""


def spawn_runner(sd: StudyDir) -> None:
    """Start the runner, detached from this terminal, and wait until it holds the lock."""
    require_runnable(sd)
    old_umask = os.umask(0o077)
    try:
        with sd.runner_log.open("ab") as log:
            offset = log.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", "hptui.operations.runner_process", str(sd.root)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
    finally:
        os.umask(old_umask)
    try:
        _wait_until_it_works(sd, process, offset)
    finally:
        if process.poll() is None:
            # Else this process, if it lives on as the screens do, would keep a zombie once the runner has ended.
            threading.Thread(target=process.wait, name=f"runner {process.pid}", daemon=True).start()


def _wait_until_it_works(sd: StudyDir, process: subprocess.Popen[bytes], offset: int) -> None:
    deadline = time.monotonic() + MAX_START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            _explain_early_end(sd, process.returncode, offset)
            return
        lock_facts = runner_status(sd)
        if lock_facts["alive"] and lock_facts["pid"] == process.pid and lock_facts["ready"] is not False:
            return
        time.sleep(0.02)  # until the runner has imported its libraries and written to its lock
    raise MachineError(f"the runner of {sd.name!r} did not start within {MAX_START_S:g} s", hint=f"see {sd.runner_log}")


def _explain_early_end(sd: StudyDir, code: int, offset: int) -> None:
    if code == 0:
        return  # nothing was left to do
    with sd.runner_log.open("rb") as log:
        log.seek(offset)
        lines = log.read().decode(errors="replace").strip().splitlines()
    if code == Locked.exit_code:
        facts = runner_status(sd)
        if facts["host"] in (None, socket.gethostname()):
            return  # another process on this machine was faster: the study runs
        raise Locked(f"another runner holds {sd.name!r}: pid {facts['pid']} on {facts['host']}")
    raise MachineError(
        f"the runner ended at once: {_last_error(lines) or f'exit code {code}'}", hint=f"see {sd.runner_log}"
    )


def _last_error(lines: list[str]) -> str:
    """Return the last error that a runner has logged, with its hint; else the last line."""
    starts = [n for n, line in enumerate(lines) if " ERROR " in line]
    if not starts:
        return lines[-1] if lines else ""
    return "\n".join([lines[starts[-1]].partition(": ")[2], *lines[starts[-1] + 1 :]][:3])
