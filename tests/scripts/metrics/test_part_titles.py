"""What stands below the title of a part of an evaluation is never a value of the whole."""

from __future__ import annotations

import pytest

from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.scripts.metrics.part_titles import part_of_title

PREFIXES = ("", "INFO:root:", "11/30/2024 10:00:00 - INFO - root -   ", "23:10:00 INFO ")
WHOLES = (
    "***** Eval results  *****",
    "***** Eval results 30 *****",
    "=== Overall results ===",
    "Results:",
    "# Test metrics",
)
PARTS = (
    "******* {p} results ********",
    "=== {p} metrics ===",
    "{p} results:",
    "--- Results of {p} ---",
    "## {p} scores",
)
ROWS = (" acc: {a} - recall: 0.25 - f1: {f} ", "acc = {a}, f1 = {f}", "acc: {a}\nf1: {f}", "{{'acc': {a}, 'f1': {f}}}")


def values(text: str, wanted: str = "f1") -> dict[str, list[float]]:
    """The values of each name that a text prints, in their order."""
    reader, found = PrintedTableReader([wanted]), dict[str, list[float]]()
    for line in text.split("\n"):
        for reading in reader.read_all(line):
            for name, value in reading.metrics.items():
                found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("whole", WHOLES)
@pytest.mark.parametrize("part", PARTS)
def test_values_of_parts_are_not_those_of_the_whole(whole: str, part: str) -> None:
    for number, prefix in enumerate(PREFIXES):
        row = ROWS[number]

        def said(title: str, a: float, f: float, prefix: str = prefix, row: str = row) -> str:
            return "\n".join(f"{prefix}{line}" for line in [title, *row.format(a=a, f=f).split("\n")])

        evaluation = [
            said(whole, 0.5, 0.625),
            said(part.format(p="ORG"), 0.75, 0.875),
            said(part.format(p="LOC"), 0.1, 0.2),
        ]
        found = values("\n".join(evaluation * 2))
        assert found["f1"] == [0.625, 0.625], evaluation
        assert found["acc"] == [0.5, 0.5], evaluation
        assert (found["org_f1"], found["loc_acc"]) == ([0.875, 0.875], [0.1, 0.1]), evaluation


@pytest.mark.parametrize(
    "between", ["Epoch 2", "step 100/200", "***** Running training *****", "***** Eval results *****"]
)
def test_parts_end_where_training_goes_on_or_a_whole_begins(between: str) -> None:
    text = f"***** Eval results *****\nf1: 0.5\n*** ORG results ***\nf1: 0.75\n{between}\nf1: 0.625"
    found = values(text)
    assert found["f1"] == [0.5, 0.625]
    assert found["org_f1"] == [0.75]


@pytest.mark.parametrize(
    "title", ["***** MRPC results *****", "=== fold 2 results ===", "Best model results:", "Test results:"]
)
def test_a_title_without_a_whole_before_it_is_that_of_everything(title: str) -> None:
    assert values(f"{title}\nf1: 0.5\nEpoch 2\n{title}\nf1: 0.75")["f1"] == [0.5, 0.75]


def test_what_the_whole_has_not_keeps_its_name() -> None:
    assert values("Results:\nacc: 0.5\nORG results:\nf1: 0.75\nacc: 0.25") == {
        "acc": [0.5],
        "f1": [0.75],
        "org_acc": [0.25],
    }


NO_TITLES = (
    "ORG results: 0.5",
    "Saving the results",
    "results.json",
    "f1: 0.5",
    "Writing results to /tmp/x:",
    "a results b",
)


@pytest.mark.parametrize("line", NO_TITLES)
def test_other_lines_are_no_titles_of_parts(line: str) -> None:
    assert all(not part_of_title(prefix + line) for prefix in PREFIXES)
