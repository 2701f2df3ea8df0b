"""`hptui new`: what it writes is a study file that can be checked and run as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hptui import plugins, studyfile
from hptui.core.errors import UserError
from hptui.core.trial import TrialStatus
from hptui.operations.check import check
from hptui.operations.new import write_study_file
from hptui.trainers import registry
from tests.support import run_to_rest, trials

SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, default=0.3)
parser.add_argument("--batch-size", type=int, default=8)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out-dir", required=True)
args = parser.parse_args()
assert args.out_dir.endswith("output")
for step in range(1, 4):
    print(f"step {step} val_loss: {(args.learning_rate - 0.1) ** 2 + args.seed + 1 / step:.6f}")
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


def test_a_script_becomes_a_study_that_runs(script, home):
    path, notes = write_study_file("train.py")
    assert path == Path("train.toml")
    assert notes == []
    study = check(path).study
    assert study.objective.metric == "val_loss"
    assert [parameter.describe() for parameter in study.space.parameters] == ["0.03..1 log"]
    path.write_text(path.read_text().replace("trials = 20", "trials = 3").replace('"python"', f'"{sys.executable}"'))
    sd = run_to_rest(home, path)
    found = trials(sd)
    assert [trial.status for trial in found] == [TrialStatus.COMPLETE] * 3
    assert found[0].values["val_loss"] == pytest.approx((0.3 - 0.1) ** 2 + 1 / 3, abs=1e-5)


def test_a_file_that_is_there_is_left_alone(script):
    Path("train.toml").write_text("mine")
    with pytest.raises(UserError, match="is there already"):
        write_study_file("train.py")
    assert Path("train.toml").read_text() == "mine"


def test_what_is_neither_a_file_nor_a_trainer_is_said(script):
    with pytest.raises(UserError, match="did you mean 'charlm'"):
        write_study_file("charln")


@pytest.mark.parametrize("kind", [kind for kind in plugins.names("trainers") if kind not in ("command", "sft")])
def test_every_trainer_has_a_file_to_start_from(script, kind):
    path, _ = write_study_file(kind)
    assert studyfile.read_file(path, schema=registry.schema).trainer.kind == kind


def test_a_sweep_becomes_a_study_file_that_says_the_same(script):
    head = "program: train.py\nmethod: grid\nmetric: {name: val_loss}\n"
    Path("conf").mkdir()
    Path("conf/deep.yaml").write_text(head + "parameters: {learning_rate: {values: [0.1, 0.2]}}\n")
    assert "workdir" not in studyfile.read_file(write_study_file("conf/deep.yaml")[0]).trainer.settings
    assert (
        studyfile.read_file(write_study_file("conf/deep.yaml", Path("conf/x.toml"))[0]).trainer.settings["workdir"]
        == ".."
    )
    Path("sweep.yaml").write_text(head + "parameters: {learning_rate: {values: [1e-1, 0.2]}}\n")
    path, notes = write_study_file("sweep.yaml")
    assert any("1e-1 is a number here" in note for note in notes)
    made, read = studyfile.read_file(path), studyfile.read_file("sweep.yaml")
    assert (made.space, made.search, made.trainer, made.objectives) == (
        read.space,
        read.search,
        read.trainer,
        read.objectives,
    )


def test_a_study_file_elsewhere_starts_the_script_where_the_person_stands(script):
    path, _ = write_study_file("train.py", Path("studies/one.toml"))
    study = check(path).study
    assert study.trainer.settings["workdir"] == ".."
    assert study.trainer.settings["command"][1] == "train.py"


def test_a_module_of_a_package_is_started_as_one(script):
    Path("pkg").mkdir()
    Path("pkg/__init__.py").touch()
    Path("pkg/fit.py").write_text("from pkg import x\n" + SCRIPT)
    path, _ = write_study_file("pkg/fit.py")
    assert check(path).study.trainer.settings["command"][:3] == ["python", "-m", "pkg.fit"]


def test_what_is_filled_in_is_not_quoted_so_that_a_number_stays_one(script):
    script.write_text("import fire\ndef main(seed=1, lr=0.1): print('loss', lr)\nfire.Fire(main)\n")
    path, _ = write_study_file("train.py")
    assert check(path).study.trainer.settings["command"] == ["python", "train.py", "--seed={seed}"]


def test_a_subcommand_stands_between_its_own_options_and_the_others(script):
    script.write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--level', default='info')\n"
        "s = p.add_subparsers().add_parser('train')\ns.add_argument('--lr', type=float, required=True)\n"
        "print('val_loss', 1)\n"
    )
    path, notes = write_study_file("train.py")
    study = check(path).study
    assert study.trainer.settings["command"] == ["python", "train.py", "--level={level}", "train"]
    assert study.trainer.settings["lr"] == 0.00032  # the baseline needs a value, the file says that it is a guess
    assert notes == []


def test_constants_of_a_script_are_searched_without_a_line_changed(script, home):
    script.write_text("LR = 1e-2\nSIZES = 2 * 8\nprint('loss', (LR - 0.1) ** 2 + SIZES, __name__, __file__)\n")
    path, notes = write_study_file("train.py")
    assert "other values for its constants" in notes[-1]
    text = path.read_text().replace("trials = 20", "trials = 2").replace('"python"', f'"{sys.executable}"')
    path.write_text(text.replace('"auto"', '"random"'))
    sd = run_to_rest(home, path)
    for trial in trials(sd):
        assert trial.values["loss"] == pytest.approx((trial.params.get("LR", 1e-2) - 0.1) ** 2 + 16)
    assert "__main__ train.py" in sd.attempt(0, 1).joinpath("log.txt").read_text()
