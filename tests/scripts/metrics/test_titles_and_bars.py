"""A title holds for the lines of its own pass: values in the bars of training are never of held-out data."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.metrics.columns import PrintedTableReader

TITLES = (
    "Evaluation results for Validation:",
    "***** Validation results *****",
    "Validation:",
    "Evaluating on validation set",
    "=== Validation metrics ===",
)
LABELS = ("", "Epoch 2: ", "Training: ", "Epoch 2/9: ", "train epoch 2: ")
RESULTS = ("loss: 0.25 acc: 0.75", "loss = 0.25, acc = 0.75", "loss: 0.25\nacc: 0.75")


def bar(label: str, count: int, shown: str = "", total: int = 4) -> str:
    """A progress bar as tqdm draws it."""
    return f"{label}{count * 100 // total:3d}%|##        | {count}/{total} [00:01<00:02, 3.00it/s{shown}]"


def values(lines: list[str], wanted: str) -> list[float]:
    """What an objective gets from an output."""
    reader = PrintedTableReader([wanted])
    readings = [reading for line in lines for part in line.split("\n") for reading in reader.read_all(part)]
    return [reading.metrics[wanted] for reading in readings if wanted in reading.metrics]


def passes(label: str, value: float) -> list[str]:
    """The bar of a pass, with its loss, from its beginning."""
    return [bar(label, count, f", loss={value + count / 100:.2f}" if count else "") for count in range(5)]


@pytest.mark.parametrize(("title", "label"), [*itertools.product(TITLES, LABELS)])
def test_a_bar_of_training_below_a_title_is_not_of_held_out_data(title: str, label: str) -> None:
    for result in RESULTS:
        epoch = [*passes(label, 0.5), title, result]
        assert values(epoch * 3, "val_loss") == [0.25] * 3, (label, result)
        assert values(epoch * 3, "val_acc") == [0.75] * 3, (label, result)


@pytest.mark.parametrize("title", TITLES)
def test_the_bar_of_the_evaluation_itself_keeps_its_title(title: str) -> None:
    for result, own in itertools.product(RESULTS, ("", "Evaluating: ")):
        evaluation = [bar(own, count) for count in range(5)]
        lines = [
            *passes("", 0.5),
            title,
            *(evaluation if "esult" not in title and "etric" not in title else []),
            result,
        ]
        assert values(lines * 2, "val_loss") == [0.25] * 2, (own, result)


@pytest.mark.parametrize(("title", "label"), [*itertools.product(TITLES, LABELS)])
def test_a_line_after_the_bar_of_another_pass_is_not_below_the_title(title: str, label: str) -> None:
    lines = [title, RESULTS[0], *passes(label, 0.5), "loss: 0.125"]
    assert values(lines, "val_loss") == [0.25]
    running = [bar(label, 1), title, RESULTS[0], bar(label, 2), "loss: 0.125"]  # amid a pass over training data
    assert values(running, "val_loss") == [0.25]
