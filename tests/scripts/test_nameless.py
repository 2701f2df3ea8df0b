"""Values that a script prints without names are read by a pattern that `hptui new` writes."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script
from hptui.scripts.metrics.lines import LineReader

SCRIPT = """import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.5)
a = p.parse_args()
class Value(float):
    def item(self): return float(self)
{start}
for {counter} in range(3):
    loss = Value(4 - {counter} * a.lr)
    acc = {counter} / 4
    print({shown})
"""
SHOWN = {
    "{c}, loss.item()": ("loss", [4.0, 3.5, 3.0]),
    'f"{{{c}}} {{loss:.4f}}"': ("loss", [4.0, 3.5, 3.0]),
    'f"{{{c}}}: {{loss.item():.2f}} | {{acc}}"': ("acc", [0.0, 0.25, 0.5]),
    "{c}, loss, acc": ("acc", [0.0, 0.25, 0.5]),
    '{c}, ",", loss': ("loss", [4.0, 3.5, 3.0]),
    "loss.item()": ("loss", [4.0, 3.5, 3.0]),
}
COUNTERS = ("t", "epoch", "step", "i")


def table(folder: Path, text: str) -> tuple[dict[str, object], list[str]]:
    path = folder / "train.py"
    path.write_text(text)
    written, notes = study_file_of_script(path, folder)
    return tomllib.loads(written), notes


@pytest.mark.parametrize("shown", SHOWN)
def test_the_pattern_reads_what_the_script_prints(shown: str, tmp_path: Path) -> None:
    name, values = SHOWN[shown]
    for counter in COUNTERS[:: 3 if "{c}" in shown else 4]:
        text = SCRIPT.format(start="", counter=counter, shown=shown.format(c=counter))
        study, notes = table(tmp_path, text)
        objective, trainer = study["objective"], study["trainer"]
        assert isinstance(objective, dict)
        assert isinstance(trainer, dict)
        assert objective["metric"] == name
        assert any("without names" in note for note in notes)
        reader = LineReader((name,), [re.compile(pattern) for pattern in trainer["metrics"]])
        path = str(tmp_path / "train.py")
        out = subprocess.run([sys.executable, "-S", path], capture_output=True, text=True, check=True).stdout
        readings = [reading for line in out.splitlines() for reading in reader.read_all(line)]
        assert [reading.metrics[name] for reading in readings] == values


@pytest.mark.parametrize("form", ["tensor({}, grad_fn=<MeanBackward0>)", "tensor({}, device='cuda:0')", "{}", "{}%",
                                  "tensor({})", "Array({}, dtype=float32)"])  # fmt: skip
def test_numbers_in_objects_are_read_by_the_pattern(form: str, tmp_path: Path) -> None:
    study, _ = table(tmp_path, SCRIPT.format(start="", counter="t", shown="t, loss, acc"))
    trainer = study["trainer"]
    assert isinstance(trainer, dict)
    reader = LineReader(("acc",), [re.compile(pattern) for pattern in trainer["metrics"]])
    for number in ("0.5", "-2.25e-05", "nan", "12"):
        reading = reader.read(f"7 {form.format(0.125)} {form.format(number)}")
        assert reading is not None
        assert (str(reading.metrics["acc"]), reading.metrics["loss"], reading.step) == (str(float(number)), 0.125, 7)
        assert reader.read(f"7 words {number}") is None


WITH_WORDS = ('print("loss:", {c}, loss)', 'print({c}, "of", loss)')
UNCLEAR = ("print({c}, loss, *rest)", "print(model)", "print(x, y)")


@pytest.mark.parametrize(("line", "counter"), [*itertools.product((*WITH_WORDS, *UNCLEAR), ("t", "i"))])
def test_words_and_what_is_unknown_make_no_pattern(line: str, counter: str, tmp_path: Path) -> None:
    shown = line.format(c=counter).removeprefix("print(").removesuffix(")")
    study, _ = table(tmp_path, SCRIPT.format(start="", counter=counter, shown=shown))
    trainer = study["trainer"]
    assert isinstance(trainer, dict)
    assert "metrics" not in trainer


def test_a_number_alone_is_read_only_where_no_other_line_may_look_like_it(tmp_path: Path) -> None:
    for start, is_sure in (("", True), ('print("begins")', True), ("print(model)", False), ("print(a.lr)", False)):
        study, _ = table(tmp_path, SCRIPT.format(start=start, counter="t", shown="loss.item()"))
        trainer = study["trainer"]
        assert isinstance(trainer, dict)
        assert ("metrics" in trainer) == is_sure, start
