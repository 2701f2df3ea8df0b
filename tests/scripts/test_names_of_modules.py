"""Scripts in folders that hold modules with the names of others: of Python's library, and of hptui's own programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hptui
from hptui.scripts import with_constants

ROOT = Path(hptui.__file__).parents[1]
OF_LIBRARY = ("random", "ast", "tempfile", "tomllib", "dataclasses", "json", "logging", "sqlite3", "subprocess", "copy")


@pytest.mark.process
@pytest.mark.parametrize("name", OF_LIBRARY)
def test_a_study_file_is_written_next_to_a_module_with_the_name_of_one_of_python(name, tmp_path):
    (tmp_path / f"{name}.py").write_text("raise SystemExit('the module of the folder was imported')\n")
    (tmp_path / "train.py").write_text(f"import {name}\nLR = 0.1\nprint('val_loss', LR)\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HPTUI_HOME": str(tmp_path / "home")}
    words = [sys.executable, "-m", "hptui", "new", "train.py", "-o", "study.toml"]
    run = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "LR = 0.1" in (tmp_path / "study.toml").read_text()


@pytest.mark.process
def test_a_script_with_other_constants_has_its_own_modules_whatever_they_are_called(tmp_path):
    program = Path(with_constants.__file__)
    names = [path.stem for path in program.parent.glob("*.py") if path.stem != "__init__"]
    for name in names:
        (tmp_path / f"{name}.py").write_text("OWN = True\n")
    lines = [f"import {name}\nassert {name}.OWN" for name in names]
    (tmp_path / "train.py").write_text("\n".join(["LR = 0.1", *lines, "print(LR)"]))
    words = [sys.executable, str(program), json.dumps({"LR": 0.5}), "train.py"]
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stdout == "0.5\n", run.stderr
