"""The acceptance itself: its checks are there, a red one is told, and one that hangs is ended."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gpu import acceptance
from tests.gpu.acceptance import Bench, Check, run_all, table

SCRIPT = Path(acceptance.__file__)


def fine(bench: Bench) -> None:
    bench.note("device", bench.device)
    bench.expect("sum", 1 + 1, True, "2")


def wrong(bench: Bench) -> None:
    bench.expect("sum", 3, False, "2")


def broken(bench: Bench) -> None:
    bench.expect("sum", 2, True, "2")
    raise ValueError("out of luck")


def endless(bench: Bench) -> None:
    import time

    time.sleep(600)


def test_each_check_ends_as_it_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "CPU_PATIENCE", 1)
    names = {"fine": 60, "wrong": 60, "broken": 60, "endless": 2}
    checks = [Check(name, "test_acceptance", seconds) for name, seconds in names.items()]
    checks.append(Check("versions", "checks_machine", 60, needs_gpu=True))
    lines = {line["check"]: line for line in run_all(checks, tmp_path, cpu=True)}
    states = {name: line["state"] for name, line in lines.items()}
    assert states == {"fine": "ok", "wrong": "RED", "broken": "RED", "endless": "RED", "versions": "-"}
    assert [row["what"] for row in lines["broken"]["rows"]] == ["sum", "no error"]
    assert lines["endless"]["rows"][0]["measured"] == "over 2 s"
    written = [json.loads(line) for line in (tmp_path / "acceptance.jsonl").read_text().splitlines()]
    assert written == list(lines.values())
    assert "| wrong | sum | 3 | 2 | RED |" in table(written)


def test_every_check_is_a_function() -> None:
    for check in acceptance.CHECKS:
        assert callable(getattr(importlib.import_module(f"tests.gpu.{check.module}"), check.name))
    assert len(acceptance.CHECKS) == 17
    done = subprocess.run(
        [sys.executable, SCRIPT, "OUT", "--only", "adapter"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "no check is called adapter" in done.stderr) == (2, True)
