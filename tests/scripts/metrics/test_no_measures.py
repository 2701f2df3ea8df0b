"""What is counted, numbered or set by its name is no metric, before training and later."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.metrics.columns import PrintedTableReader

COUNTED = (
    "num_rows: {v}", "Num examples = {v}", "  num_rows: {v}\n", "train num_rows: {v}", "val_num_samples = {v}",
    "peft_lora_rank: {v}", "lora_alpha={v}, lora_dropout=0.1", "dataloader_num_workers={v},", "test_set: {v}",
    "Generating train split: {v} examples [00:00, 900.1 examples/s]",
    "Generating val split: {v} rows [01:02, ? rows/s]",
    "Validation DataLoader {v}:   0%|          | 0/4 [00:00<?, ?it/s]",
    "Testing DataLoader {v}: 50%|##  | 2/4 [00:00<00:01]",
    "Map {v}: 100%|###| 4/4 [00:00<00:00]",
)  # fmt: skip
STARTS = ([], ["Epoch 1/3", "loss: 0.5"], ["step 10 loss 0.5"])


@pytest.mark.parametrize("line", COUNTED)
@pytest.mark.parametrize("start", STARTS)
def test_what_is_counted_or_set_is_no_metric(line: str, start: list[str]) -> None:
    for prefix, values in itertools.product(("", "11/30/2024 10:00:00 - INFO - root -   "), ((3, 3), (80, 24))):
        reader = PrintedTableReader(["val_loss"])
        for text in start:
            reader.read_all(text)
        for value in values:
            said = f"{'' if '|' in line or '[' in line else prefix}{line.format(v=value)}"
            assert [dict(r.metrics) for r in reader.read_all(said) if r.metrics] == [], said


@pytest.mark.parametrize("name", ["num_rows", "lora_rank", "test_set", "num_examples"])
def test_an_objective_of_such_a_name_is_read(name: str) -> None:
    for start in STARTS:
        reader = PrintedTableReader([name])
        for text in start:
            reader.read_all(text)
        assert [dict(r.metrics) for r in reader.read_all(f"{name}: 80") if r.metrics] == [{name: 80.0}]


def test_counters_and_metrics_in_the_labels_of_bars_stay() -> None:
    for label, metrics in (("Train loss 5", {"train_loss": 5.0}), ("acc 1", {"acc": 1.0})):
        [reading] = PrintedTableReader(["val_loss"]).read_all(f"{label}: 50%|##  | 2/4 [00:00<00:01, 3.1it/s]")
        assert dict(reading.metrics) == metrics
    for label in ("Epoch 3", "Train epoch 3", "step 3"):
        [reading] = PrintedTableReader(["loss"]).read_all(f"{label}: 50%|##  | 2/4 [00:00<00:01, 3.1it/s, loss=0.5]")
        assert dict(reading.metrics) == {"loss": 0.5}
