"""A worker that SIGKILL does not end, as in a driver's call that never returns: a frozen process stands for it.

Its trial ends, its GPU goes to nobody as long as it hangs, and the study goes on with the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from hptui.core.trial import Reason, TrialStatus
from hptui.operations.run import run
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, lock_is_held, read_json
from tests.faults.poison import instead
from tests.support import rest, run_to_rest, toy, trial, trials, until

pytestmark = pytest.mark.process

FREEZER = Path("/sys/fs/cgroup/freezer")
"""Of cgroups v1: there SIGKILL waits for a frozen process, which is in state D, until it is thawed."""
IMPATIENT = """
import sys
if "hptui.operations.runner_process" in sys.orig_argv:
    from hptui.execution import doubts, runner
    doubts.STUCK_AFTER_S, runner.KILL_AGAIN_S = 1.0, 0.3
"""


@pytest.fixture
def freeze() -> Iterator[Callable[[int], None]]:
    """What freezes a process; it is thawed at the end."""
    group = FREEZER / f"hptui-test-{uuid4().hex[:8]}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no freezer of cgroups v1 can be used here: {error.strerror}")

    def one(pid: int) -> None:
        (group / "cgroup.procs").write_text(str(pid))
        (group / "freezer.state").write_text("FROZEN")
        until(lambda: (group / "freezer.state").read_text() == "FROZEN\n")

    yield one
    (group / "freezer.state").write_text("THAWED")
    until(lambda: not (group / "cgroup.procs").read_text())
    with suppress(OSError):  # in a moment more, it is nobody's
        group.rmdir()


def devices(sd: StudyDir) -> dict[int, str]:
    with StoreReader.open(sd) as reader:
        return {attempt.trial: attempt.device for attempt in reader.attempts()}


@pytest.mark.parametrize(
    ("how", "gpus"), [("killed", '"all"'), ("unreadable", '"all"'), pytest.param("killed", "1", marks=pytest.mark.slow)]
)
def test_its_gpu_is_set_aside_and_the_study_goes_on(
    how: str, gpus: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freeze: Callable[[int], None]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(IMPATIENT)
    fakes = Path(__file__).parent.parent / "fakes"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(fakes), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("FAKE_NVML_MARK", uuid4().hex[:12])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    long = f"[resources]\ngpus = {gpus}\n[[trial]]\nset = {{ steps = 100_000 }}"
    path = toy(tmp_path, trials=4, steps=20, step_seconds=0.03, rest=long)
    sd = run(home, str(path)).sd
    until(lambda: any((one.last_step or 0) > 25 for one in trials(sd)))
    [number] = [one.number for one in trials(sd) if one.params.get("steps")]
    stuck, gpu = RunDir(sd.attempt(number, 1)), devices(sd)[number]
    freeze(read_json(stuck.shim)["worker"])
    if how == "killed":
        send_command(sd, "stop", {"trials": [number], "kill": True})
    else:
        instead(stuck.events, "directory")
    until(lambda: not trial(sd, number).status.open)
    rest(sd)
    run_to_rest(home, sd.name, trials="+2")  # the next runner leaves shim and lock alone, too
    ended, others = trial(sd, number), [one for one in trials(sd) if one.number != number]
    expected = (TrialStatus.STOPPED, Reason.USER) if how == "killed" else (TrialStatus.FAILED, Reason.UNREADABLE)
    assert (ended.status, ended.reason) == expected
    assert "it was killed and does not end: process" in ended.message
    assert f"{gpu} gets no trials until it does" in ended.message
    assert [str(one.status) for one in others] == ["complete"] * len(others)
    assert lock_is_held(stuck.lock)
    assert {devices(sd)[one.number] for one in others[-2:]} == {"GPU 0", "GPU 1"} - {gpu}
