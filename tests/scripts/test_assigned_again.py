"""Variables that a script assigns more than once: what is listed is used, and setting it sets every use."""

from __future__ import annotations

import ast
import random

import pytest

from hptui.scripts.help_check import unknown_constant_warnings
from hptui.scripts.inspect import inspect_script
from hptui.scripts.with_constants import with_values

LINES = (
    "LR = 0.1",
    "LR = 0.2",
    "LR = 0.1",
    "LR, WD = 0.3, 0.4",
    "LR = float('0.5')",
    "LR = LR",
    "for LR in (0.6, 0.7):\n    use(LR)",
    "if flag:\n    LR = 0.8",
    "if not flag:\n    LR = 0.9\nelse:\n    LR = 1.0",
    "if DEBUG:\n    LR = 1.1",
    "try:\n    LR = 1.2\nexcept ValueError:\n    pass",
    "with open('/dev/null') as LR:\n    pass",
    "use(LR)",
    "use(LR)",
    "def train():\n    use(LR)",
    "def train(LR=1.3):\n    use(LR)",
    "def train():\n    LR = 1.4\n    use(LR)",
    "def train():\n    global LR\n    LR = 1.5",
    "def outer():\n    train()",
    "def outer():\n    return lambda: use(LR)",
    "class Net:\n    def fit(self):\n        use(LR)",
    "class Net:\n    rate = LR\n    def fit(self):\n        use(self.rate)",
    "train()",
    "outer()",
    "net = Net()",
    "net.fit()",
    "later = outer",
    "later = lambda: use(LR)",
    "later()",
    "got = [use(LR) for _ in range(2)]",
    "got = [LR for LR in (1.6,)]",
    "def steps():\n    yield use(LR)",
    "gen = steps()",
    "list(gen)",
    "eval('use(LR)')",
)
HEAD = "import os\nflag, DEBUG = True, False\ntrain = outer = later = lambda: None\n"


def used(tree: ast.Module) -> list[object]:
    """Return what a script uses, by what it calls `use` with; as far as it runs."""
    values: list[object] = []
    try:
        exec(compile(tree, "train.py", "exec"), {"use": values.append, "__name__": "__main__"})
    except (NameError, AttributeError, TypeError):
        values.append("failed")
    return values


def script_of(seed: int) -> str:
    chance = random.Random(seed)
    lines = chance.choices(LINES, k=chance.randint(2, 9))
    return (
        HEAD + "\n".join(["LR = 0.1" if chance.random() < 0.6 else "pass", *lines, "use(LR)"]) + "\nprint('loss', 1)\n"
    )


@pytest.mark.parametrize("part", range(20))
def test_a_listed_variable_has_the_value_that_is_used_and_setting_it_sets_every_use(part, tmp_path):
    listed = 0
    for seed in range(part * 60, part * 60 + 60):
        (path := tmp_path / "train.py").write_text(text := script_of(seed))
        options = {option.name: option.default for option in inspect_script(path).options}
        if "LR" not in options:
            continue
        plain = used(ast.parse(text))
        if "failed" in plain:
            continue
        listed += 1
        assert used(with_values(text.encode(), str(path), {"LR": options["LR"]})) == plain, text
        told = used(with_values(text.encode(), str(path), {"LR": 7.5}))
        own = {1.3, 1.4, 0.6, 0.7, 1.6}  # of arguments, locals and loops
        assert all(new == 7.5 or old == new in own for old, new in zip(plain, told, strict=True)), text
        assert {value for value in plain if value not in own} <= {options["LR"]}, text
    assert listed >= 3


KINDS = {
    "a second training": ("LR = 0.1\nfit(LR)\nLR = 0.2\nfit(LR)", None),
    "overwritten at once": ("LR = 0.1\nLR = 0.2\nfit(LR)", 0.2),
    "again after the training": ("LR = 0.1\nfit(LR)\nLR = 0.2", 0.1),
    "a function that is called before": ("LR = 0.1\ndef train():\n    fit(LR)\ntrain()\nLR = 0.2", 0.1),
    "a function that is called later": ("LR = 0.1\ndef train():\n    fit(LR)\nLR = 0.2\ntrain()", 0.2),
    "a branch for a short trial": ("LR = 0.1\nif args.debug:\n    LR = 0.2\nfit(LR)", 0.1),
    "a branch that depends on the machine": ("LR = 0.1\nif cuda():\n    LR = 0.2\nfit(LR)", None),
    "the same value twice": ("LR = 0.1\nfit(LR)\nLR = 0.1\nfit(LR)", 0.1),
    "a schedule": ("LR = 0.1\nfor epoch in range(3):\n    fit(LR)\n    LR *= 0.5", 0.1),
    "a value that is computed": ("LR = 0.1\nLR = rate()\nfit(LR)", None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_value_that_reaches_its_use_is_listed_and_others_are_named(kind, tmp_path):
    body, value = KINDS[kind]
    (path := tmp_path / "train.py").write_text(f"from lib import fit, cuda, rate, args\nWD = 0.01\n{body}\nfit(WD)\n")
    script = inspect_script(path)
    assert {option.name: option.default for option in script.options}.get("LR") == value
    notes = [note for note in script.notes if "LR" in note]
    assert bool(notes) is (value is None)
    assert bool(list(unknown_constant_warnings({"LR": 0.5}, path))) is (value is None)
    if value is None:
        with pytest.raises(SystemExit):
            with_values(path.read_bytes(), str(path), {"LR": 0.5})


ENTRIES = {
    "a key twice": ("params = {'lr': 0.1, 'wd': 0.01, 'lr': 0.2}\nfit(params)", "params.lr", 0.2),
    "a keyword over a table": ("params = dict({'lr': 0.1, 'wd': 0.01}, lr=0.2)\nfit(params)", "params.lr", 0.2),
    "an attribute twice": ("class CFG:\n    lr = 0.1\n    wd = 0.01\n    lr = 0.2\nfit(CFG)", "CFG.lr", 0.2),
    "set before the training": ("params = {'lr': 0.1, 'wd': 0.01}\nparams['lr'] = 0.2\nfit(params)", "params.lr", 0.2),
    "set between two trainings": (
        "params = {'lr': 0.1, 'wd': 0.01}\ntrain(params)\nparams['lr'] = 0.2\ntrain(params)",
        "params.lr",
        None,
    ),
    "read before it is set": (
        "params = {'lr': 0.1, 'wd': 0.01}\nfit(params['lr'])\nparams['lr'] = 0.2\nfit(params['lr'])",
        "params.lr",
        None,
    ),
    "an attribute set between": (
        "class CFG:\n    lr = 0.1\n    wd = 0.01\nfit(CFG.lr)\nCFG.lr = 0.2\nfit(CFG.lr)",
        "CFG.lr",
        None,
    ),
}


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_has_the_value_that_counts(kind, tmp_path):
    body, name, value = ENTRIES[kind]
    (path := tmp_path / "train.py").write_text(f"from lib import fit, train\n{body}\n")
    assert {option.name: option.default for option in inspect_script(path).options}.get(name) == value
    if value is not None:
        assert "0.2" not in ast.unparse(with_values(path.read_bytes(), str(path), {name: 7.5}))
