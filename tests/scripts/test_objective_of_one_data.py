"""An objective is of held-out data alone: what is shown of two kinds of data under one name is none."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from hptui.operations.new_script import study_file_of_script

HEAD = """import argparse
from tqdm import tqdm
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=1e-3)
a = p.parse_args()
"""
SHOWN = (
    "bar.set_postfix(accuracy=hits / n)",
    "bar.set_postfix({'accuracy': hits / n, 'loss': total / n})",
    "print(f'accuracy: {hits / n:.4f}')",
    "print('accuracy %.4f' % (hits / n))",
)
ONE_FUNCTION = """
def {name}(loader, {flag}):
    bar = tqdm(loader)
    for x, y in bar:
        hits, n, total = step(x, y)
        {shown}
{calls}
"""
CALLS = {
    "train=True": ("run_epoch(first, train=True)\nrun_epoch(second, train=False)", True),
    "training": ("run_epoch(first, True)\nrun_epoch(second, False)", True),
    "opt=None": ("run_epoch(train_loader, opt)\nrun_epoch(val_loader)", True),
    "opt": ("run_epoch(train_loader, opt)\nrun_epoch(test_dl, None)", True),
    "is_train=False": ("run_epoch(val_loader)", False),
    "best=None": ("run_epoch(val_loader)\nrun_epoch(test_loader)", False),
}


def written(folder: Path, text: str) -> tuple[dict[str, str], list[str], dict[str, object]]:
    """The objective, the notes and the trainer of a study file."""
    path = folder / "train.py"
    path.write_text(HEAD + text)
    study, notes = study_file_of_script(path, folder)
    table = tomllib.loads(study)
    return table["objective"], notes, table["trainer"]


@pytest.mark.parametrize(("flag", "shown"), [*itertools.product(CALLS, SHOWN)])
def test_one_function_that_shows_both_gives_no_objective(flag: str, shown: str, tmp_path: Path) -> None:
    calls, is_both = CALLS[flag]
    objective, notes, _ = written(tmp_path, ONE_FUNCTION.format(name="run_epoch", flag=flag, shown=shown, calls=calls))
    assert any("under one name" in note for note in notes) is is_both
    assert objective["metric"] == ("val_accuracy" if is_both else "accuracy")
    assert objective["goal"] == "maximize"


TWO_FUNCTIONS = """
def train(loader):
    for x in tqdm(loader):
        print("accuracy: %.4f" % first)
def {evaluate}(loader):
    for x in tqdm(loader):
        print("accuracy: %.4f" % second)
{other}
train(a)
{evaluate}(b)
"""


@pytest.mark.parametrize("evaluate", ["validate", "test", "evaluate", "eval_epoch"])
def test_functions_of_two_data_that_use_one_name_give_another_objective(evaluate: str, tmp_path: Path) -> None:
    objective, _, _ = written(tmp_path, TWO_FUNCTIONS.format(evaluate=evaluate, other="print('val_loss', x)"))
    assert objective["metric"] == "val_loss"
    objective, notes, _ = written(tmp_path, TWO_FUNCTIONS.format(evaluate=evaluate, other=""))
    assert objective["metric"] == "val_accuracy"
    assert any("under one name" in note for note in notes)


BAR = """
def run(loader, title):
    {made}
    for x in bar:
        bar.set_postfix(acc=hits / n)
run(a, "{first}")
run(b, "{second}")
"""
MADE = (
    "bar = tqdm(loader, desc=title)",
    "bar = tqdm(loader, title)",
    "bar = tqdm(loader)\n    bar.set_description(title)",
    "bar = tqdm(loader, desc=f'{title} pass')",
    "bar = tqdm(loader, desc='Epoch 3 ' + title)",
)


@pytest.mark.parametrize(("made", "word"), [*itertools.product(MADE, ("Validation", "val", "test", "Eval"))])
def test_bars_whose_labels_name_the_data_are_kept_apart(made: str, word: str, tmp_path: Path) -> None:
    objective, notes, _ = written(tmp_path, BAR.format(made=made, first="train", second=word))
    split = {"validation": "val"}.get(word.lower(), word.lower())
    assert objective["metric"].lower() == f"{split}_acc"
    assert objective["select"] == "last"  # of many values amid a pass the best would be the luckiest
    assert not any("under one name" in note for note in notes)


FIXED = (("val_acc = 0.0", True), ("val_acc = 0", True), ("val_acc, other = 0.0, 1", True),
         ("val_acc = 0.0\nfor x in y:\n    val_acc += x", False), ("val_acc = 0\nval_acc = test()", False),
         ("val_acc = 0\nval_acc, other = test()", False), ("for val_acc in y:\n    pass", False))  # fmt: skip


@pytest.mark.parametrize(("made", "is_fixed"), FIXED)
def test_what_never_changes_is_no_objective(made: str, is_fixed: bool, tmp_path: Path) -> None:
    objective, notes, _ = written(tmp_path, f"{made}\nprint(f'val_acc {{val_acc:.3f}} train_loss {{loss:.3f}}')\n")
    assert (objective["metric"] != "val_acc") is is_fixed
    assert any("never changes" in note for note in notes) is is_fixed


BEST = (
    'best is None or row["val_auc"] > best[1]["val_auc"]',
    'row["val_auc"] >= best["val_auc"]',
    'best[0][1]["val_auc"] < row["val_auc"]',
)


@pytest.mark.parametrize("best", BEST)
def test_a_comparison_with_an_entry_of_the_best_says_the_objective(best: str, tmp_path: Path) -> None:
    text = f'row = {{"epoch": e, "val_loss": x, "val_auc": y, "val_f1": z}}\nprint(row)\nif {best}:\n    best = row\n'
    objective, _, _ = written(tmp_path, text)
    assert (objective["metric"], objective["goal"]) == ("val_auc", "maximize")


@pytest.mark.parametrize("call", ["input('name? ')", "click.confirm('go on?')"])
def test_a_script_that_asks_is_noted(call: str, tmp_path: Path) -> None:
    _, notes, _ = written(tmp_path, f"answer = {call}\nprint('val_loss', x)\n")
    assert any("asks for an answer" in note for note in notes)
    _, notes, _ = written(tmp_path, "print('val_loss', x)\n")
    assert not any("asks for an answer" in note for note in notes)
