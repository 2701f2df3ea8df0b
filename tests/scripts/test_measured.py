"""Clients whose metrics are easily lost or mixed up, from end to end: what they measured is what is recorded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hptui.core.trial import Reason, TrialStatus
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from tests.scripts.conftest import Write, client
from tests.scripts.test_clients import curve, log, named
from tests.support import hptui, kill_all, rest, run, run_to_rest, until


def metrics(sd: StudyDir, number: int) -> set[str]:
    with StoreReader.open(sd) as reader:
        return set(reader.metric_names(number))


def warnings(sd: StudyDir, number: int) -> list[str]:
    with StoreReader.open(sd) as reader:
        return [event.message for event in reader.events(trial=number) if event.level == "warning"]


def test_what_is_measured_is_recorded(home: Path, write: Write) -> None:
    flag = {"resume_flag": "--resume-from {checkpoint}", "checkpoint": "{trial_dir}/checkpoint-*"}
    files = {"metrics": ["{trial_dir}/metrics.csv", "{trial_dir}/folds.jsonl"]}
    sd = run_to_rest(
        home,
        str(
            write(
                "measured",
                {
                    "bar": {"command": client("slow_bar"), "best": 0.2},
                    "csv": {"command": client("csv_logger", "--out", "{trial_dir}"), "lr": 1.0, **files},
                    "settings": {"command": client("settings"), "lr": 1.0},
                    "killed": {
                        "command": client("killed", "--out", "{trial_dir}", "--attempt", "{attempt}"),
                        "lr": 1.0,
                        **flag,
                    },
                    "hole": {
                        "command": client("hole", "--out", "{trial_dir}", "--attempt", "{attempt}"),
                        "lr": 1.0,
                        **flag,
                    },
                },
            )
        ),
    )
    trials = named(sd)
    assert {one.status for one in trials.values()} == {TrialStatus.COMPLETE}, [one.message for one in trials.values()]

    bar = trials["bar"].number
    assert [value for _, value in curve(sd, bar)] == [0.99, 0.98, 0.2, 0.96, 0.95, 0.94, 0.71, 0.72, 0.73]

    table = trials["csv"].number
    assert curve(sd, table) == [(2, 1 / 2), (4, 1 / 4), (6, 1 / 6)]
    assert curve(sd, table, "train_loss") == [(step, 10.0 + step) for step in range(1, 7)]
    assert sorted(curve(sd, table, "fold_loss")) == sorted(
        (step, fold + step / 10) for fold in (1, 2) for step in (1, 2, 3)
    )

    one = trials["settings"]
    odd_names = {"eval_micro_f1_score", "loss (val)", "F1-score (macro)", "eval/score_t+64"}
    assert metrics(sd, one.number) == {"val_loss", "test_accuracy", "early", *odd_names}
    assert curve(sd, one.number) == [(1, 1.0), (2, 0.5), (3, 0.3333)]
    assert one.facts["printed_settings"] == {
        "hidden_size": 64,
        "num_layers": 2,
        "vocab_size": 50257,
        "dropout": 0.1,
        "per_device_batch_size": 8,
        "warmup_ratio": 0.03,
    }
    assert any("step = nan" in text for text in warnings(sd, one.number))
    assert any("step = first" in text for text in warnings(sd, one.number))

    killed = trials["killed"]
    assert killed.attempts == 3
    assert curve(sd, killed.number) == [(step, round(1 / step, 6)) for step in range(1, 13)]
    assert "curve_incomplete" not in killed.facts

    hole = trials["hole"]  # a checkpoint beyond what any log shows
    assert curve(sd, hole.number) == [(step, round(1 / step, 6)) for step in (1, 2, 3, 4, 9, 10, 11, 12)]
    unknown = "val_loss is unknown from step 5 to 8"
    assert hole.facts["curve_incomplete"] == unknown
    assert f"curve incomplete: {unknown}" in warnings(sd, hole.number)
    assert unknown in hptui(home, "show", "measured", str(hole.number)).stdout


@pytest.mark.torch
def test_the_lowest_rank_counts_and_the_one_that_failed_first_is_named(home: Path, write: Write) -> None:
    written = ["python", "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    words = [*written, "--master-port", "{port}", *client("ranks")[1:]]
    launch = {"program": "torchrun", "processes": 2}
    launched = {"command": client("ranks"), "launch": launch, "lr": 1.0, "fail": 1}
    sd = run_to_rest(home, str(write("ranks", {"both": {"command": words, "lr": 1.0}, "one": launched})))
    both, one = named(sd)["both"], named(sd)["one"]
    assert both.status is TrialStatus.COMPLETE, log(sd, both.number)
    assert curve(sd, both.number) == [(step, round(1 / step, 4)) for step in range(1, 6)]
    [warning] = [text for text in warnings(sd, both.number) if "ranks disagree" in text]
    assert "val_loss (rank 0 1, rank 1 1.1): rank 0 counts" in warning
    assert (one.status, one.reason) == (TrialStatus.FAILED, Reason.CRASH)
    assert one.message == "rank 1: ValueError: bad batch on rank 1 (exit code 1); rank 0 was then stopped"
    with StoreReader.open(sd) as reader:
        [attempt] = reader.attempts(one.number)
    [ran] = [line for line in log(sd, one.number).splitlines() if line.startswith("$ ")]
    assert attempt.environment["command"] == ran.removeprefix("$ ")  # the port, too, is the one that was used
    assert attempt.environment["trainer_file"] == client("ranks")[1]


MPIRUN = """#!{python}
import subprocess, sys, threading
def show(rank, lines):
    for line in lines:
        sys.stdout.write(f"[1,{{rank}}]<stdout>: {{line}}")
        sys.stdout.flush()
ranks = range(int(sys.argv[2]))
started = [subprocess.Popen([*sys.argv[3:], f"--rank={{rank}}"], stdout=-1, text=True) for rank in ranks]
shown = [threading.Thread(target=show, args=(rank, one.stdout)) for rank, one in enumerate(started)]
[thread.start() for thread in shown]
[thread.join() for thread in shown]
sys.exit(max(one.wait() for one in started))
"""
PRINTING = """
import sys
rank = int(sys.argv[-1].partition("=")[2])
lr = float(next(word for word in sys.argv if word.startswith("--lr=")).partition("=")[2])
for step in range(1, 4):
    print(f"step {step} val_loss={lr / step + rank:.4f}", flush=True)
if rank == 0:
    print("step 3 test_acc=0.5", flush=True)
"""


@pytest.mark.process
def test_processes_are_averaged_or_kept_apart(home: Path, tmp_path: Path, write: Write) -> None:
    (tmp_path / "mpirun").write_text(MPIRUN.format(python=sys.executable))
    (tmp_path / "mpirun").chmod(0o755)
    (tmp_path / "t.py").write_text(PRINTING)
    words = ["./mpirun", "-n", "3", "python", "t.py"]
    given = {rule: {"command": words, "lr": 1.0, "ranks": rule} for rule in ("mean", "max", "all")}
    sd = run_to_rest(home, str(write("averaged", given)))
    trials = named(sd)
    for rule, added in (("mean", 1.0), ("max", 2.0), ("all", 0.0)):
        one = trials[rule]
        assert one.status is TrialStatus.COMPLETE, log(sd, one.number)
        assert curve(sd, one.number) == [(step, pytest.approx(1 / step + added, abs=1e-4)) for step in (1, 2, 3)]
        assert one.metrics["test_acc"] == 0.5, "what rank 0 alone reports is its own"
        assert not warnings(sd, one.number)
    assert curve(sd, trials["all"].number, "val_loss/rank2") == [
        (s, pytest.approx(1 / s + 2, abs=1e-4)) for s in (1, 2, 3)
    ]
    assert trials["mean"].facts["metric_sources"]["val_loss"] == "output, mean of 3 ranks"


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.torch
@pytest.mark.parametrize(("rule", "added"), [("mean", 0.05), ("max", 0.1)])
def test_ranks_of_torchrun_are_reduced(rule: str, added: float, home: Path, write: Write) -> None:
    launched = {"command": client("ranks"), "launch": {"program": "torchrun", "processes": 2}, "lr": 1.0, "ranks": rule}
    sd = run_to_rest(home, str(write("reduced", {"one": launched})))
    assert curve(sd, named(sd)["one"].number) == [
        (step, pytest.approx(1 / step + added, abs=1e-4)) for step in range(1, 6)
    ]


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.torch
def test_ending_a_launch_ends_all_its_ranks(home: Path, tmp_path: Path, write: Write) -> None:
    held = {"command": client("ranks", "--hold", str(tmp_path)), "lr": 1.0}
    study = write("held", {"held": {**held, "launch": {"program": "torchrun", "processes": 2}}})
    sd = run(home, str(study)).sd
    try:
        files = [tmp_path / f"rank{rank}" for rank in (0, 1)]
        until(lambda: all(file.is_file() and file.read_text() for file in files), "both ranks run")
        pids = [int(file.read_text()) for file in files]
        hptui(home, "stop", "held")
        rest(sd)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "no rank is left", seconds=30)
        assert named(sd)["held"].status is TrialStatus.STOPPED
    finally:
        kill_all(home)
