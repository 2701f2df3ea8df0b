"""Folders that a script writes into: that of a trial where it makes none, one in it where it makes its own."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys

import pytest

from hptui.operations.new_script import study_file_of_script

WRITES = {
    "join": "open(os.path.join(args.{0}, 'm.txt'), 'w')",
    "text": "open(args.{0} + '/m.txt', 'w')",
    "format": "open(f'{{args.{0}}}/m.txt', 'w')",
    "pathlib": "open(Path(args.{0}) / 'm.txt', 'w')",
    "file": "open(args.{0}, 'w')",
}
MAKES = {"": False, "os.makedirs(args.{0})\n": True, "Path(args.{0}).mkdir(parents=True)\n": True}


@pytest.mark.process
@pytest.mark.parametrize(("write", "make"), [*itertools.product(WRITES, MAKES)])
@pytest.mark.parametrize("name", ["model_path", "save_dir", "output_dir"])
def test_a_folder_is_there_where_the_script_makes_none(write, make, name, tmp_path, monkeypatch):
    if write in ("file", "pathlib") and (make or write == "pathlib"):
        pytest.skip("a file cannot be a folder as well; a path is made of the option first")
    monkeypatch.chdir(tmp_path)
    head = f"import argparse, os\nfrom pathlib import Path\np = argparse.ArgumentParser()\np.add_argument('--{name}')\n"
    head += "p.add_argument('--lr', type=float, default=0.1)\nargs = p.parse_args()\n"
    text = f"{head}{make.format(name)}{WRITES[write].format(name)}\nprint('val_loss', args.lr)\n"
    (path := tmp_path / "train.py").write_text(text)
    study, _ = study_file_of_script(path, tmp_path)
    [given] = re.findall(rf'--{name}=(\{{trial_dir\}}[^"]*)"', study)
    (trial := tmp_path / "trial").mkdir()
    words = [sys.executable, str(path), f"--{name}={given.replace('{trial_dir}', str(trial))}"]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert any(trial.rglob("*"))
