"""Tables of columns in output: what each row measures, and what is no table."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.metrics.columns import PrintedTableReader, heading_columns

COLUMNS = ["epoch", "train_loss", "valid_loss", "accuracy", "time"]
ROWS = [[1, 0.9, 0.8, 0.5, "00:03"], [2, 0.7, 0.6, 0.75, "00:03"]]


def drawn(style: str) -> list[str]:
    """A table in the style of a library."""
    table = [COLUMNS, *[[str(value) for value in row] for row in ROWS]]
    if style == "markdown":
        lines = ["| " + " | ".join(row) + " |" for row in table]
        return [lines[0], "|" + "---|" * len(COLUMNS), *lines[1:]]
    lines = ["  ".join(f"{cell:>12}" for cell in row) for row in table]
    ruler = "  ".join("-" * 12 for _ in COLUMNS)
    if style == "ruled":  # spaCy, skorch
        return [lines[0], ruler, *lines[1:]]
    if style == "coloured":
        return [lines[0], ruler, *(f"\x1b[36m{line}\x1b[0m" for line in lines[1:])]
    return lines if style == "bare" else ["\t".join(row) for row in table]  # fastai; csv of tabs


@pytest.mark.parametrize("style", ["markdown", "ruled", "coloured", "bare", "tabs"])
def test_each_row_is_a_reading(style: str) -> None:
    reader = PrintedTableReader(["valid_loss"])
    readings = list(itertools.chain.from_iterable(map(reader.read_all, drawn(style))))
    assert [(one.step, dict(one.metrics)) for one in readings] == [
        (row[0], dict(zip(COLUMNS[1:4], row[1:4], strict=True))) for row in ROWS
    ]


def test_steps_and_names_with_spaces() -> None:
    lines = ["E    #       LOSS TOK2VEC  ENTS_F  SCORE ", "---  ------  ------------  ------  ------"]
    lines += ["  0       0          0.00   71.50    0.71", "  1     200          3.25   80.25    0.80"]
    reader = PrintedTableReader(["ENTS_F"])
    readings = list(itertools.chain.from_iterable(map(reader.read_all, lines)))
    assert [(one.step, one.metrics["ENTS_F"], one.metrics["SCORE"]) for one in readings] == [
        (0, 71.5, 0.71),
        (200, 80.25, 0.8),
    ]
    assert all(len(one.metrics) == 3 for one in readings)


BETWEEN = [
    [],
    ["     total [####......] 33.33%", "       600 iter, 1 epoch / 3 epochs", "     150.5 iters/sec."],
    ["saving the model", "1 2 3"],
    ["\x1b[4A\x1b[J"],
]


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("style", ["markdown", "ruled", "coloured", "bare", "tabs"])
def test_other_lines_may_come_between_rows(style: str, between: list[str]) -> None:
    """A progress bar below the table, a message: the next row belongs to it all the same."""
    table = drawn(style)
    lines = [*table[:-2], *between, table[-2], *between, f"\x1b[4A\x1b[J{table[-1]}"]
    reader = PrintedTableReader(["valid_loss"])
    readings = [one for line in lines for one in reader.read_all(line) if "valid_loss" in one.metrics]
    assert [(one.step, one.metrics["valid_loss"]) for one in readings] == [(row[0], row[2]) for row in ROWS]


def test_numbers_after_a_table_are_no_rows() -> None:
    reader = PrintedTableReader(["valid_loss"])
    for line in [*drawn("bare"), "confusion matrix:"]:
        reader.read_all(line)
    for line in ("1 40 3 2 1", "2 0.5 0.5 0.5 0.5", "3 4 5", "4 5 6 7 8", "3 x 0.4 0.5 00:03"):
        assert reader.read_all(line) == [], line


def test_other_lines_are_read_as_ever() -> None:
    reader = PrintedTableReader(["val_loss"])
    assert reader.read_all("epoch  train_loss  valid_loss") == []
    [after] = reader.read_all("step 3 val_loss=0.5")  # the table has ended
    assert (after.step, after.metrics) == (3, {"val_loss": 0.5})
    assert reader.read_all("4  0.1  0.2  0.3") == []
    for line in ("epoch: 3  loss: 0.5  acc: 0.9", "epoch 3", "epoch  1  2", "time  loss  acc", "epoch  loss  loss"):
        assert heading_columns(line) == []


TITLES = ["Best acc:", "  Best acc :", "=> Best acc =", "The best acc is:", "** Best acc: "]
NUMBERS = ["87.5", " 87.5 %", "tensor(87.5)", "tensor(87.5, device='cuda:0')", "[87.5]"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("title", TITLES)
def test_a_number_below_its_title_has_its_name(title: str, number: str) -> None:
    for objective, between in (("best acc", []), ("best_acc", [""])):
        reader = PrintedTableReader([objective])
        readings = [reading for line in [title, *between, number] for reading in reader.read_all(line)]
        assert [dict(reading.metrics) for reading in readings] == [{objective: 87.5}], (title, number)


@pytest.mark.parametrize("lines", [["Config:", "3 layers"], ["Best acc:", "saved", "87.5"], ["acc", "87.5"]])
def test_other_lines_below_a_title_are_no_numbers_of_it(lines: list[str]) -> None:
    reader = PrintedTableReader(["best acc"])
    assert not [reading for line in lines for reading in reader.read_all(line)]


REPORT = """
              precision    recall  f1-score   support

           a       0.89      0.84      0.86        80
           b       0.85      0.90      0.87        80

    accuracy                           0.87       160
   macro avg       0.87      0.86      0.88       160
weighted avg       0.87      0.86      0.88       160
"""


@pytest.mark.parametrize("objective", ["accuracy", "Accuracy", "f1", "macro_f1"])
@pytest.mark.parametrize("epochs", [1, 3])
def test_a_report_does_not_round_what_its_script_has_printed(objective: str, epochs: int) -> None:
    reader, values = PrintedTableReader((objective,)), list[float]()
    for epoch in range(epochs):
        lines = [f"Epoch {epoch}", f"{objective}: 0.86{epoch}7", *REPORT.splitlines()]
        readings = [reading for line in lines for reading in reader.read_all(line)]
        values += [reading.metrics[objective] for reading in readings if objective in reading.metrics]
    assert values == [float(f"0.86{epoch}7") for epoch in range(epochs)]


@pytest.mark.parametrize(("objective", "value"), [("accuracy", 0.87), ("macro_f1", 0.88)])
def test_a_report_alone_is_read(objective: str, value: float) -> None:
    reader = PrintedTableReader((objective,))
    readings = [reading for line in REPORT.splitlines() for reading in reader.read_all(line)]
    assert [reading.metrics[objective] for reading in readings if objective in reading.metrics] == [value]
