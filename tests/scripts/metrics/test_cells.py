"""Rows of a split and a measure, words in bold, counters in columns, headings with single spaces."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.metrics.columns import PrintedTableReader, heading_columns

SPLITS = {"dev": "dev", "valid": "val", "test": "test", "Train": "train"}
MEASURES = ["accuracy", "f1", "loss"]


def read(*lines: str) -> list[dict[str, float]]:
    reader = PrintedTableReader()
    readings = itertools.chain.from_iterable(reader.read_all(line) for line in ("epoch 1", *lines))
    return [dict(reading.metrics) for reading in readings if reading.metrics]


@pytest.mark.parametrize(("split", "measure"), list(itertools.product(SPLITS, MEASURES)))
@pytest.mark.parametrize("bar", ["|", "│"])
def test_a_row_of_a_split_and_a_measure(split: str, measure: str, bar: str) -> None:
    assert read(f"{bar} {split} {bar} {measure} {bar} 0.8125 {bar}") == [{f"{SPLITS[split]}_{measure}": 0.8125}]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("text", ["**{}**: 0.25", "**{}** = 0.25", "**{}:** 0.25", "**{}: 0.25**"])
def test_words_in_bold(measure: str, text: str) -> None:
    assert read(text.format(measure)) == [{measure: 0.25}]


@pytest.mark.parametrize("text", ["***** dev loss *****", "2 ** 3: 0.5", "a**b**c: 0.5"])
def test_stars_that_are_no_markup(text: str) -> None:
    assert "dev_loss" not in {name for values in read(text) for name in values}


@pytest.mark.parametrize(("name", "number"), list(itertools.product(["Dev score", "Best dev score"], [3, 30, 12345])))
def test_the_epoch_in_a_column_behind_a_name(name: str, number: int) -> None:
    [values] = read(f"  {name:<14} ({number:5d}): 0.750000" if number < 1000 else f"  {name}   ({number}): 0.75")
    assert list(values.values()) == [0.75]
    assert not any(str(number) in key for key in values)


def test_a_number_in_parentheses_that_is_of_the_name() -> None:
    assert {"recall": 0.75} not in read("recall (5): 0.5, recall (10): 0.75")


ORDERS = list(itertools.permutations(["train_loss", "valid_loss", "accuracy"]))


@pytest.mark.parametrize("columns", ORDERS)
def test_columns_with_one_space_between(columns: tuple[str, ...]) -> None:
    row = dict(zip(columns, (0.5, 0.25, 0.75), strict=True))
    rows = read(f"epoch {' '.join(columns)} time", f"0 {' '.join(map(str, row.values()))} 00:12")
    assert rows == [row]


@pytest.mark.parametrize(
    "line",
    ["epoch loss", "step of the loss and accuracy", "epoch took long, loss accuracy", "loss accuracy epoch",
     "epoch 3 loss accuracy", "epoch loss speed"],
)  # fmt: skip
def test_prose_is_no_heading(line: str) -> None:
    assert heading_columns(line) == []
