"""A study without an objective: its trials run and are recorded, and nothing is ranked anywhere."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path

import pytest

from hptui import studyfile
from hptui.cli import main
from hptui.core.errors import StudyError
from hptui.core.trial import TrialStatus
from hptui.operations.run import run
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.trainers import registry
from tests.support import rest, trials
from tests.tui.walk import walking

SCRIPT = """
import sys
given = dict(word.removeprefix("--").split("=") for word in sys.argv[1:])
for step in (1, 2):
    print(f"step {step} loss {float(given['lr']) / step:.4f} val_acc {int(given['k']) / 10:.3f}")
"""
SWEEP = """
program: train.py
method: grid
parameters: {lr: {values: [0.1, 0.2]}, k: {values: [1, 2]}}
early_terminate: {type: hyperband, min_iter: 2}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> StudyDir:
    """A sweep without a metric, run to its end."""
    folder = tmp_path_factory.mktemp("unranked")
    (folder / "train.py").write_text(SCRIPT)
    (folder / "grid.yaml").write_text(SWEEP)
    before = os.environ["PATH"]
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        return rest(run(folder / "home", str(folder / "grid.yaml")).sd)
    finally:
        os.environ["PATH"] = before


def asked(sd: StudyDir, *words: str) -> tuple[int, str]:
    """The exit code and output of the command line, called in this process."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = main._guarded(["--home", str(sd.root.parent), *words])
    return code, output.getvalue()


def test_its_trials_are_complete_without_a_value(ran: StudyDir) -> None:
    found = trials(ran)
    assert [trial.status for trial in found] == [TrialStatus.COMPLETE] * 4
    assert not any(trial.values for trial in found)
    assert [trial.metrics["val_acc"] for trial in found] == [0.1, 0.1, 0.2, 0.2]
    view = read_view(ran)
    assert (view.best, view.front, view.study.objectives) == (None, [], ())


def test_nothing_is_the_best(ran: StudyDir) -> None:
    code, text = asked(ran, "show", "grid", "best")
    assert (code, "has no objective" in text) == (5, True)
    assert asked(ran, "export", "grid", "best", "--format", "yaml")[0] == 5
    code, text = asked(ran, "status", "grid", "--json")
    [status] = json.loads(text)
    assert (code, status["objective"], status["best"], status["state"]) == (0, [], None, "done")


def test_every_view_of_it_works(ran: StudyDir, tmp_path: Path) -> None:
    for words in (["status"], ["trials", "grid"], ["show", "grid", "1"], ["space", "grid"], ["log", "grid", "1"]):
        code, text = asked(ran, *words)
        assert code == 0, text
    assert "val_acc" in asked(ran, "trials", "grid")[1]  # what was reported stands where the objective would
    code, text = asked(ran, "report", "grid", "-o", str(tmp_path / "report"))
    assert code == 0, text
    assert "has no objective, so no trial is the best" in (tmp_path / "report" / "report.md").read_text()
    code, text = asked(ran, "export", "grid", "--format", "sweep")
    assert "metric" not in text
    for program in ("optuna", "ax"):
        code, text = asked(ran, "export", "grid", "--format", program, "-o", str(tmp_path / program))
        assert (code, "no study without an objective" in text) == (2, True)


async def screens(ran: StudyDir) -> None:
    async with walking(ran.root.parent, study=ran) as walk:
        await walk.until("val_acc")
        await walk.press("enter")
        await walk.settled()
        await walk.until("complete")


def test_its_screens_open(ran: StudyDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    asyncio.run(screens(ran))


def test_a_later_objective_is_another_study(ran: StudyDir) -> None:
    with pytest.raises(StudyError, match="without an objective, not to minimize val_acc"):
        run(ran.root.parent, read_view(ran).study.source, settings={"objective.metric": "val_acc"})


def test_an_objective_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(SWEEP)
    study = studyfile.read_file(tmp_path / "grid.yaml", schema=registry.schema)
    changes = {"objective.metric": "val_acc", "objective.goal": "maximize"}
    changed = studyfile.with_overrides(study, changes, registry.schema)
    assert [(goal.metric, goal.goal) for goal in changed.objectives] == [("val_acc", "maximize")]
    again = studyfile.from_json(studyfile.to_json(study))
    assert again.objectives == ()
    assert again.objective.metric == ""


@pytest.mark.parametrize(
    ("search", "where"),
    [
        ('sampler = "tpe"', "search.sampler"),
        ('sampler = "auto"', "search.sampler"),
        ('sampler = "random"\npruner = "median"', "search.pruner"),
        ('sampler = "random"\nuntil = { target = 1 }', "search.until.target"),
        ('sampler = "random"\nuntil = { no_improvement = 3 }', "search.until.no_improvement"),
    ],
)
def test_what_compares_trials_needs_an_objective(search: str, where: str) -> None:
    text = 'name = "n"\nobjective = []\n[trainer]\nkind = "toy"\n[space]\nlearning_rate = "0.1..1"\n'
    text += f"[search]\n{search}\n"
    with pytest.raises(StudyError, match=f"{where}: compares trials, and the study has no objective"):
        studyfile.read_text(text, schema=registry.schema)
