"""`hptui report` from outside: the first screen and the command at its end, one HTML file, where files go."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.operations.made import make
from tests.support import hptui, toy

pytestmark = pytest.mark.process


def next_command(text):
    return re.search(r"^- \*\*Next\*\*: `(.*)`$", text, re.MULTILINE)[1]


def test_the_commands_of_the_first_screen_act_on_a_finished_study(home, tmp_path):
    """What it says to do next is done, in a shell, as often as it says so; each time it says something else."""
    path = toy(tmp_path, "my.study", trials=2, steps=4, trainer="noise = 0.05", space='width = "16..64"')
    ran = hptui(home, "run", str(path))
    assert ran.returncode == 0, ran.stderr
    brief = hptui(home, "report", "my.study", "--brief").stdout
    plain = re.sub(r"\*\*|`|^- ", "", brief, flags=re.MULTILINE).split("\n")
    for line in plain[3:12]:
        assert line in ran.stdout, "run ends with the same lines"
    assert "not yet: it ran once" in brief or "no trial was better than the baseline" in brief
    steps = []
    place = Path(sys.executable).parent
    for _ in range(2):
        steps.append(next_command(brief))
        env = {**os.environ, "HPTUI_HOME": str(home), "PATH": f"{place}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(steps[-1], shell=True, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (steps[-1], done.stderr)
        brief = hptui(home, "report", "my.study", "--brief").stdout
    assert "--repeat best --seeds 3" in steps[0]
    assert re.search("[36] fresh runs", brief) or "no trial was better" in brief
    assert steps[1] != steps[0]
    study = hptui(home, "report", "my.study").stdout.split("\n")[2]
    assert "done" in study


def test_a_page_stands_alone_or_beside_the_text(home, tmp_path):
    make(home)
    beside = hptui(home, "report", "made", "-o", str(tmp_path / "out"), "--html", "--figures", "none")
    assert beside.returncode == 0, beside.stderr
    assert {"report.md", "report.html", "facts.json"} <= {path.name for path in (tmp_path / "out").iterdir()}
    alone = hptui(home, "report", "made", "-o", str(tmp_path / "one.html"), "--figures", "none")
    assert alone.returncode == 0, alone.stderr
    assert (tmp_path / "one.html").read_text() == (tmp_path / "out" / "report.html").read_text()
    assert hptui(home, "report", "--check", str(tmp_path / "out")).returncode == 0


@pytest.mark.parametrize("options", [("--html",), ("--contour", "learning_rate,width"), ("--figures", "svg")])
def test_what_writes_files_asks_where_to(home, options):
    make(home)
    done = hptui(home, "report", "made", *options)
    assert done.returncode == 2
    assert f"{options[0]} writes files: say where to, with -o" in done.stderr
