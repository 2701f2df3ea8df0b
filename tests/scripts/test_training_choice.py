"""The value of an option with which a script trains is taken, where its default leads to something else."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from hptui.scripts.demanded_options import demanded_warnings
from hptui.scripts.inspect import inspect_script
from hptui.scripts.settings import read_command_spec

TRAINS = {
    "own function": "train(args)",
    "through a function": "work(args)",
    "a trainer": "trainer.train()",
    "fit": "net.fit(args)",
    "a loop": "for epoch in range(3):\n            loss.backward()",
}
OTHERS = {"a mode": "net.train()", "own function": "show(args)", "prints": "print('shown')"}
HEAD = (
    "import argparse\ndef train(a):\n    loss.backward()\ndef work(a):\n    train(a)\ndef show(a):\n    print(a)\n"
    "def main():\n    p = argparse.ArgumentParser()\n    p.add_argument('--lr', type=float, default=0.1)\n"
    "    p.add_argument('--{0}', default={1!r}{2})\n    args = p.parse_args()\n"
)
CHAIN = (
    "    if args.{0} == {1!r}:\n        {3}\n    elif args.{0} == {2!r}:\n        {4}\n"
    "    else:\n        raise ValueError(args.{0})\n    print('val_loss', 1)\n{5}main()\n"
)
WORDS = ("generate", "test", "prompt", "inference", "eval")


def written(folder: Path, name: str, default: str, bodies: tuple[str, str], more: str = "", words: str = "") -> Path:
    """Write a script whose option has this default; the first body is that of its value, the second of `pretrain`."""
    path = folder / f"{name}.py"
    path.write_text(HEAD.format(name, default, words) + CHAIN.format(name, default, "pretrain", *bodies, more))
    return path


@pytest.mark.parametrize("body", TRAINS)
@pytest.mark.parametrize("other", OTHERS)
def test_the_value_that_trains_is_set_and_check_says_so_of_the_other(body: str, other: str, tmp_path: Path) -> None:
    for word, choices in itertools.product(WORDS, ("", ", choices=[{0!r}, 'pretrain']")):
        path = written(tmp_path, "option", word, (OTHERS[other], TRAINS[body]), words=choices.format(word))
        inspected = inspect_script(path)
        assert {option.name: option.default for option in inspected.options}["option"] == "pretrain", word
        assert any("trains nothing" in note for note in inspected.notes)
        for value, is_idle in ((word, True), ("pretrain", False), (None, True)):
            settings: dict[str, Any] = {"kind": "command", "command": ["python", path.name], "lr": 0.1}
            spec = read_command_spec(settings | ({"option": value} if value else {}))
            warnings = list(demanded_warnings(spec, ["python", path.name], tmp_path))
            assert any("trains nothing" in warning for warning in warnings) is is_idle, (value, warnings)


@pytest.mark.parametrize("body", TRAINS)
@pytest.mark.parametrize("other", OTHERS)
def test_a_default_that_trains_stays(body: str, other: str, tmp_path: Path) -> None:
    shown, trained = OTHERS[other], TRAINS[body]
    cases = {
        "both train": ("test", (trained, trained), ""),
        "another name": ("net", (shown, trained), ""),
        "trains anyhow": ("test", (shown, trained), "    train(args)\n"),
        "none trains": ("test", (shown, shown), ""),
    }
    for case, (default, bodies, more) in cases.items():
        inspected = inspect_script(written(tmp_path, "option", default, bodies, more))
        assert {option.name: option.default for option in inspected.options}["option"] == default, case
        assert not inspected.idle
