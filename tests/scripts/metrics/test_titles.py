"""Lines below titles, before suffixes and behind names of files: a metric of one split is never in another's curve."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from hptui.scripts.metrics.titles import split_of_title
from hptui.store.store import Store
from tests.scripts.metrics.record import Script, open_store

NEXT = count(1)
TITLES = (
    "***** Running {s} *****", "***** {s} results *****", "=== {s} ===", "{s}:", "{s} set:", "{s} results:", "## {s}",
    "Results on the {s} set:", "Evaluating on {s}", "Evaluating on {s} set ...", "Evaluating data/{s}.json",
    "Running evaluation on {s}", "Performance on {s}:", "---------- {s} ----------", "Final {s} evaluation:", "{s}",
    "{s} after epoch 3:", "Start evaluating {s} data",
)  # fmt: skip
PREFIXES = (
    "",
    "INFO:root:",
    "2024-01-02 03:04:05,678 - INFO - __main__ -   ",
    "[2024-01-02 03:04:05] [INFO] ",
    "11/30/2024 10:00:00 - INFO - root - ",
)
ROWS = ("acc = {v}", "  acc: {v}", "acc: {v}, f1: 0.25", "{{'acc': {v}, 'f1': 0.25}}", "acc {v}")
REPORT = (
    "              precision    recall  f1-score   support\n           0       0.90      0.92      0.91       100\n\n"
    "    accuracy                           {v}       150\n"
)
SUFFIXES = (
    "acc: {v} ({s})",
    "acc = {v} [{s}]",
    "acc {v} on {s}",
    "acc: {v}, f1: 0.25 on the {s} set",
    "acc: {v} | {s}",
)
FILES = ("{s}.tsv: acc = {v}", "data/{s}.json acc = {v}, f1 = 0.25", "'{s}.csv': acc {v}", "corpus_{s}.txt acc: {v}")
WORDS = (("dev", "test"), ("Dev", "Test"), ("validation", "test"), ("VALID", "TEST"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    folder = tmp_path_factory.mktemp("titles")
    with open_store(folder) as store:
        yield folder, store


def recorded(place: tuple[Path, Store], name: str, text: str) -> tuple[list[float], list[float]]:
    """The values of the objective, and of the same measure on the test set."""
    one = Script(*place, next(NEXT), name)
    one.begin()
    one.say(text.encode())
    one.end()
    return one.values(), one.values(f"test_{name}")


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_titles_keep_two_evaluations_apart(place: tuple[Path, Store], title: str, prefix: str) -> None:
    for number, (first, second) in enumerate(WORDS):
        row = ROWS[(number + len(title)) % len(ROWS)]
        blocks = [
            f"{prefix}{title.format(s=s)}\n{prefix}{row.format(v=v)}\n" for s, v in ((first, 0.5), (second, 0.75))
        ]
        text = "".join([*blocks, blocks[0].replace("0.5", "0.625")])
        assert recorded(place, "acc", text) == ([0.5, 0.625], [0.75]), text
        reverse = "".join([*blocks[::-1], blocks[0].replace("0.5", "0.625")])
        assert recorded(place, "acc", reverse)[0] == [0.5, 0.625], reverse
        assert recorded(place, "test_acc", text)[0] == [0.75], text


@pytest.mark.parametrize("title", ["***** {s} *****", "{s}:", "Evaluating on {s}"])
def test_titles_hold_for_reports(place: tuple[Path, Store], title: str) -> None:
    blocks = [f"{title.format(s=s)}\n{REPORT.format(v=v)}" for s, v in (("dev", 0.5), ("test", 0.75))]
    assert recorded(place, "accuracy", "".join(blocks)) == ([0.5], [0.75])


@pytest.mark.parametrize("form", [*SUFFIXES, *FILES])
def test_a_split_behind_a_value_or_in_the_name_of_a_file_keeps_lines_apart(
    place: tuple[Path, Store], form: str
) -> None:
    for first, second in WORDS:
        if form in FILES and first == "validation":
            first = "val"
        lines = [form.format(s=s, v=v) for s, v in ((first, 0.5), (second, 0.75), (first, 0.625), (second, 0.875))]
        assert recorded(place, "acc", "".join(f"{line}\n" for line in lines)) == ([0.5, 0.625], [0.75, 0.875]), lines


def test_below_a_title_of_results_the_data_stay_those_of_the_title_above(place: tuple[Path, Store]) -> None:
    for prefix in PREFIXES:
        text = "".join(
            f"{prefix}***** Running evaluation {split} *****\n{prefix}  Num examples = 277\n"
            f"Evaluating: 100%|####| 3/3 [00:01<00:00]\n{prefix}***** Eval results *****\n{prefix}  acc = {value}\n"
            for split, value in (("dev", 0.5), ("test", 0.75))
        )
        assert recorded(place, "acc", text) == ([0.5], [0.75])


@pytest.mark.parametrize(
    "on", ["Epoch 2", "step 100/200", "[10/50]", "Training", "train loss 0.5", "***** Running training *****"]
)
def test_a_title_holds_until_training_goes_on(place: tuple[Path, Store], on: str) -> None:
    text = f"Epoch 1\nacc: 0.5\nEvaluating on test\nacc: 0.75\n{on}\nacc: 0.625\n"
    text = text.replace("Epoch 1\nacc", "Evaluating on dev\nacc").replace(f"{on}\nacc", f"{on}\nEvaluating on dev\nacc")
    assert recorded(place, "acc", text)[0] == [0.5, 0.625]
    assert recorded(place, "loss", f"Evaluating on test\nloss: 0.75\n{on}\nloss: 0.625\n")[0] == [0.75, 0.625]


NO_TITLES = (
    "Loading test data", "Test set size: 100", "Test accuracy:", "Saving best dev model", "Test passed", "test_loader",
    "Validation loss improved, saving model", "Number of test examples:", "train/val/test split", "Val: loss 0.3",
    "Test Acc: 0.8", "val loss", "run test.py", "python test.py", "Evaluating: 100%|####| 3/3 [00:01<00:00]",
    "A test of the device was made", "developer mode:", "the best", "Found 3 tests for the model in data:",
)  # fmt: skip


@pytest.mark.parametrize("line", NO_TITLES)
def test_other_lines_are_no_titles(line: str) -> None:
    for prefix in PREFIXES:
        assert split_of_title(prefix + line) is None


@pytest.mark.parametrize("measure", ["P", "Hits@1", "MRR", "top5", "bleu4"])
def test_every_measure_below_a_title_is_of_its_data(place: tuple[Path, Store], measure: str) -> None:
    rows = ["acc: 0.5 {m}: 0.25 time: 3.5", "acc: 0.75, {m}: 0.375, time: 4.5"]
    for titles in (("Dev:", "Test:"), ("Evaluating dev", "Evaluating test")):
        one = Script(*place, next(NEXT), "acc")
        one.begin()
        one.say("".join(f"{t}\n{row.format(m=measure)}\n" for t, row in zip(titles, rows, strict=True)).encode())
        one.end()
        assert one.values(measure) == [0.25]
        assert one.values(f"test_{measure}") == [0.375]
