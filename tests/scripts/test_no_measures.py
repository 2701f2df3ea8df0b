"""Tables and texts of an evaluation are no objectives; what JAX's metric writers print is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script

HEAD = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=1e-3)\n"


@pytest.mark.parametrize("word", ["metrics", "results", "outputs", "predictions", "report", "stats", "log", "summary"])
def test_what_holds_measures_is_none(word: str, tmp_path: Path) -> None:
    for split in ("test", "eval", "val"):
        (tmp_path / "train.py").write_text(
            f'{HEAD}{split}_{word} = run(p.parse_args())\nprint(f"{split} {word}: {{{split}_{word}}}")\n'
        )
        assert inspect_script(tmp_path / "train.py").metrics == []


CLU = """from absl import app, flags
from clu import metric_writers
flags.DEFINE_float("learning_rate", 1e-3, "")
def main(argv):
    writer = metric_writers.create_default_writer("w")
    for step in range(9):
        {lines}
app.run(main)
"""
WRITTEN = {
    'writer.write_scalars(step, {"eval_loss": e, "train_loss": t})': "eval_loss",
    'writer.write_scalars(step, {f"val_{k}": v for k, v in {"accuracy": 1}.items()})': "val_accuracy",
    's = {}\n        s["test_accuracy"] = x\n        writer.write_scalars(step, s)': "test_accuracy",
}


@pytest.mark.parametrize("lines", WRITTEN)
def test_scalars_of_a_writer_that_prints_them_are_objectives(lines: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(CLU.format(lines=lines))
    assert inspect_script(tmp_path / "train.py").metrics[0] == WRITTEN[lines]
