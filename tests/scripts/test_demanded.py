"""Options that a script cannot do without though their default is none: found, said by `new`, warned of by `check`."""

from __future__ import annotations

import itertools

import pytest

from hptui.scripts.inspect import inspect_script
from hptui.scripts.preflight import preflight_warnings

ARGPARSE = (
    "import argparse, os\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=0.1)\n"
    "{}args = p.parse_args()\n{}\n"
)
OPTION = "p.add_argument('--{0}', {1})\n"
NEEDS = {
    "opened": "text = open(args.{0})",
    "read as a table": "frame = pandas.read_csv(args.{0})",
    "joined to a path": "file = os.path.join(args.{0}, 'train.txt')",
    "split": "sizes = [int(n) for n in args.{0}.split(',')]",
    "loaded": "model = AutoModel.from_pretrained(args.{0})",
    "loaded by the other name": "model = Tokenizer.from_pretrained(args.other or args.{0})",
    "loaded where no other is": "model = Tokenizer.from_pretrained(args.other if args.other else args.{0})",
    "counted with": "steps = args.{0} * 3",
    "in a function": "def main():\n    return open(args.{0})\nmain()",
    "in the program": "if __name__ == '__main__':\n    open(args.{0})",
    "asserted": "assert args.{0} is not None, 'give it'",
    "raised for": "if args.{0} is None:\n    raise ValueError('give it')",
    "raised for where it is empty": "if not args.{0}:\n    raise ValueError('give it')",
    "said by the parser": "if args.{0} is None:\n    p.error('give it')",
    "raised for in the last branch": (
        "if args.{0} == 'a':\n    n = 1\nelif args.{0} is not None:\n    n = 2\nelse:\n    raise ValueError"
    ),
}
FREE = {
    "asked for": "if args.{0}:\n    open(args.{0})",
    "asked for elsewhere": "ok = args.{0} is not None\nopen(args.{0})",
    "set": "args.{0} = args.{0} or 'a.txt'\nopen(args.{0})",
    "only printed": "print(args.{0})",
    "only used if another is given": "if args.other:\n    open(args.{0})",
    "tried": "try:\n    open(args.{0})\nexcept TypeError:\n    pass",
    "of another object": "open(node.{0})",
    "never called": "def never():\n    return open(args.{0})",
    "raised for if another is given": "if args.other is not None and args.{0} is None:\n    raise ValueError",
    "in a function that another option calls": ("def later():\n    return open(args.{0})\nif args.other:\n    later()"),
    "in a function of a function that another option calls": (
        "def last():\n    return open(args.{0})\ndef later():\n    last()\nif args.other:\n    later()"
    ),
    "raised for in a function that another option calls": (
        "def later():\n    if args.{0} is None:\n        raise ValueError\nif args.other:\n    later()"
    ),
    "filled in from a file": "vars(args).update(load())\nopen(args.{0})",
    "filled in by name": "setattr(args, key, value)\nopen(args.{0})",
    "raised for after a return": "def f():\n    return 1\n    assert args.{0}\nf()",
    "raised for as it is given": "if args.{0} is not None:\n    raise ValueError",
}
NAMES = ["data_path", "name", "spec"]


def inspected(tmp_path, needs, name, declared="type=str"):
    path = tmp_path / "t.py"
    options = OPTION.format(name, declared) + OPTION.format("other", "type=str")
    path.write_text(ARGPARSE.format(options, f"{needs.format(name)}\nprint('val loss', args.lr)"))
    return inspect_script(path)


@pytest.mark.parametrize("use", NEEDS)
def test_what_a_script_cannot_do_without_is_demanded(use, tmp_path):
    for name, declared in itertools.product(NAMES, ("type=str", "default=None", "type=str, default=None")):
        found = inspected(tmp_path, NEEDS[use], name, declared)
        assert [option.name for option in found.options if option.required] == [name], (name, declared)
        assert not found.needs_one_of


@pytest.mark.parametrize("use", FREE)
def test_what_a_script_can_do_without_is_not_demanded(use, tmp_path):
    for name in NAMES:
        found = inspected(tmp_path, FREE[use], name)
        assert not any(option.required for option in found.options), name
        assert not found.needs_one_of


GROUPS = [
    "if args.{0} is None and args.{1} is None:\n    raise ValueError('one of them')",
    "if not args.{0} and not args.{1}:\n    raise ValueError('one of them')",
    "if not (args.{0} or args.{1}):\n    raise ValueError('one of them')",
    "assert args.{0} or args.{1}",
    "if args.lr > 0:\n    pass\nif args.{0} is None and args.{1} is None:\n    p.error('one of them')",
]


@pytest.mark.parametrize("test", GROUPS)
def test_options_of_which_one_is_demanded_are_a_group_and_check_says_so(test, tmp_path):
    first, second = "dataset_name", "train_file"
    path = tmp_path / "t.py"
    options = OPTION.format(first, "type=str") + OPTION.format(second, "type=str")
    path.write_text(ARGPARSE.format(options, f"{test.format(first, second)}\nprint('val loss', args.lr)"))
    found = inspect_script(path)
    assert found.needs_one_of == [[first, second]]
    assert not any(option.required for option in found.options)
    for given in ({}, {first: "a"}, {second: "b.txt"}):
        settings = {"kind": "command", "command": ["python", "t.py"], "lr": 0.1, "help": False, **given}
        warnings = preflight_warnings(settings, str(tmp_path), parallel=1, repeated=False)
        assert any("demands one of" in warning for warning in warnings) is not bool(given)


FIELDS = """
from dataclasses import dataclass, field
from typing import Optional
from transformers import HfArgumentParser
@dataclass
class Data:
    lr: float = 0.1
    {0}: Optional[str] = field(default=None)
    {1}: Optional[str] = field(default=None)
    def __post_init__(self):
        if self.{0} is None and self.{1} is None:
            raise ValueError("Need either of them")
(args,) = HfArgumentParser((Data,)).parse_args_into_dataclasses()
print("val loss", args.lr)
"""


def test_a_dataclass_that_raises_names_its_group(tmp_path):
    path = tmp_path / "t.py"
    path.write_text(FIELDS.format("dataset_name", "train_file"))
    assert inspect_script(path).needs_one_of == [["dataset_name", "train_file"]]


def test_an_argument_of_fire_that_is_asserted_is_demanded(tmp_path):
    for default in ("''", "None"):
        path = tmp_path / "t.py"
        path.write_text(
            f"import fire\ndef train(base: str = {default}, lr: float = 0.1):\n    assert base, 'give it'\n"
            "    print('val loss', lr)\nfire.Fire(train)\n"
        )
        assert [option.name for option in inspect_script(path).options if option.required] == ["base"]


@pytest.mark.parametrize("words", [["--data_path=a"], ["--data_path", "a"], ["--data-path=a"], ["run.yaml"], []])
def test_check_says_what_nothing_gives(words, tmp_path):
    inspected(tmp_path, NEEDS["opened"], "data_path")
    settings = {"kind": "command", "command": ["python", "t.py", *words], "lr": 0.1, "help": False}
    warnings = preflight_warnings(settings, str(tmp_path), parallel=1, repeated=False)
    assert any("data_path: the script demands it" in warning for warning in warnings) is not bool(words)
    assert not preflight_warnings({**settings, "data_path": "a"}, str(tmp_path), parallel=1, repeated=False)


FILES = {
    "json_path": True, "data_file": True, "train_json": True, "labels": True, "annotations": True, "vocab": True,
    "config_file": False, "cfg": False, "hparams": False, "settings": False, "train_config": False,
    "params_file": False, "yaml": False, "exp_file": False, "model_cfg": False,
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("ending", [".json", ".yaml"])
@pytest.mark.parametrize("place", ["a parameter", "a word", "two words"])
def test_a_file_of_data_gives_no_option_a_value(name, ending, place, tmp_path):
    """What is demanded is said unless an option for a file of settings may give it."""
    (tmp_path / "t.py").write_text(
        ARGPARSE.format(
            OPTION.format(name, "type=str, required=True") + OPTION.format("n_cpus", "type=int, required=True"),
            "print('val loss', args.lr)",
        )
    )
    words = {"a word": [f"--{name}=a{ending}"], "two words": [f"--{name}", f"a{ending}"]}.get(place, [])
    settings = {"kind": "command", "command": ["python", "t.py", *words], "lr": 0.1, "help": False}
    settings |= {name: f"a{ending}"} if not words else {}
    warnings = preflight_warnings(settings, str(tmp_path), parallel=1, repeated=False)
    assert any("n_cpus: the script demands it" in warning for warning in warnings) is FILES[name]
    assert not preflight_warnings({**settings, "n_cpus": 2}, str(tmp_path), parallel=1, repeated=False)


EVALUATES = ["if args.{0} > 0:", "if args.{0}:", "if args.{0} != 0:", "if args.{0} >= 1:", "if args.{0} and step > 1:"]


@pytest.mark.parametrize("test", EVALUATES)
@pytest.mark.parametrize(("every", "is_on"), [(0, False), (10, True)])
def test_what_is_measured_only_where_a_number_is_given_is_no_objective(test, every, is_on, tmp_path):
    path = tmp_path / "t.py"
    options = OPTION.format("val_every", f"type=int, default={every}")
    lines = f"{test.format('val_every')}\n    print(f'val loss {{loss}}')\nprint(f'train loss {{loss}}')"
    path.write_text(ARGPARSE.format(options, lines))
    assert (inspect_script(path).metrics[0] == "val_loss") is is_on
