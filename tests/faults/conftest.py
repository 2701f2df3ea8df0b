"""The fault suite runs on CPU slots, everywhere the same number of them."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from tests.faults.harness import RunnerProcess


@pytest.fixture(autouse=True)
def _without_gpus(_own_surroundings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.fixture(autouse=True)
def _runners_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test ask how a runner has ended that `run` has started."""
    RunnerProcess.started.clear()
    known = SimpleNamespace(Popen=RunnerProcess, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr("hptui.operations.spawn_runner.subprocess", known)
