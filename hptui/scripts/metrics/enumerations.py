"""Several names before several values, brought into pairs: `Loss, Accuracy: 0.3 0.9`, `train/val loss: 0.3/0.4`."""

from __future__ import annotations

import re

from hptui.scripts.metrics.wording import MEASURE, SPLIT_WORD

_VALUE = r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf|nan)%?"
_NAME = r"[A-Za-z][\w@-]*(?: [A-Za-z][\w@-]*){0,3}"
_JOINT = r"(?:\s{0,2}[,/&]\s{0,2}|\|| and )"
_VALUES = rf"[\[(]?\s?({_VALUE}(?:(?:\s{{0,2}}[,/&|]\s{{0,2}}| and |\s{{1,3}}){_VALUE}){{1,5}})(?![\w%]|\.\w)\s?[\])]?"
NAMES_FIRST = re.compile(rf"(?<![\w/.,-])({_NAME}(?:{_JOINT}{_NAME}){{1,5}})\s?[:=]?\s{{1,3}}{_VALUES}")
IN_BRACKETS = re.compile(rf"(?<![\w/.-])({_NAME})\s?\(({_NAME}(?:{_JOINT}{_NAME}){{1,5}})\)\s?[:=]\s{{0,3}}{_VALUES}")
MAX_CHARS = 2000
"""Characters of a line from which it is no enumeration of a few names."""
QUALIFIER = re.compile(r"mean|median|avg|average|min|max|std|best|worst|micro|macro|top[-_]?\d+", re.IGNORECASE)
MAY_ENUMERATE = re.compile(r"\w(?:\s?[,/&|]\s?| and )[A-Za-z]")


def paired(text: str) -> str:
    """Return a line in which every value of an enumeration stands behind its own name.

    Where there are more names than values, or fewer, none of them is known, and the values are left out.
    """
    if len(text) > MAX_CHARS or not MAY_ENUMERATE.search(text):
        return text
    return NAMES_FIRST.sub(_of_names, IN_BRACKETS.sub(_of_splits, text))


def _of_names(match: re.Match[str]) -> str:
    names = _completed(re.split(_JOINT, match[1]))
    return _pairs(match, names, match[2])


def _of_splits(match: re.Match[str]) -> str:
    """Return the pairs of `acc (train/val): 0.9/0.8`."""
    splits = re.split(_JOINT, match[2])
    are_splits = all(_is_qualifier(split) for split in splits) and _is_measure(match[1])
    return _pairs(match, [f"{split} {match[1]}" for split in splits] if are_splits else [], match[3])


def _pairs(match: re.Match[str], names: list[str], values: str) -> str:
    numbers = re.findall(_VALUE, values)
    if not names or not all(map(_is_measure, names)):
        return match[0]
    if len(names) != len(numbers):
        return " | "
    return " | ".join(f"{name}: {number}" for name, number in zip(names, numbers, strict=True))


def _is_measure(name: str) -> bool:
    return MEASURE.fullmatch(name.split()[-1]) is not None


def _is_qualifier(word: str) -> bool:
    """Return whether a word tells values of one measure apart: a split, `mean`, `top5`."""
    return SPLIT_WORD.fullmatch(word) is not None or QUALIFIER.fullmatch(word) is not None


def _completed(names: list[str]) -> list[str]:
    """Return the names with what they share: a measure, `train/val loss`, or split, `test loss and acc`."""
    *first, last = names
    if all(map(_is_qualifier, first)) and _is_qualifier(last.split()[0]):
        measure = last.split(maxsplit=1)[1:]
        return [*(" ".join([name, *measure]) for name in first), last]
    split = SPLIT_WORD.match(names[0])
    if split and not any(SPLIT_WORD.search(name) for name in names[1:]):
        return [names[0], *(f"{split[1]} {name}" for name in names[1:])]
    return names
