"""Texts with a name and a number within a record: each is a metric under its own name, and other texts are none."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.metrics.readers import ReaderOptions, read_json_lines
from hptui.scripts.metrics.wording import with_entries

NAMES = {"NDCG": ("NDCG@10", "NDCG@20"), "Hit": ("Hit@5",), "errors": ("MRR", "val RMSE", "mean-loss")}
ENTRIES = ("{n}: {v}", "{n}:{v}", "{n} = {v}", " {n} : {v} ", "{n}: {v}%")
SHOWN: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "dict": str,
    "json": json.dumps,
    "defaultdict": lambda record: str(defaultdict(list, record)),
    "behind words": lambda record: f"matching for topk {dict(record)}",
    "nested": lambda record: str({"metrics": record}),
}


@pytest.mark.parametrize(("shown", "entry"), [*itertools.product(SHOWN, ENTRIES)])
def test_each_text_is_a_metric(shown: str, entry: str) -> None:
    for kind in (list, tuple):
        values: dict[str, float] = {}
        record: dict[str, Any] = {}
        for number, (key, names) in enumerate(NAMES.items()):
            own = {name: round(0.5 + number / 8 + place / 64, 4) for place, name in enumerate(names)}
            values |= own
            record[key] = kind(entry.format(n=name, v=value) for name, value in own.items())
        reading = LineReader().read(SHOWN[shown](record))
        assert reading is not None
        read = {name.removeprefix("metrics."): value for name, value in reading.metrics.items()}
        assert {name: read.get(name) for name in values} == values
        assert len(read) == len(values)


@pytest.mark.parametrize(
    "value",
    [["a", "b"], ["NDCG@10: 0.06", "none"], "3 of 4", ["x: y"], "10:30", [1, 2], ["a: 1e", "b: 2"], "time: 1:30", None],
)
def test_other_texts_stay_what_they_are(value: Any) -> None:
    record = {"key": value, "loss": 0.5}
    assert with_entries(record) == record


def test_texts_in_a_file_and_below_a_split_have_their_names(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"test": ["acc: 0.5", "f1: 0.25"], "MRR": "MRR@5: 0.75", "epoch": 1}) + "\n")
    [reading] = read_json_lines(path, ReaderOptions()).read_new(last=True)
    assert reading.metrics == {"test_acc": 0.5, "test_f1": 0.25, "MRR@5": 0.75}
