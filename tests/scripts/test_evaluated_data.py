"""Evaluations of a `Trainer`: those of other data than its own are named apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hptui
from hptui.scripts.trainer import TAP_DIRECTORY

ROOT = Path(hptui.__file__).parents[1]
SCRIPT = """
import json, sys, torch
from transformers import Trainer, TrainingArguments
class Data(torch.utils.data.Dataset):
    def __init__(self, offset, mark=None):
        self.offset = offset
        if mark: self._fingerprint = mark
    def __len__(self): return 4
    def __getitem__(self, index): return {"x": torch.tensor([float(index)]), "labels": torch.tensor([self.offset])}
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Linear(1, 1)
    def forward(self, x, labels):
        out = self.net(x)
        return {"loss": ((out - labels) ** 2).mean() + labels.mean(), "logits": out}
class Own(Trainer):
    def evaluate(self, eval_dataset=None, **options):
        return super().evaluate(self.eval_dataset if eval_dataset is None else eval_dataset, **options)
class Apart(Trainer):
    def evaluate(self, eval_dataset=None, **options):
        self.get_eval_dataloader(eval_dataset)
        self.log({"eval_loss": 1.5})
a, b, c, train = Data(0.0), Data(10.0), Data(20.0), Data(30.0)
options = {"output_dir": "out", "report_to": [], "max_steps": 1, "use_cpu": True, "disable_tqdm": True}
options["save_strategy"] = "no"
def make(kind=Trainer, own=None, callbacks=None):
    return kind(Model(), TrainingArguments(**options), train_dataset=train, eval_dataset=own, callbacks=callbacks)
exec(sys.argv[1])
"""
CASES = {
    "trainer = make(own=a); trainer.train(); trainer.evaluate(); trainer.evaluate(b)": ["eval", "test"],
    "trainer = make(own=a); trainer.evaluate(eval_dataset=b); trainer.evaluate(eval_dataset=a)": ["test", "eval"],
    "trainer = make(own=a); trainer.evaluate(a); trainer.evaluate(train); trainer.evaluate()": [
        "eval", "train_data", "eval",
    ],
    "trainer = make(own=a); trainer.evaluate(b, metric_key_prefix='final'); trainer.evaluate()": ["final", "eval"],
    "trainer = make(own=a); trainer.predict(b); trainer.evaluate()": ["eval"],
    "trainer = make(Own, own=a); trainer.evaluate(); trainer.evaluate(b)": ["eval", "test"],
    "trainer = make(Apart, own=a); trainer.evaluate(); trainer.evaluate(b)": ["eval", "test"],
    "trainer = make(); trainer.evaluate(b); trainer.evaluate(c); trainer.evaluate(b)": ["eval", "test", "eval"],
    "trainer = make(); trainer.evaluate(train); trainer.evaluate(b)": ["train_data", "eval"],
    "trainer = make(own=Data(1.0, 'm')); trainer.evaluate(Data(1.0, 'm')); trainer.evaluate(Data(1.0, 'n'))": [
        "eval", "test",
    ],
    "trainer = make(own={'p': a, 'q': b}); trainer.evaluate(); trainer.evaluate(b); trainer.evaluate(c)": [
        "eval_p", "eval_q", "eval", "test",
    ],
    "import hptui; trainer = make(own=a, callbacks=[hptui.HptuiCallback()]); trainer.train(); trainer.evaluate(b)": [
        "test",
    ],
    "other = make(own=b); trainer = make(own=a); trainer.evaluate(); other.evaluate(); other.evaluate(a)": [
        "eval", "eval", "test",
    ],
}  # fmt: skip


@pytest.mark.parametrize("tap", ["tap", ""])
def test_evaluations_of_other_data_are_named_apart(tmp_path: Path, tap: str) -> None:
    """All cases run in one process each way, since the library takes seconds to load."""
    report = tmp_path / "reports.jsonl"
    cases = [code for code in CASES if tap or "HptuiCallback" in code]
    marks = "; import _hptui_reporting as mark" if tap else "; from hptui import reporting as mark"
    code = "\n".join(f"{case}{marks}; mark.write({{'k': 'end'}})" for case in cases)
    environment = {**os.environ, "PYTHONPATH": f"{TAP_DIRECTORY}:{ROOT}", "HPTUI_REPORT": str(report)}
    environment |= {"HPTUI_TAP": "1"} if tap else {}
    words = [sys.executable, "-c", SCRIPT, code]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = [[]]
    for entry in map(json.loads, report.read_text().splitlines()):
        if entry["k"] == "end":
            found.append([])
            continue
        by_callback = len(found) <= len(cases) and "HptuiCallback" in cases[len(found) - 1]
        if entry.get("source") == ("report" if by_callback else "tap transformers"):
            names = [name for name in entry["m"] if name.endswith("_loss") and name != "train_loss"]
            found[-1] += [name.removesuffix("_loss") for name in names]
    assert dict(zip(cases, found[:-1], strict=True)) == {case: CASES[case] for case in cases}
