"""Tables whose rows begin with a name: of a class, a subset, or all, as scikit-learn and Ultralytics print them.

`macro avg  0.94  0.93` below `precision  recall` is `macro_avg_precision` and `macro_avg_recall`; the row of `all` has
the names of the columns alone. An objective `macro_f1` or `f1` is that of the row which its words leave no doubt about.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from hptui.scripts.metrics.pairs import Pair, canonical_name
from hptui.scripts.metrics.splits import SPLITS
from hptui.scripts.metrics.titles import LOG_PREFIX
from hptui.scripts.metrics.words import METRIC_WORDS

CELL = re.compile(r"\s{2,}|\t|\s*[|│┃║]\s*")
BAR = re.compile(r":\s+\d+%\|.*")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?|nan", re.IGNORECASE)
COLUMN = re.compile(
    r"(?:ap|map|ar)[\d.@:-]*(?:[-_]\d+)?|p|r|iou|miou|dice|support|images|instances|labels|n|count|r2|top\d",
    re.IGNORECASE,
)
"""Columns besides those with the names of metrics."""
COUNTS = re.compile(r"support|images|instances|n|count", re.IGNORECASE)
"""Columns that say of how many examples a row is."""
LABELS = (
    "class",
    "classes",
    "category",
    "label",
    "split",
    "subset",
    "set",
    "name",
    "dataset",
    "metric",
    "model",
    "phase",
)
"""First columns of headings that name the rows."""
WHOLE = ("all", "overall", "total")
"""Names of rows of everything, which have the names of columns alone."""
IDLE = {"avg", "average", "mean", "score", "all", "overall", "total", "macro", "set"}
"""Words of a row and column that an objective may leave out."""
MIN_COLUMNS, MAX_COLUMNS, MIN_METRICS = 2, 24, 2
MAX_LABEL_CHARS = 40
MAX_OTHERS = 3
"""Lines without a row after which a table has ended."""


class LabelledTable:
    """Follows such tables in one output."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = wanted
        self._columns: list[str] = []
        self._is_labelled = False
        self._others = 0

    @property
    def is_open(self) -> bool:
        """Whether rows may follow."""
        return bool(self._columns)

    def begins(self, text: str) -> bool:
        """Return whether a line is the heading of a table; rows are looked for below it then."""
        text = LOG_PREFIX.sub("", text) if text[:1].strip() else text
        names = _ungrouped([name for name in CELL.split(BAR.sub("", text).strip()) if name])
        if not self._is_heading(names):
            return False
        self._is_labelled = names[0].lower() in LABELS
        self._columns, self._others = names[1:] if self._is_labelled else names, 0
        return True

    def row(self, text: str) -> list[Pair] | None:
        """Return the values of a row under their names; None for another line, which may end the table."""
        if not self._columns or not text.strip():
            return None
        words = [word for word in re.split(r"\s+|[|│┃║]", text.strip()) if word]
        numbers = [word for word in words[-len(self._columns) :] if NUMBER.fullmatch(word)]
        label = " ".join(words[: -len(self._columns)])
        if len(numbers) != len(self._columns) or not re.search(r"\w", label) or len(label) > MAX_LABEL_CHARS:
            self._others += bool(re.search(r"\w", text))
            self._columns = self._columns if self._others < MAX_OTHERS else []
            return None
        self._others = 0
        return [
            Pair(name, float(number.rstrip("%")))
            for column, number in zip(self._columns, numbers, strict=True)
            if (name := self._name(label, column))
        ]

    def short_row(self, text: str) -> list[Pair]:
        """Return the value of a row without empty columns that is a metric: `accuracy   0.87   160`."""
        label, _, rest = text.strip().partition("  ")
        numbers = NUMBER.findall(rest)
        is_metric = canonical_name(label).rpartition("_")[2] in METRIC_WORDS
        return [Pair(canonical_name(label), float(numbers[0].rstrip("%")))] if numbers and is_metric else []

    def _is_heading(self, names: list[str]) -> bool:
        if not MIN_COLUMNS <= len(names) <= MAX_COLUMNS or len({*names}) < len(names):
            return False
        own = names[1:] if names[0].lower() in LABELS else names
        measures = [name for name in own if not METRIC_WORDS.isdisjoint(canonical_name(name).split("_"))]
        known = [name for name in own if name in measures or COLUMN.fullmatch(name)]
        is_text = not any(re.search(r"(?:^|[\s:=(])[-+]?\.?\d", name) for name in names)
        return is_text and len(known) >= max(MIN_METRICS, len(own) - 1)

    def _name(self, label: str, column: str) -> str:
        """Return the name of a value: that of an objective which means it, else of its row and column."""
        words, row = canonical_name(f"{label} {column}").split("_"), {*canonical_name(label).split("_")}
        if COUNTS.fullmatch(column) and "_".join(words) not in self._wanted:
            return ""
        for asked in self._wanted:
            own = asked.split("_")
            rest = {word for word in words if word not in own}
            is_row = asked == canonical_name(label) and "f1" in words
            if is_row or ({*own} <= {*words} and not {*own} <= row and rest <= IDLE):
                return asked
        if label.lower() in WHOLE:
            return column
        is_split = canonical_name(label) in SPLITS
        return "_".join(words) if is_split or row & IDLE else ""


def _ungrouped(names: list[str]) -> list[str]:
    """Return columns without their groups: `Box(P  R)  Mask(P  R)`.

    Those of a second group have its name.
    """
    own: list[str] = []
    group, closes = "", False
    for name in names:
        before, opens, rest = name.rpartition("(")
        if opens and not rest.endswith(")"):
            group, name = before, rest
        closes = bool(group) and name.endswith(")")
        name = name.rstrip(")") if closes else name
        own.append(f"{group}_{name}" if name in own and group else name)
        group = "" if closes else group
    return own
