"""What tests share: studies written and run for real, in a HOME of their own, with nothing left running behind."""

from __future__ import annotations

import linecache
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from hptui.core.errors import MachineError
from hptui.core.trial import Trial
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.store.crash_points import EXIT_CODE
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

T = TypeVar("T")

PATIENCE = float(os.environ.get("HPTUI_TEST_PATIENCE", "1"))
"""What every deadline of the tests is multiplied with, for a machine that is slow or busy."""

DEADLINE = 90.0

TOY = """
    name = "{name}"
    [objective]
    metric = "loss"
    [trainer]
    kind = "toy"
    steps = {steps}
    step_seconds = {step_seconds}
    {trainer}
    [space]
    learning_rate = {{ low = 1e-5, high = 1e-1, log = true }}
    {space}
    [search]
    sampler = "{sampler}"
    trials = {trials}
    {search}
    {rest}
"""


def toy(
    folder: Path,
    name: str = "toy",
    *,
    steps: int = 5,
    step_seconds: float = 0.0,
    trials: int = 3,
    trainer: str = "",
    space: str = "",
    search: str = "",
    sampler: str = "random",
    rest: str = "",
) -> Path:
    """A study file that runs the toy trainer."""
    path = folder / f"{name}.toml"
    text = TOY.format(**{key: value for key, value in locals().items() if key not in ("folder", "path")})
    path.write_text(textwrap.dedent(text))
    return path


def until(condition: Callable[[], T], what: str = "", *, seconds: float = DEADLINE, every: float = 0.02) -> T:
    """Wait until a condition holds, and return what it gave.

    Raises: AssertionError with `what` (else the line that waits) when it does not hold in time.
    """
    deadline = time.monotonic() + seconds * PATIENCE
    while not (result := condition()):
        if time.monotonic() > deadline:
            caller = sys._getframe(1)
            line = linecache.getline(caller.f_code.co_filename, caller.f_lineno).strip()
            raise AssertionError(f"not within {seconds * PATIENCE:g} s: {what or line}")
        time.sleep(every)
    return result


def rest(sd: StudyDir, seconds: float = DEADLINE) -> StudyDir:
    """Wait until no runner holds the study."""
    until(lambda: not runner_status(sd)["alive"], f"{sd.name} rests", seconds=seconds)
    return sd


def run_to_rest(home: Path, ref: Path | str, **options: object) -> StudyDir:
    """Run a study until it rests."""
    return rest(run(home, str(ref), **options).sd)  # type: ignore[arg-type]


def run_to_crash(home: Path, ref: Path | str, crash: str, **options: object) -> StudyDir:
    """Run a study whose runner is to die at a crash point (`name:hit`), and wait until it is gone.

    The death may come while the starter still waits for the runner, which then says so, or after it has left."""
    patch = pytest.MonkeyPatch()
    patch.setenv("HPTUI_CRASH", crash)
    try:
        sd = run(home, str(ref), **options).sd  # type: ignore[arg-type]
    except MachineError as error:
        if f"exit code {EXIT_CODE}" not in str(error):
            raise
        sd = StudyDir(home / Path(ref).stem)
    finally:
        patch.undo()
    return rest(sd)


def trials(sd: StudyDir) -> list[Trial]:
    """All trials as they stand."""
    with StoreReader.open(sd) as reader:
        return reader.trials()


def trial(sd: StudyDir, number: int) -> Trial:
    """One trial as it stands."""
    with StoreReader.open(sd) as reader:
        return reader.trial(number)


def state(sd: StudyDir) -> tuple[str, str]:
    """The study's state and message."""
    with StoreReader.open(sd) as reader:
        row = reader.study()
        return str(row.state), row.message


def events(sd: StudyDir, kind: str) -> list[str]:
    """Messages of events of a kind."""
    with StoreReader.open(sd) as reader:
        return [event.message for event in reader.events() if event.kind == kind]


def hptui(home: Path, *words: str, cwd: Path | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person would."""
    command = [sys.executable, "-m", "hptui", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=timeout, check=False)


def kill_all(home: Path) -> None:
    """End every process that carries a HOME in its environment or command: runners, their attempts, their scripts.

    Repeated until there is none, since what is killed last may just have started another.
    """
    carries = re.compile(re.escape(str(home).encode()) + rb"(?![\w.-])")
    while pids := [pid for pid in _processes() if carries.search(_words(pid))]:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)  # until the kernel has buried them


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _words(pid: int) -> bytes:
    """Return the command and the environment of a process; of one that is dead, or another user's: nothing."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
