"""Rows come out of every format as they went in; what cannot be read says why."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import UserError
from hptui.trainers.data.read import read_rows
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.data.split import load, sample_indices

ROWS = [
    {"question": "1 + 1?", "answer": "2, of course"},
    {"question": 'say "ü"\nand more', "answer": "ü"},
    {"question": "3", "answer": " spaced "},
]


def jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")


def json_list(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(rows))


def json_object(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"version": 1, "data": rows}))


def table(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)


def parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


def arrow(path: Path, rows: list[dict[str, Any]]) -> None:
    import datasets

    datasets.Dataset.from_list(rows).save_to_disk(str(path))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.jsonl", jsonl),
        ("a.json", json_list),
        ("b.json", json_object),
        ("a.csv", table),
        ("a.tsv", table),
        ("a.parquet", parquet),
        ("saved", arrow),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str, write: Any) -> None:
    write(tmp_path / name, ROWS)
    source = read_rows("train", name, tmp_path)
    assert source.rows == {"": ROWS}
    assert not source.plain


def test_a_directory_of_texts_is_one_row_a_file(tmp_path: Path) -> None:
    (tmp_path / "texts" / "more").mkdir(parents=True)
    (tmp_path / "texts" / "b.txt").write_text("second")
    (tmp_path / "texts" / "more" / "a.md").write_text("third")
    (tmp_path / "texts" / "a.txt").write_text("first")
    (tmp_path / "texts" / "image.png").write_bytes(b"\x00")
    source = read_rows("train", "texts", tmp_path)
    assert source.plain
    assert [row["text"] for row in source.rows[""]] == ["first", "second", "third"]


def test_a_dataset_with_splits_keeps_them(tmp_path: Path) -> None:
    import datasets

    both = datasets.DatasetDict({name: datasets.Dataset.from_list(ROWS[:n]) for name, n in (("train", 2), ("test", 1))})
    both.save_to_disk(str(tmp_path / "both"))
    splits = load(DataSettings(train="both", validation_fraction=0), tmp_path)
    assert {name: len(rows) for name, rows in splits.rows.items()} == {"train": 2, "validation": 0, "test": 1}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": \n', "line 2"),
        ("a.jsonl", '{"a": 1}\n[1, 2]\n', "line 2: a row must be an object"),
        ("a.json", '{"a": 1}', "a list of objects"),
        ("a.csv", "a,b\n1\n", "not as many cells"),
        ("a.parquet", "no parquet", "cannot be read"),
        ("a.jsonl", "", "has no rows"),
        ("a.xlsx", "", "of no known kind"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=said):
        read_rows("train", name, tmp_path)


def test_a_missing_file_names_its_nearest_neighbour(tmp_path: Path) -> None:
    jsonl(tmp_path / "director.jsonl", ROWS)
    with pytest.raises(UserError, match="no file or directory") as caught:
        read_rows("train", "directr.jsonl", tmp_path)
    assert "director.jsonl" in caught.value.hint


def test_what_is_no_file_is_looked_for_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    asked = []

    def unreachable(*arguments: Any) -> None:
        asked.append(arguments)
        raise ConnectionError("no network")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    with pytest.raises(UserError, match="cannot be had from the hub: no network"):
        read_rows("train", "someone/some-data", tmp_path, "main")
    monkeypatch.setattr(datasets, "load_dataset", lambda *_: {"train": ROWS, "test": ROWS[:1]})
    assert read_rows("train", "someone/some-data", tmp_path).rows == {"train": ROWS, "test": ROWS[:1]}
    assert asked == [("someone/some-data", "main")]


# splits -----------------------------------------------------------------------------------------------------------


def split(folder: Path, **settings: Any) -> dict[str, list[int]]:
    """Which numbers are in which split of a file of 50 rows."""
    rows = [{"n": n, "split": ("train", "valid", "test")[0 if n < 40 else 1 if n < 45 else 2]} for n in range(50)]
    jsonl(folder / "all.jsonl", rows)
    jsonl(folder / "other.jsonl", [{"n": 100}, {"n": 101}])
    splits = load(DataSettings(train="all.jsonl", **settings), folder)
    return {name: [row["n"] for row in rows] for name, rows in splits.rows.items()}


def test_splits_by_column(tmp_path: Path) -> None:
    found = split(tmp_path, split_column="split", validation_split="valid")
    assert found == {"train": list(range(40)), "validation": list(range(40, 45)), "test": list(range(45, 50))}


def test_a_split_that_is_nearly_named_is_a_slip(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no split 'validation'; it has test, train, valid") as caught:
        split(tmp_path, split_column="split")
    assert "valid" in caught.value.hint
    with pytest.raises(UserError, match="no column 'splt'"):
        split(tmp_path, split_column="splt")


def test_splits_by_file(tmp_path: Path) -> None:
    found = split(tmp_path, validation="other.jsonl", test_fraction=0.1)
    assert found["validation"] == [100, 101]
    assert len(found["test"]) == 5
    assert sorted(found["train"] + found["test"]) == list(range(50))


def test_shares_are_drawn_once_for_a_seed(tmp_path: Path) -> None:
    one, same, other = (split(tmp_path, validation_fraction=0.2, test_fraction=0.1, split_seed=s) for s in (1, 1, 2))
    assert one == same != other
    assert {name: len(rows) for name, rows in one.items()} == {"train": 35, "validation": 10, "test": 5}
    assert sorted(n for rows in one.values() for n in rows) == list(range(50))
    assert split(tmp_path, validation_fraction=0) == {"train": list(range(50)), "validation": [], "test": []}


def test_more_samples_include_the_fewer() -> None:
    assert list(sample_indices(10, 0, 3)) == list(sample_indices(10, 99, 3)) == list(range(10))
    few, many = set(sample_indices(100, 10, 3)), set(sample_indices(100, 40, 3))
    assert len(few) == 10
    assert few < many
    assert list(sample_indices(100, 10, 3)) == sorted(few) != list(sample_indices(100, 10, 4))
