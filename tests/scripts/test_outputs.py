"""The objective that is chosen from a script's source is what is found in its output when it runs, with its value."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

from hptui.core.metric_names import larger_is_better
from hptui.scripts.inspect import inspect_script
from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.scripts.metrics.pairs import canonical_name

OUTPUTS = yaml.safe_load((Path(__file__).parents[1] / "clients" / "outputs.yaml").read_text())
BEFORE = """import argparse, math
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.03)
args = p.parse_args()
EPOCHS = 3
"""
LOOP = """
def main():
    lr = args.lr
    best = 9.0
    for epoch in range(EPOCHS):
        base = abs(math.log10(lr) + 2)
        val = base + 0.1 * (EPOCHS - 1 - epoch)
        train = val + 1
        acc = 1 / (1 + val)
"""
RATES = (0.03, 0.05)


def read(path: Path, metric: str, rate: float) -> list[float]:
    """The values of a metric in what a script prints."""
    words = [sys.executable, path.name, f"--lr={rate}"]
    done = subprocess.run(words, cwd=path.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    reader = PrintedTableReader((metric,))
    lines = f"{done.stdout}\n{done.stderr}".replace("\r", "\n").splitlines()
    readings = [reading.metrics.items() for line in lines for reading in reader.read_all(line)]
    return [value for pairs in readings for name, value in pairs if canonical_name(name) == canonical_name(metric)]


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_objective_is_what_the_reader_finds(name: str, tmp_path: Path) -> None:
    one = OUTPUTS[name]
    if missing := [need for need in one.get("needs", ()) if importlib.util.find_spec(need) is None]:
        pytest.skip(f"{missing} is not installed")
    path = tmp_path / "train.py"
    body = textwrap.indent(one["print"], " " * 8)
    path.write_text(f"{BEFORE}{one.get('before', '')}{LOOP}{body}\n\nmain()\n")
    script = inspect_script(path)
    assert script.metrics
    metric = script.metrics[0]
    assert (larger_is_better(metric) or metric in script.maximized) is (one.get("goal") == "maximize")
    if script.metric_files or "wandb" in one.get("needs", ()):
        assert canonical_name(metric) == canonical_name(one["metric"])
        return
    for rate in RATES:
        base = abs(math.log10(rate) + 2)
        scale = one.get("scale", 1.0)
        right = {"acc": scale / (1 + base)}.get("acc" if "acc" in one["metric"] else "", base)
        right += 0.1 if name == "fold_mean" else 0.0
        values = read(path, metric, rate)
        assert values, metric
        assert values[-1] == pytest.approx(right, abs=2e-3 * max(1.0, right)), metric
