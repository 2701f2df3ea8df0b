"""Data sets made on the spot, for studies without downloads: functions' documentation and code, sums in steps.

Each row names its split, so that a study may use it (`split_column = "split"`) or draw its own. No base model has read
the rows marked "test".
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable

from hptui.trainers.models.library import LibraryFunction, library_functions

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
