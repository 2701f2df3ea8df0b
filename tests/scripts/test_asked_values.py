"""Options that a script cannot do without: what it asks a person for, what it chooses by, what it fills in itself."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.inputs.guesses import guess_value
from hptui.scripts.inspect.syntax import ScriptOption

HEAD = "import argparse, getpass\nfrom os import listdir\np = argparse.ArgumentParser()\np.add_argument('--value'{0})\n"
ASKING = {
    "v = args.value or getpass.getpass()": True,
    "v = args.value or input('value? ')": True,
    "if args.value is None:\n    args.value = input('value? ')": True,
    "if not args.value:\n    v = getpass.getpass('value? ')": True,
    "v = args.value or 'own'": False,
    "if args.value is None:\n    args.value = 'own'": False,
    "v = args.value if args.value else 'own'": False,
    "if args.value:\n    v = input('sure? ')": False,
}


@pytest.mark.parametrize("line", ASKING)
@pytest.mark.parametrize("given", ["", ", default=None", ", default=''"])
def test_what_a_person_would_be_asked_for_is_demanded(line, given, tmp_path):
    (path := tmp_path / "train.py").write_text(f"{HEAD.format(given)}args = p.parse_args()\n{line}\nprint('loss', 1)\n")
    [option] = inspect_script(path).options
    assert option.required is (ASKING[line] and not ("''" in given and "is None" in line))
    run = subprocess.run([sys.executable, str(path)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (run.returncode != 0) is option.required, run.stderr


LOADERS = {
    "if path is None:\n        path = '/'": False,
    "if not path:\n        path = '/'": False,
    "path = path or '/'": False,
    "path = '/' if path is None else path": False,
    "path = path + '/'": True,
}


@pytest.mark.parametrize("line", LOADERS)
@pytest.mark.parametrize("call", ["load(args.data_dir)", "load(path=args.data_dir)", "load(0.1, args.data_dir)"])
def test_what_a_function_fills_in_itself_is_not_demanded(line, call, tmp_path):
    head = HEAD.replace("value", "data_dir").format("")
    arguments = "rate, path" if "0.1" in call else "path"
    body = f"def load({arguments}):\n    {line}\n    return listdir(path)\n"
    body += f"args = p.parse_args()\n{call}\nprint('loss', 1)\n"
    (path := tmp_path / "train.py").write_text(head + body)
    [option] = inspect_script(path).options
    assert option.required is LOADERS[line]
    run = subprocess.run([sys.executable, str(path)], capture_output=True, check=False)
    assert (run.returncode != 0) is LOADERS[line]


MODES = ("train", "test", "predict", "export")


@pytest.mark.parametrize("order", [*itertools.permutations(MODES, 3)])
def test_a_mode_without_a_default_is_the_one_that_trains(order, tmp_path):
    chain = "".join(
        f"{'el' if number else ''}if args.value == '{mode}':\n    {'fit()' if mode == 'train' else 'show()'}\n"
        for number, mode in enumerate(order)
    )
    text = f"{HEAD.format(', type=str')}args = p.parse_args()\ndef fit(): print('loss', 1)\ndef show(): pass\n{chain}"
    (path := tmp_path / "train.py").write_text(text)
    [option] = inspect_script(path).options
    assert option.default == ("train" if "train" in order else None)
    if option.default:
        run = subprocess.run([sys.executable, str(path), "--value", "train"], capture_output=True, check=True)
        assert b"loss" in run.stdout


HELPS = {
    "train | test": "train",
    "train/test": "train",
    "mode: train|test|predict": "train",
    "which model (mlp/cnn)": "mlp",
    "'adam' or 'sgd'": "adam",
    "path of the data": None,
    "data/train.csv is read": None,
    "tokens per second (tokens/s) or more words": "tokens",
    "": None,
}


@pytest.mark.parametrize("text", HELPS)
def test_the_values_that_a_help_text_lists_are_guessed_from(text):
    assert guess_value(ScriptOption("arch", "arch", "str", help=text, required=True)) == HELPS[text]
