"""How long is waited for a runner that does not take its study."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hptui.core import time_given
from hptui.core.errors import MachineError
from hptui.operations import spawn_runner as module
from hptui.store.paths import StudyDir


@pytest.fixture
def idle_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyDir:
    """A study whose runner starts, and takes no lock for a second and a half."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 1.5\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(module, "MAX_START_S", 0.2)
    monkeypatch.setattr(module, "require_runnable", lambda sd: None)
    sd = StudyDir(tmp_path / "study")
    sd.root.mkdir()
    return sd


@pytest.mark.process
def test_a_runner_that_does_nothing_is_given_up(idle_runner: StudyDir) -> None:
    with pytest.raises(MachineError, match="did not start within") as error:
        module.spawn_runner(idle_runner)
    assert str(idle_runner.runner_log) in str(error.value.hint)


@pytest.mark.process
def test_a_runner_that_gets_no_processor_is_waited_for(idle_runner: StudyDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would have done nothing else than wait for its turn: until it ends, nobody is told that it did not start."""
    waited = iter(range(10**6))
    monkeypatch.setattr(time_given, "waited_s", lambda pid: float(next(waited)))
    module.spawn_runner(idle_runner)  # `sleep` ends with 0, as a runner does that has nothing left to do
