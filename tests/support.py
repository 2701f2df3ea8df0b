"""What tests share: studies written and run for real, in a HOME of their own, with nothing left running behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

from hptui.core.trial import Trial
from hptui.operations.run import run
from hptui.operations.runner_process import runner_status
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

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


def until(what: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Wait until something holds; fails loudly when it never does."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached within {seconds:g} s")
        time.sleep(0.02)


def rest(sd: StudyDir, seconds: float = DEADLINE) -> StudyDir:
    """Wait until no runner holds the study."""
    until(lambda: not runner_status(sd)["alive"], seconds)
    return sd


def run_to_rest(home: Path, ref: Path | str, **options: object) -> StudyDir:
    """Run a study until it rests."""
    return rest(run(home, str(ref), **options).sd)  # type: ignore[arg-type]


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
    """End every process that belongs to studies under a HOME: runners first, so that nothing is restarted."""
    for _ in range(3):
        for entry in Path("/proc").glob("[0-9]*"):
            if int(entry.name) == os.getpid():
                continue
            try:
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                cwd = os.readlink(entry / "cwd")
                files = " ".join(os.readlink(fd) for fd in (entry / "fd").iterdir())
            except OSError:
                continue
            if str(home).encode() in words or str(home) in files or cwd.startswith(str(home)):
                try:
                    os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    continue
        time.sleep(0.05)
