"""What `hptui new` leaves out: lists without a value, and the entries of large files that a script does not use."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui import studyfile
from hptui.core.study import Study
from hptui.operations.check import preflight
from hptui.operations.new import write_study_file
from hptui.trainers import registry

LISTS = (
    "nargs='+', default=[]",
    "nargs='*'",
    "nargs='*', type=int, default=None",
    "nargs='+', type=int, default=[3, 4]",
    "action='append'",
    "action='append', default=[]",
    "action='count', default=0",
    "nargs='?', default=None",
)
READS = {
    "a file of settings": "c = yaml.safe_load(open(a.config))\nlr = c['lr']\n",
    "constants": "LR = 0.01\nlr = LR\n",
    "its options": "lr = a.lr\n",
}


def _study(source: str) -> Study:
    Path("train.py").write_text(source)
    path, _ = write_study_file("train.py")
    return studyfile.read_file(path, schema=registry.schema)


@pytest.mark.parametrize(
    ("name", "kind", "way"),
    [(("--gym-packages", "--tags")[n % 2], kind, [*READS][n % len(READS)]) for n, kind in enumerate(LISTS)],
)
@pytest.mark.process
def test_a_list_without_a_value_has_no_place_in_the_command(
    name: str, kind: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text("lr: 0.01\nwidth: 4\n")
    own = {"a file of settings": "'--config', default='c.yaml'", "constants": "'--n', type=int, default=3"}
    declared = own.get(way, "'--lr', type=float, default=0.01")
    head = "import argparse, yaml\np = argparse.ArgumentParser()\n"
    options = f"p.add_argument('{name}', {kind})\np.add_argument({declared})\na = p.parse_args()\n"
    study = _study(f"{head}{options}{READS[way]}print(f'val_loss: {{lr}}')\n")
    words = study.trainer.settings["command"]
    assert not any(name in str(word) for word in words), words
    assert preflight(study) == []


@pytest.mark.parametrize(("tables", "option", "listed"), [(60, "Env3", 2), (60, "other", 60), (3, "Env1", 6)])
def test_of_a_large_file_only_what_the_script_uses_is_listed(
    tables: int, option: str, listed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text("".join(f"Env{n}:\n  lr: 0.01\n  steps: 3\n" for n in range(tables)))
    declared = f"p.add_argument('--config', default='c.yaml')\np.add_argument('--env', default='{option}')\n"
    reading = "c = yaml.safe_load(open(a.config))[a.env]\nprint(f'val_loss: {c}')\n"
    head = f"import argparse, yaml\np = argparse.ArgumentParser()\n{declared}a = p.parse_args()\n"
    settings = _study(head + reading).trainer.settings
    assert len([name for name in settings if name.startswith("Env")]) == listed
