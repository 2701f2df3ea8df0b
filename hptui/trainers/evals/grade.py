"""Correct, wrong answer or format failure: every sample is exactly one of the three, and says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hptui.model.counts import Ratio
from hptui.trainers.evals import answers
from hptui.trainers.evals.options import Options

CORRECT, WRONG, FORMAT = "correct", "wrong answer", "format failure"


@dataclass(frozen=True, slots=True)
class Grade:
    """What became of one sample. `answer` is None where none was found."""

    category: str
    answer: str | None
    expected: str
    cause: str = ""


def grade(text: str, reference: str, options: Options, *, cut: bool = False) -> Grade:
    """Judge one generated text; `cut` says that it was ended by the limit of tokens."""
    wanted = answers.expected(reference, options.answer_format, options.answer_regex)
    found = answers.extract(text, options.answer_format, options.answer_regex)
    if found.answer is None:
        return Grade(FORMAT, None, wanted, found.cause + (", cut off" if cut else ""))
    if answers.same(found.answer, wanted):
        return Grade(CORRECT, found.answer, wanted)
    return Grade(WRONG, found.answer, wanted, _difference(found.answer, wanted))


def shares(grades: Sequence[Grade]) -> dict[str, float]:
    """The share of each category, with its counts."""
    count = Counter(grade.category for grade in grades)
    names = {"accuracy": CORRECT, "wrong_answer": WRONG, "format_failure": FORMAT}
    return {name: Ratio(count[category], len(grades)) for name, category in names.items()}


def causes(grades: Sequence[Grade]) -> dict[str, int]:
    """How often each cause of a sample that is not correct occurred: the most frequent first."""
    return dict(Counter(f"{g.category}: {g.cause}" for g in grades if g.cause).most_common())


def _difference(answer: str, wanted: str) -> str:
    if answers.number(wanted) is None:
        return "another text"
    return "not a number" if answers.number(answer) is None else "another number"
