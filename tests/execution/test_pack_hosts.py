"""What is left of a host of packed trials that was killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hptui.execution.local.hosts import Hosts, PackHost
from hptui.execution.local.slots import LocalLease
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, acquire_lock, write_json

HALF_WRITTEN = (".exit.json.tmp", ".plan.json.tmp", ".anything.tmp")


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """The directory of a host, with whole and half-written files."""
    run = RunDir(tmp_path / "packs" / "0001")
    run.root.mkdir(parents=True)
    lease = LocalLease(label="cpu-0", boot="x", host="here")
    names = {"label": lease.label, "environment": {}, "facts": {}, "gpus": [], "host_name": "here", "boot": "x"}
    write_json(run.config, {**names, "threads": 1, "token": "t", "key": "k", "lanes": 2, "most_lanes": 2})
    for name in HALF_WRITTEN:
        (run.root / name).write_text("{")
    return run


def left(run: RunDir) -> set[str]:
    return {path.name for path in run.root.iterdir()} & set(HALF_WRITTEN)


def test_a_new_runner_keeps_whole_files_of_an_ended_host_only(run: RunDir) -> None:
    hosts = Hosts(StudyDir(run.root.parent.parent), lambda host: 0)
    assert not hosts.hosts
    assert not left(run)
    assert run.config.exists()


def test_what_a_living_host_writes_is_left_alone_until_it_has_ended(run: RunDir) -> None:
    lock = acquire_lock(run.lock)
    assert lock is not None
    hosts = Hosts(StudyDir(run.root.parent.parent), lambda host: 1)
    assert [type(host) for host in hosts.hosts] == [PackHost]
    hosts.poll()
    assert left(run) == set(HALF_WRITTEN)
    os.close(lock)
    hosts.poll()
    assert not hosts.hosts
    assert not left(run)
