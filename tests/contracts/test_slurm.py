"""What every executor promises, on a Slurm cluster of our own on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from hptui.core.slurm import Slurm
from hptui.core.study import Resources
from hptui.testing.executors import ExecutorContract
from tests.slurm_cluster import Cluster, running_cluster

pytestmark = [pytest.mark.process, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as running:
        yield running


@pytest.fixture(autouse=True)
def _on_slurm(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    monkeypatch.setattr(TestSlurm, "folder", tmp_path / "shared")


class TestSlurm(ExecutorContract):
    """Attempts are jobs."""

    executor = "slurm"
    folder: ClassVar[Path] = Path()

    def resources(self, parallel: int) -> Resources:
        return Resources(gpus=0, slurm=Slurm(dir=str(self.folder), max_jobs=parallel))
