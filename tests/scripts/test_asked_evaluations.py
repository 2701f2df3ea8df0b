"""An option of a script that leaves evaluations at "no" asks for them in a new study, where there surely is data."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import inspect_script

CLASS = """from dataclasses import dataclass, field
from typing import Optional
from transformers import HfArgumentParser, Trainer, TrainingArguments
@dataclass
class ScriptArguments:
    lr: float = field(default=1e-4)
    size: int = field(default=0)
    {option}: Optional[str] = field(default={default})
a = HfArgumentParser(ScriptArguments).parse_args_into_dataclasses()[0]
"""
PARSER = """import argparse
from transformers import Trainer, TrainingArguments
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=1e-4)
p.add_argument("--size", type=int, default=0)
p.add_argument("--{option}", type=str, default={default})
a = p.parse_args()
"""
TRAINS = """args = TrainingArguments("o", learning_rate=a.lr, {option}=a.{option})
{lines}
t = Trainer(model=m, args=args, train_dataset=x, eval_dataset={data})
t.train()
"""
DATA = {("", "y"): True, ("y = load()", "y"): True, ("", 'data["test"]'): True, ("y = None", "y"): False,
        ("y = load() if a.size else None", "y"): False, ("", "load() if a.size else None"): False,
        ("", "None"): False}  # fmt: skip


@pytest.mark.parametrize(
    ("head", "option", "default"),
    [*itertools.product((CLASS, PARSER), ("eval_strategy", "evaluation_strategy"), ('"no"', "None", '"steps"'))],
)
def test_evaluations_are_asked_for_where_there_surely_is_data(
    head: str, option: str, default: str, tmp_path: Path
) -> None:
    for (lines, data), is_sure in DATA.items():
        text = head.format(option=option, default=default) + TRAINS.format(option=option, lines=lines, data=data)
        (tmp_path / "train.py").write_text(text)
        script = inspect_script(tmp_path / "train.py")
        asked = next(o.default for o in script.options if o.name == option)
        written = default.strip('"') if default != "None" else None
        assert asked == ("epoch" if is_sure and written != "steps" else written), (lines, data)
        if is_sure:
            assert script.metrics[0] == "eval_loss"
        elif written != "steps":
            assert script.metrics[0] == "train_loss"


PARSED = """from dataclasses import dataclass, field
import transformers
from transformers import HfArgumentParser, Trainer, TrainingArguments
@dataclass
class Data:
    lr: float = field(default=1e-4)
@dataclass
class Settings{bases}:
    output_dir: str = field(default="o")
a = HfArgumentParser({given}).parse_args_into_dataclasses()[-1]
t = Trainer(model=m, args=a, train_dataset=x, eval_dataset=y)
t.train()
"""
GIVEN = ["{name}", "({name},)", "(Data, {name})", "[Data, {name}]", "dataclass_types=[Data, {name}]"]


@pytest.mark.parametrize("given", GIVEN)
def test_no_option_is_added_to_classes_of_the_scripts_own(given: str, tmp_path: Path) -> None:
    """A class that only looks like TrainingArguments would refuse `--eval_strategy`."""
    kinds = [("", "Settings", False), ("(TrainingArguments)", "Settings", True), ("", "TrainingArguments", True)]
    kinds += [("", "transformers.TrainingArguments", True), ("(transformers.TrainingArguments)", "Settings", True)]
    for bases, name, is_added in kinds:
        (tmp_path / "train.py").write_text(PARSED.format(bases=bases, given=given.format(name=name)))
        asked = [option.default for option in inspect_script(tmp_path / "train.py").options if "eval_st" in option.name]
        assert asked == (["epoch"] if is_added else []), (bases, name)
