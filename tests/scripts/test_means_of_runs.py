"""Where a script trains several times, the mean that it prints at its end stands for a trial, not its luckiest run."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from statistics import fmean, stdev

import pytest

from hptui.operations.new_script import study_file_of_script
from tests.scripts.metrics.test_parts import points

LOOPS = [
    "for run in range(args.runs):",
    "for seed in seeds:",
    "for fold in range(5):",
    "for i_run, seed in enumerate([1, 2]):",
]
SIGNS = ["±", "+/-", "+-"]
SCRIPT = """
import argparse
import numpy as np
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--runs", type=int, default=10)
args = p.parse_args()
values = []
{loop}
    for epoch in range(100):
        loss, val_acc = train(args.lr), evaluate(model, val_loader)
        print(f"Epoch: {{epoch}}, Loss: {{loss:.4f}}, Valid: {{val_acc:.4f}}")
    test_acc = evaluate(model, test_loader)
    values.append(test_acc)
    print(f"{name}: {{test_acc:.2f}}")
print(f"{name}: {{np.mean(values):.2f}} {sign} {{np.std(values):.2f}}")
"""


def file_of(folder: Path, text: str) -> str:
    (path := folder / "train.py").write_text(text)
    return study_file_of_script(path, folder)[0]


@pytest.mark.parametrize(("loop", "sign"), [*itertools.product(LOOPS, SIGNS)])
def test_the_mean_of_runs_is_the_objective_and_its_last_value_counts(loop: str, sign: str, tmp_path: Path) -> None:
    text = file_of(tmp_path, SCRIPT.format(loop=loop, sign=sign, name="Test accuracy"))
    assert 'metric = "test_accuracy"' in text
    assert 'select = "last"' in text


def test_how_often_a_script_trains_is_never_searched(tmp_path: Path) -> None:
    text = file_of(tmp_path, SCRIPT.format(loop=LOOPS[0], sign="±", name="Test accuracy"))
    assert "# runs" not in text.partition("[space]")[2]
    assert "\nlr = " in text.partition("[space]")[2]


LOGGER = """
class Logger:
    def print_statistics(self, run=None):
        if run is not None:
            print(f"{best} Valid: {{result[:, 1].max():.2f}}")
        else:
            r = best_result[:, 1]
            print(f"{best} Valid: {{r.mean():.2f}} ± {{r.std():.2f}}")
            r = best_result[:, 3]
            print(f"Final Test: {{r.mean():.2f}} ± {{r.std():.2f}}")
"""
MAIN = """
import argparse
from logger import Logger
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--runs", type=int, default=10)
args = p.parse_args()
logger = Logger(args.runs)
for run in range(args.runs):
    for epoch in range(100):
        train_acc, valid_acc, test_acc = test(model)
        print(f"Run: {run:02d}, Epoch: {epoch:02d}, Train: {train_acc:.2f}%, "
              f"Valid: {valid_acc:.2f}%, Test: {test_acc:.2f}%")
    logger.print_statistics(run)
logger.print_statistics()
"""


@pytest.mark.parametrize(("best", "goal"), [("Highest", "maximize"), ("Lowest", "minimize"), ("Max", "maximize")])
def test_a_logger_of_runs_in_another_module_has_the_objective(best: str, goal: str, tmp_path: Path) -> None:
    (tmp_path / "logger.py").write_text(LOGGER.format(best=best))
    text = file_of(tmp_path, MAIN)
    assert f'metric = "{best.lower()}_val"' in text
    assert f'goal = "{goal}"' in text
    assert 'select = "last"' in text


@pytest.mark.parametrize(("sign", "runs"), [*itertools.product(SIGNS, [2, 3, 5, 10])])
def test_the_mean_with_its_spread_stands_for_the_trial(sign: str, runs: int, tmp_path: Path) -> None:
    rng = random.Random(f"{sign}{runs}")
    lines, values = [], []
    for run in range(runs):
        lines += [f"Run: {run:02d}, Epoch: {n:02d}, Valid: {rng.uniform(20, 60):.2f}%" for n in (5, 10)]
        values.append(round(rng.uniform(40, 60), 2))
        lines += [f"Run {run:02d}:", f"Highest Valid: {values[-1]:.2f}", f"   Final Test: {rng.uniform(40, 60):.2f}"]
    lines += ["All runs:", f"Highest Valid: {fmean(values):.2f} {sign} {stdev(values):.2f}"]
    assert points(tmp_path, lines, "highest_val") == [pytest.approx(fmean(values), abs=0.006)]


@pytest.mark.parametrize("sign", SIGNS)
def test_a_value_with_a_spread_that_is_no_mean_of_those_before_costs_none_of_them(sign: str, tmp_path: Path) -> None:
    lines = [f"epoch {n} eval return: {10 * n}.0 {sign} 3.0" for n in (1, 2, 3)]
    assert points(tmp_path, lines, "eval_return") == [10.0, 20.0, 30.0]
