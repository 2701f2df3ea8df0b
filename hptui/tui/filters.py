"""The filter of a table:  lr<3e-4 status=complete r=8,16 note~warm !oom

A space means and; a comma lists alternatives; `!` in front turns a term around. `name<value` compares numbers (also
`<= > >= = !=`), `name=a,b` is equal to one of several, `name~text` contains, and a bare word is looked for in all
texts of a row. `name` may be short for a column, when only one begins so or has those initials. Pure.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from hptui.model.errors import UserError, did_you_mean

TERM = re.compile(r"(!?)([^\s<>=!~]+)(<=|>=|!=|=|<|>|~)(.*)", re.DOTALL)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(%?)")
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
"""Words that people of this field use for a setting, where there is one of that name."""

Get = Callable[[Any], Any]
"""The value of a row in one column; None where it has none."""

Test = Callable[[Any], bool]


class FilterError(UserError):
    """A filter says something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. Without a `name`, a word that any text of the row may hold."""

    name: str
    operator: str
    values: tuple[str, ...]
    negated: bool = False

    def test(self, column: Callable[[str], Get], texts: Callable[[Any], str]) -> Test:
        """See `Filter.test`."""
        negated = self.negated
        if not self.name:
            word = self.values[0].lower()
            return lambda row: (word in texts(row)) is not negated
        get, holds = column(self.name), self._holds()
        return lambda row: holds(get(row)) is not negated

    def _holds(self) -> Test:
        if self.operator == "~":
            wanted = [one.lower() for one in self.values]
            return lambda value: value is not None and any(one in str(value).lower() for one in wanted)
        if self.operator in ("=", "!="):
            pairs, equal = [(one, _number(one)) for one in self.values], self.operator == "="
            return lambda value: any(_equal(value, one, number) for one, number in pairs) is equal
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

    terms: tuple[Term, ...] = ()

    def test(self, column: Callable[[str], Get], texts: Callable[[Any], str]) -> Test:
        """What tells whether a row is let through, made once for many rows.

        `column` gives what reads a column of a row; `texts` all texts of a row, in small letters, for bare words.
        """
        tests = [term.test(column, texts) for term in self.terms]
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def __bool__(self) -> bool:
        return bool(self.terms)


def parse(text: str, columns: Sequence[str]) -> Filter:
    """A filter over these columns; `FilterError` names a column that is none, or a number that is none."""
    try:
        words = shlex.split(text)
    except ValueError:  # a quotation mark is still open
        words = text.split()
    return Filter(tuple(_term(word, columns) for word in words if word != "!"))


def _term(word: str, columns: Sequence[str]) -> Term:
    found = TERM.fullmatch(word)
    if found is None:
        return Term("", "~", (word.removeprefix("!"),), word.startswith("!"))
    bang, name, operator, rest = found.groups()
    if not rest:
        raise FilterError(f"{word!r}: a value is missing after {operator}")
    values = tuple(part for part in rest.split(",") if part) if operator in ("=", "!=", "~") else (rest,)
    if not values:
        raise FilterError(f"{word!r}: a value is missing after {operator}")
    if operator in _COMPARE and _number(rest) is None:
        raise FilterError(f"{word!r}: {rest!r} is no number")
    return Term(resolve(name, columns), operator, values, bang == "!")


def resolve(name: str, columns: Sequence[str]) -> str:
    """The column that a word means: its name, an alias, its initials, or the only one that begins so."""
    if name in columns:
        return name
    if ALIASES.get(name) in columns:
        return ALIASES[name]
    lower = name.lower()
    for fits in (
        lambda column: column.lower() == lower,
        lambda column: "".join(part[:1] for part in re.split(r"[_/.-]", column.lower())) == lower,
        lambda column: column.lower().startswith(lower),
        lambda column: lower in column.lower(),
    ):
        fitting = [column for column in columns if fits(column)]
        if len(fitting) == 1:
            return fitting[0]
        if len(fitting) > 1:
            raise FilterError(f"{name!r} may mean {', '.join(sorted(fitting)[:6])}", hint="write more of it")
    raise FilterError(f"there is no column {name!r}", hint=did_you_mean(name, columns))


def _number(text: str) -> float | None:
    found = NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    return float(text.strip().rstrip("%")) / (100 if found[3] else 1)


def _equal(value: Any, wanted: str, number: float | None) -> bool:
    """Whether a value is what was written; `number` is that as a number, where it is one."""
    if value is None:
        return wanted in ("", "none", "-")
    if isinstance(value, int | float) and not isinstance(value, bool) and number is not None:
        return math.isclose(value, number, rel_tol=1e-9)
    return str(value).lower() == wanted.lower()
