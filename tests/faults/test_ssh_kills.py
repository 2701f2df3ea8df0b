"""Runner, relay, link, shim or worker, any moment: nothing is lost, doubled, changed or left running."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.ssh_kills import KINDS, battle
from tests.sshd import running_sshd

pytestmark = pytest.mark.process


@pytest.mark.timeout(400)
@pytest.mark.parametrize("count", [15, pytest.param(30, marks=pytest.mark.slow)])
def test_nothing_is_lost_in_kills_over_ssh(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with running_sshd(tmp_path / "sshd") as sshd:
        monkeypatch.setenv("HPTUI_SSH", sshd.ssh)
        seed = int(os.environ.get("HPTUI_FAULT_SEED", "1"))
        kills = battle(home, tmp_path, sshd, count, seed, pace=0.2, hosts='["box1"]')
    assert kills.total() >= count
    assert set(kills) == set(KINDS)
