"""Tables that metrics of the library evaluate compute are objectives as the reader of output has them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.operations.new import write_study_file
from hptui.scripts.inspect import inspect_script
from hptui.scripts.metrics.lines import LineReader
from hptui.studyfile import read_file
from hptui.trainers import registry

LOADS = {
    'evaluate.load("glue", "mrpc")': ("accuracy", "f1"),
    'evaluate.load("accuracy")': ("accuracy",),
    'evaluate.combine(["accuracy", "f1"])': ("accuracy", "f1"),
    'evaluate.load("seqeval")': ("overall_f1", "overall_accuracy"),
    'evaluate.load("rouge")': ("rouge1", "rougeL"),
    'load_metric("f1")': ("f1",),
}
EPOCHS = ('print(f"epoch {epoch}:", eval_metric)', 'logger.info(f"epoch {epoch}: {eval_metric}")')
ENDS = (
    'print("Average test metrics from all folds:", test_metric)',
    'accelerator.print("Average test metrics from all folds:", test_metric)',
    'print(f"Test metrics: {test_metric}")',
)


@pytest.mark.parametrize(("load", "epoch", "end"), [*itertools.product(LOADS, EPOCHS, ENDS)])
def test_the_table_at_the_end_is_the_objective_by_the_words_before_it(
    load: str, epoch: str, end: str, tmp_path: Path
) -> None:
    lines = [
        "import evaluate, logging", "from datasets import load_metric", "from accelerate import Accelerator",
        "logger, accelerator = logging.getLogger(), Accelerator()", "lr = 1e-3", f"metric = {load}",
        "for fold in range(3):", "    for epoch in range(2):", "        eval_metric = metric.compute()",
        f"        {epoch}", "test_metric = metric.compute()", end,
    ]  # fmt: skip
    (tmp_path / "train.py").write_text("\n".join(lines))
    metrics = inspect_script(tmp_path / "train.py").metrics
    printed = {key: 0.25 + index / 8 for index, key in enumerate(LOADS[load])}
    shown = end.partition('"')[2].partition('"')[0].replace("{test_metric}", "").strip()
    reading = LineReader(tuple(metrics[:1])).read(f"{shown} {printed}")
    assert reading is not None
    assert metrics[0] in reading.metrics
    assert reading.metrics[metrics[0]] in printed.values()
    assert not any(
        metrics[0] in found.metrics for found in LineReader(tuple(metrics[:1])).read_all(f"epoch 0: {printed}")
    )


COUNTS_OF_ERRORS = ("incorrect", "incorrects", "mistakes", "misclassified", "misclassifications")


@pytest.mark.parametrize(("word", "form"), [*itertools.product(COUNTS_OF_ERRORS, ("{}: {{n}}", "val {}: {{n}}"))])
def test_a_count_of_errors_is_minimized(word: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["LEARNING_RATE = 3e-4", "n = wrong(LEARNING_RATE)", f"print(f'{form.format(word)}')"]
    Path("train.py").write_text("\n".join(lines))
    objective = read_file(write_study_file("train.py")[0], schema=registry.schema).objective
    assert word in objective.metric
    assert objective.goal == "minimize"


@pytest.mark.parametrize(
    ("flag", "given"), [*itertools.product(("output_data_dir", "output-data-dir"), ("os.environ['SM_OUT']", "None"))]
)
def test_a_directory_that_a_platform_makes_is_one_that_exists(
    flag: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = f"p.add_argument('--{flag}', type=str, default={given})\np.add_argument('--lr', type=float, default=0.1)"
    Path("train.py").write_text(
        f"import argparse, os\np = argparse.ArgumentParser()\n{options}\na = p.parse_args()\n"
        "open(os.path.join(a.output_data_dir, 'eval_results.txt'), 'w')\nprint(f'eval_loss: {a.lr:.4f}')\n"
    )
    command = read_file(write_study_file("train.py")[0], schema=registry.schema).trainer.settings["command"]
    assert f"--{flag}={{trial_dir}}" in command
