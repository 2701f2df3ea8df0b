"""A W&B sweep file and its script, run as they are."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from hptui import studyfile
from hptui.core.trial import TrialStatus
from hptui.operations.run import run
from hptui.results.view import read_view
from tests.support import rest, run_to_rest, trials

SWEEP = Path(__file__).parents[2] / "studies" / "sweep" / "sweep.yaml"


@pytest.fixture(autouse=True)
def python_on_the_path(monkeypatch):
    """As in an activated environment: `${interpreter}` is the python of the PATH."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))


def test_the_sweep_and_its_script_run_unmodified(home):
    # Two steps, as `--set steps=2` asks for: its widest model is nothing for a test.
    sd = rest(run(home, str(SWEEP), trials="1", settings={"steps": "2"}).sd, 400)
    found = trials(sd)
    assert [trial.status for trial in found] == [TrialStatus.COMPLETE]
    for trial in found:
        assert set(trial.params) == {"learning_rate", "model_dim", "num_layers"}
        said = re.findall(r"val_loss: (\S+)", (sd.attempt(trial.number, 1) / "log.txt").read_text())
        assert trial.values["val_loss"] == min(map(float, said))
    assert read_view(sd).study.name == "train-sweep"


def test_its_linear_learning_rate_is_warned_of():
    said = studyfile.study_warnings(studyfile.read_file(SWEEP))
    assert any("91 % of a random draw lies above 1e-3" in text for text in said)


def test_a_script_that_only_reads_the_config_of_wandb_needs_no_word_of_it_in_the_sweep(home, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")  # nothing contacts a server all the same
    (tmp_path / "train.py").write_text(
        "import wandb\n"
        "run = wandb.init(project='p', config={'lr': 9.0, 'opt': {'mom': 0.0}})\n"
        "config = wandb.config\n"
        "assert run.settings.mode == 'offline' and isinstance(config.opt, dict)\n"
        "wandb.log({'eval/loss': config.lr + config.opt['mom']})\n"
    )
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "sweep.yaml").write_text(
        "program: train.py\nmethod: grid\nname: plain\nmetric: {name: eval/loss}\n"
        "parameters:\n  lr: {values: [0.25]}\n  opt: {parameters: {mom: {values: [0.5]}}}\n"
    )
    [found] = trials(run_to_rest(home, tmp_path / "conf" / "sweep.yaml"))
    assert (found.status, found.values) == (TrialStatus.COMPLETE, {"eval/loss": 0.75}), found.message


def test_early_termination_and_nested_parameters_reach_the_script(home, tmp_path):
    (tmp_path / "deep.py").write_text(
        "import ast, sys\n"
        "given = dict(word.removeprefix('--').split('=', 1) for word in sys.argv[1:])\n"
        "opt = ast.literal_eval(given['opt'])\n"
        "for n in range(1, 31):\n"
        '    print(f\'step {n} loss: {abs(float(opt["lr"]) - 0.5) + 1 / n + float(given["bad"]):.6f}\', flush=True)\n'
    )
    (tmp_path / "sweep.yaml").write_text(
        "program: deep.py\nmethod: grid\nname: deep\nmetric: {name: loss}\n"
        "early_terminate: {type: hyperband, min_iter: 3}\n"
        "parameters:\n  opt: {parameters: {lr: {values: [0.1, 0.5]}}}\n  bad: {values: [0, 5, 9]}\n"
    )
    found = trials(run_to_rest(home, tmp_path / "sweep.yaml"))
    assert len(found) == 6
    assert all(trial.status in (TrialStatus.COMPLETE, TrialStatus.PRUNED) for trial in found)
    best = min((trial for trial in found if trial.values), key=lambda trial: trial.values["loss"])
    assert best.params == {"opt.lr": 0.5, "bad": 0}
