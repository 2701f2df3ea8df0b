"""The classification of answers: each sample is correct, a wrong answer or a format failure, with a cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hptui.model.counts import Proportion
from hptui.trainers.evals import answers
from hptui.trainers.evals.options import GenerationOptions

CORRECT, WRONG, FORMAT = "correct", "wrong answer", "format failure"


@dataclass(frozen=True, slots=True)
class Grade:
    """The classification of one sample. `answer` is None where none was extracted."""

    category: str
    answer: str | None
    expected: str
    cause: str = ""


def classify(text: str, reference: str, options: GenerationOptions, *, cut: bool = False) -> Grade:
    """Classify one generated text. `cut`: it was ended by the limit of tokens."""
    correct = answers.expected_answer(reference, options.answer_format, options.answer_regex)
    extracted = answers.extract_answer(text, options.answer_format, options.answer_regex)
    if extracted.answer is None:
        return Grade(FORMAT, None, correct, extracted.cause + (", cut off" if cut else ""))
    if answers.answers_equal(extracted.answer, correct):
        return Grade(CORRECT, extracted.answer, correct)
    return Grade(WRONG, extracted.answer, correct, _difference(extracted.answer, correct))


def category_shares(grades: Sequence[Grade]) -> dict[str, float]:
    """Return the share of each category, with its counts."""
    count = Counter(grade.category for grade in grades)
    names = {"accuracy": CORRECT, "wrong_answer": WRONG, "format_failure": FORMAT}
    return {name: Proportion(count[category], len(grades)) for name, category in names.items()}


def count_causes(grades: Sequence[Grade]) -> dict[str, int]:
    """Return how often each cause of an incorrect sample occurred, the most frequent first."""
    return dict(Counter(f"{g.category}: {g.cause}" for g in grades if g.cause).most_common())


def _difference(answer: str, correct: str) -> str:
    if answers.as_number(correct) is None:
        return "another text"
    return "not a number" if answers.as_number(answer) is None else "another number"
