"""Whole studies through the real runner, shim and worker."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest

from hptui.core.errors import StudyError, UserError
from hptui.core.trial import Attempt, Reason, Role, TrialStatus
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import CommandRefused, send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import read_json
from tests.support import events, rest, run_to_rest, state, toy, trial, trials, until


def statuses(found: list) -> list[str]:  # type: ignore[type-arg]
    return [str(one.status) for one in found]


def test_a_study_runs_to_its_end(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=4))
    found = trials(sd)
    assert statuses(found) == ["complete"] * 4
    assert [one.role for one in found] == [Role.BASELINE, Role.SEARCH, Role.SEARCH, Role.SEARCH]
    assert state(sd) == ("done", "")
    assert all(one.values and one.last_step == 5 and one.peak_memory_gb for one in found)
    with StoreReader.open(sd) as reader:
        [attempt] = reader.attempts(0)
        assert attempt.warm
        assert attempt.environment["python"]
        assert [step for step, _, _ in reader.curve(0, "loss")] == [1, 2, 3, 4, 5]


def test_nothing_is_readable_by_others(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=1))
    loose = [path for path in sd.root.rglob("*") if path.stat().st_mode & 0o077]
    assert loose == []


def test_secrets_of_the_environment_are_not_kept(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_planted_secret")
    sd = run_to_rest(home, toy(tmp_path, trials=1))
    found = [path for path in sd.root.rglob("*") if path.is_file() and b"hf_planted_secret" in path.read_bytes()]
    assert found == []


def test_more_trials_extend_a_finished_study(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=2)
    sd = run_to_rest(home, path)
    run_to_rest(home, path, trials="+2")
    assert statuses(trials(sd)) == ["complete"] * 4
    run_to_rest(home, path)  # the file still says 2: the raised budget stands, and nothing more runs
    assert len(trials(sd)) == 4
    run_to_rest(home, "toy", trials="5")
    assert len(trials(sd)) == 5


def test_settings_from_the_command_line_are_what_runs(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path), trials="1", settings={"steps": "3", "batch_size": "8"})
    config = read_json(sd.attempt(0, 1) / "config.json")
    assert (config["settings"]["steps"], config["settings"]["batch_size"]) == (3, 8)
    assert trial(sd, 0).last_step == 3


def test_a_failure_never_becomes_a_number(home: Path, tmp_path: Path) -> None:
    for fault, reason in [("crash_at = 2", "crash"), ("nan_at = 2", "nan"), ("oom_at = 2", "oom")]:
        sd = run_to_rest(home, toy(tmp_path, reason, trials=1, trainer=fault, steps=9))
        [one] = trials(sd)
        assert (str(one.status), str(one.reason), one.values) == ("failed", reason, None)
        assert one.message


def test_a_study_whose_every_trial_crashes_stops_after_three(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=20, trainer="crash_at = 2"))
    assert statuses(trials(sd)) == ["failed"] * 3
    study, message = state(sd)
    assert study == "paused"
    assert "first 3 trials all failed (crash)" in message


def test_a_metric_that_is_never_reported_stops_the_study_after_one(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=20)
    path.write_text(path.read_text().replace('metric = "loss"', 'metric = "val_acc"'))
    sd = run_to_rest(home, path)
    [one] = trials(sd)
    assert one.reason is Reason.NO_METRIC
    assert "it reported accuracy, loss" in one.message
    assert state(sd)[0] == "paused"


def test_a_timeout_is_told_apart(home: Path, tmp_path: Path) -> None:
    rest_ = '[resources]\ntimeout = "1s"\nstop_grace = 1.0'
    sd = run_to_rest(home, toy(tmp_path, trials=1, steps=1000, step_seconds=0.05, rest=rest_))
    assert trial(sd, 0).reason is Reason.TIMEOUT
    assert "timeout" in trial(sd, 0).message


def test_silence_is_told_and_on_request_ended(home: Path, tmp_path: Path) -> None:
    rest_ = '[resources]\nhang_after = 0.6\non_hang = "stop"\nstop_grace = 0.5'
    sd = run_to_rest(home, toy(tmp_path, trials=1, trainer="hang_at = 2", rest=rest_))
    assert trial(sd, 0).reason is Reason.HUNG
    assert any("nothing moved" in message for message in events(sd, "hung"))


def test_trials_run_in_parallel_and_do_not_mix(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=6, steps=20, step_seconds=0.02, rest="[resources]\nparallel = 3")
    sd = run_to_rest(home, path)
    found = trials(sd)
    assert statuses(found) == ["complete"] * 6
    with StoreReader.open(sd) as reader:
        attempts = reader.attempts()
        curves = [[step for step, _, _ in reader.curve(one.number, "loss")] for one in found]
    assert curves == [list(range(1, 21))] * 6
    assert max(sum(a.started <= b.started < (a.ended or 0) for a in attempts) for b in attempts) == 3


def test_listed_trials_run_as_given_and_do_not_count(home: Path, tmp_path: Path) -> None:
    listed = '[[trial]]\nname = "wide"\ntitle = "Wide"\nnote = "capacity"\nset = { width = 256 }'
    sd = run_to_rest(home, toy(tmp_path, trials=2, rest=listed))
    base, wide, searched = trials(sd)
    assert (base.role, wide.role, searched.role) == (Role.BASELINE, Role.LISTED, Role.SEARCH)
    assert (wide.name, wide.title, wide.note, dict(wide.params)) == ("wide", "Wide", "capacity", {"width": 256})
    assert read_json(sd.attempt(1, 1) / "config.json")["settings"]["width"] == 256


def test_trial_names_come_from_the_template(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=2, steps=1)
    path.write_text('trial_name = "exp_w{width}_n{number}"\n' + path.read_text())
    sd = run_to_rest(home, path)
    assert [one.name for one in trials(sd)] == ["baseline", "exp_w64_n1"]


def test_a_hand_made_trial_is_queued_while_the_study_runs(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=2, steps=30, step_seconds=0.02))).sd
    until(lambda: trials(sd)[0].status is TrialStatus.RUNNING)
    said = send_command(sd, "add", {"params": {"width": 128}, "name": "mine", "note": "a hunch", "title": ""})
    assert said == "trial 1 is queued"
    rest(sd)
    found = trials(sd)
    assert [one.role for one in found] == [Role.BASELINE, Role.MANUAL, Role.SEARCH]
    assert (found[1].name, found[1].note) == ("mine", "a hunch")
    with pytest.raises(UserError, match="exists already"):
        send_command(sd, "add", {"params": {}, "name": "mine"})


def test_an_edited_space_is_a_new_revision_and_old_trials_inform_the_new(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=3, sampler="tpe")
    path.write_text(path.read_text().replace("[space]", "[space]  # what we search"))
    sd = run_to_rest(home, path)
    said = send_command(sd, "space", {"changes": {"learning_rate": "1e-4..1e-3 log"}, "why": "the edges are bad"})
    assert "revision 2" in said
    assert "# what we search" in path.read_text()
    run_to_rest(home, "toy", trials="+3")
    found = trials(sd)
    assert [one.revision for one in found] == [1, 1, 1, 3, 3, 3]  # the new budget is a revision, too
    assert all(1e-4 <= one.params["learning_rate"] <= 1e-3 for one in found[3:])  # type: ignore[operator]
    with StoreReader.open(sd) as reader:
        assert reader.revisions()[1].why == "the edges are bad"


def test_an_impossible_edit_is_refused_and_changes_nothing(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1)
    before = path.read_text()
    sd = run_to_rest(home, path)
    with pytest.raises(StudyError, match="learning_rte"):
        send_command(sd, "space", {"changes": {"learning_rte": "1e-4..1e-3 log"}, "why": ""})
    assert path.read_text() == before


def test_a_changed_file_is_a_new_revision(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1)
    sd = run_to_rest(home, path)
    path.write_text(path.read_text().replace("trials = 1", "trials = 2").replace("1e-1", "1e-2"))
    started = run(home, str(path))
    rest(sd)
    assert any("learning_rate" in note for note in started.notes)
    assert [one.revision for one in trials(sd)] == [1, 2]


def test_another_file_with_the_same_name_is_refused(home: Path, tmp_path: Path) -> None:
    run_to_rest(home, toy(tmp_path, trials=1))
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(UserError, match="was made from") as error:
        run(home, str(toy(other, trials=1)))
    assert str(other) in str(error.value)


def test_a_second_runner_is_refused(home: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    sd = run(home, str(toy(tmp_path, trials=1, steps=100, step_seconds=0.02))).sd
    command = [sys.executable, "-m", "hptui.operations.runner_process", str(sd.root)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 4
    assert "another runner holds" in second.stderr


def test_run_on_a_running_study_joins_it(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1, steps=60, step_seconds=0.03)
    first = run(home, str(path))
    pid = runner_status(first.sd)["pid"]
    second = run(home, str(path))
    assert second.joined
    assert runner_status(first.sd)["pid"] == pid


def test_requests_that_cannot_be_carried_out_say_why(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=1, steps=60, step_seconds=0.03))).sd
    with pytest.raises(CommandRefused, match="no trial 99"):
        send_command(sd, "retry", {"trials": [99]})


def test_on_end_is_told_how_the_study_ended(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "told"
    code = f"import os,sys; open({str(target)!r}, 'w').write(' '.join(sys.argv[1:]) + ' ' + os.environ['HPTUI_STATE'])"
    path = toy(tmp_path, trials=1)
    path.write_text(f"on_end = ['python3', '-c', {code!r}, '{{state}}', '{{best}}']\n" + path.read_text())
    run_to_rest(home, path)
    until(target.exists)
    until(lambda: target.read_text() == "done 0 done")


def test_cold_starts_give_the_same_results(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warm = run_to_rest(home, toy(tmp_path, "warm", trials=2))
    monkeypatch.setenv("HPTUI_COLD", "1")
    cold = run_to_rest(home, toy(tmp_path, "cold", trials=2))
    assert [one.values for one in trials(warm)] == [one.values for one in trials(cold)]
    with StoreReader.open(cold) as reader:
        assert not any(attempt.warm for attempt in reader.attempts())


def test_a_full_disk_pauses_before_anything_starts(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=1, rest="[resources]\nmin_free_gb = 1e9"))
    assert statuses(trials(sd)) == ["waiting"]
    study, message = state(sd)
    assert study == "paused"
    assert "free some space" in message


def attempts_of(sd: StudyDir) -> list[Attempt]:
    with StoreReader.open(sd) as reader:
        return reader.attempts()


FILLS = """
import os, sqlite3, time
from pathlib import Path

def wait_for_sample():
    token = os.environ["HPTUI_ATTEMPT"]
    [store] = [path for path in Path(os.environ["HPTUI_HOME"]).glob("*/study.db") if token in tokens(path)]
    while not asked(store, "SELECT 1 FROM samples WHERE token = ? AND gpu_gb > 20", token):
        time.sleep(0.1)

def tokens(path):
    return [token for token, in asked(path, "SELECT token FROM attempts")]

def asked(path, sql, *values):
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)
    try:
        return store.execute(sql, values).fetchall()
    finally:
        store.close()

def main(trial, *, lr: float = 1e-3, width: int = 4):
    trial.total_steps = 1
    gpu = os.environ["CUDA_VISIBLE_DEVICES"]
    Path("gpus", str(os.getpid())).write_text(f"{gpu} {int(0.95 * (24 << 30))}")
    wait_for_sample()
    trial.report(1, loss=lr * width)
    return {"loss": lr * width}
"""


def test_two_gpus_run_two_trials_each_on_its_own_and_again_after_trials_that_filled_them(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each trial has 95 % of a GPU until its process ends: the next ones start all the same."""
    import json
    import textwrap

    fakes, world = Path(__file__).parent.parent / "fakes", tmp_path / "world.json"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(fakes), os.environ.get("PYTHONPATH")))))
    monkeypatch.setenv("FAKE_NVML_MARK", uuid4().hex[:12])
    monkeypatch.setenv("FAKE_NVML", str(world))
    (tmp_path / "gpus").mkdir()
    clocks = {"mhz": {"0": 1410, "1": 1410}, "max_clock": 1980, "slowed": 0x20, "milliwatts": {"0": 250_000}}
    world.write_text(json.dumps({"registry": str(tmp_path / "gpus"), **clocks}))
    (tmp_path / "train.py").write_text(FILLS)
    path = tmp_path / "own.toml"
    path.write_text(textwrap.dedent(OWN.format(trials=4)))
    sd = run_to_rest(home, path)
    attempts = attempts_of(sd)
    assert {attempt.device for attempt in attempts} == {"GPU 0", "GPU 1"}
    assert statuses(trials(sd)) == ["complete"] * 4
    peaks = [attempt.peak_gpu_gb or 0.0 for attempt in attempts]
    assert max(peaks) == pytest.approx(0.95 * 24)
    for attempt in attempts:
        assert attempt.environment["gpu_mean_clock_mhz"] == 1410
        assert attempt.environment["gpu_slowed_by"] == "heat"
    assert events(sd, "gpu_busy") == []

    # The first GPU breaks: what fails there runs again on the other one.
    broken = 'if gpu == "0":\n        raise RuntimeError("CUDA error: uncorrectable ECC error encountered")'
    (tmp_path / "train.py").write_text(FILLS.replace("    wait_for_sample()", f"    {broken}"))
    path.write_text(path.read_text().replace('"own"', '"broken"'))
    sd = run_to_rest(home, path)
    assert statuses(trials(sd)) == ["complete"] * 4
    assert {attempt.device for attempt in attempts_of(sd) if attempt.reason == "gpu_fault"} == {"GPU 0"}
    [told] = events(sd, "gpu_fault")
    assert "GPU 0 (Fake GPU 0) failed 2 times" in told
    assert "ECC" in told

    # Both are: the study pauses instead of burning its trials, and says so.
    (tmp_path / "train.py").write_text(
        FILLS.replace("    wait_for_sample()", f"    {broken}".replace('== "0"', '!= ""'))
    )
    path.write_text(path.read_text().replace('"broken"', '"dead"'))
    sd = run_to_rest(home, path)
    assert "every GPU of this study has failed" in state(sd)[1]
    assert state(sd)[0] == "paused"


TRAIN = """
def main(trial, *, lr: float = 1e-3, width: int = 4):
    trial.total_steps = 3
    for step in range(1, 4):
        trial.report(step, loss=lr * width / step)
    return {"loss": lr * width / 3}
"""

OWN = """
    name = "own"
    [objective]
    metric = "loss"
    [trainer]
    kind = "train:main"
    lr = 0.5
    [space]
    width = {{ low = 2, high = 8, int = true }}
    [search]
    sampler = "random"
    trials = {trials}
"""


def test_a_function_beside_the_study_file_is_a_trainer_and_a_change_of_it_is_flagged(
    home: Path, tmp_path: Path
) -> None:
    import textwrap

    script, path = tmp_path / "train.py", tmp_path / "own.toml"
    script.write_text(TRAIN)
    path.write_text(textwrap.dedent(OWN.format(trials=2)))
    sd = run_to_rest(home, path)
    found = trials(sd)
    assert statuses(found) == ["complete", "complete"]
    assert found[0].values == {"loss": pytest.approx(0.5 * 4 / 3)}
    assert events(sd, "changed") == []
    script.write_text(TRAIN.replace("lr * width / 3", "lr * width / 4"))
    run_to_rest(home, path, trials="3")
    [said] = events(sd, "changed")
    assert "trainer_sha256" in said


def test_a_gpu_that_somebody_else_fills_is_waited_for_and_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    world = tmp_path / "world.json"
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent / "fakes"))
    monkeypatch.setenv("FAKE_NVML_MARK", uuid4().hex[:12])
    monkeypatch.setenv("FAKE_NVML", str(world))
    busy = {"free": {"0": 1 << 20, "1": 1 << 20}, "processes": {"0": [[os.getpid(), 20 << 30]]}}
    world.write_text(json.dumps(busy))
    sd = run(home, str(toy(tmp_path, trials=1))).sd
    until(lambda: events(sd, "gpu_busy"))
    [said] = events(sd, "gpu_busy")
    assert "waiting for GPU" in said
    assert "GiB free" in said
    assert trials(sd)[0].status is TrialStatus.WAITING
    world.write_text("{}")
    rest(sd)
    assert statuses(trials(sd)) == ["complete"]
    with StoreReader.open(sd) as reader:
        environment = reader.attempts(0)[0].environment
    assert environment["gpu"] == "Fake GPU 0"
    assert environment["driver"] == "570.00"


def test_a_torch_that_cannot_use_the_gpus_is_told_before_the_first_trial(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The torch of these tests has no CUDA, and the driver shows two GPUs."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent / "fakes"))
    monkeypatch.setenv("FAKE_NVML_MARK", uuid4().hex[:12])
    monkeypatch.setenv("HPTUI_COLD", "1")
    path = toy(tmp_path, trials=2)
    text = path.read_text().replace('"loss"', '"val_loss"')
    before, after = text.partition("[trainer]")[0], text.partition("[space]")[2]
    path.write_text(f'{before}[trainer]\nkind = "charlm"\n[space]{after}')
    sd = run_to_rest(home, path)
    assert state(sd)[0] == "paused"
    assert "built for the CPU" in state(sd)[1]
    assert "gpus = 0" in state(sd)[1]
    assert attempts_of(sd) == []


def test_results_are_written_where_the_command_line_says(home: Path, tmp_path: Path) -> None:
    run_to_rest(home, toy(tmp_path, trials=2), output=str(tmp_path / "out"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "best_config.yaml",
        "facts.json",
        "images",
        "report.md",
        "trials.csv",
        "trials.json",
    ]
    head, base, searched = (tmp_path / "out" / "trials.csv").read_text().splitlines()
    assert head.startswith("number,name,status,reason,learning_rate,value.loss")
    assert base.startswith("0,baseline,complete,finished,0.001,")
    assert searched.startswith("1,,complete,finished,")


def test_the_chosen_files_are_written_when_a_study_comes_to_rest(home: Path, tmp_path: Path) -> None:
    report = f'[report]\nwrite = "{tmp_path / "out"}"\nfigures = "none"\n'
    report += 'files = ["optuna-study-results", "trial_history.csv"]'
    sd = run_to_rest(home, toy(tmp_path, trials=2, rest=report))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"study_results.yaml", "trial_history.csv", "best_config.yaml", "report.md"}
    assert "images" not in names
    assert events(sd, "results") == []
