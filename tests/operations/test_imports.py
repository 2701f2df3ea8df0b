"""Experiments from elsewhere become recorded trials, marked; what is not known of them stays unknown."""

import csv
import io

import optuna
import pytest

from hptui.core.errors import UserError
from hptui.core.trial import Reason, Role, StudyState, TrialStatus
from hptui.operations.export import export
from hptui.operations.imports import plan_import, run_import
from hptui.results.export.formats import ExportRequest
from hptui.results.view import read_view
from hptui.search.history import ObservationKind, read_history
from hptui.search.projection import SpaceProjection
from hptui.store.reader import StoreReader
from tests.operations.made import STAGED, TRIALS, make
from tests.support import hptui, kill_all, rest, run, toy, trials, until

TABLE = """Experiment,LR,Batch,width,Loss,Notes,Mood
Baseline,2e-4,4,16,0.61,Initial configuration,good
Exp 1,1e-4,4,64,0.58,,bad
Exp 2,5e-4,4,64,nan,diverged,bad
Exp 3,3e-4,4,64,–,never finished,
"""
NAMES = {"LR": "learning_rate", "Experiment": "name", "Notes": "note", "Batch": "batch_size"}


def table(tmp_path, text=TABLE):
    path = tmp_path / "earlier.csv"
    path.write_text(text)
    return path


def imported(sd):
    return [one for one in read_view(sd).trials if one.role is Role.IMPORTED]


def test_a_table_becomes_trials(home, tmp_path):
    sd = make(home, TRIALS[:2])
    made = plan_import(sd, table(tmp_path), names=NAMES, objectives=["Loss"])
    assert made.left_out == ["Mood"]
    said = run_import(sd, made)
    assert said == "4 recorded as imported: trials 2 to 5; 0 of them inform the sampler"
    assert any("batch_size is 32 here" in note for note in made.notes)
    first, second, third, fourth = imported(sd)
    assert first.params == {"learning_rate": 2e-4, "batch_size": 4, "width": 16}
    assert type(first.params["width"]) is int
    assert (first.values, first.title, first.note) == ({"loss": 0.61}, "", "Initial configuration")
    assert (first.name, second.title) == ("Baseline", "Exp 1")
    assert (third.status, third.reason, third.values) == (TrialStatus.FAILED, Reason.NAN, None)
    assert (fourth.status, fourth.reason, fourth.values) == (TrialStatus.FAILED, Reason.NO_METRIC, None)
    assert [one.facts["imported_place"] for one in imported(sd)] == ["row 2", "row 3", "row 4", "row 5"]
    assert first.facts["imported_from"] == str(tmp_path / "earlier.csv")
    assert len(first.facts["imported_sha256"]) == 64
    assert (first.started, first.ended, first.seconds, first.peak_memory_gb) == (None, None, 0.0, None)


def test_what_was_not_recorded_is_not_made_up(home, tmp_path):
    sd = make(home, TRIALS[:1])
    made = plan_import(sd, table(tmp_path, "learning_rate,loss\n1e-3,0.5\n"), names={})
    assert made.informs == 0
    assert any("width" in note for note in made.notes)
    run_import(sd, made)
    view = read_view(sd)
    [one] = imported(sd)
    assert view.settings(one) == {"learning_rate": 1e-3}
    [row] = [
        row for row in csv.DictReader(io.StringIO(export(sd, "all", ExportRequest("csv")))) if row["role"] == "imported"
    ]
    assert (row["width"], row["steps"]) == ("", "")
    assert "width" not in export(sd, str(one.number), ExportRequest("yaml"))


def test_a_sampler_learns_from_what_is_known_only(home, tmp_path):
    sd = make(home, TRIALS[:1])
    run_import(sd, plan_import(sd, table(tmp_path), names=NAMES, objectives=["Loss"]))
    run_import(sd, plan_import(sd, table(tmp_path, "learning_rate,loss\n1e-3,0.5\n"), names={}))
    view = read_view(sd)
    told = read_history(
        SpaceProjection(view.study.space, {**view.base, "batch_size": 4}), view.study, view.trials
    ).observations
    values = [one.values for one in told if one.kind is ObservationKind.VALUES and one.trial.reason is Reason.FINISHED]
    assert values == [(0.6097,), (0.61,), (0.58,)]


def test_texts_of_the_trainer_come_back_with_their_blanks_and_signs(home, tmp_path):
    said = 'kind = "charlm"\n    prompt = "Return the "'
    sd = make(home, [], text=STAGED.split("[[stage]]")[0].replace('kind = "toy"', said).replace("width", "model_dim"))
    row = 'model_dim,prompt,loss\n16,"Return the ",0.5\n32,Return the,0.4\n'
    made = plan_import(sd, table(tmp_path, row), names={})
    assert [one.params["prompt"] for one in made.rows] == ["Return the ", "Return the"]
    assert made.informs == 1, "the second ran with another prompt"


def test_what_ran_with_what_the_first_stage_sets_belongs_to_it(home, tmp_path):
    sd = make(home, [], text=STAGED)
    said = "width,steps,loss\n16,5,0.5\n32,50,0.1\n48,,0.2\n"
    run_import(sd, plan_import(sd, table(tmp_path, said), names={}))
    view = read_view(sd)
    assert [one.stage for one in view.trials] == ["short", "", ""], "a later stage begins from trials of its own"
    assert view.best.values == {"loss": 0.5}, "of the others nothing says that they may be compared with it"
    assert view.stage == "short"


def test_without_what_a_stage_sets_imported_trials_are_comparable_with_it(home, tmp_path):
    sd = make(home, [], text=STAGED.replace("set = { steps = 5 }", ""))
    run_import(sd, plan_import(sd, table(tmp_path, "width,loss\n16,0.5\n32,0.4\n"), names={}))
    view = read_view(sd)
    assert [one.stage for one in view.trials] == ["", ""]
    assert view.best.values == {"loss": 0.4}


def test_the_same_file_twice_is_recorded_once(home, tmp_path):
    sd = make(home, [])
    path = table(tmp_path)
    for said in ("4 recorded as imported", "nothing new: all 4"):
        assert run_import(sd, plan_import(sd, path, names=NAMES, objectives=["Loss"])).startswith(said)
    assert len(imported(sd)) == 4


def test_our_own_export_comes_back(home, tmp_path):
    source = make(home)
    path = tmp_path / "all.csv"
    export(source, "all", ExportRequest("csv", output=path))
    sd = make(tmp_path / "other", [])
    made = plan_import(sd, path, names={})
    assert len(made.rows) == 7  # one was still waiting
    run_import(sd, made)
    one, other = read_view(source).trials[:7], imported(sd)
    assert [a.status for a in one] == [b.status for b in other]
    assert [a.values for a in one] == [b.values for b in other]
    assert [a.reason for a in one] == [b.reason for b in other]
    assert [a.seconds for a in one] == [b.seconds for b in other]
    assert other[3].params["learning_rate"] == 4e-3
    assert (other[3].name, other[3].final["accuracy"]) == ("winner", 0.03)


def test_an_optuna_study_comes_back(home, tmp_path):
    source = make(home)
    path = tmp_path / "study.db"
    export(source, "all", ExportRequest("optuna", output=path))
    before = path.read_bytes()
    sd = make(tmp_path / "other", [])
    made = plan_import(sd, path, names={})
    assert run_import(sd, made).startswith("7 recorded as imported: trials 0 to 6")
    assert path.read_bytes() == before
    one, other = read_view(source).trials[:7], imported(sd)
    assert [a.status for a in one] == [b.status for b in other]
    assert [a.values for a in one] == [b.values for b in other]
    assert [b.started for b in other] == [a.started for a in one]
    assert other[3].params == {"learning_rate": 4e-3, "width": 32}
    with StoreReader.open(sd) as reader:
        assert [point[:2] for point in reader.curve(3, "loss")] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]


def test_an_optuna_study_of_another_direction_is_refused(home, tmp_path):
    path = tmp_path / "o.db"
    study = optuna.create_study(storage=f"sqlite:///{path}", study_name="a", direction="maximize")
    study.add_trial(optuna.trial.create_trial(params={}, distributions={}, value=1.0))
    optuna.create_study(storage=f"sqlite:///{path}", study_name="b", directions=["minimize", "minimize"])
    study._storage.remove_session()
    study._storage._backend.engine.dispose()
    sd = make(home, [])
    with pytest.raises(UserError, match="holds 2 studies: a, b"):
        plan_import(sd, path, names={})
    with pytest.raises(UserError, match="would maximize 'loss'"):
        plan_import(sd, path, names={}, study="a")
    with pytest.raises(UserError, match="has 2 objectives"):
        plan_import(sd, path, names={}, study="b")
    with pytest.raises(UserError, match="no study 'c'"):
        plan_import(sd, path, names={}, study="c")


@pytest.mark.parametrize(
    ("text", "names", "objectives", "said"),
    [
        ("a,b\n1,2\n", {}, [], "no column 'loss'"),
        ("loss\n", {}, [], "holds no experiment"),
        ("loss,loss\n1,2\n", {}, [], "two columns are called 'loss'"),
        ("loss,x\n1,2,3\n", {}, [], "row 2: 3 cells"),
        ("loss,lr\n~0.5,1\n", {}, [], "'~0.5' is no number"),
        ("loss,lr\n0.5,1\n", {"lr": "learning_rat"}, [], "neither a setting nor an objective"),
        ("loss,lr\n0.5,1\n", {"LR": "learning_rate"}, [], "no column 'LR'"),
        ("loss,lr,learning_rate\n0.5,1,2\n", {"lr": "learning_rate"}, [], "would be 'learning_rate'"),
        ("loss,status\n0.5,happy\n", {}, [], "'happy' is no status"),
        ("loss,started\n0.5,yesterday\n", {}, [], "'yesterday' is no time"),
        ("x,y\n1,2\n", {}, ["x", "y"], "has 1 objectives"),
    ],
)
def test_mistakes_are_named(home, tmp_path, text, names, objectives, said):
    sd = make(home, [])
    with pytest.raises(UserError, match=said):
        plan_import(sd, table(tmp_path, text), names=names, objectives=objectives)
    assert imported(sd) == []


def test_other_files_are_told_apart(home, tmp_path):
    sd = make(home)
    with pytest.raises(UserError, match="a store of hptui"):
        plan_import(sd, sd.db, names={})
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text("method: random\n")
    with pytest.raises(UserError, match="holds no experiments"):
        plan_import(sd, sweep, names={})
    with pytest.raises(UserError, match="cannot be read"):
        plan_import(sd, tmp_path / "nothing.csv", names={})


def test_a_living_runner_records_them_itself(tmp_path):
    home = tmp_path / "home"
    sd = run(home, str(toy(tmp_path, trials=2, steps=400, step_seconds=0.02))).sd
    try:
        until(lambda: any(one.status is TrialStatus.RUNNING for one in trials(sd)))
        path = table(tmp_path, "learning_rate,loss\n1e-3,0.5\n2e-3,0.4\n")
        done = hptui(home, "import", str(path), "--into", "toy")
        assert done.returncode == 0, done.stderr
        assert "2 recorded as imported" in done.stderr
        assert "2 of them inform the sampler" in done.stderr
        found = [one for one in trials(sd) if one.role is Role.IMPORTED]
        assert [one.values for one in found] == [{"loss": 0.5}, {"loss": 0.4}]
        hptui(home, "stop", "toy", "--now")
        rest(sd)
    finally:
        kill_all(home)


def test_a_dry_run_writes_nothing(home, tmp_path):
    sd = make(home)
    done = hptui(
        home,
        "import",
        str(table(tmp_path)),
        "--into",
        "made",
        "--map",
        "LR=learning_rate",
        "--objective",
        "Loss",
        "--dry-run",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split("\t") == ["from", "status", "learning_rate", "width", "loss"]
    assert "would record 4 (2 complete, 2 failed)" in done.stderr
    assert imported(sd) == []
    assert read_view(sd).row.state is StudyState.DONE
