"""One run of a command: how soon it is heard."""

from __future__ import annotations

import os
import shutil
import sys
import time
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


HANDLED = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
ENDS = {
    # A script, and when it is asked to stop: the moment it has said so, or once it is gone.
    "gone": ("print('last', flush=True)", "gone", (0, False, False)),
    "gone with much to read": ("print('last', flush=True)\nprint('x' * 50000)", "gone", (0, False, False)),
    "ignores it": (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('last', flush=True)\ntime.sleep(1.5)",
        "said",
        (0, True, True),
    ),
    "saves and ends": (f"{HANDLED}import time\nprint('last', flush=True)\ntime.sleep(20)", "said", (0, True, False)),
    "dies of it": ("import time\nprint('last', flush=True)\ntime.sleep(20)", "said", (-15, True, False)),
    "fails": (
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('last', flush=True)\n"
        "time.sleep(1.5)\nsys.exit(3)",
        "said",
        (3, True, False),
    ),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("cooperates", [False, True])
def test_a_script_that_was_through_before_it_was_asked_has_not_stopped_for_that(
    name: str, cooperates: bool, tmp_path: Path
) -> None:
    text, when, (code, stopped, finished_first) = ENDS[name]
    if cooperates and stopped:
        pytest.skip("a script that looks for itself is not sent a signal")
    script = tmp_path / "t.py"
    script.write_text(text)
    heard: list[str] = []

    def asked() -> bool:
        if not heard:
            return False
        if when == "gone":
            time.sleep(0.5)  # it ends meanwhile, with output that nobody has read yet
        return True

    ears = RunCallbacks(heard.append, lambda last: None, asked, lambda: cooperates)
    result = run_command([sys.executable, str(script)], os.environ, tmp_path, ears)
    if when == "gone":  # whether it was asked at all depends on the moment of its end
        assert result.code == 0
        assert not result.stopped or result.finished_first
    else:
        assert (result.code, result.stopped, result.finished_first) == (code, stopped, finished_first)
