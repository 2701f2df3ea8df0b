"""One table of a study file: typed look-ups that name the dotted place and the value when something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.trial import Value
from hptui.storage.studyfile.keys import check_keys, join, missing
from hptui.storage.studyfile.mistakes import Mistakes
from hptui.storage.studyfile.values import duration, show, wrong

T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its dotted place. `of` refuses keys that `keys.KEYS[table]` does not know.

    With `mistakes`, what is wrong with one key is gathered there, and the others are read all the same.
    """

    data: dict[str, Value]
    where: str = ""
    mistakes: Mistakes | None = None

    @classmethod
    def of(cls, value: Value, table: str, where: str | None = None, mistakes: Mistakes | None = None) -> Table:
        where = table if where is None else where
        found = mapping(value, where)
        if mistakes is None:
            check_keys(found, table, where)
        else:
            mistakes.read(lambda: check_keys(found, table, where), None)
        return cls(found, where, mistakes)

    def has(self, key: str) -> bool:
        return self.data.get(key) is not None

    def at(self, key: str) -> str:
        return join(self.where, key)

    def _get(self, key: str, default: D, read: Callable[[Value, str], T]) -> T | D:
        if not self.has(key):
            return default
        if self.mistakes is None:
            return read(self.data[key], self.at(key))
        with self.mistakes.noted():
            return read(self.data[key], self.at(key))
        return default

    def need(self, key: str, why: str = "") -> str:
        """Text that must be there and not be empty."""
        if not self.has(key):
            raise missing(key, self.where, why)
        found = text(self.data[key], self.at(key))
        if not found.strip():
            raise StudyError("must not be empty", where=self.at(key), value=found)
        return found

    def text(self, key: str) -> str:
        return self._get(key, "", text)

    def flag(self, key: str, default: D) -> bool | D:
        return self._get(key, default, flag)

    def whole(self, key: str, default: D, low: int, high: int | None = None) -> int | D:
        return self._get(key, default, lambda value, where: within(whole(value, where), where, low, high))

    def number(self, key: str, default: D, low: float) -> float | D:
        return self._get(key, default, lambda value, where: within(number(value, where), where, low))

    def seconds(self, key: str, default: D, positive: bool = True) -> float | D:
        """A duration; a positive one where nought would mean that nothing ever runs."""

        def read(value: Value, where: str) -> float:
            found = duration(value, where)
            if positive and not found:
                raise StudyError(f"must be more than 0, got {show(value)}", where=where, value=value)
            return found

        return self._get(key, default, read)

    def one_of(self, key: str, default: D, known: tuple[str, ...]) -> str | D:
        return self._get(key, default, lambda value, where: one_of(value, where, known))

    def table(self, key: str) -> dict[str, Value]:
        """A table of the user's own names; empty when it is not there."""
        return self._get(key, {}, mapping)

    def items(self, key: str) -> list[Value]:
        return self._get(key, [], sequence)

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(text(item, f"{self.at(key)}[{index}]") for index, item in enumerate(self.items(key)))


def text(value: Value, where: str) -> str:
    """`value`, which must be text."""
    if isinstance(value, str):
        return value
    raise wrong(value, "text", where)


def flag(value: Value, where: str) -> bool:
    """`value`, which must be true or false."""
    if isinstance(value, bool):
        return value
    raise wrong(value, "true or false", where)


def whole(value: Value, where: str) -> int:
    """`value`, which must be a whole number; true is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise wrong(value, "a whole number", where)


def number(value: Value, where: str) -> float:
    """`value`, which must be a number; true is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise wrong(value, "a number", where)


def mapping(value: Value, where: str) -> dict[str, Value]:
    """`value`, which must be a table."""
    if isinstance(value, dict):
        return value
    raise wrong(value, "a table", where)


def sequence(value: Value, where: str) -> list[Value]:
    """`value`, which must be a list."""
    if isinstance(value, list):
        return value
    hint = f"head each with [[{where}]]" if isinstance(value, dict) else f"write [{show(value)}]"
    raise wrong(value, "a list", where, hint=hint)


def one_of(value: Value, where: str, known: tuple[str, ...]) -> str:
    """`value`, which must be one of the known words."""
    found = text(value, where)
    if found in known:
        return found
    raise StudyError(
        f"unknown {where.rpartition('.')[2]} {found!r}", where=where, value=found, hint=did_you_mean(found, known)
    )


Number = TypeVar("Number", int, float)


def within(value: Number, where: str, low: Number, high: Number | None = None) -> Number:
    """`value`, unless it lies outside the range that makes sense."""
    if value < low:
        raise StudyError(f"must be at least {low}, got {show(value)}", where=where, value=value)
    if high is not None and value > high:
        raise StudyError(f"must be at most {high}, got {show(value)}", where=where, value=value)
    return value
