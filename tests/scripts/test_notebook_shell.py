"""A notebook that was exported as a script runs without its notebook where it only asks how things look."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hptui.scripts.with_constants as program

SCRIPT = "lr = 0.1\n{magic}\nprint('val_loss:', lr)\n"


def run(folder: Path, magic: str) -> subprocess.CompletedProcess[str]:
    (folder / "train.py").write_text(SCRIPT.format(magic=magic))
    command = [sys.executable, str(program.__file__), '{"lr": 0.25}', "train.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "magic",
    [
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "get_ipython().run_line_magic('load_ext', 'autoreload')",
        "get_ipython().magic('matplotlib inline')",
        "get_ipython().magic(u'%autoreload 2')",
    ],
)
def test_magics_that_compute_nothing_are_left_out(magic: str, tmp_path: Path) -> None:
    assert run(tmp_path, magic).stdout == "val_loss: 0.25\n"


@pytest.mark.parametrize(
    "magic",
    [
        "get_ipython().system('pip install x')",
        "get_ipython().run_line_magic('run', 'other.py')",
        "get_ipython().run_cell_magic('time', '', 'x = 1')",
        "get_ipython().magic('pylab')",
    ],
)
def test_magics_that_compute_something_fail_and_are_named(magic: str, tmp_path: Path) -> None:
    ended = run(tmp_path, magic)
    assert ended.returncode != 0
    assert "NameError: name 'get_ipython' is not defined" in ended.stderr
