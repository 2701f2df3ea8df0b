"""One run of a command: how soon it is heard."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hptui.scripts.process import RunCallbacks, line_buffered, run_command


@pytest.mark.skipif(shutil.which("stdbuf") is None, reason="needs coreutils")
def test_a_program_of_c_is_heard_line_by_line(tmp_path: Path) -> None:
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        (tmp_path / "heard").touch()

    waits = "for i in $(seq 60); do [ -e heard ] && echo two && exit; sleep 0.05; done; echo too late"
    ears = RunCallbacks(hear, lambda last: None, lambda: False, lambda: False)
    run_command(["bash", "-c", f"(echo one; {waits}) | sed s/x/y/"], os.environ, tmp_path, ears)
    assert heard == ["one", "two"]


def test_python_and_containers_are_started_as_they_are() -> None:
    assert line_buffered(["/usr/bin/python3", "t.py"], {}) == ["/usr/bin/python3", "t.py"]
    assert line_buffered(["docker", "run"], {}) == ["docker", "run"]
    assert line_buffered(["bash", "t.sh"], {"LD_PRELOAD": "mine.so"}) == ["bash", "t.sh"]
