"""The filter of a table:  lr<3e-4 status=complete r=8,16 note~warm !oom

Terms separated by spaces must all hold; a comma lists alternatives; a leading `!` negates a term. `name<value`
compares numbers (also `<= > >= = !=`), `name=a,b` is equal to one of several, `name~text` contains, and a bare word
is searched for in all texts of a row. `name` may be a column's alias, its initials, or the beginning of only one
column. Pure functions.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean

TERM_PATTERN = re.compile(r"(!?)([^\s<>=!~]+)(<=|>=|!=|=|<|>|~)(.*)", re.DOTALL)
"""A term of a filter: negation, name, operator, value."""
NUMBER_PATTERN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(%?)")
"""A number, possibly with a percent sign."""
ALIASES = {
    "st": "status",
    "why": "reason",
    "mem": "peak_memory_gb",
    "memory": "peak_memory_gb",
    "time": "seconds",
    "#": "number",
    "lr": "learning_rate",
    "bs": "batch_size",
    "r": "lora_rank",
    "rank": "lora_rank",
    "alpha": "lora_alpha",
}
"""Common abbreviations of settings, used where there is a column of that name."""

Getter = Callable[[Any], Any]
"""Returns the value of a row in one column; None where it has none."""

Predicate = Callable[[Any], bool]
"""Returns whether a row, or the value of one, is selected."""


class FilterError(UserError):
    """A filter that is not valid."""


@dataclass(frozen=True, slots=True)
class FilterTerm:
    """One condition. Without a `name`, a word that any text of the row may contain."""

    name: str
    operator: str
    values: tuple[str, ...]
    negated: bool = False

    def test(self, column: Callable[[str], Getter], texts: Callable[[Any], str]) -> Predicate:
        """Return the predicate of this term; see `Filter.test`."""
        negated = self.negated
        if not self.name:
            word = self.values[0].lower()
            return lambda row: (word in texts(row)) is not negated
        get, holds = column(self.name), self._predicate()
        return lambda row: holds(get(row)) is not negated

    def _predicate(self) -> Predicate:
        if self.operator == "~":
            words = [word.lower() for word in self.values]
            return lambda value: value is not None and any(word in str(value).lower() for word in words)
        if self.operator in ("=", "!="):
            pairs, equal = [(word, _number(word)) for word in self.values], self.operator == "="
            return lambda value: any(_equal(value, word, number) for word, number in pairs) is equal
        limit, compare = _number(self.values[0]), _COMPARE[self.operator]
        if limit is None:
            return lambda value: False
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and compare(value, limit)


_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that a row must all keep."""

    terms: tuple[FilterTerm, ...] = ()

    def test(self, column: Callable[[str], Getter], texts: Callable[[Any], str]) -> Predicate:
        """Return the predicate of this filter, built once for many rows.

        `column` returns the getter of a column; `texts` returns all texts of a row in lower case, for bare words.
        """
        tests = [term.test(column, texts) for term in self.terms]
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def __bool__(self) -> bool:
        return bool(self.terms)


def parse_filter(text: str, columns: Sequence[str]) -> Filter:
    """Parse a filter over these columns.

    Raises: FilterError names an unknown column, or a value that is no number.
    """
    try:
        words = shlex.split(text)
    except ValueError:  # a quotation mark is still open
        words = text.split()
    return Filter(tuple(_term(word, columns) for word in words if word != "!"))


def _term(word: str, columns: Sequence[str]) -> FilterTerm:
    match = TERM_PATTERN.fullmatch(word)
    if match is None:
        return FilterTerm("", "~", (word.removeprefix("!"),), word.startswith("!"))
    negation, name, operator, value_text = match.groups()
    if not value_text:
        raise FilterError(f"{word!r}: a value is missing after {operator}")
    values = tuple(part for part in value_text.split(",") if part) if operator in ("=", "!=", "~") else (value_text,)
    if not values:
        raise FilterError(f"{word!r}: a value is missing after {operator}")
    if operator in _COMPARE and _number(value_text) is None:
        raise FilterError(f"{word!r}: {value_text!r} is no number")
    return FilterTerm(resolve_column(name, columns), operator, values, negation == "!")


def resolve_column(name: str, columns: Sequence[str]) -> str:
    """Return the column that a word means: its name, an alias, its initials, or its unique beginning.

    Raises: FilterError if there is none, or several.
    """
    if name in columns:
        return name
    if ALIASES.get(name) in columns:
        return ALIASES[name]
    lower = name.lower()
    for matches in (
        lambda column: column.lower() == lower,
        lambda column: "".join(part[:1] for part in re.split(r"[_/.-]", column.lower())) == lower,
        lambda column: column.lower().startswith(lower),
        lambda column: lower in column.lower(),
    ):
        candidates = [column for column in columns if matches(column)]
        if len(candidates) == 1:
            return candidates[0]
        if len(candidates) > 1:
            raise FilterError(f"{name!r} may mean {', '.join(sorted(candidates)[:6])}", hint="write more of it")
    raise FilterError(f"there is no column {name!r}", hint=did_you_mean(name, columns))


def _number(text: str) -> float | None:
    match = NUMBER_PATTERN.fullmatch(text.strip())
    if match is None:
        return None
    return float(text.strip().rstrip("%")) / (100 if match[3] else 1)


def _equal(value: Any, text: str, number: float | None) -> bool:
    """Return whether a value equals a text; `number` is the text as a number, None if it is none."""
    if value is None:
        return text in ("", "none", "-")
    if isinstance(value, int | float) and not isinstance(value, bool) and number is not None:
        return math.isclose(value, number, rel_tol=1e-9)
    return str(value).lower() == text.lower()
