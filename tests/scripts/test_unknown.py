"""What is warned of before it runs: parameters that a script does not know, evaluations that never come."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui import studyfile
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.operations.script_space import unknown_settings
from hptui.scripts.inspect.inputs.training_fields import TRAINING_FIELDS
from hptui.scripts.preflight import preflight_warnings
from hptui.studyfile.validate_search import schedule_warnings
from hptui.trainers import registry

SCRIPTS = {
    "argparse": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float)\np.parse_args()\n",
    "fire": "import fire\ndef train(lr: float = 0.1):\n    print('val loss', lr)\nfire.Fire(train)\n",
    "constants": "lr = 0.1\nprint('val loss', lr)\n",
}
LIBRARY = """from transformers import HfArgumentParser, TrainingArguments
(args,) = HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses()
"""
HEAD = """name = "t"
[objective]
metric = "val_loss"
[space]
lr = "1e-3..1e-1 log"
[trainer]
kind = "command"
command = ["python", "t.py"]
style = "{0}"
help = false
{1}
"""


def study(tmp_path: Path, source: str, style: str = "argparse", lines: str = "lr = 0.1") -> Study:
    (tmp_path / "t.py").write_text(source)
    return studyfile.read_text(HEAD.format(style, lines), directory=str(tmp_path), schema=registry.schema)


@pytest.mark.parametrize("style", SCRIPTS)
def test_a_setting_that_the_script_does_not_show_is_warned_of(style: str, tmp_path: Path) -> None:
    made = study(tmp_path, SCRIPTS[style], style)
    assert not list(unknown_settings(made, {"lr": 0.2, "workdir": "a"}))
    for name in ("lrr", "learning", "x"):
        [warned] = unknown_settings(made, {"lr": 0.2, name: 1})
        assert warned.startswith(f"{name}: the script's source shows no such parameter")


def test_nothing_is_warned_of_where_the_source_shows_nothing(tmp_path: Path) -> None:
    for source in ("import sys\nrun(sys.argv)\n", "print(", ""):
        assert not list(unknown_settings(study(tmp_path, source), {"lrr": 1}))


def test_fields_of_the_training_arguments_of_a_library_are_known(tmp_path: Path) -> None:
    made = study(tmp_path, LIBRARY, "hf", "learning_rate = 0.1")
    assert not list(unknown_settings(made, dict.fromkeys(TRAINING_FIELDS, 1)))
    assert list(unknown_settings(made, {"eval_strateggy": "epoch"}))
    settings: dict[str, Value] = {"kind": "command", "command": ["python", "t.py"], "style": "hf", "help": False}
    given = {**settings, "learning_rate": 0.1, "eval_strategy": "epoch", "lr_scheduler_kwargs": "a", "max_steps": 3}
    assert preflight_warnings(given, str(tmp_path), parallel=1, repeated=False) == []


INTERVALS = ["eval_every", "eval_steps", "eval_interval", "VALIDATE_EVERY", "val_interval", "evaluation_freq"]
LENGTHS = ["max_steps", "NUM_BATCHES", "max_iters", "train_steps", "num_train_steps", "iterations"]


@pytest.mark.parametrize(("every", "length"), [*itertools.product(INTERVALS, LENGTHS)])
def test_an_evaluation_that_never_comes_is_warned_of(every: str, length: str, tmp_path: Path) -> None:
    for interval, steps, is_late in ((100, 50, True), (100, 100, False), (10, 50, False), (100, -1, False)):
        made = study(tmp_path, "", lines=f"{every} = {interval}\n{length} = {steps}")
        warned = list(schedule_warnings(made, made.trainer.settings))
        assert any(text.startswith(f"{every}: 100 is more than the 50 steps") for text in warned) is is_late
        by_epochs = study(tmp_path, "", lines=f'{every} = {interval}\n{length} = {steps}\neval_strategy = "epoch"')
        assert not list(schedule_warnings(by_epochs, by_epochs.trainer.settings))
