"""Rows of folds, seeds or years and their mean: the mean stands for the trial, however a script prints them."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path
from statistics import fmean

import pytest

from hptui.scripts.metrics.collector import OUTPUT, MetricsCollector, MetricsSource
from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.scripts.metrics.lines import LineReader
from tests.trainers.attempts import context, events, make

PARTS = {
    "rows of years": (
        "  {label}: R2={other:+.4f}%, IC={value:.4f}, epochs=12",
        "  AVG:  R2={other:+.4f}%, IC={value:.4f}",
    ),
    "folds in sentences": ("Fold {number} IC: {value:.4f}", "Mean IC: {value:.4f} ± 0.0100"),
    "folds in brackets": (
        "[fold {number}/4] loss={other:.3f} IC={value:.4f}",
        "[average] loss={other:.3f} IC={value:.4f}",
    ),
    "a table": ("| {label} | IC: {value:.4f} |", "| Overall | IC: {value:.4f} |"),
    "a cross validation": ("Fold {number} - IC: {value:.3f}", "CV IC: {value:.3f}"),
    "over all folds": ("seed {number}: IC {value:.4f}", "All 4 folds: IC {value:.4f}"),
    "a log": ("12:00:01 INFO root: {label} IC = {value:.4f}", "12:00:02 INFO root: average IC = {value:.4f}"),
}


def points(folder: Path, lines: list[str], objective: str = "IC") -> list[float]:
    """The points of an objective in what a script prints."""
    run = make(folder, "toy", {}, objectives=[objective])
    trial, writer = context(run)
    collector, reader = MetricsCollector(trial), PrintedTableReader([objective])
    for line in lines:
        for reading in reader.read_all(line):
            collector.take(MetricsSource(OUTPUT, "output"), reading)
    collector.flush(everything=True)
    writer.flush()
    values: list[float] = []
    for event in events(run):
        if event["k"] == "retract" and event["metric"] == objective:
            values = []
        if event["k"] == "metrics" and objective in event["m"]:
            values.append(event["m"][objective])
    return values


@pytest.mark.parametrize("way", PARTS)
def test_the_mean_of_parts_stands_for_the_trial(way: str, tmp_path: Path) -> None:
    row, mean = PARTS[way]
    rng = random.Random(way)
    for number in range(4):
        values = [rng.uniform(0.1, 0.9) for _ in range(rng.randint(3, 6))]
        lines = [row.format(label=2010 + n, number=n, value=value, other=1 - value) for n, value in enumerate(values)]
        last = mean.format(value=fmean(values), other=0.5)
        (folder := tmp_path / str(number)).mkdir()
        assert points(folder, [*lines, last]) == [pytest.approx(fmean(values), abs=1e-3)], (way, lines, last)


def test_the_mean_of_what_each_fold_came_to_stands_for_the_trial(tmp_path: Path) -> None:
    lines = []
    for fold in (1, 2, 3):
        lines += [f"Fold {fold}", *(f"Epoch {n}/3 IC: {0.1 * fold + 0.05 * n:.4f}" for n in (1, 2, 3))]
    assert points(tmp_path, [*lines, "Average IC: 0.3500"]) == [0.35]


@pytest.mark.parametrize(
    "lines",
    [
        ["epoch 1 mean IC 0.2", "epoch 2 mean IC 0.4", "epoch 3 mean IC 0.3"],
        ["epoch 1 IC: 0.2", "epoch 2 IC: 0.4", "epoch 3 IC: 0.3"],
        ["epoch 1 IC: 0.2", "epoch 2 IC: 0.4", "average time: 0.3, IC: 0.7"],
        ["IC: 0.2", "IC: 0.2", "mean IC: 0.2"],
    ],
)
def test_what_is_no_mean_of_the_values_before_it_costs_none_of_them(lines: list[str], tmp_path: Path) -> None:
    assert len(set(points(tmp_path, lines))) == len({line.rpartition(" ")[2] for line in lines})


@pytest.mark.parametrize("before", ["[val] ", "Validation: ", "  eval results = ", "2026-01-01 INFO test metrics "])
@pytest.mark.parametrize("table", ['{"loss": 0.5, "n": 3}', "{'loss': 0.5, 'n': 3}", "{'loss': '0.5', 'n': 3}"])
def test_a_word_before_a_table_names_its_split(before: str, table: str) -> None:
    split = next(word for word in ("eval", "val", "test") if word in before.lower())
    assert _names(before + table) == {f"{split}_loss", "n"}
    assert _names(before + table, "loss") == {"loss", "n"}, "an objective keeps its name"
    assert _names(before + "{'val_loss': 0.5}") == {"val_loss"}
    assert _names("step 3 {'loss': 0.5}") == {"loss"}


def _names(line: str, *objectives: str) -> set[str]:
    return {name for reading in LineReader(objectives).read_all(line) for name in reading.metrics}


@pytest.mark.parametrize("verb", ["is:", "is", "was", "is :", "reached"])
@pytest.mark.parametrize("name", ["The best acc", "Finished! The best acc", "best acc"])
def test_a_verb_between_a_measure_and_its_value_is_no_part_of_the_name(name: str, verb: str) -> None:
    assert _names(f"{name} {verb} 87.6%") == {"best_acc"}
    assert not _names("The number of layers is 3")


@pytest.mark.parametrize("split", ["dev", "val", "test"])
@pytest.mark.parametrize("brackets", ["({})", "[{}]", "{{{}}}"])
def test_values_in_brackets_have_the_split_before_them(split: str, brackets: str) -> None:
    line = f"Epoch 3 loss=0.5 [0.1 s]    {split}=" + brackets.format("NDCG@5:0.3000,HR@5:0.4000")
    assert _names(line) == {"loss", f"{split}_ndcg_5", f"{split}_hr_5"}
    assert "NDCG@5" in _names(f"Epoch 3    {split}=(NDCG@5:0.3000)", "NDCG@5")


@pytest.mark.parametrize(
    "before", ["", "Episode: 3  ", " 24%|##   | 72/300 [00:00<00:00, 5.7it/s]Episode: 50  loss: 0.1  "]
)
def test_words_in_brackets_before_a_colon_belong_to_the_name(before: str) -> None:
    names = _names(f"{before}avg reward (last 50): 76.26", "avg_reward_last_50")
    assert "avg_reward_last_50" in names or "avg reward (last 50)" in names, names
    assert "last" not in names


FOLDS = ("fold: {n} result", "Fold {n}", "fold {n}/5 training")
WHOLE = ("CV", "OOF", "overall CV score", "cross-validation", "all folds CV")
RULERS = ("=", "*", "-", "#")


def test_what_stands_below_a_title_of_all_folds_stands_for_the_trial(tmp_path: Path) -> None:
    for number, (fold, whole, ruler) in enumerate(itertools.product(FOLDS, WHOLE, RULERS)):
        line = f"[INFO] {ruler * 10} {{}} {ruler * 10}"
        scores = [0.1 + 0.01 * n for n in range(3)]
        lines = [text for n, s in enumerate(scores) for text in (line.format(fold.format(n=n)), f"Score: {s}")]
        (folder := tmp_path / str(number)).mkdir()
        assert points(folder, [*lines, line.format(whole), "Score: 0.77"], "Score") == [0.77], (fold, whole, ruler)
        alone = [*lines[:2], line.format(whole), "Score: 0.77"]
        (folder := tmp_path / f"{number} alone").mkdir()
        assert points(folder, alone, "Score") == [0.1, 0.77], "one fold is no cross validation"


SHAPES = {
    "cases of a test": ("idx {number} case case{number:04d} mean_dice {value:.6f} hd95 {other:.2f}",
                        "Testing performance in best model: mean_dice : {value:.6f} hd95 : {other:.2f}"),
    "batches of an epoch": ("[12:00:{number:02d}] batch {number} mean_dice={value:.4f}",
                            "epoch done, mean_dice={value:.4f}"),
    "named cases": ("{label}.png -> mean_dice: {value:.5f}", "mean_dice: {value:.5f} ({other:.4f} s/it)"),
}  # fmt: skip


@pytest.mark.parametrize("way", SHAPES)
def test_a_line_of_another_shape_with_the_mean_stands_for_the_trial(way: str, tmp_path: Path) -> None:
    row, mean = SHAPES[way]
    for number in range(6):
        rng, lines, means = random.Random(f"{way} {number}"), [], []
        for epoch in range(number % 3 + 1):
            # In the first epoch the values may be too near to each other for their mean to tell anything.
            spread = 0.4 if number > 2 or epoch else 0.00004
            values = [0.5 + rng.uniform(-spread, spread) for _ in range(rng.randint(3, 9))]
            values[0], values[1] = 0.5 - spread, 0.5 + spread
            cases = [row.format(label=f"img_{n}", number=n, value=v, other=rng.random()) for n, v in enumerate(values)]
            shown = [float(re.search(r"mean_dice\D+([\d.]+)", case)[1]) for case in cases]  # type: ignore[index]
            means.append(fmean(shown))
            lines += [*cases, mean.format(value=means[-1], other=rng.random())]
        (folder := tmp_path / str(number)).mkdir()
        recorded = points(folder, lines, "mean_dice")
        if number == 0:  # nothing tells that the last of several close values is their mean: all are kept
            assert means[0] == pytest.approx(recorded[-1], abs=1e-4)
        else:
            assert recorded == pytest.approx(means, abs=1e-4), (way, lines)
