"""The black-box harness: what it must find it finds, and a few of its rounds in full."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hptui import studyfile
from tests.faults.blackbox import Round, add_round, attack, kind_of_process, main
from tests.operations.made import make

PLANTED = {
    "numbers": "UPDATE trials SET values_json = '{\"loss\":9}' WHERE number = 0",
    "lost: made has the trials": "DELETE FROM trials WHERE number = 1",
    "lost: trial ('made', 0) was": "UPDATE trials SET values_json = '{\"loss\":9}' WHERE number = 0",
    "doubled": "UPDATE attempts SET state = 'done', trial = 0, n = 70 WHERE rowid = (SELECT max(rowid) FROM attempts)",
    "proposals": "UPDATE trials SET params_json = '{\"x\":1}' WHERE number = 0",
    "unfinished": "UPDATE trials SET status = 'failed' WHERE number = 0",
    "cut": "",
}


@pytest.mark.parametrize("finding", PLANTED)
def test_a_planted_fault_is_found(finding: str, home: Path) -> None:
    sd = make(home)
    undisturbed = home.with_name("undisturbed")
    shutil.copytree(home, undisturbed)
    one = Round(home, random.Random(1), 3, names=("made",))
    one.look()
    assert one.findings == []
    with closing(sqlite3.connect(sd.db, isolation_level=None)) as store:
        store.execute("PRAGMA foreign_keys = OFF")
        store.execute(PLANTED[finding] or "SELECT 1")
    events = sd.attempt(0, 1) / "events.jsonl"
    events.parent.mkdir(parents=True, exist_ok=True)
    events.write_text(json.dumps({"q": 1, "k": "metrics", "t": 1, "step": 10**6}) + "\n" if finding == "cut" else "")
    one.judge(undisturbed)
    assert any(found.startswith(finding) for found in one.findings), one.findings


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [11, 12])
def test_nothing_is_lost_whoever_is_killed(seed: int, tmp_path: Path) -> None:
    kills = Counter[str]()
    for one in attack(150, seed, tmp_path):
        assert one.findings == []
        kills += one.kills
    assert len(kills) >= 6


def test_counts_add_up_over_calls_by_seed(tmp_path: Path) -> None:
    known: dict[str, Any] = {}
    for number, seed in enumerate((1, 1, 2)):
        one = Round(tmp_path, random.Random(0), 1, number, Counter(runner=number + 1), names=("toy-gp",))
        add_round(known, seed, one)
    assert known["1"] == {"rounds": 2, "kills": {"runner": 3}, "studies": {"toy-gp": 2}, "findings": []}
    assert known["2"]["kills"] == {"runner": 3}


def test_a_call_goes_on_from_the_counts_that_it_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["blackbox", "--kills", "7"])
    known: dict[str, Any] = {}
    for seed in (1, 2):
        add_round(known, seed, Round(tmp_path, random.Random(0), 1, 0, Counter(runner=7), names=("toy-gp",)))
    (tmp_path / "hptui").mkdir()
    (tmp_path / "hptui" / "blackbox.json").write_text(json.dumps(known))
    assert main() == 0, "there is nothing left to do"
    assert f"14 kills in all, counted in {tmp_path}/hptui/blackbox.json" in capsys.readouterr().out


def test_processes_that_the_launcher_forked_are_told_by_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = b"python\0-m\0hptui.execution.local.launcher\0"
    run = tmp_path / "attempt-1"
    run.mkdir()
    assert kind_of_process(os.getpid(), words) == "launcher"
    with (run / "lock").open("w"):
        assert kind_of_process(os.getpid(), words) == "warm shim"
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        assert kind_of_process(child.pid, words) == "warm worker"
        child.communicate(b"\n")
    assert kind_of_process(os.getpid(), b"python\0shim.py\0") == "shim"


@pytest.mark.parametrize("number", range(3))
def test_every_study_of_a_round_can_be_read(number: int, tmp_path: Path) -> None:
    one = Round(tmp_path / "home", random.Random(0), 3, number)
    one.files(tmp_path)
    assert len(set(one.names)) == 3
    for name in one.names:
        studyfile.read_file(tmp_path / f"{name}.toml")
