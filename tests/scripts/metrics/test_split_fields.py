"""A record that says its split in a field: values of different splits are never in one curve."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count, product
from pathlib import Path

import pytest

from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.readers import ReaderOptions, read_csv, read_json, read_json_lines
from hptui.scripts.metrics.split_fields import SPLIT_FIELDS
from hptui.store.store import Store
from tests.scripts.metrics.record import Script, open_store

NEXT = count(1)
WORDS = {
    "train": ("train", "Training", "TRAIN"),
    "val": ("val", "validation", "valid_set"),
    "test": ("test", "Test", "test split"),
}


def nested(record: dict[str, object]) -> dict[str, object]:
    outer = {name: value for name, value in record.items() if name in (*SPLIT_FIELDS, "step")}
    return {**outer, "m": {name: value for name, value in record.items() if name not in outer}}


FORMS: dict[str, Callable[[dict[str, object]], str]] = {
    "printed": str,
    "json": json.dumps,
    "behind a logger": lambda record: f"2024-01-02 03:04:05 INFO train.py:12 {json.dumps(record)}",
    "behind words of another split": lambda record: f"Training log: {record}",
    "nested": lambda record: str(nested(record)),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Store]]:
    folder = tmp_path_factory.mktemp("fields")
    with open_store(folder) as store:
        yield folder, store


def records(field: str, words: tuple[str, ...], name: str) -> list[dict[str, object]]:
    return [
        {name: 0.5 - 0.125 * step - number / 1024, field: word, "step": step, "lr": 0.1}
        for step in (1, 2, 3)
        for number, word in enumerate(words)
    ]


def value(number: int) -> list[float]:
    return [0.5 - 0.125 * step - number / 1024 for step in (1, 2, 3)]


@pytest.mark.parametrize("field", SPLIT_FIELDS)
@pytest.mark.parametrize("form", [name for name in FORMS if name != "nested"])
def test_an_objective_is_of_one_split(place: tuple[Path, Store], field: str, form: str) -> None:
    for order, name in product((("train", "val"), ("test", "train"), ("train", "val", "test")), ("loss", "top5_hits")):
        for words in zip(*(WORDS[split] for split in order), strict=True):
            best = max(order, key=["train", "test", "val"].index)
            lines = [FORMS[form](record) for record in records(field, words, name)]
            for asked in (name, f"{best}_{name}"):
                if asked != name and name == "top5_hits":
                    continue
                one = Script(*place, next(NEXT), asked)
                one.begin()
                one.say("".join(f"{line}\n" for line in lines).encode())
                one.end()
                assert one.values() == value(order.index(best)), (asked, words, lines[:2])


@pytest.mark.parametrize("field", SPLIT_FIELDS)
@pytest.mark.parametrize("form", FORMS)
def test_the_names_of_a_record_have_its_split(field: str, form: str) -> None:
    for split, words in WORDS.items():
        for word in words:
            reading = LineReader(("other",)).read(FORMS[form]({"loss": 0.5, field: word, "step": 3, "lr": 0.1}))
            assert reading is not None
            plain = {name.replace("m.", ""): number for name, number in reading.metrics.items()}
            assert plain == {f"{split}_loss": 0.5, "lr": 0.1}
            assert reading.step == 3


@pytest.mark.parametrize(
    "other", ["mnist", "epoch", "trainable", "a longer text that names a test set", "", 3, None, "final"]
)
def test_another_value_of_such_a_field_names_no_split(other: object) -> None:
    for field in SPLIT_FIELDS:
        reading = LineReader(("other",)).read(json.dumps({"loss": 0.5, field: other, "step": 3}))
        assert reading is not None
        assert reading.metrics["loss"] == 0.5


@pytest.mark.parametrize("field", ["split", "phase", "mode", "subset"])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "json"])
def test_rows_of_a_file_have_their_split(kind: str, field: str, tmp_path: Path) -> None:
    words = ("train", "Validation", "test")
    rows = records(field, words, "loss")
    path = tmp_path / f"log.{kind}"
    texts = {
        "jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "json": json.dumps(rows),
        "csv": ",".join(rows[0]) + "\n" + "".join(",".join(map(str, row.values())) + "\n" for row in rows),
    }
    path.write_text(texts[kind])
    read = {"jsonl": read_json_lines, "csv": read_csv, "json": read_json}[kind]
    values: dict[str, list[float]] = {}
    for reading in read(path, ReaderOptions(objectives=("other",))).read_new(last=True):
        for name, number in reading.metrics.items():
            values.setdefault(name, []).append(number)
    assert {name: values[name] for name in ("train_loss", "val_loss", "test_loss")} == {
        f"{split}_loss": value(number) for number, split in enumerate(("train", "val", "test"))
    }
    assert "loss" not in values
    mapped = list(read(path, ReaderOptions({"val_loss": "loss"})).read_new(last=True))
    assert [reading.metrics["val_loss"] for reading in mapped] == value(1)


def test_an_objective_in_a_file_is_of_one_split(place: tuple[Path, Store]) -> None:
    for kind, words in product(("jsonl", "csv"), (("train", "val"), ("val", "train"), ("train", "test"))):
        one = Script(*place, next(NEXT), "loss", metrics=[f"*.{kind}"])
        one.begin()
        rows = records("split", words, "loss")
        text = "".join(json.dumps(row) + "\n" for row in rows)
        if kind == "csv":
            text = ",".join(rows[0]) + "\n" + "".join(",".join(map(str, row.values())) + "\n" for row in rows)
        (one.output / f"log.{kind}").write_text(text)
        one.tick()
        one.end()
        held_out = next(number for number, word in enumerate(words) if word != "train")
        assert one.values() == value(held_out), (kind, words)
