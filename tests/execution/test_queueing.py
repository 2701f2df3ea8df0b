"""What a person queues beside the search: presets, repeats, final runs, and the base model before all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.core.errors import StudyError, UserError
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.operations.run import run
from hptui.operations.steer import send_command
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import read_json
from tests.support import hptui, run_to_rest, state, toy, trial, trials

PRESETS = """
[[preset]]
name = "small"
title = "Small"
note = "fits anywhere"
set = { width = 16, batch_size = 8 }
"""


def test_presets_run_only_when_they_are_asked_for(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=1, rest=PRESETS))
    assert len(trials(sd)) == 1
    assert "preset small" in hptui(home, "space", "toy").stdout
    done = hptui(home, "add", "toy", "--preset", "small", "batch_size=4")
    assert "trial 1 is queued" in done.stderr
    run_to_rest(home, "toy")
    one = trial(sd, 1)
    assert (one.name, one.title, one.note) == ("small", "Small", "fits anywhere")
    assert (one.role, one.params) == (Role.MANUAL, {"width": 16, "batch_size": 4})
    send_command(sd, "add", {"preset": "small"})
    assert trial(sd, 2).name == "small-2"
    with pytest.raises(UserError, match=r"(?s)no preset 'smal'.*did you mean 'small'"):
        send_command(sd, "add", {"preset": "smal"})


def test_a_trial_is_repeated_with_other_seeds(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=2, trainer="noise = 0.05", search="seed = 7"))
    done = hptui(home, "add", "toy", "--repeat", "1", "--seeds", "2")
    assert "trials 2, 3 are queued: trial 1 again with seed 8, 9" in done.stderr
    send_command(sd, "repeat", {"trial": 2, "seeds": 1})  # a repeat of a repeat is one of the first
    run_to_rest(home, "toy")
    first, *again = trials(sd)[1:]
    assert [(one.role, one.replicate_of, one.seed) for one in again] == [
        (Role.REPLICATE, 1, seed) for seed in (8, 9, 10)
    ]
    assert all(one.params == first.params for one in again)
    assert len({(one.values or {})["loss"] for one in (first, *again)}) == 4
    assert read_view(sd).best in trials(sd)[:2]
    shown = hptui(home, "trials", "toy", "--json").stdout
    assert '"replicate_of": 1' in shown
    run_to_rest(home, "toy", trials="4")  # repeats count against no budget
    assert [one.role for one in trials(sd)[5:]] == [Role.SEARCH, Role.SEARCH]


def test_a_repeat_is_no_trial_of_its_own_to_the_engine(home: Path, tmp_path: Path) -> None:
    """A search would take it for a second point at the same place."""
    from hptui import studyfile
    from hptui.execution.stages import StageState, trials_for_engine

    sd = run_to_rest(home, toy(tmp_path, trials=2, trainer="noise = 0.05"))
    send_command(sd, "repeat", {"trial": 1, "seeds": 2})
    run_to_rest(home, "toy")
    with StoreReader.open(sd) as reader:
        study, known = studyfile.from_json(reader.spec_json()), reader.trials()
    heard = trials_for_engine(study, StageState(), known, study.trainer.settings)
    assert [one.number for one in heard] == [0, 1]
    runs = [(one.values or {})["loss"] for one in known[1:]]
    assert (heard[1].values or {})["loss"] == pytest.approx(sum(runs) / 3)


def test_a_final_run_is_the_best_trial_with_some_changes(home: Path, tmp_path: Path) -> None:
    space = 'width = { choices = [32, 64, 128] }\ndepth = { expr = "width // 32 + steps // 10" }'
    sd = run_to_rest(home, toy(tmp_path, trials=3, space=space, search="until = { target = 100.0 }", sampler="random"))
    before = trials(sd)
    done = hptui(home, "run", "toy", "--from", "1" if len(before) > 1 else "0", "--set", "steps=20")
    assert done.returncode == 0, done.stderr
    source, last = before[min(1, len(before) - 1)], trials(sd)[-1]
    assert (last.role, last.status, last.last_step) == (Role.MANUAL, TrialStatus.COMPLETE, 20)
    assert last.facts["from_trial"] == source.number
    assert last.title == f"trial {source.number} with steps=20"
    assert last.params["steps"] == 20
    assert len(trials(sd)) == len(before) + 1
    assert read_view(sd).study.trainer.settings["steps"] == 5
    refused = hptui(home, "run", "toy", "--from", "best")
    assert refused.returncode == 2
    assert "say what to change" in refused.stderr
    wrong = hptui(home, "run", "toy", "--from", "best", "--set", "step=3")
    assert "did you mean 'steps'" in wrong.stderr


def test_what_is_derived_follows_the_changes_of_a_final_run(home: Path, tmp_path: Path) -> None:
    space = 'width = { choices = [32, 128] }\ndepth = { expr = "width // 32 + steps // 10" }'
    sd = run_to_rest(home, toy(tmp_path, trials=2, space=space))
    source = trial(sd, 1)
    send_command(sd, "rerun", {"trial": 1, "params": {"steps": 20}})
    run_to_rest(home, "toy")
    assert trial(sd, 2).params == {**source.params, "steps": 20, "depth": source.params["depth"] + 2}  # type: ignore[operator]


def test_the_base_model_is_measured_before_everything_else(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=2, search="evaluate_base = true"))
    base, baseline, one = trials(sd)
    assert [base.role, baseline.role, one.role] == [Role.BASE, Role.BASELINE, Role.SEARCH]
    assert (base.name, base.status, base.last_step) == ("base", TrialStatus.COMPLETE, None)
    assert read_json(sd.attempt(0, 1) / "config.json")["role"] == "base"
    assert (base.values or {})["loss"] > (baseline.values or {})["loss"]
    assert read_view(sd).best != base
    with pytest.raises(UserError, match="is the untrained model"):
        send_command(sd, "repeat", {"trial": 0})


def test_base_and_baseline_alone_are_a_study(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, sampler="list", search="evaluate_base = true"))
    assert [(one.role, one.status) for one in trials(sd)] == [
        (Role.BASE, TrialStatus.COMPLETE),
        (Role.BASELINE, TrialStatus.COMPLETE),
    ]
    view = read_view(sd)
    assert view.best is not None
    assert view.best.role is Role.BASELINE


def test_a_trainer_that_cannot_measure_an_untrained_model_is_named(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, search="evaluate_base = true")
    path.write_text(path.read_text().replace('"toy"\n', '"charlm"\n', 1).replace('kind = "toy"', 'kind = "charlm"'))
    path.write_text(path.read_text().replace("step_seconds = 0.0", ""))
    with pytest.raises(StudyError, match=r"search\.evaluate_base: the trainer 'charlm' cannot measure its model"):
        run(home, str(path))


def test_only_the_base_model_is_no_result(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=9, trainer="crash_at = 1", search="evaluate_base = true")
    done = hptui(home, "run", str(path))
    assert done.returncode == 3
    sd = StudyDir(home / "toy")
    assert [one.reason for one in trials(sd)] == [Reason.FINISHED, *[Reason.CRASH] * 3]
    assert state(sd)[0] == "paused"
