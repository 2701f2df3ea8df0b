"""The context: what is recorded, and when a trial is told to stop."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from hptui.core.format import Proportion
from hptui.store.run_directory import EventWriter, RunDir, put_control
from hptui.trainers import Diverged, TrialContext
from tests.trainers.attempts import context, events, make


@dataclass
class Bench:
    """A context under test."""

    run: RunDir
    trial: TrialContext
    writer: EventWriter
    flag: list[bool] = field(default_factory=list)

    def told(self, kind: str) -> list[dict[str, object]]:
        self.writer.flush()
        return [{k: v for k, v in event.items() if k not in "qkt"} for event in events(self.run, kind)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    run = make(tmp_path, "toy", {}, number=12, seed=7, objectives=["loss", "cost"])
    flag: list[bool] = []
    trial, writer = context(run, lambda: bool(flag))
    yield Bench(run, trial, writer, flag)
    writer.close()


def save(path: Path) -> None:
    (path / "w.bin").write_bytes(b"weights")


def test_it_knows_its_trial(bench: Bench, tmp_path: Path) -> None:
    trial = bench.trial
    assert (trial.number, trial.seed, trial.attempt, trial.objectives) == (12, 7, 1, ("loss", "cost"))
    assert trial.dir == tmp_path / "trials" / "0012"
    assert trial.attempt_dir == trial.dir / "attempt-1"
    assert trial.directory == tmp_path
    assert (trial.threads, trial.device, trial.try_steps) == (1, "cpu", None)
    assert trial.resume_from is None
    assert trial.resumed_step is None


def test_metrics_of_any_number_type_are_recorded(bench: Bench) -> None:
    bench.trial.report(3, {"loss": torch.tensor(0.5)}, cost=np.float32(2), done=True, progress=1.5)
    bench.trial.report(np.int64(4), accuracy=1)
    assert bench.told("metrics") == [
        {"step": 3, "m": {"loss": 0.5, "cost": 2.0, "done": 1.0}, "progress": 1.0},
        {"step": 4, "m": {"accuracy": 1.0}},
    ]


def test_a_metric_that_is_no_number_is_named(bench: Bench) -> None:
    with pytest.raises(TypeError, match="metric 'loss' must be a number, got str 'low'"):
        bench.trial.report(1, loss="low")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        bench.trial.report(1.5, loss=1.0)  # type: ignore[arg-type]


def test_nan_is_recorded_as_such(bench: Bench) -> None:
    bench.trial.report(1, loss=math.nan, cost=-math.inf)
    assert bench.told("metrics") == [
        {"step": 1, "m": {"loss": None, "cost": None}, "nonfinite": {"loss": "nan", "cost": "-inf"}}
    ]


def test_an_objective_without_numbers_five_times_in_a_row_is_the_end(bench: Bench) -> None:
    for step in range(4):
        bench.trial.report(step, loss=math.nan, other=math.nan)
    bench.trial.report(4, other=math.nan)
    bench.trial.report(5, loss=1.0)
    for step in range(6, 10):
        bench.trial.report(step, loss=math.inf)
    with pytest.raises(Diverged, match="loss was inf 5 times in a row, last at step 10"):
        bench.trial.report(10, loss=math.inf)
    assert len(bench.told("metrics")) == 11


NAN, INF = math.nan, math.inf
MEASURED_LATER = ("test_accuracy", "val_loss", "eval/f1", "bleu", "valLoss")
TRAINING_LOSSES = ("loss", "train_loss", "loss/train", "nll", "trainLoss", "mse_loss", "loss mse_loss")


def values_beside(losses: str, value: float) -> dict[str, float]:
    return dict.fromkeys(losses.split(), value)


@pytest.mark.parametrize(("objective", "losses"), list(itertools.product(MEASURED_LATER, TRAINING_LOSSES)))
def test_nan_before_the_first_number_beside_a_finite_loss_is_a_placeholder(
    tmp_path: Path, objective: str, losses: str
) -> None:
    trial, writer = context(make(tmp_path, "toy", {}, objectives=[objective]))
    with closing(writer):
        for step in range(20):  # what the same evaluation measures waits, too
            trial.report(step, {**values_beside(losses, 0.4), "lr": 0.1, "val_nll": NAN, objective: NAN})
        trial.report(20, {**values_beside(losses, 0.4), objective: 0.5})
        for step in range(21, 25):
            trial.report(step, {**values_beside(losses, 0.4), objective: NAN})
        with pytest.raises(Diverged, match="was nan 5 times in a row, last at step 25"):
            trial.report(25, {**values_beside(losses, 0.4), objective: NAN})


@pytest.mark.parametrize(
    ("objective", "value", "beside"),
    [
        *(
            (name, NAN, values_beside(losses, NAN))
            for name, losses in itertools.product(MEASURED_LATER, TRAINING_LOSSES)
        ),
        *((name, NAN, {"lr": 0.1, "loss_scale": 8.0, "epoch": 1.0}) for name in ("val_loss", "valLoss", "loss")),
        *((name, NAN, {"loss": NAN, "aux_loss": 0.0}) for name in MEASURED_LATER),
        *((name, NAN, {"loss": NAN, "val_mse": 0.5}) for name in MEASURED_LATER),
        *((name, INF, {"loss": INF}) for name in MEASURED_LATER),
        *((name, INF, {"lr": 0.1}) for name in ("loss", "train_loss", "nll")),
        *((name, NAN, {"accuracy": 0.1, "kl_loss": 0.0}) for name in ("loss", "train_loss", "total_loss", "nll")),
    ],
)
def test_nan_beside_no_finite_loss_counts_from_the_start(
    tmp_path: Path, objective: str, value: float, beside: dict[str, float]
) -> None:
    trial, writer = context(make(tmp_path, "toy", {}, objectives=[objective]))
    with closing(writer):
        for step in range(4):
            trial.report(step, {**beside, objective: value})
        with pytest.raises(Diverged, match="5 times in a row, last at step 4"):
            trial.report(4, {**beside, objective: value})


BEST_SO_FAR = ("best_val_loss", "best_loss", "Best acc", "val_loss", "eval/f1", "test_accuracy")
SCORES = ("test_accuracy", "eval/f1", "bleu", "mean_reward", "avg_return")


@pytest.mark.parametrize(
    ("objective", "value", "beside"),
    [
        *itertools.product(BEST_SO_FAR, (INF, -INF), ({}, {"lr": 0.1}, {"loss": 0.4})),
        *itertools.product(SCORES, (NAN,), ({}, {"episode": 3.0})),
    ],
)
def test_the_start_of_a_best_value_and_the_mean_of_no_scores_end_nothing(
    tmp_path: Path, objective: str, value: float, beside: dict[str, float]
) -> None:
    trial, writer = context(make(tmp_path, "toy", {}, objectives=[objective]))
    with closing(writer):
        for step in range(20):
            trial.report(step, {**beside, objective: value})
        trial.report(20, {**beside, objective: 0.5})
        for step in range(21, 25):
            trial.report(step, {**beside, objective: value})
        with pytest.raises(Diverged, match="5 times in a row, last at step 25"):
            trial.report(25, {**beside, objective: value})


def test_other_metrics_may_have_no_numbers(bench: Bench) -> None:
    for step in range(20):
        bench.trial.report(step, grad_norm=math.inf)


def test_the_total_is_told_once_it_is_set(bench: Bench) -> None:
    assert bench.trial.total_steps is None
    bench.trial.total_steps = 40
    assert bench.trial.total_steps == 40
    assert bench.told("total") == [{"steps": 40}]


@pytest.mark.parametrize("verb", ["pause", "stop", "prune", "kill"])
def test_a_verb_stops(bench: Bench, verb: str) -> None:
    assert not bench.trial.should_stop
    put_control(bench.run, verb)
    assert bench.trial.stop_verb == verb
    assert bench.trial.obeyed is None
    assert bench.trial.should_stop
    assert bench.trial.obeyed == verb


def test_a_signal_stops_even_without_a_verb(bench: Bench) -> None:
    bench.flag.append(True)
    assert bench.trial.should_stop
    assert bench.trial.obeyed == ""


def test_a_torn_verb_does_not_stop(bench: Bench) -> None:
    bench.run.control.write_text("pau")
    assert not bench.trial.should_stop


def test_trying_out_stops_after_so_many_reports(tmp_path: Path) -> None:
    trial, writer = context(make(tmp_path, "toy", {}, try_steps=2))
    trial.report(1, loss=1.0)
    assert not trial.should_stop
    trial.report(2, loss=1.0)
    assert trial.should_stop
    assert trial.obeyed is None
    writer.close()


def test_a_checkpoint_comes_after_the_metrics_that_led_to_it(bench: Bench) -> None:
    bench.trial.report(5, loss=1.0)
    seen: list[int] = []

    def look(path: Path) -> None:
        seen.append(len(events(bench.run, "metrics")))
        save(path)

    path = bench.trial.checkpoint(look)
    assert seen == [1]
    assert path.name == "step-00000005"
    told = bench.told("checkpoint")
    assert [event["step"] for event in told] == [5]
    assert told[0]["path"] == "checkpoints/step-00000005"
    assert isinstance(told[0]["bytes"], int)


def test_the_next_attempt_resumes_from_the_newest_whole_checkpoint(bench: Bench, tmp_path: Path) -> None:
    for step in (5, 6, 7):
        bench.trial.checkpoint(save, step)
    (bench.trial.dir / "checkpoints" / "step-00000007" / "w.bin").write_bytes(b"w")
    (bench.trial.dir / "checkpoints" / ".tmp-00000008").mkdir()
    run = make(tmp_path, "toy", {}, number=12, attempt=2)
    trial, writer = context(run)
    assert trial.resumed_step == 6
    assert trial.resume_from == trial.dir / "checkpoints" / "step-00000006"
    assert sorted(entry.name for entry in trial.resume_from.parent.iterdir()) == ["step-00000006", "step-00000007"]
    writer.close()
    assert "step-00000007 is damaged (w.bin has 1 bytes instead of 7)" in events(run, "warning")[0]["message"]


def test_a_checkpoint_elsewhere_is_told_by_its_whole_path(tmp_path: Path) -> None:
    run = make(tmp_path / "s", "toy", {}, checkpoints=str(tmp_path / "big disk"))
    trial, writer = context(run)
    trial.checkpoint(save, 3)
    writer.close()
    assert events(run, "checkpoint")[0]["path"] == str(tmp_path / "big disk" / "step-00000003")


def test_a_checkpoint_is_due_by_the_clock(bench: Bench) -> None:
    assert bench.trial.checkpoint_due(0.0)
    assert not bench.trial.checkpoint_due(60.0)


def test_effective_settings_become_plain_values(bench: Bench) -> None:
    bench.trial.effective(
        rate=np.float64(0.5), heads=torch.tensor(4), dtype=torch.float32, where=Path("a"), odd=math.inf, many=(1, "x")
    )
    assert bench.told("effective") == [
        {
            "settings": {
                "rate": 0.5,
                "heads": 4,
                "dtype": "torch.float32",
                "where": "a",
                "odd": "inf",
                "many": [1, "x"],
            }
        }
    ]


def test_an_artifact_is_a_plain_file_of_the_trial(bench: Bench) -> None:
    bench.trial.artifact("sample.txt", "what it writes").write_text("text")
    assert (bench.trial.dir / "artifacts" / "sample.txt").read_text() == "text"
    assert bench.told("artifact") == [{"path": "artifacts/sample.txt", "label": "what it writes"}]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/x", ".hidden", "a\nb", "a\x1b[0m"])
def test_an_artifact_never_leaves_its_directory(bench: Bench, name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        bench.trial.artifact(name)
    assert bench.told("artifact") == []


def test_phases_and_warnings_are_told(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.trial.phase("compile", 900)
    bench.trial.warn("careful")
    assert bench.told("phase") == [{"name": "compile", "allow": 900.0}]
    assert bench.told("warning") == [{"message": "careful"}]
    assert capsys.readouterr().err == "warning: careful\n"


def test_facts_are_on_record_as_plain_values(bench: Bench) -> None:
    bench.trial.facts(parameters=1_100_048_384, splits={"train": 4530, "validation": 19})
    assert bench.told("facts")[0]["facts"] == {
        "parameters": 1_100_048_384,
        "splits": {"train": 4530, "validation": 19},
    }


def test_a_ratio_is_on_record_with_its_counts(bench: Bench) -> None:
    bench.trial.report(3, accuracy=Proportion(6, 200))
    assert bench.told("metrics")[0]["m"] == {"accuracy": 0.03, "accuracy:k": 6.0, "accuracy:n": 200.0}
