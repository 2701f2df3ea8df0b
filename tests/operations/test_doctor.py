"""The doctor finds what is wrong, says what to do, and changes nothing."""

import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hptui.core.trial import StudyState
from hptui.execution.local import lock_directory, nvml, torch_build
from hptui.operations import doctor
from hptui.operations.doctor import examine
from hptui.operations.doctor_study import examine_study, worst_level
from hptui.store.reader import StoreReader
from hptui.store.run_directory import try_lock
from hptui.store.store import Store
from tests.operations.made import TRIALS, make, trial
from tests.support import until


def levels(findings):
    return {finding.check: finding.level for finding in findings}


def bad(findings):
    return [(finding.check, finding.level) for finding in findings if finding.level != "ok"]


def test_a_sound_study(home):
    sd = make(home)
    found = examine(home, [sd])
    assert worst_level([finding for finding in found if finding.study]) == "ok"
    assert {"versions", "packages", "sqlite", "gpu", "locks", "logout", "terminal", "home", "disk", "study"} <= set(
        levels(found)
    )


def test_an_empty_home(home):
    assert [finding for finding in examine(home) if finding.study] == []
    assert not home.exists()


def test_a_damaged_store(home):
    sd = make(home)
    with open(sd.db, "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(20_000))
    assert ("store", "error") in bad(examine_study(sd, thorough=True))


def test_a_store_that_is_none(home):
    sd = make(home)
    sd.db.write_bytes(b"no store at all" * 1000)
    assert bad(examine_study(sd)) == [("store", "error")]


def test_a_runner_that_has_gone(home):
    sd = make(home, [*TRIALS[:2], trial(2, "running", ended=None)], state=StudyState.RUNNING)
    found = examine_study(sd)
    assert bad(found) == [("runner", "warning"), ("attempts", "warning")]
    assert all(finding.hint == "hptui run made" for finding in found)
    assert "trial 2 was running" in found[1].message
    with try_lock(sd.lock):
        assert bad(examine_study(sd)) == []


def test_a_restarted_machine_is_named(home):
    sd = make(home, TRIALS[:2], state=StudyState.RUNNING)
    with Store.open(sd) as store:
        store.set_meta("boot_id", "another")
    with sqlite3.connect(sd.db) as conn:
        conn.execute("UPDATE meta SET value = 'another' WHERE key = 'boot_id'")
    conn.close()
    assert "the machine was restarted" in examine_study(sd)[0].message


def test_files_that_others_can_read(home):
    sd = make(home)
    sd.db.chmod(0o644)
    found = examine_study(sd)
    assert bad(found) == [("files", "warning")]
    assert found[0].hint == f"chmod -R go-rwx {sd.root}"


def test_a_clock_that_was_put_back(home, monkeypatch):
    sd = make(home)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    with Store.open(sd) as store:
        store.add_event("info", "test", "from the future")
    monkeypatch.setattr(time, "time", real)
    assert bad(examine_study(sd)) == [("clock", "warning")]


def test_a_damaged_checkpoint(home):
    sd = make(home, [*TRIALS[:3], trial(3, "paused", "user")], state=StudyState.PAUSED)
    path = sd.checkpoints(3) / "step-00000010"
    path.mkdir(parents=True)
    (path / "MANIFEST.json").write_text("{torn")
    found = examine_study(sd)
    assert bad(found) == [("checkpoints", "warning")]
    assert "step-00000010 is damaged" in found[0].message


def test_a_process_that_was_left_behind(home):
    sd = make(home)
    with StoreReader.open(sd) as reader:
        environment = {**os.environ, "HPTUI_ATTEMPT": reader.attempts(1)[0].token}
    stray = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=environment)
    try:
        found = until(lambda: bad(examine_study(sd)), "the process is seen", every=0.05)
    finally:
        stray.kill()
        stray.communicate()
    assert found == [("attempts", "warning")]


def test_a_network_file_system_is_an_error(home, monkeypatch):
    sd = make(home)
    monkeypatch.setattr("hptui.operations.doctor_study.filesystem_type", lambda path: "nfs4")
    monkeypatch.setattr("hptui.operations.doctor.filesystem_type", lambda path: "nfs4")
    assert ("store", "error") in bad(examine_study(sd))
    assert ("disk", "error") in bad(examine(home, []))


def test_a_torch_without_cuda_beside_gpus(home, monkeypatch):
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "fakes"))
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.setattr(torch_build, "installed", lambda: torch_build.TorchBuild("2.13.0+cpu", "", ""))
    nvml.initialised.cache_clear()
    try:
        found = examine(home, [])
    finally:
        nvml.initialised.cache_clear()
        sys.modules.pop("pynvml", None)
    assert [finding.message.split(",")[0] for finding in found if finding.check == "gpu"] == [
        "GPU 0: Fake GPU 0",
        "GPU 1: Fake GPU 1",
    ]
    assert ("torch", "error") in bad(found)


@pytest.mark.parametrize(("version", "level"), [("2.9.1", "error"), ("2.10.0", None), ("2.13.0+cu128", None)])
def test_a_torch_that_a_checkpoint_could_own(home, monkeypatch, version, level):
    monkeypatch.setattr(doctor, "_version", lambda package: version)
    assert levels(examine(home, [])).get("torch") == level


def test_what_is_missing_is_named(home, monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda package: "" if package == "peft" else "3.0")
    found = [finding for finding in examine(home, []) if finding.check == "packages"]
    assert [(finding.level, finding.hint) for finding in found] == [("error", "pip install peft")]


def test_a_look_that_fails_is_a_finding(home, monkeypatch):
    monkeypatch.setattr(lock_directory, "ROOTS", (Path("/proc"),))
    found = [finding for finding in examine(home, []) if finding.check == "locks"]
    assert [finding.level for finding in found] == ["error"]
    assert worst_level([replace(found[0], level="ok")]) == "ok"
