"""The objective of a script whose library evaluates seldom, or never, is what a run really has."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hptui.scripts.inspect import InspectedScript, inspect_script

HEAD = """import argparse
import transformers
from transformers import IntervalStrategy, Trainer, TrainingArguments
p = argparse.ArgumentParser()
p.add_argument("--size", type=int, default=0)
p.add_argument("--much", type=int, default=9)
p.add_argument("--when", default="no")
p.add_argument("--often", default="steps")
a = p.parse_args()
common = dict(output_dir="o", seed=3)
full = {"output_dir": "o", "eval_strategy": "epoch"}
def made(given): return TrainingArguments("o", **given)
def plain(seed): return TrainingArguments("o", seed=seed)
"""
ASKS = {
    "'epoch'": True, "'steps'": True, "IntervalStrategy.STEPS": True, "a.often": True, "unknown()": True,
    "'steps' if a.much > 0 else 'no'": True, "'steps' if some else 'no'": True,
    "'no'": False, "IntervalStrategy.NO": False, "a.when": False, "'steps' if a.size > 0 else 'no'": False,
    "'steps' if a.size else 'no'": False, "'no' if not a.size else 'epoch'": False,
}  # fmt: skip
"""Expressions of a strategy, each with whether it asks for evaluations as the script runs by default."""
SILENT = ("TrainingArguments('o')", "TrainingArguments('o', eval_steps=5)", "TrainingArguments(**common)", "plain(7)")
MADE = {
    "in its place": "t = Trainer(model=m, args={args}, train_dataset=x, {data})\nt.train()\n",
    "by position": "t = transformers.Trainer(m, {args}, train_dataset=x, {data})\nt.train()\n",
    "in a variable": "args = {args}\nt = Trainer(model=m, args=args, train_dataset=x, {data})\nt.train()\n",
    "in a class of its own": "class MyTrainer(Trainer): pass\nt = MyTrainer(args={args}, {data})\nt.train()\n",
}


def seen(folder: Path, text: str) -> InspectedScript:
    path = folder / "train.py"
    path.write_text(text)
    return inspect_script(path)


@pytest.mark.parametrize(("made", "name"), [*itertools.product(MADE, ("eval_strategy", "evaluation_strategy"))])
def test_an_evaluation_is_the_objective_only_where_it_is_asked_for(made: str, name: str, tmp_path: Path) -> None:
    cases = [(f"TrainingArguments('o', {name}={value})", asks) for value, asks in ASKS.items()]
    cases += [(text, False) for text in SILENT] + [("TrainingArguments(**full)", True), ("made(unknown)", True)]
    for args, asks in cases:
        for data, has_data in {
            "eval_dataset=y": True,
            "": False,
            "eval_dataset=y if a.size > 0 else None": False,
        }.items():
            script = seen(tmp_path, HEAD + MADE[made].format(args=args, data=data))
            assert (script.metrics[0] == "eval_loss") == (asks and has_data), (args, data, script.metrics)
            is_noted = any("never evaluates" in note for note in script.notes)
            assert is_noted == (has_data and not asks), (args, data, script.notes)


PARSED = """import transformers
from dataclasses import dataclass, field
from transformers import HfArgumentParser, Trainer, TrainingArguments
@dataclass
class DataArguments:
    data_path: str = field(default="d.json")
    eval_path: str = field(default=None)
def module(data_args):
    x = load(data_args.data_path)
{lines}
def train():
    data_args, args = HfArgumentParser((DataArguments, TrainingArguments)).parse_args_into_dataclasses()
    data = module(data_args)
    t = Trainer(model=m, args=args, {given})
    t.train()
train()
"""
TABLES = ("dict(train_dataset=x, eval_dataset={value})", "{{'train_dataset': x, 'eval_dataset': {value}}}",
          "OrderedDict([('train_dataset', x), ('eval_dataset', {value})])")  # fmt: skip
HELD_OUT = {
    ("", "x[5:]"): True,
    ("    y = x[5:]\n", "y"): True,
    ("    y = kind(x)\n", "y"): True,
    ("", "None"): False,
    ("    y = None\n", "y"): False,
    ("    y = load(data_args.eval_path) if data_args.eval_path else None\n", "y"): False,
    ("", "load(data_args.eval_path) if data_args.eval_path else None"): False,
    ("    if data_args.eval_path:\n        y = load()\n    else:\n        y = None\n", "y"): False,
    ("    y = None\n    if data_args.eval_path:\n        y = load()\n", "y"): False,
}
"""Lines of a function and its data to evaluate with, each with whether it surely has some."""


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("given", ["**data", "**module(data_args)"])
def test_parsed_arguments_ask_for_evaluations_only_of_data_that_a_table_surely_has(
    table: str, given: str, tmp_path: Path
) -> None:
    for (lines, value), is_sure in HELD_OUT.items():
        body = lines + f"    return {table.format(value=value)}"
        script = seen(tmp_path, PARSED.format(lines=body, given=given))
        asked = [option.default for option in script.options if option.name == "eval_strategy"]
        assert asked == (["epoch"] if is_sure else []), (lines, value)
        assert script.metrics[0] == ("eval_loss" if is_sure else "train_loss"), (lines, value, script.metrics)
        assert not any("never evaluates" in note for note in script.notes)
        assert any("only a training loss" in note for note in script.notes) == (not is_sure)


CALLS = {
    "t.evaluate()": "eval_loss",
    "print(t.evaluate(eval_dataset=y))": "eval_loss",
    "r = t.evaluate(y, metric_key_prefix='test')": "test_loss",
    "if a.much:\n    t.evaluate()": "eval_loss",
    "if a.check:\n    t.evaluate()": "train_loss",
    "if args.do_eval:\n    t.evaluate()": "train_loss",
    "other.evaluate(y)": "train_loss",
}


@pytest.mark.parametrize("call", CALLS)
def test_an_evaluation_that_the_script_calls_counts_where_it_runs(call: str, tmp_path: Path) -> None:
    for data in ("", "eval_dataset=y"):
        text = HEAD.replace("a = p", "p.add_argument('--check', action='store_true')\na = p")
        made = MADE["in a variable"].format(args="TrainingArguments('o')", data=data)
        assert seen(tmp_path, f"{text}{made}{call}\n").metrics[0] == CALLS[call], data


OFTEN = {
    "logging_steps=1": True, "logging_steps=10": True, "logging_steps=a.much": True, "logging_steps=0.1": True,
    "logging_strategy='epoch'": True, "logging_first_step=True, logging_steps=500": True,
    "": False, "logging_steps=500": False, "logging_steps=unknown": False, "logging_strategy='no'": False,
}  # fmt: skip


@pytest.mark.parametrize("given", OFTEN)
def test_a_loss_that_is_logged_seldom_is_not_the_objective(given: str, tmp_path: Path) -> None:
    for made in MADE.values():
        script = seen(tmp_path, HEAD + made.format(args=f"TrainingArguments('o', {given})", data=""))
        assert script.metrics[0] == ("loss" if OFTEN[given] else "train_loss"), (given, script.metrics)


@pytest.mark.parametrize("module", ["pytorch_lightning", "lightning"])
def test_the_trainer_of_another_library_logs_nothing_of_this_one(module: str, tmp_path: Path) -> None:
    for imported, made in ((f"import {module} as pl", "pl.Trainer()"), (f"from {module} import Trainer", "Trainer()")):
        text = f"import transformers\n{imported}\ntrainer = {made}\nprint(f'val_f1: {{f:.3f}}')\n"
        assert seen(tmp_path, text).metrics == ["val_f1"]
    text = "import transformers\nclass Trainer:\n    def fit(self): print(f'val_f1: {f:.3f}')\nTrainer().fit()\n"
    assert seen(tmp_path, text).metrics == ["val_f1"]


LIGHTNING = """import lightning as L
from torch.utils.data import DataLoader
class Module(L.LightningModule):
    def training_step(self, batch, i):
        self.log("train_loss", self(batch), prog_bar=True)
    def validation_step(self, batch, i):
        self.log("val_loss", self(batch), prog_bar=True)
    def test_step(self, batch, i):
        self.log("test_loss", self(batch), prog_bar=True)
"""
LOADER = "    def {name}_dataloader(self):\n        return DataLoader(x)\n"
FITS = {
    "trainer.fit(m, train_loader, val_loader)": True,
    "trainer.fit(m, train_dataloaders=x, val_dataloaders=y)": True,
    "trainer.fit(m, datamodule=data)": True,
    "trainer.fit(m, data)": True,
    "trainer.fit(m, *loaders)": True,
    "trainer.fit(m)": True,
    "trainer.fit(m, train_loader)": False,
    "data = DataLoader(x)\ntrainer.fit(m, data)": False,
    "trainer.fit(m, train_dataloaders=data)": False,
    "trainer.fit(m, train_loader, val_dataloaders=None)": False,
}


@pytest.mark.parametrize("fit", FITS)
def test_a_validation_of_lightning_needs_data(fit: str, tmp_path: Path) -> None:
    for made, limit in {"L.Trainer(max_epochs=3)": None, "L.Trainer(limit_val_batches=0)": 0}.items():
        script = seen(tmp_path, f"{LIGHTNING}m = Module()\ntrainer = {made}\n{fit}\n")
        assert script.metrics[0] == ("val_loss" if FITS[fit] and limit is None else "train_loss"), (
            made,
            script.metrics,
        )
        assert "test_loss" not in script.metrics
    tested = seen(tmp_path, f"{LIGHTNING}m = Module()\ntrainer = L.Trainer()\n{fit}\ntrainer.test(m, z)\n")
    assert "test_loss" in tested.metrics
    own = LIGHTNING + LOADER.format(name="train") + LOADER.format(name="val")
    assert seen(tmp_path, f"{own}m = Module()\nt = L.Trainer()\nt.fit(m)\n").metrics[0] == "val_loss"
    alone = LIGHTNING + LOADER.format(name="train")
    assert seen(tmp_path, f"{alone}m = Module()\nt = L.Trainer()\nt.fit(m)\n").metrics[0] == "train_loss"


@pytest.mark.parametrize(
    ("given", "has_data"),
    [("validation_data=(x, y)", True), ("validation_split=0.1", True), ("validation_data=v if a.v else None", True),
     ("validation_data=None", False), ("validation_split=0.0", False), ("validation_split=a.split", False),
     ("", False)],
)  # fmt: skip
def test_keras_measures_held_out_data_where_it_has_some(given: str, has_data: bool, tmp_path: Path) -> None:
    text = (
        "import argparse, keras\np = argparse.ArgumentParser()\np.add_argument('--split', type=float, default=0.0)\n"
        f"a = p.parse_args()\nm = keras.Sequential()\nm.compile(loss='mse')\nm.fit(x, y, epochs=3, {given})\n"
    )
    assert ("val_loss" in seen(tmp_path, text).metrics) == has_data
