"""One test for each mistake that a stranger's walk through the program has found."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hptui.core.errors import StudyError, UserError
from hptui.core.trial import Reason, TrialStatus
from hptui.operations.export import export
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.results.export.formats import ExportRequest
from hptui.results.view import read_view
from hptui.store.reader import StoreReader
from hptui.store.run_directory import read_json
from tests.support import hptui, rest, run_to_rest, state, toy, trial, trials, until


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_changed_trainer_does_not_rewrite_what_old_trials_ran_with(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=2, trainer="width = 64")
    sd = run_to_rest(home, path)
    change(path, "width = 64", "width = 256")
    change(path, "trials = 2", "trials = 3")
    started = run(home, str(path))
    rest(sd)
    assert any("compare them with care" in note for note in started.notes)
    view = read_view(sd)
    assert [view.settings(one)["width"] for one in view.trials] == [64, 64, 256]
    assert '"width": 64' in (export(sd, "1", ExportRequest("json")) or "")
    assert '"width": 256' in (export(sd, "2", ExportRequest("json")) or "")


def test_a_paused_trial_goes_on_with_the_settings_that_it_began_with(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1, steps=60, step_seconds=0.03, trainer="width = 64")
    sd = run(home, str(path)).sd
    until(lambda: (trial(sd, 0).last_step or 0) > 5)
    send_command(sd, "pause", {})
    rest(sd)
    change(path, "width = 64", "width = 256")
    run_to_rest(home, path)
    assert [read_json(sd.attempt(0, n) / "config.json")["settings"]["width"] for n in (1, 2)] == [64, 64]


def test_a_new_study_of_an_old_name_does_not_resume_the_old_ones_weights(home: Path, tmp_path: Path) -> None:
    import shutil

    big = tmp_path / "big"
    rest_ = f"[resources]\ncheckpoints = {str(big)!r}"
    path = toy(tmp_path, trials=1, steps=60, step_seconds=0.03, trainer="checkpoint_every = 5", rest=rest_)
    sd = run(home, str(path)).sd
    until(lambda: (trial(sd, 0).last_step or 0) > 12)
    send_command(sd, "pause", {})
    rest(sd)
    assert list(big.rglob("MANIFEST.json"))
    shutil.rmtree(sd.root)
    run_to_rest(home, path)
    with StoreReader.open(sd) as reader:
        assert [one.resumed_step for one in reader.attempts(0)] == [None]
        assert [step for step, _, _ in reader.curve(0, "loss")] == list(range(1, 61))


def test_a_study_cannot_be_given_another_objective_by_name(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=1))
    with pytest.raises(StudyError, match="minimize loss"):
        run(home, "toy", settings={"objective.metric": "accuracy"})
    assert len(trials(sd)) == 1


def test_a_study_gives_up_also_when_its_trials_fail_together(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=40, trainer="oom_at = 1", rest="[resources]\nparallel = 4")
    sd = run_to_rest(home, path)
    assert len(trials(sd)) < 12
    assert state(sd)[0] == "paused"


def test_a_retry_after_a_timeout_has_its_time_anew(home: Path, tmp_path: Path) -> None:
    rest_ = '[resources]\ntimeout = "2s"\nstop_grace = 0.5'
    path = toy(tmp_path, trials=1, trainer="hang_at = 2\nfaulty_attempts = 1", rest=rest_)
    sd = run_to_rest(home, path)
    assert trial(sd, 0).reason is Reason.TIMEOUT
    send_command(sd, "retry", {"trials": [0]})
    run_to_rest(home, "toy")
    assert trial(sd, 0).status is TrialStatus.COMPLETE


def test_a_pruned_trial_that_a_person_retries_is_left_alone(home: Path, tmp_path: Path) -> None:
    search = 'stop = [{ when = "loss > 0.5", after = 0.2 }]'
    sd = run_to_rest(home, toy(tmp_path, trials=2, steps=30, step_seconds=0.02, search=search))
    assert trial(sd, 1).status is TrialStatus.PRUNED
    send_command(sd, "retry", {"trials": [1]})
    run_to_rest(home, "toy")
    assert trial(sd, 1).status is TrialStatus.COMPLETE


def test_requests_are_served_while_on_end_takes_its_time(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1)
    ended = tmp_path / "ended"
    path.write_text(f"on_end = ['sh', '-c', 'sleep 20; touch {ended}']\n" + path.read_text())
    sd = run_to_rest(home, path)
    run_to_rest(home, "toy", trials="+1")
    assert len(trials(sd)) == 2
    assert not ended.exists()


def test_stop_without_a_runner_records_the_end_of_what_still_ran(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=3, steps=500, step_seconds=0.03))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 3)
    os.kill(int(str(runner_status(sd)["pid"])), signal.SIGKILL)
    until(lambda: not runner_status(sd)["alive"])
    send_command(sd, "stop", {})
    assert [str(one.status) for one in trials(sd)] == ["stopped"]
    assert state(sd)[0] == "stopped"


def test_resuming_one_trial_leaves_the_other_paused(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=2, steps=60, step_seconds=0.03, rest="[resources]\nparallel = 2")
    sd = run(home, str(path)).sd
    until(lambda: len(trials(sd)) == 2 and all((one.last_step or 0) > 3 for one in trials(sd)))
    send_command(sd, "pause", {})
    rest(sd)
    assert hptui(home, "resume", "toy", "1").returncode == 0
    until(lambda: trial(sd, 1).status is TrialStatus.COMPLETE)
    rest(sd)
    assert trial(sd, 0).status is TrialStatus.PAUSED


def test_coming_back_with_the_file_keeps_what_the_command_line_set(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1)
    sd = run_to_rest(home, path, settings={"trainer.width": "128"}, trials="2")
    started = run(home, str(path))
    rest(sd)
    assert started.notes == ()
    view = read_view(sd)
    assert view.study.trainer.settings["width"] == 128
    assert view.study.search.trials == 2


def test_a_smaller_budget_in_the_file_counts(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=30, steps=20, step_seconds=0.02)
    sd = run(home, str(path)).sd
    until(lambda: trials(sd)[0].status is TrialStatus.RUNNING)
    change(path, "trials = 30", "trials = 2")
    run_to_rest(home, path)
    assert len(trials(sd)) == 2


def test_a_column_that_nothing_has_filled_is_empty(home: Path, tmp_path: Path) -> None:
    run_to_rest(home, toy(tmp_path, trials=1, rest='[report]\ncolumns = ["loss", "bleu"]'))
    done = hptui(home, "trials", "toy")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].endswith("loss\tbleu")


@pytest.mark.parametrize("name", ["best", "7"])
def test_a_trial_cannot_be_named_like_another_way_to_say_which(home: Path, tmp_path: Path, name: str) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=1))
    with pytest.raises(UserError, match="cannot be named"):
        send_command(sd, "add", {"params": {}, "name": name})


def test_a_study_that_the_disk_stopped_does_not_look_like_a_success(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1, rest="[resources]\nmin_free_gb = 1e9")
    done = hptui(home, "run", str(path))
    assert done.returncode == 1
    assert "free some space" in done.stdout


def test_two_runs_of_a_new_file_at_once_make_one_study(home: Path, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = toy(tmp_path, trials=2, steps=20, step_seconds=0.02)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: hptui(home, "run", str(path)), range(3)))
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    with StoreReader.open(look_dir(home)) as reader:
        assert len(reader.trials()) == 2


def look_dir(home: Path):  # type: ignore[no-untyped-def]
    from hptui.store.paths import StudyDir

    return StudyDir(home / "toy")
