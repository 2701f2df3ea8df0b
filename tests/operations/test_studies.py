"""Studies and trials by what people call them; which is best; how long it will take."""

import time
from dataclasses import replace

import pytest

from hptui.core.errors import NotFound
from hptui.core.study import Objective
from hptui.core.trial import StudyState
from hptui.operations.find import find_study, find_trial
from hptui.results.time_left import time_left
from hptui.results.view import best_trials, read_view
from hptui.store.reader import StoreReader
from tests.operations.made import FILE, TRIALS, make, trial


def test_a_study_by_name_directory_store_and_file(home, tmp_path):
    sd = make(home)
    file = tmp_path / "some.toml"
    file.write_text('name = "made"\n')
    assert [find_study(home, ref).root for ref in ("made", str(sd.root), str(sd.db), str(file))] == [sd.root] * 4


def test_a_study_that_is_not_there(home, tmp_path):
    with pytest.raises(NotFound, match="there is none yet") as caught:
        find_study(home, "made")
    assert caught.value.exit_code == 5
    make(home)
    with pytest.raises(NotFound, match="did you mean 'made'"):
        find_study(home, "mad")
    file = tmp_path / "new.toml"
    file.write_text('name = "new"\n')
    with pytest.raises(NotFound, match="has not been started"):
        find_study(home, str(file))
    file.write_text("no toml")
    with pytest.raises(NotFound, match="is no study file"):
        find_study(home, str(file))
    for ref in ("../made", "", "/", "."):
        with pytest.raises(NotFound):
            find_study(home, ref)


def test_a_trial_by_number_name_and_best(home):
    with StoreReader.open(make(home)) as reader:
        assert [find_trial(reader, ref).number for ref in ("2", "winner", "best", "baseline")] == [2, 3, 3, 0]
        with pytest.raises(NotFound, match="its trials are 0 to 7"):
            find_trial(reader, "8")
        with pytest.raises(NotFound, match="did you mean 'winner'"):
            find_trial(reader, "winer")


def test_best_without_a_complete_trial(home):
    with StoreReader.open(make(home, TRIALS[4:])) as reader, pytest.raises(NotFound, match="no complete trial"):
        find_trial(reader, "best")


def test_only_complete_trials_are_best_and_ties_are_all_named(home):
    study = read_view(make(home)).study
    tied = [trial(0, "complete", loss=0.5), trial(1, "pruned", "pruner"), trial(2, "complete", loss=0.5)]
    assert [one.number for one in best_trials(study, tied)] == [0, 2]
    upwards = replace(study, objectives=(Objective("loss", "maximize"),))
    assert [one.number for one in best_trials(upwards, TRIALS)] == [2]


def test_several_objectives_have_a_pareto_set(home):
    study = replace(read_view(make(home)).study, objectives=(Objective("loss"), Objective("speed", "maximize")))
    values = [(1.0, 1.0), (2.0, 2.0), (2.0, 1.0), (0.5, 0.5)]
    trials = [trial(n, "complete", values={"loss": a, "speed": b}) for n, (a, b) in enumerate(values)]
    assert [one.number for one in best_trials(study, trials)] == [0, 1, 3]
    assert best_trials(study, [trial(0, "complete", loss=1.0)]) == []


def test_time_left(home):
    now = time.time()
    running = trial(4, "running", started=now - 25, progress=0.5)
    view = read_view(make(home, [*TRIALS[:4], running], state=StudyState.RUNNING))
    assert time_left(view, now).seconds == pytest.approx(25 + 3 * (50 + 10), rel=0.01), "10 s lie between two trials"
    assert time_left(replace(view, trials=(running,)), now) is None
    endless = replace(view.study, search=replace(view.study.search, trials=None))
    assert time_left(replace(view, study=endless), now) is None


def test_a_budget_of_hours_bounds_the_time_left(home):
    text = FILE.replace("trials = 8", "trials = 800\n    until = { hours = 0.12 }")
    view = read_view(make(home, TRIALS[:4], text=text))
    assert time_left(view).seconds == pytest.approx(0.12 * 3600 - 420)


def test_the_baseline_knows_the_defaults_of_its_trainer(home):
    base = read_view(make(home)).base
    assert (base["width"], base["learning_rate"], base["depth"]) == (16, 2e-4, 4)
