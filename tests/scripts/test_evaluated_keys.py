"""Names that a script prints from tables: those its evaluations write out, and never the half that its source shows."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script
from tests.scripts.metrics.test_parts import points

LINES = {
    "of a logger": "logging.info('%s %s at step %d: %f' % (mode, key, step, table[key]))",
    "in an f-string": "print(f'{mode} {key}: {table[key]:.4f}')",
}
LOOPS = ["for key in table:", "for key in table.keys():", "for key in sorted(table):"]
LOG = """
def log_metrics(mode, step, table):
    {loop}
        {line}
"""
MAIN = """
import logging
logging.basicConfig(level=logging.INFO)
{log}
for step in range(100):
    log_metrics("Training average", step, train_step(model))
    log_metrics("Valid", step, {evaluation}(model))
"""
EVALUATION = """
def test_step(model):
    logs = []
    for ranking in rankings(model):
        logs.append({"MRR": 1 / ranking, "HITS@10": float(ranking <= 10)})
    return {name: sum(log[name] for log in logs) / len(logs) for name in logs[0]}
"""


@pytest.mark.parametrize(("line", "loop"), [*itertools.product(LINES, LOOPS)])
def test_keys_of_the_evaluations_name_what_is_printed(line: str, loop: str, tmp_path: Path) -> None:
    (path := tmp_path / "train.py").write_text(
        EVALUATION + MAIN.format(log=LOG.format(loop=loop, line=LINES[line]), evaluation="test_step")
    )
    script = inspect_script(path)
    assert script.metrics[:2] == ["val_mrr", "val_hits_10"]
    assert not script.minimized


@pytest.mark.parametrize(("line", "loop"), [*itertools.product(LINES, LOOPS)])
def test_a_split_alone_is_no_metric_where_its_keys_are_unknown(line: str, loop: str, tmp_path: Path) -> None:
    text = MAIN.format(log=LOG.format(loop=loop, line=LINES[line]), evaluation="library.evaluate")
    (path := tmp_path / "train.py").write_text(text)
    assert inspect_script(path).metrics == []


@pytest.mark.parametrize("name", ["MRR", "MR", "HITS@10", "Recall@20", "NDCG@5", "RMSE", "precision"])
@pytest.mark.parametrize("between", ["at step {}", "after epoch {}", "in iteration {}", "at epoch {}/9"])
def test_a_counter_between_a_name_and_its_value_is_no_part_of_the_name(name: str, between: str, tmp_path: Path) -> None:
    lines = [f"2026-01-01 10:00:0{n} INFO     Valid {name} {between.format(n)}: 0.{n}5" for n in (1, 2, 3)]
    assert points(tmp_path, lines, f"Valid {name}") == [0.15, 0.25, 0.35]
