"""Reads one table of a study file: typed look-ups whose errors name the dotted location and the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hptui.core.errors import StudyError, did_you_mean
from hptui.core.keys import Problems, parse_duration, show, wrong_type_error
from hptui.core.trial import Value
from hptui.studyfile.schema import join_location, missing_key_error, validate_keys

T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class TableReader:
    """A table and its dotted location.

    With `problems`, the error of one key is collected there, and its default is used.
    """

    data: dict[str, Value]
    where: str = ""
    problems: Problems | None = None

    @classmethod
    def of(cls, value: Value, table: str, where: str | None = None, problems: Problems | None = None) -> TableReader:
        """Return a reader of `value`. Raises: StudyError for keys that `schema.KEYS[table]` does not have."""
        where = table if where is None else where
        data = require_table(value, where)
        if problems is None:
            validate_keys(data, table, where)
        else:
            problems.read(lambda: validate_keys(data, table, where), None)
        return cls(data, where, problems)

    def has(self, key: str) -> bool:
        """Return whether the key has a value."""
        return self.data.get(key) is not None

    def location(self, key: str) -> str:
        """Return the dotted location of a key."""
        return join_location(self.where, key)

    def _get(self, key: str, default: D, read: Callable[[Value, str], T]) -> T | D:
        if not self.has(key):
            return default
        if self.problems is None:
            return read(self.data[key], self.location(key))
        with self.problems.collect():
            return read(self.data[key], self.location(key))
        return default

    def required_text(self, key: str, why: str = "") -> str:
        """Return a required text, which must not be empty."""
        if not self.has(key):
            raise missing_key_error(key, self.where, why)
        required = require_text(self.data[key], self.location(key))
        if not required.strip():
            raise StudyError("must not be empty", where=self.location(key), value=required)
        return required

    def text(self, key: str) -> str:
        """Return a text; '' if there is none."""
        return self._get(key, "", require_text)

    def flag(self, key: str, default: D) -> bool | D:
        """Return true or false."""
        return self._get(key, default, require_flag)

    def integer(self, key: str, default: D, low: int, high: int | None = None) -> int | D:
        """Return an integer from `low` to `high`."""
        return self._get(
            key, default, lambda value, where: require_range(require_integer(value, where), where, low, high)
        )

    def number(self, key: str, default: D, low: float) -> float | D:
        """Return a number of at least `low`."""
        return self._get(key, default, lambda value, where: require_range(require_number(value, where), where, low))

    def seconds(self, key: str, default: D, positive: bool = True) -> float | D:
        """Return a duration in seconds. `positive` refuses 0, where nothing would ever run."""

        def read(value: Value, where: str) -> float:
            seconds = parse_duration(value, where)
            if positive and not seconds:
                raise StudyError(f"must be more than 0, got {show(value)}", where=where, value=value)
            return seconds

        return self._get(key, default, read)

    def choice(self, key: str, default: D, choices: tuple[str, ...]) -> str | D:
        """Return one of the known words."""
        return self._get(key, default, lambda value, where: require_choice(value, where, choices))

    def table(self, key: str) -> dict[str, Value]:
        """Return a table of the user's own names; empty if there is none."""
        return self._get(key, {}, require_table)

    def items(self, key: str) -> list[Value]:
        """Return a list; empty if there is none."""
        return self._get(key, [], require_list)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty if there is none."""
        return tuple(require_text(item, f"{self.location(key)}[{index}]") for index, item in enumerate(self.items(key)))


def require_text(value: Value, where: str) -> str:
    """Return `value` if it is text. Raises: StudyError."""
    if isinstance(value, str):
        return value
    raise wrong_type_error(value, "text", where)


def require_flag(value: Value, where: str) -> bool:
    """Return `value` if it is true or false. Raises: StudyError."""
    if isinstance(value, bool):
        return value
    raise wrong_type_error(value, "true or false", where)


def require_integer(value: Value, where: str) -> int:
    """Return `value` if it is an integer and not a bool. Raises: StudyError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise wrong_type_error(value, "a whole number", where)


def require_number(value: Value, where: str) -> float:
    """Return `value` if it is a number and not a bool. Raises: StudyError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise wrong_type_error(value, "a number", where)


def require_table(value: Value, where: str) -> dict[str, Value]:
    """Return `value` if it is a table. Raises: StudyError."""
    if isinstance(value, dict):
        return value
    raise wrong_type_error(value, "a table", where)


def require_list(value: Value, where: str) -> list[Value]:
    """Return `value` if it is a list. Raises: StudyError."""
    if isinstance(value, list):
        return value
    hint = f"head each with [[{where}]]" if isinstance(value, dict) else f"write [{show(value)}]"
    raise wrong_type_error(value, "a list", where, hint=hint)


def require_choice(value: Value, where: str, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of the known words. Raises: StudyError that names the nearest one."""
    word = require_text(value, where)
    if word in choices:
        return word
    raise StudyError(
        f"unknown {where.rpartition('.')[2]} {word!r}", where=where, value=word, hint=did_you_mean(word, choices)
    )


Number = TypeVar("Number", int, float)


def require_range(value: Number, where: str, low: Number, high: Number | None = None) -> Number:
    """Return `value` if it lies in the range. Raises: StudyError."""
    if value < low:
        raise StudyError(f"must be at least {low}, got {show(value)}", where=where, value=value)
    if high is not None and value > high:
        raise StudyError(f"must be at most {high}, got {show(value)}", where=where, value=value)
    return value
