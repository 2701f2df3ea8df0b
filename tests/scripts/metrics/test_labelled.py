"""Tables whose rows have names: reports of classes, rows of `all`, splits."""

from __future__ import annotations

import random

import pytest

from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.scripts.metrics.pairs import canonical_name

COLUMNS = ("precision", "recall", "f1-score", "support")


def report(rng: random.Random, width: int) -> tuple[str, dict[str, float]]:
    """A report of classes as scikit-learn prints it, and what its rows say."""
    rows = [*(f"class {n}" for n in range(rng.randint(2, 4))), "macro avg", "weighted avg"]
    said = {(row, column): round(rng.random(), width) for row in rows for column in COLUMNS[:3]}
    lines = ["              " + "".join(f"{column:>11}" for column in COLUMNS), ""]
    for row in rows:
        if row == "macro avg":
            lines += ["", f"    accuracy{0.5:>38.{width}f}{200:>11}"]
        lines.append(
            f"{row:>14}" + "".join(f"{said[row, column]:>11.{width}f}" for column in COLUMNS[:3]) + f"{200:>11}"
        )
    return "\n".join(lines), {canonical_name(f"{row} {column}"): value for (row, column), value in said.items()}


OBJECTIVES = {
    "macro avg f1-score": "macro_avg_f1_score",
    "macro_f1": "macro_avg_f1_score",
    "f1": "macro_avg_f1_score",
    "f1_macro": "macro_avg_f1_score",
    "macro avg": "macro_avg_f1_score",
    "weighted avg": "weighted_avg_f1_score",
    "weighted_f1": "weighted_avg_f1_score",
    "recall": "macro_avg_recall",
    "weighted precision": "weighted_avg_precision",
}


def values_of(text: str, objective: str) -> list[float]:
    reader = PrintedTableReader([objective])
    readings = [reading for line in text.splitlines() for reading in reader.read_all(line)]
    key = canonical_name(objective)
    return [v for reading in readings for name, v in reading.metrics.items() if canonical_name(name) == key]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_report_of_classes_holds_objectives_under_short_names(objective: str) -> None:
    for seed in range(6):
        text, said = report(random.Random(seed), 2 + seed % 3)
        assert values_of(text, objective) == [said[OBJECTIVES[objective]]], text


def test_what_stands_below_a_report_is_read_as_ever() -> None:
    text, _ = report(random.Random(1), 2)
    assert values_of(f"{text}\n\naccuracy: 0.75\nval_loss 0.5 accuracy 0.25\n", "accuracy")[1:] == [0.75, 0.25]


NAMES = ("Class", "Images", "Instances", "P", "R", "mAP50", "mAP50-95")
HEADINGS = {
    "plain": "".join(f"{name:>11}" for name in NAMES),
    "in a bar": "  Class  Images  Instances  Box(P    R  mAP50  mAP50-95): 100%|███| 4/4 [00:01<00:00, 3.1it/s]",
    "in pipes": f"| {' | '.join(NAMES)} |",
}


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("objective", ["mAP50", "mAP50-95", "R"])
def test_the_row_of_all_has_the_names_of_the_columns(heading: str, objective: str) -> None:
    rng, lines, said = random.Random(f"{heading}{objective}"), [], []
    for _ in range(3):
        numbers = [round(rng.random(), 3) for _ in range(4)]
        said.append(dict(zip(("P", "R", "mAP50", "mAP50-95"), numbers, strict=True))[objective])
        shown = ["all", "128", "929", *map(str, numbers)]
        row = f"| {' | '.join(shown)} |" if heading == "in pipes" else "".join(f"{word:>11}" for word in shown)
        lines += [HEADINGS[heading], row, row.replace("all", "cat").replace(str(numbers[0]), "0.5")]
    assert values_of("\n".join(lines), objective) == said


@pytest.mark.parametrize("objective", ["val_loss", "val_acc", "test_acc"])
def test_rows_of_splits_have_their_names(objective: str) -> None:
    split, _, column = objective.partition("_")
    said = {("train", "loss"): 0.3, ("train", "acc"): 0.9, ("val", "loss"): 0.4, ("val", "acc"): 0.8,
            ("test", "loss"): 0.5, ("test", "acc"): 0.7}  # fmt: skip
    rows = [f"| {one} | {said[one, 'loss']} | {said[one, 'acc']} |" for one in ("train", "val", "test")]
    assert values_of("\n".join(["| Split | Loss | Acc |", "|---|---|---|", *rows]), objective) == [said[split, column]]
