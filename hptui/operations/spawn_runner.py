"""Start the runner of a study as a detached process, and wait until it holds the study's lock."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
import time

from hptui.core.errors import Locked, MachineError
from hptui.core.time_given import TimeGiven
from hptui.operations.ownership import require_runnable
from hptui.operations.runner_lock import runner_status
from hptui.store.paths import StudyDir

MAX_START_S = 20.0
"""Time for a runner to start, without that in which other programs had the processors; also for another process to
finish creating a study."""
MAX_LOG_BYTES = 64 << 10
"""Bytes at the end of a runner's log in which its last error is looked for."""


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
    time_given = TimeGiven(process.pid)
    while not time_given.exceeds(MAX_START_S):
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


def last_words(sd: StudyDir, since: float) -> str:
    """Return the last error, with its hint, that a runner has logged since a time; '' if there is none.

    A runner that refuses to go on after it has taken the lock tells nobody else.
    """
    try:
        with sd.runner_log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - MAX_LOG_BYTES))
            lines = log.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    newest = max((n for n, line in enumerate(lines) if " ERROR " in line), default=None)
    if newest is None:
        return ""
    try:
        logged = time.mktime(time.strptime(lines[newest][: len("2026-01-31 12:00:00")], "%Y-%m-%d %H:%M:%S"))
    except ValueError:
        return ""
    return _last_error(lines) if logged + 1 > since else ""


def _last_error(lines: list[str]) -> str:
    """Return the last error that a runner has logged, with its hint or its exception; else the last line."""
    starts = [n for n, line in enumerate(lines) if " ERROR " in line]
    if not starts:
        return lines[-1] if lines else ""
    message, rest = lines[starts[-1]].partition(": ")[2], lines[starts[-1] + 1 :]
    if rest[:1] == ["Traceback (most recent call last):"]:
        frames = itertools.dropwhile(lambda line: line.startswith(" "), rest[1:])
        return "\n".join([message, *itertools.islice(frames, 1)])
    return "\n".join([message, *itertools.takewhile(lambda line: line.startswith("  "), rest)][:3])
