"""Constants that stand in calls, signatures, namespaces and classes: what is listed, and what the script then has."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from hptui.scripts.constant_slots import find_slots
from hptui.scripts.inspect import inspect_script
from hptui.scripts.inspect.inputs.any_keywords import any_keywords
from hptui.scripts.inspect.inputs.constants import all_constants
from hptui.scripts.inspect.inputs.functions import signature_options
from hptui.scripts.inspect.syntax import literal_value
from hptui.scripts.inspect.unrolled import unrolled_calls
from hptui.scripts.metrics.columns import PrintedTableReader
from hptui.scripts.metrics.lines import LineReader
from hptui.scripts.with_constants import with_values

HEAD = "from dataclasses import dataclass, field\nfrom types import SimpleNamespace\n"
PLACES = {
    "default of a function": ("def train(lr={0!r}, epochs=3):\n    return lr\ngot = train()", "train.lr"),
    "keyword of a call": ("def train(lr=9, epochs=3):\n    return lr\ngot = train(lr={0!r})", "train.lr"),
    "word of a call": ("def train(lr, epochs=3):\n    return lr\ngot = train({0!r})", "train.lr"),
    "only by name": ("def train(*, lr={0!r}):\n    return lr\ngot = train()", "train.lr"),
    "class that is called": (
        "class Net:\n    def __init__(self, width, lr={0!r}):\n        self.lr = lr\ngot = Net(3).lr",
        "Net.lr",
    ),
    "dataclass": ("@dataclass\nclass C:\n    n: int = 1\n    lr: object = {0!r}\ngot = C().lr", "C.lr"),
    "dataclass that is given it": (
        "@dataclass\nclass C:\n    n: int = 1\n    lr: object = 9\ngot = C(lr={0!r}).lr",
        "C.lr",
    ),
    "field of a dataclass": (
        "@dataclass\nclass C:\n    lr: object = field(default_factory=lambda: {0!r})\ngot = C().lr",
        "C.lr",
    ),
    "namespace": ("args = SimpleNamespace(a=1, lr={0!r})\ngot = args.lr", "args.lr"),
    "namespace of a dictionary": ("args = SimpleNamespace(**{{'a': 1, 'lr': {0!r}}})\ngot = args.lr", "args.lr"),
    "attribute that the top level sets": ("args = SimpleNamespace(a=1)\nargs.lr = {0!r}\ngot = args.lr", "args.lr"),
    "attribute over a keyword": ("args = SimpleNamespace(a=1, lr=9)\nargs.lr = {0!r}\ngot = args.lr", "args.lr"),
    "group of a list": ("groups = [{{'lr': 9, 'a': 1}}, {{'lr': {0!r}}}]\ngot = groups[1]['lr']", "groups.1.lr"),
    "attribute that one of two functions sets": (
        "args = SimpleNamespace()\ndef a():\n    args.lr = 'first'\ndef b():\n    args.lr = {0!r}\na()\n"
        "assert args.lr == 'first'\nb()\ngot = args.lr",
        "b.args.lr",
    ),
    "one of two calls, by its variable": (
        "a = SimpleNamespace(lr='first')\nb = SimpleNamespace(x=1, lr={0!r})\nassert a.lr == 'first'\ngot = b.lr",
        "b.lr",
    ),
    "one of two calls, by its number": (
        "nets = [SimpleNamespace(lr='first'), SimpleNamespace(lr={0!r})]\n"
        "assert nets[0].lr == 'first'\ngot = nets[1].lr",
        "SimpleNamespace.1.lr",
    ),
    "one of two calls of a function": (
        "def train(lr, n=3):\n    return lr\none = train('first')\ngot = train({0!r})\nassert one == 'first'",
        "got.lr",
    ),
    "call of a library": ("got = dict(x=1) and SimpleNamespace(lr={0!r}).lr", "SimpleNamespace.lr"),
}
VALUES: list[Any] = [3, 0.25, -1e-3, True, False, "cosine", [1, 2]]


def test_what_is_set_in_a_place_is_what_the_script_has() -> None:
    for (place, (text, name)), (old, new) in itertools.product(PLACES.items(), itertools.permutations(VALUES, 2)):
        if place == "dataclass" and list in (type(old), type(new)):
            continue  # dataclasses refuse a list as a default
        source = HEAD + text.format(old)
        assert len(find_slots(ast.parse(source), name)) == 1, place
        scope: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(with_values(source.encode(), "t.py", {name: new}), "t.py", "exec"), scope)
        assert scope["got"] == new, (place, new)
        assert type(scope["got"]) is type(new), (place, new)


@pytest.mark.parametrize(
    ("source", "listed"),
    [
        ("opt = optim.SGD(net.parameters(), lr=0.001, momentum=0.9)", {"SGD.lr": 0.001, "SGD.momentum": 0.9}),
        (
            "clf = LogisticRegression(C=0.01, solver='lbfgs')",
            {"LogisticRegression.C": 0.01, "LogisticRegression.solver": "lbfgs"},
        ),
        ("lr = 0.1\nopt = SGD(lr=0.5, momentum=m)\nm = 0.9", {"m": 0.9, "SGD.lr": 0.5}),  # nothing reads `lr`
        ("lr = 0.1\nopt = SGD(lr=lr, momentum=0.9)", {"lr": 0.1, "SGD.momentum": 0.9}),
        ("SGD(p, lr=0.1)\nSGD(q, lr=0.2)", {"SGD.0.lr": 0.1, "SGD.1.lr": 0.2}),
        ("a = SGD(p, lr=0.1)\nb = SGD(q, lr=0.2)", {"a.lr": 0.1, "b.lr": 0.2}),
        ("a = SGD(p, lr=0.1)\na = SGD(q, lr=0.2)", {"SGD.0.lr": 0.1, "SGD.1.lr": 0.2}),
        ("self.a = SGD(p, 0.1)\nself.b = SGD(q, 0.2)", {"a.lr": 0.1, "b.lr": 0.2}),
        ("a = SGD(p, lr=0.1)\nb = SGD(q, lr=rate)", {"a.lr": 0.1}),
        ("a, b = SGD(p, lr=0.1), SGD(q, lr=0.1)", {"SGD.lr": 0.1}),  # one value
        ("args = Arguments('out')\nargs.lr = 0.1\nargs.epochs = 3", {"args.lr": 0.1, "args.epochs": 3}),
        ("args = Arguments('out')\nargs.lr = 0.1\nif big:\n    args.lr = 0.2", {}),
        ("torch.backends.cudnn.benchmark = True", {}),
        (
            "def a():\n    args.lr = 0.1\n    args.dims = [8, 4]\ndef b():\n    args.lr = 0.2\nb()",
            {"b.args.lr": 0.2},
        ),
        (
            "def a():\n    args.lr = 0.1\n    args.dims = [8, 4]\ndef b():\n    args.lr = 0.2\n"
            "{'a': a, 'b': b}[name]()",
            {"args.dims": [8, 4], "a.args.lr": 0.1, "b.args.lr": 0.2},
        ),
        ("groups = [{'params': p, 'lr': 0.1}, {'params': q, 'lr': 0.2}]", {"groups.0.lr": 0.1, "groups.1.lr": 0.2}),
        ("rows = [{'text': 'a', 'n': 1}, {'text': 'b', 'n': 2}]", {}),  # data
        ("plt.figure(figsize=(3, 4), dpi=100)", {}),
        *(
            (f"{owner}{call}(x, y, alpha=0.5)\n{owner}{call}(x, z, alpha=0)", {})
            for owner in ("plt.", "ax.", "ax2.", "axs[0].", "self.ax.", "fig_1.", "")
            for call in ("plot", "scatter", "fill_between")
        ),
        ("model.fit(x, y, alpha=0.5)", {"fit.alpha": 0.5}),
        ("def train(lr=0.1):\n    pass\ntrain(**given)", {}),
        ("B = 4\nT = 8\nsteps = 64 // (B * T)", {"B": 4, "T": 8}),  # what is computed is no setting
        ("class CFG:\n    lr = 0.1\n    bs = 2\nCFG.lr = 0.3\n", {"CFG.lr": 0.3}),
        ("class CFG:\n    lr = 0.1\n    bs = 2\n    n = 3\nif x:\n    CFG.lr = 0.3\n", {"CFG.bs": 2, "CFG.n": 3}),
    ],
)
def test_what_is_listed(source: str, listed: dict[str, Any]) -> None:
    tree = ast.parse(source)
    from hptui.scripts.inspect.syntax import top_level_constants  # what the reader of a script gives

    assert all_constants(tree, top_level_constants(tree)) == listed


def test_options_that_a_loop_adds_are_read(tmp_path: Path) -> None:
    head = "import argparse, dataclasses\np = argparse.ArgumentParser()\n"
    literal = (
        "for n, t, d in [('lr', float, 0.1), ('width', int, 4)]:\n    p.add_argument(f'--{n}', type=t, default=d)\n"
    )
    table = "for k, v in {'lr': 0.1, 'width': 4}.items():\n    p.add_argument('--' + k, type=type(v), default=v)\n"
    fields = (
        "@dataclasses.dataclass\nclass C:\n    lr: float = 0.1\n    width: int = 4\n"
        "for f in dataclasses.fields(C):\n    p.add_argument(f'--{f.name}', type=f.type, default=f.default)\n"
    )
    own = (
        "class Base:\n    def __init__(self, p):\n        for k, v in vars(self).items():\n"
        "            p.add_argument('--' + k, default=v, type=type(v))\n"
        "class Ours(Base):\n    def __init__(self, p):\n        self.lr = 0.1\n        self.width = 4\n"
        "        super().__init__(p)\nOurs(p)\n"
    )
    for number, body in enumerate((literal, table, fields, own)):
        script = tmp_path / f"t{number}.py"
        script.write_text(f"{head}{body}a = p.parse_args()\nprint('val_loss', a.lr)\n")
        options = {option.name: option.default for option in inspect_script(script).options}
        assert options == {"lr": 0.1, "width": 4}, body
    assert len(list(unrolled_calls(ast.parse(head + literal), re.compile("add_argument")))) == 2


def test_any_keyword_sets_the_fields_of_what_a_function_makes() -> None:
    source = (
        "class T:\n    lr: float = 0.1\n    n: int = 2\n"
        "def main(**kwargs):\n    c = T()\n    for k, v in kwargs.items():\n        setattr(c, k, v)\n"
    )
    tree = ast.parse(source)
    [main] = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    options = any_keywords(tree, main, signature_options)
    assert {option.name: option.default for option in options} == {"lr": 0.1, "n": 2}


def test_sections_and_sentences_name_an_objective() -> None:
    table = ["| rollout/ | |", "|    ep_rew_mean | 23 |", "| train/ | |", "|    loss | 0.5 |"]
    for name, wanted in (("rollout/ep_rew_mean", True), ("ep_rew_mean", False)):
        reader = PrintedTableReader((name,))
        metrics = {key for line in table for reading in reader.read_all(line) for key in reading.metrics}
        assert name in metrics
        assert ("rollout/ep_rew_mean" in metrics) is wanted
        assert "loss" in metrics
    reading = LineReader(("accuracy_of_the_network",)).read("Accuracy of the network: 65.5 %")
    assert reading is not None
    assert reading.metrics == {"accuracy_of_the_network": 65.5}


@pytest.mark.parametrize("word", ["dim", "axis"])
@pytest.mark.parametrize("call", ["F.softmax(x, {}={})", "x.argmax({}={}, keepdim=True)", "torch.cat([x, y], {}={})"])
def test_a_dimension_of_a_tensor_is_no_width(word: str, call: str) -> None:
    axis, width = (all_constants(ast.parse(call.format(word, n)), {}) for n in (-1, 64))
    assert axis == {}
    assert list(width.values()) == ([64] if word == "dim" else [])


@pytest.mark.parametrize("name", ["Config", "Args", "HParams", "TrainSettings"])
def test_every_argument_of_a_class_of_settings_is_listed(name: str) -> None:
    source = (
        f"class {name}:\n    def __init__(self, lr: float = 0.1, seed: int = 3, wide=True):\n        self.lr = lr\n"
    )
    source += f"        self.seed, self.wide = seed, wide\n{name}()\n"
    assert all_constants(ast.parse(source), {}) == {f"{name}.lr": 0.1, f"{name}.seed": 3, f"{name}.wide": True}


@pytest.mark.parametrize(
    ("expression", "value"),
    [("int(1e5)", 100_000), ("float('1e-3')", 1e-3), ("2 * int(1e3)", 2000), ("int(2 ** 10)", 1024), ("int(3)", 3)],
)
@pytest.mark.parametrize(
    "place",
    [
        "NUM_BATCHES = {}\nfor n in range(NUM_BATCHES): pass\n",
        "def main(num_batches={}):\n    return num_batches\nmain()\n",
    ],
)
def test_a_number_that_is_made_of_a_literal_is_listed_and_can_be_set(place: str, expression: str, value: float) -> None:
    source = place.format(expression)
    constants = inspect_options_of(source)
    assert list(constants.values()) == [value]
    (name,) = constants
    tree = with_values(source.encode(), "t.py", {name: 7})
    assert expression not in ast.unparse(tree)
    assert "7" in ast.unparse(tree)


def inspect_options_of(source: str) -> dict[str, Any]:
    tree = ast.parse(source)
    names = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    return all_constants(tree, {name: literal_value(value) for name, value in names.items()})
