"""The vocabulary of the code: names, comments and docstrings use the terms of the glossary and plain English.

Run as a program, `python -m tests.test_language [PATH…]` lists the violations of files or folders.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "hptui"

REFUSED_PARTS = frozenset(
    (
        "told",
        "said",
        "hear",
        "hearing",
        "whoever",
        "desk",
        "jury",
        "teller",
        "lens",
        "mailbox",
        "house",
        "face",
        "faces",
    )
)
"""Words that occur in no name, comment or docstring."""

REFUSED_WORDS = REFUSED_PARTS | {"beside", "anew"}

REFUSED_PHRASES = ("so many", "so much")

REFUSED_NAMES = frozenset({"found", "one", "_found", "_one"})

REFUSED_CONSTANTS = frozenset(("MOST", "MANY", "FEW", "LEAST", "ENOUGH", "PATIENCE", "USUAL", "LONG", "SHARE"))

STARTS = """
    A An The Who Whether What Which So Of By Every All Each How Where When Why True None No It Its This That These If As
    In On At From With For Same Only Also Nothing Something Anything Everything One Two Here There
"""
REFUSED_STARTS = frozenset(STARTS.split())
"""First words that a function's docstring does not have: it begins with a verb in the imperative."""

EXCUSE = "# language:"


def _parts(name: str) -> set[str]:
    """Split an identifier at underscores and capitals, in lower case."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def _prose_problems(text: str) -> Iterator[str]:
    words = set(re.findall(r"[a-z]+", re.sub(r"`[^`]*`|\"[^\"]*\"", " ", text).lower()))
    yield from (f"word {word!r}" for word in sorted(words & REFUSED_WORDS))
    plain = " ".join(text.lower().split())
    yield from (f"phrase {phrase!r}" for phrase in REFUSED_PHRASES if re.search(rf"\b{phrase}\b", plain))


def _docstrings(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.Expr]]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for statement in body:
            if (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
            ):
                yield node if statement is body[0] else statement, statement


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def violations(path: Path) -> list[str]:
    """List the violations in a file, each as `line: what`."""
    source = path.read_text()
    lines = source.splitlines()
    tree = ast.parse(source)
    problems: list[tuple[int, str]] = []
    for owner, statement in _docstrings(tree):
        text = str(statement.value.value)  # type: ignore[attr-defined]
        problems += [(statement.lineno, problem) for problem in _prose_problems(text)]
        if isinstance(owner, ast.FunctionDef | ast.AsyncFunctionDef) and not owner.name.startswith("__"):
            first = re.match(r"\W*(\w+)", text)
            word = first[1] if first else ""
            if not _is_property(owner) and (
                word in REFUSED_STARTS or (word.endswith("s") and not word.endswith(("ss", "us")))
            ):
                problems.append((statement.lineno, f"docstring of {owner.name} begins with {word!r}, not with a verb"))
            opening = text.strip().split("\n\n")[0].split("\n")[0]
            if len(opening) > 100:
                problems.append((statement.lineno, f"first line of the docstring of {owner.name} is longer than 100"))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            problems += [(token.start[0], problem) for problem in _prose_problems(token.string)]
        elif token.type == tokenize.NAME:
            name = token.string
            if name in REFUSED_NAMES or name in REFUSED_CONSTANTS or _parts(name) & REFUSED_PARTS:
                problems.append((token.start[0], f"name {name!r}"))
    return [f"{line}: {what}" for line, what in sorted(set(problems)) if EXCUSE not in lines[line - 1]]


def _files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_words_of_the_code_are_those_of_the_field(path: Path) -> None:
    assert violations(path) == []


def test_every_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for path in _files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


@pytest.mark.parametrize(
    "source",
    [
        "found = 1",
        "def told_trials(): pass",
        "class Desk: pass",
        "PATIENCE = 60",
        "x = 1  # whoever asks",
        'def f():\n    """Whether it is so."""',
        'def f():\n    """Returns it."""',
        '"""So many turns."""',
    ],
)
def test_a_violation_is_seen(tmp_path: Path, source: str) -> None:
    file = tmp_path / "module.py"
    file.write_text(source)
    assert violations(file)
    file.write_text("\n".join(f"{line}  # language: quoted" for line in source.splitlines()))
    if '"""' not in source:
        assert violations(file) == []


def main() -> None:
    """List the violations of files or folders."""
    roots = [Path(word) for word in sys.argv[1:]] or [PACKAGE]
    files = [file for root in roots for file in (sorted(root.rglob("*.py")) if root.is_dir() else [root])]
    count = 0
    for file in files:
        for problem in violations(file):
            count += 1
            print(f"{file}:{problem}")
    print(f"{count} violations in {len(files)} files")


if __name__ == "__main__":
    main()
