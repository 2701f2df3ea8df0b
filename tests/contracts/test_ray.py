"""What every executor promises, on a real Ray cluster of two nodes on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from hptui.core.ray_cluster import RayCluster as RayTable
from hptui.core.study import Resources
from hptui.testing.executors import ExecutorContract
from tests.ray_cluster import RayCluster, running_cluster

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with running_cluster("node1", "node2") as running:
        yield running


@pytest.fixture(autouse=True)
def _on_ray(cluster: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(TestRay, "cluster", cluster, raising=False)
    monkeypatch.setattr(TestRay, "folder", tmp_path / "far")


class TestRay(ExecutorContract):
    """Attempts are processes under actors of Ray."""

    executor = "ray"
    cluster: ClassVar[RayCluster]
    folder: ClassVar[Path] = Path()

    def teardown_method(self) -> None:
        """End also the places of executors that the test has closed, which wait for another runner of their study."""
        super().teardown_method()
        for pid in self.cluster.processes("ray::PlaceActor"):
            os.kill(pid, signal.SIGKILL)

    def resources(self, parallel: int) -> Resources:
        table = RayTable(self.cluster.address, self.cluster.python, dir=str(self.folder))
        return Resources(parallel=parallel, ray=table)
