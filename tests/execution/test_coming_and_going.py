"""A runner that leaves, one that fails at its start, one that finds nothing to do; and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from hptui.core.errors import MachineError
from hptui.core.trial import TrialStatus
from hptui.operations.doctor_study import examine_study
from hptui.operations.export import archive
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.results.view import read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.trainers.checkpoints import newest_valid
from tests.support import events, hptui, rest, run_to_rest, state, toy, trial, trials, until


def test_a_run_right_after_the_runner_was_told_to_leave_starts_another(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=2, steps=60, step_seconds=0.03))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 2)
    first = int(str(runner_status(sd)["pid"]))
    os.kill(first, signal.SIGTERM)
    started = run(home, "toy")
    assert not started.joined
    assert runner_status(sd)["pid"] != first
    rest(sd)
    assert [one.status for one in trials(sd)] == [TrialStatus.COMPLETE] * 2


def test_a_run_beside_a_runner_joins_it(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=1, steps=60, step_seconds=0.03))).sd
    assert run(home, "toy").joined
    rest(sd)


def test_a_runner_that_fails_at_its_start_is_no_success(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1, rest="[resources]\ngpus = [0, 7]")
    with pytest.raises(MachineError, match=r"\[resources\] gpus names GPU"):
        run(home, str(path))
    done = hptui(home, "run", str(path), "--detach")
    assert done.returncode == 1
    assert "gpus names GPU" in done.stderr


def test_a_study_that_is_done_stays_as_it_was_when_nothing_is_left(home: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    path = toy(tmp_path, trials=1)
    path.write_text(f"on_end = ['sh', '-c', 'echo x >> {mark}']\n" + path.read_text().replace("\n    ", "\n"))
    sd = run_to_rest(home, path)
    until(mark.exists)
    with StoreReader.open(sd) as reader:
        before = reader.study()
    run_to_rest(home, path)
    with StoreReader.open(sd) as reader:
        after = reader.study()
    assert (after.ended, after.message, after.state) == (before.ended, before.message, before.state)
    assert len(events(sd, "study_done")) == 1
    run_to_rest(home, path, trials="2")
    until(lambda: mark.read_text() == "x\nx\n")
    with StoreReader.open(sd) as reader:
        assert (reader.study().ended or 0) > (before.ended or 0)


def test_the_doctor_tells_what_was_lost_from_what_has_ended(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=2, steps=30, step_seconds=0.03, rest="[resources]\nparallel = 2")
    sd = run(home, str(path)).sd
    until(lambda: all((sd.attempt(n, 1) / "shim.json").exists() for n in (0, 1)))
    os.kill(int(str(runner_status(sd)["pid"])), signal.SIGKILL)
    until(lambda: all((sd.attempt(n, 1) / "exit.json").exists() for n in (0, 1)))
    rest(sd)
    (sd.attempt(1, 1) / "events.jsonl").write_text("")
    (sd.attempt(1, 1) / "exit.json").unlink()
    said = [one.message for one in examine_study(sd)]
    assert "trial 0 ended after the runner had gone; the next run records how" in said
    assert "trial 1 was running and lost; it runs again" in said


def test_an_archive_has_checkpoints_that_are_kept_elsewhere_and_a_study_goes_on_from_them(
    home: Path, tmp_path: Path
) -> None:
    big = tmp_path / "big"
    options = {"trials": 1, "steps": 60, "step_seconds": 0.02, "rest": f"[resources]\ncheckpoints = '{big}'"}
    sd = run(home, str(toy(tmp_path, **options))).sd  # type: ignore[arg-type]
    until(lambda: (trial(sd, 0).last_step or 0) > 5)
    send_command(sd, "pause", {})
    rest(sd)
    archive(sd, tmp_path / "study.tar.gz")
    with tarfile.open(tmp_path / "study.tar.gz") as tar:
        tar.extractall(tmp_path / "there", filter="data")
    subprocess.run(["rm", "-r", str(big)], check=True)
    moved = StudyDir(tmp_path / "there" / "toy")
    place = moved.checkpoints(0, str(big), "")
    assert place == moved.trial(0) / "checkpoints"
    found = newest_valid(place, print)
    assert found is not None
    assert found.step == trial(sd, 0).last_step


def test_only_checkpoints_that_are_still_there_are_listed(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1, steps=20, trainer="checkpoint_every = 3", rest="[resources]\nkeep_checkpoints = 2")
    sd = run_to_rest(home, path)
    with StoreReader.open(sd) as reader:
        assert [one.step for one in reader.checkpoints(0)] == [15, 18]


def test_the_disk_of_the_checkpoints_must_have_room_as_well(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    from hptui import studyfile
    from hptui.execution.maintenance import Maintenance
    from hptui.store.store import Store

    big = tmp_path / "big" / "deep"
    sd = run_to_rest(home, toy(tmp_path, trials=1, rest=f"[resources]\ncheckpoints = '{big}'"))
    usage = namedtuple("usage", "free")
    full = {str(tmp_path), str(tmp_path / "big"), str(big)}
    monkeypatch.setattr("shutil.disk_usage", lambda place: usage(0 if str(place) in full else 1 << 40))
    with Store.open(sd) as store:
        study = studyfile.from_json(store.read.study().spec)
        assert f"on the disk of {tmp_path}" in Maintenance(sd, store).short_of_space(study)


def test_the_log_of_a_waiting_trial_is_waited_for(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=1, steps=40, step_seconds=0.03))).sd
    send_command(sd, "add", {"params": {"width": 8}})
    until(lambda: len(trials(sd)) == 2)
    done = hptui(home, "log", "toy", "1", "-f")
    assert done.returncode == 0
    assert "trial 1 is waiting; what it prints is shown as it comes" in done.stderr
    assert "step 40/40" in done.stdout
    rest(sd)


def test_data_and_commit_are_those_of_the_attempt_and_a_change_is_told(home: Path, tmp_path: Path) -> None:
    head = "def main(trial, data: str = 'train.txt', x: float = 0.5):\n"
    (tmp_path / "mine.py").write_text(f"{head}    return {{'loss': float(len(open(data).read())) + x}}\n")
    train = tmp_path / "train.txt"
    train.write_text("one")
    path = toy(tmp_path, trials=1)
    text = path.read_text().replace('kind = "toy"', 'kind = "mine:main"\ndata = "train.txt"')
    for line in ("steps = 5", "step_seconds = 0.0"):
        text = text.replace(line, "")
    path.write_text(text.replace("learning_rate = { low = 1e-5, high = 1e-1, log = true }", 'x = "0..1"'))
    sd = run_to_rest(home, path)
    assert state(sd)[0] == "done", state(sd)
    train.write_text("two, longer")
    run_to_rest(home, path, trials="2")
    with StoreReader.open(sd) as reader:
        first, second = (reader.attempts(n)[0].environment["data"] for n in (0, 1))
    assert first["train.txt"]["bytes"] == 3  # type: ignore[index,call-overload]
    assert second["train.txt"]["bytes"] == 11  # type: ignore[index,call-overload]
    [said] = events(sd, "changed")
    assert said.startswith("not the code and data of the trials before: data train.txt ")
    assert read_view(sd).ran_other_code(0, 1)
    assert "1 of 2 trials ran other code or data (data train.txt " in hptui(home, "show", "toy", "best").stdout
    assert "**Code and data**: 1 trial" in hptui(home, "report", "toy", "--brief").stdout
