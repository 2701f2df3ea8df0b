"""Which source is believed for which metric, and what becomes of what others said of it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from hptui.core.format import Proportion
from hptui.scripts.metrics.collector import (
    FILE,
    MAX_PRINTED_METRICS,
    OUTPUT,
    REPORT,
    TAP,
    MetricsCollector,
    MetricsSource,
)
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.pairs import MetricsReading, canonical_name
from hptui.trainers import Diverged
from tests.trainers.attempts import context, events, make

PRINTED, TAPPED = MetricsSource(OUTPUT, "output"), MetricsSource(TAP, "tap wandb")
WRITTEN, OTHER = MetricsSource(FILE, "file a.json"), MetricsSource(FILE, "file b.json")


class Heard:
    """A collector, and what it has handed on."""

    def __init__(self, folder: Path, objectives: list[str]) -> None:
        self.run = make(folder, "toy", {}, objectives=objectives)
        trial, self._writer = context(self.run)
        self.collector = MetricsCollector(trial)

    def say(self, source: MetricsSource, step: int | None, **metrics: float) -> None:
        self.collector.take(source, MetricsReading(metrics, step))

    def points(self) -> list[tuple[Any, ...]]:
        self.collector.flush(everything=True)
        self._writer.flush()
        found: list[tuple[Any, ...]] = []
        for event in events(self.run):
            if event["k"] == "metrics":
                found += [(name, event["step"], value) for name, value in event["m"].items()]
            elif event["k"] == "retract":
                found = [point for point in found if point[0] != event["metric"]]
        return found

    def sources(self) -> dict[str, str]:
        self.points()
        found: dict[str, str] = events(self.run, "facts")[-1]["facts"]["metric_sources"]
        return found


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    return Heard(tmp_path, ["val_loss"])


def test_a_printed_number_waits_for_the_exact_one(heard: Heard) -> None:
    heard.say(PRINTED, 1, val_loss=0.12)
    heard.say(TAPPED, 1, val_loss=0.1234)
    assert heard.points() == [("val_loss", 1, 0.1234)]
    assert heard.sources() == {"val_loss": "tap wandb"}


def test_a_better_source_takes_back_what_was_printed_before(heard: Heard) -> None:
    heard.say(PRINTED, 1, val_loss=0.12, lr=0.5)
    assert heard.points() == [("val_loss", 1, 0.12), ("lr", 1, 0.5)]
    heard.say(WRITTEN, 2, val_loss=0.1111)
    heard.say(PRINTED, 2, val_loss=0.11)
    assert heard.points() == [("lr", 1, 0.5), ("val_loss", 2, 0.1111)]
    assert heard.sources() == {"val_loss": "file a.json", "lr": "output"}


def test_a_summary_does_not_cost_the_curve(heard: Heard) -> None:
    heard.say(PRINTED, 1, val_loss=0.12)
    heard.say(PRINTED, 2, val_loss=0.11)
    heard.points()
    heard.say(WRITTEN, None, val_loss=0.1099)
    assert heard.points()[-1] == ("val_loss", 2, 0.1099)
    assert heard.points()[0] == ("val_loss", 1, 0.12)
    assert heard.collector.last_values() == {"val_loss": 0.1099}
    assert heard.sources() == {"val_loss": "output, at the end file a.json"}


def test_one_metric_has_one_source(heard: Heard) -> None:
    heard.say(WRITTEN, 1, val_loss=0.1)
    heard.say(OTHER, 1, val_loss=0.9)
    heard.say(PRINTED, 1, val_loss=0.8)
    assert heard.points() == [("val_loss", 1, 0.1)]
    heard.say(MetricsSource(REPORT, "report"), 2, **{"val/loss": 0.05})
    assert heard.points() == [("val_loss", 2, 0.05)]


def test_other_spellings_are_the_objective(heard: Heard) -> None:
    heard.say(TAPPED, 1, **{"Validation Loss": 0.1})
    assert heard.points() == [("val_loss", 1, 0.1)]


def test_a_flood_of_names_is_no_list_of_metrics(heard: Heard) -> None:
    for n in range(2 * MAX_PRINTED_METRICS):
        heard.say(PRINTED, 1, **{f"x{n}": 1.0})
    heard.say(PRINTED, 1, val_loss=0.5)
    names = {name for name, _, _ in heard.points()}
    assert len(names) == MAX_PRINTED_METRICS + 1
    assert "val_loss" in names


def test_the_total_is_that_of_the_most_trusted(heard: Heard) -> None:
    heard.collector.take(PRINTED, MetricsReading({"a": 1.0}, 1, total=10))
    heard.points()
    heard.collector.take(TAPPED, MetricsReading({"b": 1.0}, 1, total=20))
    heard.collector.take(PRINTED, MetricsReading({"a": 1.0}, 2, total=10))
    heard.points()
    assert [event["steps"] for event in events(heard.run, "total")] == [10, 20]


def test_a_length_that_was_guessed_is_taken_back_when_the_training_goes_beyond_it(heard: Heard) -> None:
    heard.collector.take(PRINTED, MetricsReading({"a": 1.0}, 50, total=50))
    heard.collector.take(PRINTED, MetricsReading({"a": 1.0}, 51))
    heard.points()
    assert [event["steps"] for event in events(heard.run, "total")] == [50, 0]


def test_an_objective_that_is_finite_again_is_said(heard: Heard) -> None:
    for step, value in enumerate((0.5, float("nan"), 0.4, float("inf"), 0.3)):
        heard.say(TAPPED, step, val_loss=value, other=value)
    heard.points()
    [said] = [event["message"] for event in events(heard.run, "warning")]
    assert said == "val_loss was nan after step 1, and is finite now"


def test_counts_are_kept(heard: Heard) -> None:
    heard.say(TAPPED, 3, accuracy=Proportion(6, 200))
    assert heard.points() == [("accuracy", 3, 0.03), ("accuracy:k", 3, 6.0), ("accuracy:n", 3, 200.0)]


def test_a_report_of_very_many_metrics_is_recorded_whole(heard: Heard) -> None:
    heard.say(
        WRITTEN,
        1 << 80,
        **{f"layer/{n}/a_rather_long_name_of_a_norm_that_is_logged_for_each": 0.1 for n in range(1500)},
    )
    heard.say(WRITTEN, 2, **{"x" * 300: 1.0})
    assert len(heard.points()) == 1500


def test_a_summary_waits_for_the_curve_that_was_printed_just_before(heard: Heard) -> None:
    heard.say(PRINTED, 1, val_loss=0.12)
    heard.say(PRINTED, 2, val_loss=0.11)
    heard.say(WRITTEN, None, val_loss=0.1099)
    assert heard.points() == [("val_loss", 1, 0.12), ("val_loss", 2, 0.11), ("val_loss", 2, 0.1099)]


@pytest.mark.parametrize(
    "objective", ["accuracy_test", "test/accuracy", "Accuracy (test)", "loss_val_mean", "val_loss"]
)
@pytest.mark.parametrize("is_exact", [True, False])
def test_an_objective_is_known_by_its_words_in_any_order(objective: str, is_exact: bool, tmp_path: Path) -> None:
    heard = Heard(tmp_path, [objective])
    words = canonical_name(objective).split("_")
    orders = {"_".join(order) for order in itertools.permutations(words)} - {"_".join(words)}
    other = sorted(orders)[-1]
    for step in (1, 2):
        heard.say(PRINTED, step, **({other: 0.1 * step, objective: 0.7 * step} if is_exact else {other: 0.1 * step}))
    values = [value for name, _, value in heard.points() if name == objective]
    assert values == pytest.approx([0.7, 1.4] if is_exact else [0.1, 0.2])


@pytest.mark.parametrize("tapped", [False, True], ids=["loss printed", "loss tapped"])
@pytest.mark.parametrize(
    "line",
    [
        "Epoch 1: {share}%|##   | {step}/100 [00:01<00:02, 30it/s, loss=0.41, test_accuracy=nan%]",
        "Epoch 1: {share}%|##   | {step}/100 [00:01<00:02, 30it/s, loss=0.41, val_loss=nan, test_accuracy=nan]",
        "step {step} loss: 0.41 test_accuracy: nan%",
        "{{'step': {step}, 'loss': 0.41, 'test_accuracy': nan}}",
        "step {step} | train loss 0.41 | test accuracy nan",
    ],
)
def test_a_placeholder_in_a_printed_line_ends_no_trial(tmp_path: Path, line: str, tapped: bool) -> None:
    heard, reader = Heard(tmp_path, ["test_accuracy"]), LineReader(["test_accuracy"])
    for step in range(1, 21):
        if tapped:
            heard.say(TAPPED, step, loss=0.4123, train_loss=0.4123)
        for reading in reader.read_all(line.format(step=step, share=step)):
            heard.collector.take(PRINTED, reading)
    assert [value for name, _, value in heard.points() if name == "test_accuracy"] == [None] * 20


def test_a_printed_objective_is_nan_beside_a_loss_that_is_nan(tmp_path: Path) -> None:
    heard, reader = Heard(tmp_path, ["test_accuracy"]), LineReader(["test_accuracy"])
    for step in range(1, 21):
        for reading in reader.read_all(f"step {step} loss: nan test_accuracy: nan%"):
            heard.collector.take(PRINTED, reading)
    with pytest.raises(Diverged, match="last at step 5"):
        heard.points()
