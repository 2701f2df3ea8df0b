"""Data sets made on the spot, for studies that need no download: what a function does, its code, sums in steps.

Each row says its split, so that a study may take it (`split_column = "split"`) or draw its own. What is marked
"test" no base model has read.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable

from hptui.trainers.models.library import Function, functions

Row = dict[str, str]

VERSION = 3
"""To be raised when rows change."""

SHORTEST, LONGEST = 12, 72
"""Characters of a summary that is a sentence and can be learnt."""

LONGEST_CODE = 120
VALIDATION = 19
"""As few as in many a real set: differences on so few samples mean little, and studies should say so."""
TEST_SHARE = 0.09
ARITHMETIC_TESTS = 0.2


def docstrings() -> list[Row]:
    """A function of the standard library and the first sentence of its documentation."""
    rows: dict[str, Row] = {}
    for function in _examples():
        name = f"{function.module.rpartition('.')[2]}.{function.signature}"
        row = {"instruction": f"What does {name} do?", "response": _sentence(function.summary)}
        rows.setdefault(row["response"].lower(), {"module": function.module, "function": function.signature, **row})
    return _split({row["instruction"]: row for row in rows.values()}.values())


def code() -> list[Row]:
    """The first sentence of a function's documentation, and its code, where that is short."""
    rows: dict[str, Row] = {}
    for function in _examples():
        solution = f"def {function.signature}:\n" + "\n".join(f"    {line}" for line in function.code.splitlines())
        if function.code and len(solution) <= LONGEST_CODE:
            asked = _sentence(function.summary)
            thoughts = f"It is a function {function.name} of {function.module}. {asked}\n"
            row = {"module": function.module, "input": asked, "solution": solution, "output": thoughts + solution}
            rows.setdefault(row["input"].lower(), row)
    return _split(rows.values())


def arithmetic() -> list[Row]:
    """Every sum of two or three digits, in words, with the steps to its answer."""
    rows = []
    for a in range(10):
        for b in range(10):
            rows.append(_sum(a, b))
            rows += [_sum(a, b, c) for c in range(10)]
    return _split(rows, ARITHMETIC_TESTS)


def _sum(*numbers: int) -> Row:
    steps, total = [], numbers[0]
    for n in numbers[1:]:
        steps.append(f"{total} + {n} = {total + n}")
        total += n
    problem = f"What is {' + '.join(map(str, numbers))}?"
    return {"problem": problem, "solution": ", ".join(steps), "answer": str(total)}


def _examples() -> Iterable[Function]:
    for function in functions():
        fine = not function.for_pretraining and SHORTEST <= len(function.summary) <= LONGEST
        if fine and not function.name.startswith("__") and "->" not in function.summary:
            yield function


def _sentence(summary: str) -> str:
    return summary if summary.endswith((".", "!", "?")) else f"{summary}."


def _split(rows: Iterable[Row], tested: float = TEST_SHARE) -> list[Row]:
    """The rows, shuffled, each with its split: a few for validation, some for testing, the rest to train on."""
    ordered = sorted(rows, key=lambda row: hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest())
    random.Random(0).shuffle(ordered)
    tests = VALIDATION + round(tested * len(ordered))
    names = ["valid"] * VALIDATION + ["test"] * (tests - VALIDATION) + ["train"] * (len(ordered) - tests)
    return [{**row, "split": name} for row, name in zip(ordered, names, strict=True)]


SETS: dict[str, Callable[[], list[Row]]] = {"docstrings": docstrings, "code": code, "arithmetic": arithmetic}
"""Name after `hptui:`, and who makes it."""
