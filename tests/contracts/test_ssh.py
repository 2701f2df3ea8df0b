"""What every executor promises, on a real sshd on this machine; and links that drop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from hptui.core.ssh import Ssh, SshHost
from hptui.core.study import Resources
from hptui.testing.executors import ExecutorContract
from tests.sshd import Sshd, running_sshd

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture(autouse=True)
def _by_ssh(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPTUI_SSH", sshd.ssh)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(TestSsh, "folder", tmp_path / "far")


class TestSsh(ExecutorContract):
    """Attempts are processes behind an sshd."""

    executor = "ssh"
    folder: ClassVar[Path] = Path()

    def resources(self, parallel: int) -> Resources:
        hosts = (SshHost("box1", gpus=0),)
        return Resources(parallel=parallel, ssh=Ssh(hosts=hosts, dir=str(self.folder)))
