"""Trials that pause at rungs with their state kept: what is recorded, who goes on, what a killed runner makes of it."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import StudyError
from hptui.core.rungs import RungResult
from hptui.core.study import Study
from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.operations.check import check
from hptui.operations.housekeeping import delete_checkpoints
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.results.report import write_report
from hptui.results.report_data import read_report_data
from hptui.search.history import ObservationKind, observe
from hptui.search.promotion import make_promotion
from hptui.store import rungs as rung_rows
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.store import Store
from hptui.trainers.toy import ToySettings, pseudo_metrics
from tests.faults.harness import Subject
from tests.support import hptui, run_to_rest, toy, trials, until

PRUNER = 'pruner = { kind = "asha", promote = true, warmup = 0.1111111111, eta = 3, startup = 2 }'
THREADS = '[resources]\nexecutor = "hptui.testing.executors:InProcessExecutor"\nmin_free_gb = 0.0'
STEPS = 27
CLIENTS = Path(__file__).resolve().parents[1] / "clients"


def study(folder: Path, name: str = "rungs", rest: str = THREADS, **options: Any) -> Path:
    given = {"steps": STEPS, "trials": 12, "search": PRUNER, "rest": rest, "trainer": "checkpoint_every = 2"}
    space = "dropout = { low = 0.0, high = 0.5 }"
    return toy(folder, name, **{**given, "space": space, **options})


def rungs(sd: StudyDir) -> list[RungResult]:
    with StoreReader.open(sd) as reader:
        return reader.rungs()


def recorded(sd: StudyDir) -> list[tuple[Any, ...]]:
    """What must not depend on who was killed when."""
    rows = [(r.trial, r.rung, r.of, r.bracket, r.value, r.step, r.promoted is not None, r.by) for r in rungs(sd)]
    ends = [(t.number, t.status, t.reason, t.message, t.values, t.last_step, dict(t.params)) for t in trials(sd)]
    return [*rows, *ends]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> StudyDir:
    """An undisturbed study."""
    folder = tmp_path_factory.mktemp("rungs")
    return run_to_rest(folder / "home", study(folder))


def truth(trial: Trial, step: int) -> float:
    settings = ToySettings(steps=STEPS, **trial.params)  # type: ignore[arg-type]
    return pseudo_metrics(settings, trial.seed, step)["loss"]


def test_the_best_of_each_rung_go_on_and_the_rest_is_pruned(done: StudyDir) -> None:
    found, rows = trials(done), rungs(done)
    searched = [trial for trial in found if trial.role is Role.SEARCH]
    assert {row.rung for row in rows} == {1, 2}
    assert {row.step for row in rows if row.rung == 1} == {3}
    assert {row.step for row in rows if row.rung == 2} == {9}
    assert {row.trial for row in rows if row.rung == 1} == {trial.number for trial in searched}
    assert found[0].status is TrialStatus.COMPLETE  # the baseline never pauses
    assert found[0].number not in {row.trial for row in rows}
    for row in rows:
        assert row.value == truth(found[row.trial], row.step or 0)  # the toy's loss falls at every step
    complete = [trial.number for trial in searched if trial.status is TrialStatus.COMPLETE]
    assert complete == [row.trial for row in rows if row.rung == 2 and row.promoted]
    assert complete
    best = min(searched, key=lambda trial: truth(trial, 9))
    assert best.number in complete
    for trial in searched:
        assert trial.status in (TrialStatus.COMPLETE, TrialStatus.PRUNED)
        assert trial.attempts == 1 + sum(row.promoted is not None for row in rows if row.trial == trial.number)
        if trial.status is TrialStatus.PRUNED:
            assert trial.reason is Reason.PRUNER
            assert "stayed at rung" in trial.message
            assert trial.values is None
    steps = sum(trial.last_step or 0 for trial in searched)
    assert steps <= 0.45 * STEPS * len(searched)


def test_curves_are_those_of_trials_that_nobody_paused(done: StudyDir) -> None:
    with StoreReader.open(done) as reader:
        for trial in reader.trials():
            curve = [(step, value) for step, value, _ in reader.curve(trial.number, "loss")]
            assert curve == [(step, truth(trial, step)) for step in range(1, (trial.last_step or 0) + 1)]
            if trial.attempts > 1:
                resumed = [attempt.resumed_step for attempt in reader.attempts(trial.number)]
                assert resumed == [None, 3, 9][: trial.attempts]


def test_checkpoints_of_those_left_behind_are_gone(done: StudyDir) -> None:
    with StoreReader.open(done) as reader:
        for trial in reader.trials():
            kept = bool(reader.checkpoints(trial.number))
            assert kept == (trial.status is TrialStatus.COMPLETE)
            assert kept == any(done.checkpoints(trial.number, "", "").rglob("step-*"))
        freed = [event.message for event in reader.events() if event.kind == "rung" and "freed" in event.message]
    assert len(freed) == 1


def test_what_an_ask_rested_on_is_recorded(done: StudyDir) -> None:
    with StoreReader.open(done) as reader:
        seen = {trial.number: rung_rows.seen_by(reader.connection, trial.number) for trial in reader.trials()}
        by_number = {trial.number: reader.trial(trial.number) for trial in reader.trials()}
    assert seen[2] == [(1, 1)]
    for number, pairs in seen.items():
        assert not {other for other, _ in pairs} & {*by_number[number].seen}
        assert all(other < number for other, _ in pairs)


def test_engines_hear_a_rung_as_what_it_showed(spec: Study) -> None:
    paused = Trial(
        1, "", TrialStatus.PAUSED, Role.SEARCH, {"x": 1.0}, reason=Reason.RUNG, progress=0.11, metrics={"loss": 2.0}
    )
    heard = observe(paused, spec)
    assert heard is not None
    assert (heard.kind, heard.shown) == (ObservationKind.PARTIAL, (110, 2.0))


@pytest.fixture
def spec(tmp_path: Path) -> Study:
    """A study with brackets."""
    return check(study(tmp_path, search=PRUNER.replace("asha", "hyperband").replace("0.1111111111", "0.04"))).study


def test_brackets_have_rungs_of_their_own(spec: Study) -> None:
    promotion = make_promotion(spec)
    assert promotion is not None
    heights = {len(promotion.rungs(number)) for number in range(40)}
    assert heights == {1, 2, 3}
    for number in range(40):
        trial = Trial(number, "", TrialStatus.WAITING, Role.SEARCH, {})
        results: list[RungResult] = []
        pauses = []
        while (pause := promotion.next_pause(trial, results)) is not None:
            pauses.append(pause)
            results.append(promotion.result(number, pause, 1.0, 1))
            assert (results[-1].rung, results[-1].of) == (len(pauses), len(promotion.rungs(number)))
        assert tuple(pauses) == promotion.rungs(number)


def test_the_report_has_a_table_of_the_rungs(done: StudyDir) -> None:
    data = read_report_data(done)
    text, _ = write_report(data, "report.md")
    rows = rungs(done)
    for rung in (1, 2):
        here = [row for row in rows if row.rung == rung]
        went_on = sum(row.promoted is not None for row in here)
        [line] = [line for line in text.splitlines() if line.startswith(f"| {rung} of 2 |")]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert (cells[1], cells[2], cells[5]) == (("11%", "33%")[rung - 1], str(len(here)), str(went_on))
    assert data.best is not None
    assert data.best.status is TrialStatus.COMPLETE
    shown = hptui(done.root.parent, "show", "rungs", "1", "--json")
    [first, *_] = json.loads(shown.stdout)["rungs"]
    assert (first["rung"], first["of"], first["step"]) == (1, 2, 3)


# people ---------------------------------------------------------------------------------------------------------------


def paused_study(home: Path, folder: Path) -> StudyDir:
    """A study that was paused while trials wait at rungs."""
    file = study(folder, "held", trials=40, step_seconds=0.01)
    subject = Subject(home, file)
    subject.start()
    until(lambda: sum(trial.is_at_rung for trial in trials(subject.sd)) >= 3)
    send_command(subject.sd, "pause", {}, wait=10)
    until(lambda: not runner_status(subject.sd)["alive"])
    return subject.sd


def test_only_a_request_for_one_lets_it_go_on(home: Path, tmp_path: Path) -> None:
    sd = paused_study(home, tmp_path)
    at_rungs = {trial.number for trial in trials(sd) if trial.is_at_rung}
    assert all(trial.message.startswith("rung ") for trial in trials(sd) if trial.is_at_rung)
    assert all("loss" in trial.message for trial in trials(sd) if trial.is_at_rung)
    delete_checkpoints(sd)
    with StoreReader.open(sd) as reader:
        assert all(reader.checkpoints(number) for number in at_rungs)
    send_command(sd, "resume", {"trials": None}, wait=10)
    assert {trial.number for trial in trials(sd) if trial.is_at_rung} == at_rungs
    worst = max(at_rungs, key=lambda number: trials(sd)[number].metrics["loss"])
    verb = {0: "resume", 1: "retry"}[worst % 2]
    send_command(sd, verb, {"trials": [worst]}, wait=10)
    with Store.open(sd) as store:
        [row] = store.read.rungs(worst)
        assert (row.by, row.promoted is not None) == ("person", True)
    assert trials(sd)[worst].status is TrialStatus.WAITING
    run_to_rest(home, "held", settings={"search.trials": str(len(trials(sd)))})
    sheltered = trials(sd)[worst]
    assert (sheltered.status, sheltered.attempts) == (TrialStatus.COMPLETE, 2)
    assert not any(trial.status.open for trial in trials(sd))


def test_a_study_that_has_rungs_no_more_lets_them_go_on(home: Path, tmp_path: Path) -> None:
    sd = paused_study(home, tmp_path)
    count = len(trials(sd))
    run_to_rest(home, "held", settings={"search.trials": str(count), "search.pruner": "none"})
    assert {trial.status for trial in trials(sd)} == {TrialStatus.COMPLETE}


@pytest.mark.process
@pytest.mark.parametrize(
    ("pruner", "trainer", "where", "said"),
    [
        ('{ kind = "median", promote = true }', "", "search.pruner.promote", "belongs to asha, hyperband"),
        ('{ kind = "asha", promote = 3 }', "", "search.pruner.promote", "true or false"),
        ('{ kind = "asha", promote = true }', "script", "search.pruner.promote", "trainer.resume_flag"),
        ('{ kind = "asha", promote = true }', "mine:train", "search.pruner.promote", "charlm, command, sft, toy"),
        ('{ kind = "asha", promote = true }', "two", "search.pruner.on", "on = 'loss'"),
    ],
)
def test_what_cannot_be_promoted_is_refused(tmp_path: Path, pruner: str, trainer: str, where: str, said: str) -> None:
    (tmp_path / "mine.py").write_text("def train(trial, x: float = 1.0):\n    return {'loss': x}\n")
    (tmp_path / "go.py").write_text("print('loss 1')\n")
    kinds = {"script": 'kind = "command"\ncommand = ["python", "go.py"]', "mine:train": 'kind = "mine:train"'}
    objective = (
        '[[objective]]\nmetric = "loss"\ngoal = "minimize"\n[[objective]]\nmetric = "accuracy"\ngoal = "maximize"'
    )
    text = f"""
        name = "refused"
        {objective if trainer == "two" else "[objective]" + chr(10) + 'metric = "loss"'}
        [trainer]
        {kinds.get(trainer, 'kind = "toy"')}
        [space]
        {"x" if trainer in kinds else "dropout"} = {{ low = 0.0, high = 0.5 }}
        [search]
        trials = 4
        pruner = {pruner}
    """
    path = tmp_path / "refused.toml"
    path.write_text(textwrap.dedent("\n".join(line.strip() for line in text.splitlines())))
    with pytest.raises(StudyError) as caught:
        check(path)
    assert caught.value.where == where
    assert said in f"{caught.value.message} {caught.value.hint}"


# scripts --------------------------------------------------------------------------------------------------------------


def test_a_script_goes_on_from_its_own_checkpoint(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "script.toml"
    path.write_text(
        textwrap.dedent(f"""
        name = "script"
        [objective]
        metric = "val_loss"
        [trainer]
        kind = "command"
        command = ["python", "{CLIENTS / "resume_client.py"}", "--out", "{{trial_dir}}", "--steps", "40"]
        metrics = ["step (?P<step>\\\\d+)/(?P<total>\\\\d+) val_loss (?P<val_loss>\\\\S+)"]
        total_steps = 40
        checkpoint = "{{trial_dir}}/checkpoint-*"
        resume_flag = "--resume-from {{checkpoint}}"
        [space]
        lr = {{ low = 0.1, high = 1.0 }}
        [search]
        trials = 4
        baseline = false
        sampler = "random"
        pruner = {{ kind = "asha", promote = true, warmup = 0.1, eta = 4, startup = 3 }}
        [resources]
        min_free_gb = 0.0
        parallel = 2
    """)
    )
    sd = run_to_rest(home, path)
    found = trials(sd)
    complete = [trial for trial in found if trial.status is TrialStatus.COMPLETE]
    assert [trial.number for trial in complete] == [min(found, key=lambda trial: float(trial.params["lr"])).number]  # type: ignore[arg-type]
    [whole] = complete
    with StoreReader.open(sd) as reader:
        curve = {step: value for step, value, _ in reader.curve(whole.number, "val_loss")}
        resumed = [attempt.resumed_step for attempt in reader.attempts(whole.number)]
        judged = reader.rungs()
    at, rates = {1: 4, 2: 16}, {trial.number: float(trial.params["lr"]) for trial in found}  # type: ignore[arg-type]
    assert len(judged) >= 5
    for result in judged:  # not by what a script that was slow to pause has shown beyond the rung
        assert (result.step, result.value) == (at[result.rung], round(rates[result.trial] / at[result.rung], 6))
    assert sorted(curve) == list(range(1, 41))
    assert all(value == round(float(whole.params["lr"]) / step, 6) for step, value in curve.items())  # type: ignore[arg-type]
    assert resumed[0] is None
    assert len(resumed) >= 2
    assert all(step for step in resumed[1:])
