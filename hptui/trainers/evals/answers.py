"""The answer in a text, and whether two answers are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?|-?\.\d+")
SPACING = re.compile(r"\\left|\\right|\\[!,;: ]|[ \t\n~]+")
WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox)\{([^{}]*)\}")
FRACTION = re.compile(r"(-?)\\[dt]?frac\{(-?\d+)\}\{(\d+)\}|(-?)\\[dt]?frac(\d)(\d)")


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, or, where the text does not keep to the format, the reason why there is none."""

    answer: str | None
    cause: str = ""


def extract(text: str, answer_format: str, pattern: str = "") -> Found:
    """The answer in `text`, where `answer_format` says that it stands."""
    if answer_format == "think":
        return _after_thought(text)
    if answer_format == "boxed":
        return _boxed(text)
    if answer_format == "last_number":
        numbers = NUMBER.findall(text)
        return Found(numbers[-1]) if numbers else Found(None, "no number")
    if answer_format == "regex":
        match = re.search(pattern, text)
        if match is None:
            return Found(None, "pattern not found")
        return _filled(match.group(1) if match.re.groups else match.group())
    return _filled(text)


def expected(reference: str, answer_format: str, pattern: str = "") -> str:
    """The answer that a reference holds: in the same format, else boxed, else after ####, else all of it."""
    found = extract(reference, answer_format, pattern).answer
    if found is None:
        found = _boxed(reference).answer
    if found is None and "####" in reference:
        found = reference.rpartition("####")[2]
    return (reference if found is None else found).strip()


def same(answer: str, reference: str) -> bool:
    """Whether two answers are equal: as numbers where both are, else as texts without what only sets them."""
    one, other = number(answer), number(reference)
    if one is not None and other is not None:
        return one == other
    return plain(answer) == plain(reference)


def number(text: str) -> Fraction | None:
    """The number that a text is (`1,024`, `0.50`, `3/6`, `\\frac{1}{2}`, `$7`), or None."""
    bare = plain(text).removeprefix("\\$").removeprefix("$").removeprefix("+")
    bare = FRACTION.sub(lambda m: f"{m[1] or m[4] or ''}{m[2] or m[5]}/{m[3] or m[6]}", bare)
    if not NUMBER.fullmatch(bare):
        return None
    above, _, below = bare.replace(",", "").partition("/")
    return Fraction(above) / Fraction(below) if below and int(below) else None if below else Fraction(above)


def plain(text: str) -> str:
    """A text without spacing, math delimiters and the words that LaTeX wraps text in."""
    bare = text.strip().removesuffix(".")
    boxed = _boxed(bare)
    bare = boxed.answer if boxed.answer is not None else bare
    for left, right in (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")):
        if len(bare) > len(left) + len(right) and bare.startswith(left) and bare.endswith(right):
            bare = bare[len(left) : -len(right)]
    bare = WRAPPED.sub(r"\1", bare).replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
    return SPACING.sub("", bare).removesuffix(".")


def _after_thought(text: str) -> Found:
    _, closed, rest = text.partition("</think>")
    if not closed:
        return Found(None, "no </think>")
    rest = rest.lstrip()
    if not rest.startswith("<answer>"):
        return Found(None, "no <answer> after </think>")
    answer, closed, _ = rest.removeprefix("<answer>").partition("</answer>")
    return _filled(answer) if closed else Found(None, "no </answer>")


def _boxed(text: str) -> Found:
    start = text.rfind("\\boxed{")
    if start < 0:
        return Found(None, "no \\boxed")
    depth = 0
    for place in range(start + len("\\boxed"), len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return _filled(text[start + len("\\boxed{") : place])
    return Found(None, "\\boxed not closed")


def _filled(answer: str) -> Found:
    return Found(answer.strip()) if answer.strip() else Found(None, "empty answer")
