"""Shell scripts that start a script: the words keep their quotes' contents, the variables reach the script."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hptui.operations.new import write_study_file
from hptui.scripts.inspect.shell_commands import shell_commands
from hptui.studyfile import read_file
from hptui.trainers import registry

VALUES = ("<|im_end|>", "a;b", "x & y", "1>2", "# no comment", "a|b", "(c)", "*", "it is")
QUOTES = ("'{}'", '"{}"', "--flag='{}'")
BEFORE = ("", "mkdir -p out && ", "A=1 ", "echo a; ", "env A=1 ")
AFTER = (
    "",
    " > log.txt",
    " 2>&1 | tee log.txt",
    " &> log",
    " && echo done",
    "; echo done",
    "  # a remark",
    " > l --last 1",
)


@pytest.mark.parametrize(("before", "after"), [*itertools.product(BEFORE, AFTER)])
def test_the_words_of_a_command_are_those_of_the_shell(before: str, after: str, tmp_path: Path) -> None:
    (tmp_path / "show").write_text('#!/bin/sh\nfor w in "$@"; do printf "%s\\n" "$w"; done >&3\n')
    (tmp_path / "show").chmod(0o755)
    for value, quotes in itertools.product(VALUES, QUOTES):
        line = f"{before}./show --eos {quotes.format(value)} --lr 0.1{after}"
        given = f"exec 3> words\n{line}\n"
        words = ["sh", "-c", given.replace("&> log", "> log 2>&1")]
        subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
        wanted = (tmp_path / "words").read_text().splitlines()
        found = [list(command.words[1:]) for command in shell_commands(line) if command.words[0] == "./show"]
        assert found == [wanted], line


HOW_SET = ("export {0}={1}", "export OTHER=1 {0}={1}", "{0}={1}\nexport {0}")
KINDS: dict[str, tuple[str, Any]] = {"DATA_DIR": ("./data", None), "MODE": ("fast", None), "LR": ("0.03", 0.03)}


@pytest.mark.parametrize("how", HOW_SET)
@pytest.mark.parametrize("name", KINDS)
def test_variables_that_a_shell_script_exports_reach_the_script(
    how: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, number = KINDS[name]
    read = f"float(os.environ.get('{name}', 0.5))" if number else f"os.environ['{name}']"
    lines = ["import argparse, os", "p = argparse.ArgumentParser()", "p.add_argument('--lr', type=float, default=0.1)"]
    lines = ["import os"] if number else [*lines, f"p.add_argument('--data', default={read})", "a = p.parse_args()"]
    Path("train.py").write_text("\n".join([*lines, f"value = {read}", "print(f'val_loss: {value}')"]))
    secret = "export WANDB_API_KEY=0123456789abcdef0123456789abcdef01234567\nexport CUDA_VISIBLE_DEVICES=0\n"
    Path("run.sh").write_text(f"{how.format(name, text)}\n{secret}python train.py{'' if number else ' --lr 0.2'}\n")
    path, notes = write_study_file("run.sh")
    study = read_file(path, schema=registry.schema)
    variables = study.trainer.settings["env"]
    if number:
        option = variables[name].strip("{}")
        assert study.trainer.settings[option] == number
    else:
        assert variables[name] == text
    assert not {"WANDB_API_KEY", "CUDA_VISIBLE_DEVICES"} & variables.keys()
    assert "0123456789abcdef" not in path.read_text()
    assert any("CUDA_VISIBLE_DEVICES" in note for note in notes)


@pytest.mark.parametrize("commands", [*itertools.permutations(("python a.py", "python b.py --lr 1"), 2)])
@pytest.mark.parametrize("between", [" && ", "; ", " | ", " || ", "\n", " > log; ", " & "])
def test_two_commands_of_one_line_are_two(commands: tuple[str, str], between: str) -> None:
    found = [" ".join(command.words) for command in shell_commands(between.join(commands))]
    assert found == list(commands)


@pytest.mark.parametrize("default", ["5e-5", "0.1", "3", "1e-4"])
def test_a_number_as_the_default_of_a_text_is_a_number(
    default: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        f"p.add_argument('--learning_rate', type=str, default={default})\n"
        "p.add_argument('--batch_size', type=int, default=8)\n"
        "a = p.parse_args()\nprint(f'val_loss: {float(a.learning_rate):.4f}')\n"
    )
    study = read_file(write_study_file("train.py")[0], schema=registry.schema)
    assert study.trainer.settings["learning_rate"] == float(default)
    assert [one.name for one in study.space.parameters] == ["learning_rate"]
