"""What a script chooses its best by is the objective where validation data computes it, whatever its name."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script

BODY = """
import torch
best = {start}
for epoch in range(9):
    loss = train(model, train_loader)
    {value} = evaluate(model, {data})
    print(f"epoch={{epoch}} loss={{loss:.4f}} {name}={{{value}:.4f}}")
    if {value} {sign} best:
        best = {value}
{value} = evaluate(model, test_loader)
print(f"TEST {name}={{{value}:.4f}}")
"""
NAMES = {"Recall@20": "recall", "NDCG@10": "ndcg", "accuracy": "acc", "AUC": "auc", "MAE": "mae"}
DATA = ["val_loader", "valid_loader", "data['val']", "dev_set", "loader, split='valid'", "oof", "X_val, y_val"]


@pytest.mark.parametrize(("name", "data"), [*itertools.product(NAMES, DATA)])
def test_validation_comes_before_the_test_at_the_end(name: str, data: str, tmp_path: Path) -> None:
    sign, start = ("<", "1e9") if name == "MAE" else (">", "0.0")
    text = BODY.format(name=name, value=NAMES[name], data=data, sign=sign, start=start)
    (path := tmp_path / "train.py").write_text(text)
    assert inspect_script(path).metrics[0] == name


@pytest.mark.parametrize("data", ["test_loader", "loader", "train_loader", "val_loader, test_loader"])
def test_a_test_stays_first_where_the_other_value_may_be_of_any_data(data: str, tmp_path: Path) -> None:
    text = BODY.format(name="Recall@20", value="recall", data=data, sign=">", start="0.0")
    (path := tmp_path / "train.py").write_text(text)
    assert inspect_script(path).metrics[0] == "test_recall_20"
