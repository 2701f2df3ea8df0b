"""Which printed value is the mean of those before it: the rows of folds, seeds, years or classes, and their mean.

The mean stands for the trial, not the best of its parts."""

from __future__ import annotations

import math
import re
from dataclasses import field

from hptui.core.dataclass import dataclass

MEAN_WORDS = re.compile(
    r"(?<![A-Za-z])(?:avg|averages?|averaged|means?|overall|cv|cross[-_ ]?val\w*|"
    r"all[-_ ](?:\w+[-_ ])?(?:folds|seeds|runs|classes))(?![A-Za-z])|(?<=[\d%])\s{0,3}(?:±|\+/?-)\s{0,3}(?=[\d.])",
    re.IGNORECASE,
)
"""Words of a line that may hold the mean of what stands before it."""
MAX_PARTS, MIN_PARTS = 512, 2
"""Values that are remembered, and the least number that a mean is one of."""


MIN_OF_SHAPE, MIN_UNITS = 3, 100
"""The least number of values of which a line of another shape is the mean, and how far they are apart, in its unit."""
NUMBERS = re.compile(r"\d[\d.,:]*")


def says_mean(line: str) -> bool:
    """Return whether a line says that its values are means."""
    return MEAN_WORDS.search(line) is not None


def shape_of(line: str) -> str:
    """Return a line without its numbers: lines of cases have one shape, that of their mean another."""
    return " ".join(NUMBERS.sub("#", line[:MAX_SHAPE_CHARS]).split())


MAX_SHAPE_CHARS = 400
"""Characters of a line that its shape is made of."""


BANNER = re.compile(r"[=*#~-]{3,}\s*([^=*#~\n]{2,60}?)\s*[=*#~-]{3,}")
"""A title between rulers: `===== fold: 2 result =====`."""
FOLD_TITLE = re.compile(r"(?:.*\W)?folds?\W{0,3}(\d+)(?:\W.*)?", re.IGNORECASE)
WHOLE_TITLE = re.compile(
    r"(?=.*(?:cv|oof|cross|folds))(?:\W*\b(?:overall|total|final|all|over|cv|oof|cross|validation|out|of|folds?|scores?|"
    r"results?|metrics?)\b)+\W*",
    re.IGNORECASE,
)
"""Titles of one fold, and of what is measured over all of them."""


class Banners:
    """Follows the titles between rulers in one output."""

    def __init__(self) -> None:
        self._folds: set[str] = set()
        self._is_whole = False

    def is_over_folds(self, line: str) -> bool:
        """Return whether a line stands below a title of all folds, where titles of several were before it."""
        if (match := BANNER.search(line)) is not None:
            if fold := FOLD_TITLE.fullmatch(match[1]):
                self._folds.add(fold[1])
            self._is_whole = len(self._folds) >= MIN_PARTS and WHOLE_TITLE.fullmatch(match[1]) is not None
        return self._is_whole


@dataclass
class Parts:
    """The values of one metric that no line calls means; a later one may be their mean.

    With `ended` it was, and means alone count.
    """

    values: list[float] = field(default_factory=list)
    runs: list[list[float]] = field(default_factory=list)
    """The values of each fold or seed: a step that does not grow begins another one."""
    ended: bool = False
    shaped: list[tuple[str, float, int | None]] = field(default_factory=list)
    """The shapes of lines with their values and steps."""
    shape: str = ""
    """The shape of the lines of means, where no words say that they are some."""
    _step: int | None = None

    def is_mean(self, value: float, *, stated: bool) -> bool:
        """Return whether a value is the mean of those before it: the line has `stated` it, and they agree."""
        if not stated or not math.isfinite(value) or len(self.values) < MIN_PARTS:
            return False
        ends = [[choose(run) for run in self.runs] for choose in (_last, min, max)]
        return _ends_in_parts(self.values, value) or any(
            _ends_in_parts(group, value, least=len(group)) for group in ends if len(group) >= MIN_PARTS
        )

    def is_mean_of_shapes(self, value: float, step: int | None, shape: str) -> bool:
        """Return whether a value in a line of another shape is the mean of those before it.

        It is remembered if not. Of `shaped` those of its own shape are left then.
        """
        if not shape or not math.isfinite(value):
            return False
        since = next((i for i in range(len(self.shaped), 0, -1) if self.shaped[i - 1][0] == shape), 0)
        others = self.shaped[since:]
        last = next((i for i in range(len(others), 0, -1) if others[i - 1][0] != others[-1][0]), 0)
        if any(_is_exact_mean([number for _, number, _ in part], value) for part in (others, others[last:])):
            self.shape, self.shaped = shape, [entry for entry in self.shaped if entry[0] == shape]
            return True
        self.shaped.append((shape, value, step))
        del self.shaped[:-MAX_PARTS]
        return False

    def add(self, value: float, step: int | None) -> None:
        """Remember a value, and the step at which it stands."""
        if not math.isfinite(value):
            return
        self.values.append(value)
        del self.values[:-MAX_PARTS]
        if not self.runs or step is None or self._step is None or step <= self._step:
            self.runs.append([])
            del self.runs[:-MAX_PARTS]
        self.runs[-1].append(value)
        del self.runs[-1][:-MAX_PARTS]
        self._step = step


def _is_exact_mean(values: list[float], value: float) -> bool:
    """Return whether a value is the mean of all others, which are so far apart that it is so by no chance."""
    if len(values) < MIN_OF_SHAPE:
        return False
    unit = min(map(_unit, values))  # of numbers with as many digits, some end in zeros
    is_apart = max(values) - min(values) >= MIN_UNITS * unit
    return is_apart and abs(value - sum(values) / len(values)) <= unit * (1 + 1e-6)


def _last(run: list[float]) -> float:
    return run[-1]


def _ends_in_parts(values: list[float], value: float, least: int = MIN_PARTS) -> bool:
    """Return whether a value is the mean of the last ones, as exactly as all are printed.

    `least` is the least number of them.
    """
    total = unit = 0.0
    for count, part in enumerate(reversed(values), start=1):
        total, unit = total + part, max(unit, _unit(part))
        slack = (_unit(value) + unit) / 2 * (1 + 1e-6)
        if count >= least and abs(value - total / count) <= slack and len({*values[-count:]}) >= MIN_PARTS:
            return True
    return False


def _unit(value: float) -> float:
    """Return what the last printed digit of a number stands for."""
    digits = repr(float(value))
    mantissa, _, exponent = digits.partition("e")
    fraction = mantissa.partition(".")[2]
    return float(10.0 ** (int(exponent or 0) - (0 if fraction == "0" else len(fraction))))
