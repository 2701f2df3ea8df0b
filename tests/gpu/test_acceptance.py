"""The acceptance itself: its checks are there, a red one is told, and one that hangs is ended."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.gpu import acceptance
from tests.gpu.acceptance import Bench, Check, run_all, table
from tests.support import until

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

    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd=bench.folder, start_new_session=True)
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


def left_in(folder: Path) -> list[int]:
    """Return the processes that work in a folder or below it."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if Path(process.cwd()).is_relative_to(folder):
                found.append(process.pid)
    return found


@pytest.mark.process
def test_what_is_told_to_end_writes_its_table_and_leaves_nothing(tmp_path: Path) -> None:
    """As `timeout` ends it: what was checked is not lost."""
    out = tmp_path / "OUT"
    program = (
        f"import sys; sys.argv = ['x', {str(out)!r}, '--cpu']; from tests.gpu import acceptance as a; "
        "a.what_is_missing = lambda cpu: ''; "
        "a.CHECKS = tuple(a.Check(n, 'test_acceptance', 60) for n in ('fine', 'endless', 'wrong')); sys.exit(a.main())"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=SCRIPT.parents[2], start_new_session=True)
    until(lambda: left_in(out / "work" / "endless"))
    process.terminate()
    assert process.wait(60) == 1
    text = (out / "acceptance.md").read_text()
    assert "| fine | sum | 2 | 2 | ok |" in text
    assert "told to end before" in text
    assert "red: endless, wrong" in text
    assert left_in(out) == []


def test_what_is_missing_is_told_before_anything_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "MODULES", ("json", "no_such_module"))
    assert "not installed: no_such_module" in acceptance.what_is_missing(cpu=True)
    done = subprocess.run([sys.executable, SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False)
    if done.returncode == 2:  # a machine without a card, as these tests have
        assert "Traceback" not in done.stderr
        assert "there is no card: torch" in done.stderr or "not installed" in done.stderr
    monkeypatch.setenv("PYTHONPATH", f"packages{os.pathsep}/x")
    assert acceptance.given_folders() == [Path("packages").resolve(), Path("/x")]


def test_every_check_is_a_function() -> None:
    for check in acceptance.CHECKS:
        assert callable(getattr(importlib.import_module(f"tests.gpu.{check.module}"), check.name))
    assert len(acceptance.CHECKS) == 17
    done = subprocess.run(
        [sys.executable, SCRIPT, "OUT", "--only", "adapter"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "no check is called adapter" in done.stderr) == (2, True)
