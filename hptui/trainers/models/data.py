"""Data sets made on the spot from Python's standard library: functions' documentation and code, sums in steps.

Sources are read with `ast`; nothing is imported or run. Half of the modules are text for pre-training, the other half
are examples, so that no example is in the text that a base model has read. Each row names its split, so that a study
may use it (`split_column = "split"`) or draw its own."""

from __future__ import annotations

import ast
import hashlib
import os
import random
import sysconfig
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError

SKIPPED = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "turtledemo", "__pycache__"}
"""Directories of the standard library that are not read."""


@dataclass(frozen=True, slots=True)
class LibraryFunction:
    """One documented function or method. `code` is its source without the documentation."""

    module: str
    name: str
    signature: str
    documentation: str
    code: str

    @property
    def for_pretraining(self) -> bool:
        """Whether its module belongs to the text for pre-training, by a hash of its name."""
        return int(hashlib.sha256(self.module.encode()).hexdigest()[:8], 16) % 2 == 0

    @property
    def summary(self) -> str:
        """The first paragraph of the documentation, on one line."""
        return " ".join(self.documentation.partition("\n\n")[0].split())


@cache
def library_functions() -> list[LibraryFunction]:
    """Return all documented functions in an order that mixes subjects and is the same on all machines."""
    root = Path(sysconfig.get_path("stdlib"))
    documented = [function for module, file in _modules(root) for function in _functions_of(module, file)]
    if not documented:
        raise UserError(f"no source of Python's library in {root}", hint="give model and data of your own")
    return documented


def _modules(root: Path) -> list[tuple[str, Path]]:
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith("config-")]
        files += [Path(folder, name) for name in names if name.endswith(".py")]
    modules = [(".".join(file.relative_to(root).with_suffix("").parts), file) for file in files]
    return sorted(modules, key=lambda item: hashlib.sha256(item[0].encode()).hexdigest())


def _functions_of(module: str, file: Path) -> Iterator[LibraryFunction]:
    try:
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (SyntaxError, ValueError, OSError):
        return
    lines = source.splitlines()
    for node in _statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documentation = ast.get_docstring(node)
            if documentation and documentation.isascii():
                yield LibraryFunction(module, node.name, _signature(node), documentation, _code(node, lines))


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what `ast.walk` does without expressions, which hold no function and are most of a file."""
    waiting: deque[ast.AST] = deque([tree])
    while waiting:
        node = waiting.popleft()
        yield node
        waiting.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    words = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in ("self", "cls")]
    return f"{node.name}({', '.join(words)})"


def _code(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> str:
    """Return the source of a function after its documentation, without indentation."""
    body = node.body[1:]
    if not body or node.end_lineno is None:
        return ""
    body_lines = lines[body[0].lineno - 1 : node.end_lineno]
    indent = min((len(line) - len(line.lstrip()) for line in body_lines if line.strip()), default=0)
    return "\n".join(line[indent:].rstrip() for line in body_lines)


Row = dict[str, str]
"""One row: texts by column."""

VERSION = 3
"""To be raised when rows change."""

MIN_SUMMARY_CHARS, MAX_SUMMARY_CHARS = 12, 72
"""Characters of a summary that is a sentence and can be learnt, at least and at most."""

MAX_CODE_CHARS = 120
"""Characters of a function's code, at most."""
VALIDATION_ROWS = 19
"""Validation rows. They are few, as in many real data sets: small differences on them are chance."""
TEST_SHARE = 0.09
"""Share of test rows, 0 to 1."""
ARITHMETIC_TEST_SHARE = 0.2
"""Share of test rows of the sums, 0 to 1."""


def docstring_rows() -> list[Row]:
    """Return rows with a function of the standard library and its documentation's first sentence."""
    rows: dict[str, Row] = {}
    for function in _examples():
        name = f"{function.module.rpartition('.')[2]}.{function.signature}"
        row = {"instruction": f"What does {name} do?", "response": _sentence(function.summary)}
        rows.setdefault(row["response"].lower(), {"module": function.module, "function": function.signature, **row})
    return _split({row["instruction"]: row for row in rows.values()}.values())


def code_rows() -> list[Row]:
    """Return rows with the first sentence of a function's documentation, and its code if that is short."""
    rows: dict[str, Row] = {}
    for function in _examples():
        solution = f"def {function.signature}:\n" + "\n".join(f"    {line}" for line in function.code.splitlines())
        if function.code and len(solution) <= MAX_CODE_CHARS:
            request = _sentence(function.summary)
            reasoning = f"It is a function {function.name} of {function.module}. {request}\n"
            row = {"module": function.module, "input": request, "solution": solution, "output": reasoning + solution}
            rows.setdefault(row["input"].lower(), row)
    return _split(rows.values())


def arithmetic_rows() -> list[Row]:
    """Return all sums of two or three digits, in words, with the steps to the answer."""
    rows = []
    for a in range(10):
        for b in range(10):
            rows.append(_sum(a, b))
            rows += [_sum(a, b, c) for c in range(10)]
    return _split(rows, ARITHMETIC_TEST_SHARE)


def _sum(*numbers: int) -> Row:
    steps, total = [], numbers[0]
    for n in numbers[1:]:
        steps.append(f"{total} + {n} = {total + n}")
        total += n
    problem = f"What is {' + '.join(map(str, numbers))}?"
    return {"problem": problem, "solution": ", ".join(steps), "answer": str(total)}


def _examples() -> Iterable[LibraryFunction]:
    for function in library_functions():
        suitable = not function.for_pretraining and MIN_SUMMARY_CHARS <= len(function.summary) <= MAX_SUMMARY_CHARS
        if suitable and not function.name.startswith("__") and "->" not in function.summary:
            yield function


def _sentence(summary: str) -> str:
    return summary if summary.endswith((".", "!", "?")) else f"{summary}."


def _split(rows: Iterable[Row], test_share: float = TEST_SHARE) -> list[Row]:
    """Return the rows, shuffled, each with its split: train, valid or test."""
    ordered = sorted(rows, key=lambda row: hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest())
    random.Random(0).shuffle(ordered)
    held_out = VALIDATION_ROWS + round(test_share * len(ordered))
    names = (
        ["valid"] * VALIDATION_ROWS + ["test"] * (held_out - VALIDATION_ROWS) + ["train"] * (len(ordered) - held_out)
    )
    return [{**row, "split": name} for row, name in zip(ordered, names, strict=True)]


DATA_SETS: dict[str, Callable[[], list[Row]]] = {
    "docstrings": docstring_rows,
    "code": code_rows,
    "arithmetic": arithmetic_rows,
}
"""The function that makes each data set, by its name after `hptui:`."""
