"""Numbers in the spellings of other programs and countries: the printed value is recorded, or none is."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.scripts.metrics.readers import ReaderOptions, read_csv

SPELLINGS: dict[str, Callable[[float], str]] = {
    "plain": lambda value: f"{value:.4f}",
    "commas": lambda value: f"{value:,.2f}",
    "underscores": lambda value: f"{value:_.2f}",
    "apostrophes": lambda value: f"{value:,.2f}".replace(",", "'"),
    "narrow spaces": lambda value: f"{value:,.2f}".replace(",", "\u202f"),
    "decimal comma": lambda value: f"{value:.3f}".replace(".", ","),
    "German": lambda value: f"{value:,.2f}".translate(str.maketrans(",.", ".,")),
    "fortran": lambda value: f"{value:.5E}".replace("E", "D"),
    "fortran, small letter": lambda value: f"{value:.5e}".replace("e", "d"),
    "true minus": lambda value: f"{value:.4f}".replace("-", "\u2212"),
    "scientific": lambda value: f"{value:.6e}",
    "plus": lambda value: f"{value:+.4f}",
}
MUST_BE_READ = {*SPELLINGS} - {"German", "decimal comma"}  # 1.234,5 and, before any other number, 1,234 are ambiguous
LINES = (
    "epoch {n} val_loss={v}",
    "Epoch {n}: val_loss: {v}, acc: {v}",
    "step {n} | val_loss {v} | lr 1e-05",
    "| {n} | val_loss: {v} |",
    "[{n}/9] val loss: {v} (best: {v})",
    "val_loss → {v}",
    "Epoch {n}: val_loss :: {v}",
    "val_loss := {v}",
)
SIZES = (0.0021, 0.25, 0.9, 3.5, 42.0, 999.75, 1000.0, 1234.5, 98765.25, 1234567.5)


def recorded(lines: list[str]) -> list[float]:
    reader = PrintedTableReader(["val_loss"])
    readings = [reading for line in lines for reading in reader.read_all(line)]
    return [value for reading in readings for name, value in reading.metrics.items() if "val" in name]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_other_number_than_the_printed_one_is_recorded(spelling: str) -> None:
    rng, spell = random.Random(1), SPELLINGS[spelling]
    for form in LINES:
        for _ in range(30):
            values = [rng.choice((1, 1, -1)) * rng.choice(SIZES) * rng.choice((1, 1.1)) for _ in range(4)]
            lines = [form.format(n=number + 1, v=spell(value)) for number, value in enumerate(values)]
            found = recorded(lines)
            for value in found:
                assert any(value == pytest.approx(one, rel=1e-3, abs=6e-3) for one in values), (lines, found)
            if spelling in MUST_BE_READ:
                assert found == pytest.approx(values, rel=1e-3, abs=6e-3), (lines, found)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("val_loss: 0,25", [0.25]),
        ("val_loss: 1,250", []),  # a thousand, or one and a quarter
        ("val_loss: 1,2,3", []),
        ("shape: (1,128) val_loss: 0.5", [0.5]),
        ("val_loss=0.5,acc=0.25", [0.5]),
        ("val_loss=3,acc=0.25", [3.0]),
        ("val_loss (12,345)", []),
        ("loss_1_234: 3.0 val_loss: 0.5", [0.5]),
        ("at 12:30:01,123 val_loss: 0.5", [0.5]),
    ],
)
def test_commas_that_divide_values_are_no_part_of_a_number(line: str, expected: list[float]) -> None:
    assert recorded([line]) == expected


def test_a_comma_means_what_the_other_numbers_of_the_output_show() -> None:
    assert recorded(["val_loss: 0,98", "val_loss: 1,250"]) == [0.98, 1.25]
    assert recorded(["lr 0.001", "val_loss: 1,250"]) == [1250.0]
    assert recorded(["val_loss: 1,250.5", "val_loss: 1,250"]) == [1250.5, 1250.0]


@pytest.mark.parametrize("step", [1, 999, 1000, 12345, 1234567])
def test_steps_may_have_their_thousands_apart(step: int) -> None:
    reader = PrintedTableReader(["val_loss"])
    [reading] = reader.read_all(f"step {step:,}/{10**7:,} val_loss 0.5")
    assert (reading.step, reading.total, dict(reading.metrics)) == (step, 10**7, {"val_loss": 0.5})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("point", [".", ","])
@pytest.mark.parametrize("quote", ["", '"'])
def test_tables_are_read_whatever_divides_their_columns(tmp_path: Path, delimiter: str, point: str, quote: str) -> None:
    rows = [(1, 0.9, 1e-05), (2, -0.25, 3.0), (3, 1234.5, 0.5)]
    cells = [[f"{quote}{str(cell).replace('.', point)}{quote}" for cell in row] for row in rows]
    if delimiter == point and not quote:
        pytest.skip("nobody could read it")
    path = tmp_path / "m.csv"
    heading = delimiter.join(("epoch", "val_loss", "lr"))
    path.write_text("\n".join([heading, *map(delimiter.join, cells)]) + "\n")
    found = [(one.step, dict(one.metrics)) for one in read_csv(path, ReaderOptions()).read_new(last=True)]
    if delimiter == point:
        assert not any("val_loss" in metrics for _, metrics in found)
        return
    assert [(step, metrics["val_loss"], metrics["lr"]) for step, metrics in found] == rows


@pytest.mark.parametrize("edge", ["| {} | {} |", "│ {} │ {} │", "{}   {}"])
def test_a_table_of_a_counter_and_one_metric_has_a_row_for_each_step(edge: str) -> None:
    reader = PrintedTableReader(["val_loss"])
    lines = ["+-------+-------+", edge.format("epoch", "val_loss"), "+-------+-------+"]
    lines += [edge.format(number, 1 / number) for number in (1, 2, 4)]
    found = [(one.step, dict(one.metrics)) for line in lines for one in reader.read_all(line)]
    assert found == [(number, {"val_loss": 1 / number}) for number in (1, 2, 4)]


@pytest.mark.parametrize("threshold", ["0.5", "0.50", "5", ".5"])
@pytest.mark.parametrize("upto", ["0.95", "0.75", "95"])
@pytest.mark.parametrize("between", [" = ", ": ", " ", "=", " | "])
def test_a_range_in_a_name_is_no_value_of_it(threshold: str, upto: str, between: str) -> None:
    short, long = f"mAP@{threshold}", f"mAP@{threshold}:{upto}"
    lines = [f"{short}{between}0.4", f"{long}{between}0.1", f"{long}{between}0.2"]
    for objective in (short, long, "loss"):
        reader = PrintedTableReader([objective])
        found = [reading.metrics for line in lines for reading in reader.read_all(line)]
        values = {name: [one[name] for one in found if name in one] for name in (short, long)}
        assert set(values[short]) <= {0.4}, (objective, lines, found)
        assert set(values[long]) <= {0.1, 0.2}
        if objective == long and between != " | ":
            assert values[long] == [0.1, 0.2]
