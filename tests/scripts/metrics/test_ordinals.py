"""Steps and values in other spellings: numbers of trees, rounded counters, thousands in groups."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.store.store import Store
from tests.scripts.metrics.record import Script, open_store

NEXT = count(1)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    folder = tmp_path_factory.mktemp("ordinals")
    with open_store(folder) as store:
        yield folder, store


def curve(place: tuple[Path, Store], name: str, text: str) -> list[tuple[int, float]]:
    one = Script(*place, next(NEXT), name)
    one.begin()
    one.say(text.encode())
    one.end()
    return one.curve()


TREES = {
    "validation_0-logloss": "[{n}]\tvalidation_0-logloss:{v}\tvalidation_1-logloss:0.9\n",
    "eval-rmse": "[{n}]\ttrain-rmse:0.9\teval-rmse:{v}\n",
    "valid_0's l2": "[{n}]\tvalid_0's l2: {v}\ttraining's l2: 0.9\n",
    "test": "{n}:\tlearn: 0.9\ttest: {v}\tbest: 0.25 (0)\ttotal: 1ms\tremaining: 3ms\n",
}


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("numbers", [(0, 1, 2), (1, 2, 3), (0, 10, 20), (50, 100, 150)])
def test_the_number_of_a_tree_is_the_step(place: tuple[Path, Store], name: str, numbers: tuple[int, ...]) -> None:
    values = (0.5, 0.375, 0.4375)
    lines = [TREES[name].format(n=n, v=v) for n, v in zip(numbers, values, strict=True)]
    assert curve(place, name, "".join(lines)) == [*zip(numbers, values, strict=True)]
    if name.startswith("valid_0"):  # the best one is named again, and is no step of its own
        text = "".join([*lines, "Early stopping, best iteration is:\n", lines[1]])
        assert [value for _, value in curve(place, name, text)] == [*values, values[1]]
        assert max(step for step, _ in curve(place, name, text)) == numbers[-1]


@pytest.mark.parametrize("line", ["[12345] loss: {v}", "[12345] INFO loss: {v}"])
def test_a_number_in_brackets_before_a_message_is_no_step(place: tuple[Path, Store], line: str) -> None:
    steps = [step for step, _ in curve(place, "loss", "".join(f"{line.format(v=v)}\n" for v in (0.5, 0.25)))]
    assert steps == [1, 2]


COUNTERS = {
    "1.5k": 1500,
    "2k": 2000,
    "12.5K": 12500,
    "1M": 1_000_000,
    "1 234": 1234,
    "12 345 678": 12345678,
    "1_234": 1234,
}
AROUND = (
    "step {n} | loss: 0.5",
    "Iter: {n}, loss: 0.5",
    "step {n}/20M | loss: 0.5",
    "[step {n}] loss: 0.5",
    "iter={n} | loss=0.5",
)


@pytest.mark.parametrize(("number", "around"), [*itertools.product(COUNTERS, AROUND)])
def test_a_counter_in_another_spelling_is_the_step(number: str, around: str) -> None:
    reading = PrintedTableReader(("loss",)).read(around.format(n=number))
    assert reading is not None
    assert (reading.step, reading.metrics["loss"]) == (COUNTERS[number], 0.5)


@pytest.mark.parametrize("joint", [" ", "_", "'", "\u202f", "\u00a0"])
@pytest.mark.parametrize(
    "form", ["step 3 reward: {v}", "step 3 | reward={v} | lr: 0.1", "epoch 3, reward: {v}, loss: 0.5"]
)
def test_thousands_in_groups_are_one_value(joint: str, form: str) -> None:
    for digits in ("1{}234.5", "12{}345", "-1{}234.25", "1{0}234{0}567.5"):
        reading = PrintedTableReader(("reward",)).read(form.format(v=digits.format(joint)))
        assert reading is not None
        assert reading.metrics["reward"] == float(digits.format(""))


@pytest.mark.parametrize(
    "line", ["acc: 1 100% done", "step 3 loss: 2 1000 samples", "step 3 iou: 0.5 0.25", "acc: 1 100 images"]
)
def test_two_numbers_stay_two(line: str) -> None:
    reading = PrintedTableReader(("acc", "loss", "iou")).read(line)
    assert reading is None or max(reading.metrics.values()) <= 2


def test_rows_of_a_table_have_thousands(place: tuple[Path, Store]) -> None:
    text = "  iter     loss   acc\n     1   1,234.5  0.5\n 1,000   1,134.5  0.625\n"
    assert curve(place, "loss", text) == [(1, 1234.5), (1000, 1134.5)]
