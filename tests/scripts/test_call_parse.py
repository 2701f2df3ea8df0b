"""Signatures below `@call_parse` of fastcore: the options that argparse is given for them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from hptui.operations.new import write_study_file
from hptui.studyfile import read_file
from hptui.trainers import registry

WAYS = {
    'Param("What it is", {kind})={default}': True,
    "{kind}={default}": False,
    'Param(help="What it is", type={kind}, default={default})': True,
}
DECORATORS = ("@call_parse", "@script.call_parse", "@call_parse(pre=1)")
PARAMETERS: dict[str, tuple[str, Any]] = {"epochs": ("int", 5), "lr": ("float", 0.01), "arch": ("str", "xresnet50")}


@pytest.mark.parametrize(("way", "decorator"), [*itertools.product(WAYS, DECORATORS)])
def test_each_argument_of_the_signature_is_an_option(
    way: str, decorator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [f"{name}: {way.format(kind=kind, default=repr(value))}" for name, (kind, value) in PARAMETERS.items()]
    lines = ["from fastcore.script import *", "from fastcore import script", decorator, "def main("]
    lines += [f"    {text}," for text in given]
    lines += ["    fp16: bool = False,", "    dump: Param('Only print', store_true) = False,", "):"]
    lines += ["    'Train.'", "    print(f'val_loss: {lr * epochs:.4f}')"]
    Path("train.py").write_text("\n".join(lines))
    study = read_file(write_study_file("train.py")[0], schema=registry.schema)
    for name, (_, value) in PARAMETERS.items():
        assert study.trainer.settings[name] == value
    assert study.trainer.settings["fp16"] is False
    assert study.trainer.settings["dump"] is False
    assert [one.name for one in study.space.parameters] == ["lr"]


def test_an_argument_without_a_default_has_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "from fastcore.script import call_parse\n@call_parse\ndef main(data: str, lr: float = 0.1):\n    print(lr)\n"
    Path("train.py").write_text(text)
    command = write_study_file("train.py")[0].read_text().partition("command = ")[2].partition("\n")[0]
    assert "{data}" in command
