"""Python's -O and -OO drop asserts and docstrings: the program does, prints and writes the same."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hptui.store.paths import StudyDir
from tests.support import rest, run_to_rest, toy, trials

PACKAGE = Path(__file__).parent.parent / "hptui"

HELP = """
import click
from hptui.cli.main import cli as group
with click.Context(group, info_name="hptui") as context:
    print(group.get_help(context))
    for verb in group.list_commands(context):
        command = group.get_command(context, verb)
        print(command.get_help(click.Context(command, context, info_name=verb)))
"""


def python(*words: str, cwd: Path | None = None) -> tuple[int, bytes, bytes]:
    done = subprocess.run([sys.executable, *words], capture_output=True, cwd=cwd, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def test_help_is_no_docstring() -> None:
    code, plain, err = python("-c", HELP)
    assert code == 0, err.decode()
    assert plain.count(b"Usage: ") > 20
    assert python("-OO", "-c", HELP)[1] == plain


def asserts_on_parameters(tree: ast.Module) -> Iterator[int]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = function.args
            others = [one for one in (arguments.vararg, arguments.kwarg) if one]
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *others]
            names = {one.arg for one in every} - {"self", "cls"}
            for node in ast.walk(function):
                if isinstance(node, ast.Assert):
                    used = {one.id for one in ast.walk(node.test) if isinstance(one, ast.Name)}
                    yield from [node.lineno] if used & names else []


@pytest.mark.parametrize("room", ["cli", "api", "studyfile"])
def test_no_assert_guards_what_a_person_gives(room: str) -> None:
    places = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for line in asserts_on_parameters(ast.parse(path.read_text()))
    ]
    assert places == []


def test_such_an_assert_is_seen() -> None:
    assert list(asserts_on_parameters(ast.parse("def f(a, *, b):\n    assert b > 0"))) == [2]
    assert list(asserts_on_parameters(ast.parse("def f(a):\n    c = a\n    assert c"))) == []


@pytest.mark.slow
def test_the_same_study_has_the_same_results(home: Path, tmp_path: Path) -> None:
    run_to_rest(home, toy(tmp_path, trials=4, sampler="tpe", steps=5))
    file = tmp_path / "toy.toml"
    calls = [
        ["check", str(file)],
        ["check", str(file), "--json"],
        ["check", str(tmp_path / "none.toml")],
        ["report", "toy"],
        ["export", "toy", "best"],
        ["export", "toy", "all", "--format", "csv"],
        ["export", "toy", "all", "--format", "json"],
        ["status", "toy", "--json"],
    ]
    plain = [python("-m", "hptui", "--home", str(home), *words, cwd=tmp_path) for words in calls]
    assert [code for code, _, _ in plain] == [0, 0, 2, 0, 0, 0, 0, 0], plain
    for flag in ("-O", "-OO"):
        assert [python(flag, "-m", "hptui", "--home", str(home), *words, cwd=tmp_path) for words in calls] == plain
        other = tmp_path / f"home{flag}"
        code, out, err = python(flag, "-m", "hptui", "--home", str(other), "run", str(file), cwd=tmp_path)
        assert code == 0, (out, err)
        rest(StudyDir(other / "toy"))
        assert results(other) == results(home)


def results(home: Path) -> list[object]:
    return [(one.params, one.values, str(one.status), str(one.reason)) for one in trials(StudyDir(home / "toy"))]
