"""Extraction, comparison and classification of answers: each sample is correct, a wrong answer or a format failure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from hptui.core.dataclass import dataclass
from hptui.core.format import Proportion
from hptui.trainers.evals.options import GenerationOptions

NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?|-?\.\d+")
"""A number: digits with or without thousands separators, decimals or a denominator."""
SPACING = re.compile(r"\\left|\\right|\\[!,;: ]|[ \t\n~]+")
"""LaTeX spacing and sizing commands, and white space, which do not change an answer."""
WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox)\{([^{}]*)\}")
"""LaTeX commands that only set their argument as text."""
FRACTION = re.compile(r"(-?)\\[dt]?frac\{(-?\d+)\}\{(\d+)\}|(-?)\\[dt]?frac(\d)(\d)")
"""A LaTeX fraction of integers; braces may be missing around single digits."""


@dataclass(frozen=True, slots=True)
class ExtractedAnswer:
    """An answer; where the text does not keep to the format, None and the cause."""

    answer: str | None
    cause: str = ""


def extract_answer(text: str, answer_format: str, pattern: str = "") -> ExtractedAnswer:
    """Return the answer in `text` at the position that `answer_format` prescribes."""
    if answer_format == "think":
        return _after_thought(text)
    if answer_format == "boxed":
        return _boxed(text)
    if answer_format == "last_number":
        numbers = NUMBER.findall(text)
        return ExtractedAnswer(numbers[-1]) if numbers else ExtractedAnswer(None, "no number")
    if answer_format == "regex":
        match = re.search(pattern, text)
        if match is None:
            return ExtractedAnswer(None, "pattern not found")
        return _filled(match.group(1) if match.re.groups else match.group())
    return _filled(text)


def expected_answer(reference: str, answer_format: str, pattern: str = "") -> str:
    """Return the answer in a reference: in the same format, else boxed, else after ####, else all of it."""
    answer = extract_answer(reference, answer_format, pattern).answer
    if answer is None:
        answer = _boxed(reference).answer
    if answer is None and "####" in reference:
        answer = reference.rpartition("####")[2]
    return (reference if answer is None else answer).strip()


def answers_equal(answer: str, reference: str) -> bool:
    """Return whether two answers are equal: as numbers where both are numbers, else as plain texts."""
    value, reference_value = as_number(answer), as_number(reference)
    if value is not None and reference_value is not None:
        return value == reference_value
    return plain_answer(answer) == plain_answer(reference)


def as_number(text: str) -> Fraction | None:
    """Return the number that a text is (`1,024`, `0.50`, `3/6`, `\\frac{1}{2}`, `$7`), or None."""
    bare = plain_answer(text).removeprefix("\\$").removeprefix("$").removeprefix("+")
    bare = FRACTION.sub(lambda m: f"{m[1] or m[4] or ''}{m[2] or m[5]}/{m[3] or m[6]}", bare)
    if not NUMBER.fullmatch(bare):
        return None
    top, _, bottom = bare.replace(",", "").partition("/")
    return Fraction(top) / Fraction(bottom) if bottom and int(bottom) else None if bottom else Fraction(top)


def plain_answer(text: str) -> str:
    """Return a text without spacing, math delimiters and LaTeX's commands for text."""
    bare = text.strip().removesuffix(".")
    boxed = _boxed(bare)
    bare = boxed.answer if boxed.answer is not None else bare
    for left, right in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if len(bare) > len(left) + len(right) and bare.startswith(left) and bare.endswith(right):
            bare = bare[len(left) : -len(right)]
    bare = WRAPPED.sub(r"\1", bare).replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
    return SPACING.sub("", bare).removesuffix(".")


def _after_thought(text: str) -> ExtractedAnswer:
    _, closed, remainder = text.partition("</think>")
    if not closed:
        return ExtractedAnswer(None, "no </think>")
    remainder = remainder.lstrip()
    if not remainder.startswith("<answer>"):
        return ExtractedAnswer(None, "no <answer> after </think>")
    answer, closed, _ = remainder.removeprefix("<answer>").partition("</answer>")
    return _filled(answer) if closed else ExtractedAnswer(None, "no </answer>")


def _boxed(text: str) -> ExtractedAnswer:
    start = text.rfind("\\boxed{")
    if start < 0:
        return ExtractedAnswer(None, "no \\boxed")
    depth = 0
    for position in range(start + len("\\boxed"), len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return _filled(text[start + len("\\boxed{") : position])
    return ExtractedAnswer(None, "\\boxed not closed")


def _filled(answer: str) -> ExtractedAnswer:
    return ExtractedAnswer(answer.strip()) if answer.strip() else ExtractedAnswer(None, "empty answer")


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
    correct = expected_answer(reference, options.answer_format, options.answer_regex)
    extracted = extract_answer(text, options.answer_format, options.answer_regex)
    if extracted.answer is None:
        return Grade(FORMAT, None, correct, extracted.cause + (", cut off" if cut else ""))
    if answers_equal(extracted.answer, correct):
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
    if as_number(correct) is None:
        return "another text"
    return "not a number" if as_number(answer) is None else "another number"
