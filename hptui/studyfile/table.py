"""Reads one table of a study file as its keys say; errors name the dotted location and the value."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from hptui.core.dataclass import dataclass
from hptui.core.errors import Problems, StudyError, did_you_mean
from hptui.core.key_types import TEXT, join_location, require_list, require_table
from hptui.core.keys import FROM_FIELD, Key
from hptui.core.trial import Value
from hptui.studyfile.schema import TABLES, missing_key_error, validate_keys

D = TypeVar("D")
Reader = Callable[[Value, str], Any]
"""Returns the value at a location as the program uses it. Raises: StudyError."""


@dataclass(frozen=True, slots=True)
class TableReader:
    """A table of a file, the name of its keys in `schema.TABLES`, and its dotted location.

    With `problems`, the error of one key is collected there, and its default is used.
    """

    data: dict[str, Value]
    where: str = ""
    name: str = ""
    problems: Problems | None = None

    @classmethod
    def of(cls, value: Value, name: str, where: str | None = None, problems: Problems | None = None) -> TableReader:
        """Return a reader of `value`. Raises: StudyError for keys that the table `name` does not have."""
        where = name if where is None else where
        data = require_table(value, where)
        if problems is None:
            validate_keys(data, name, where)
        else:
            problems.read(lambda: validate_keys(data, name, where), None)
        return cls(data, where, name, problems)

    def has(self, key: str) -> bool:
        """Return whether the key has a value."""
        return self.data.get(key) is not None

    def location(self, key: str) -> str:
        """Return the dotted location of a key."""
        return join_location(self.where, key)

    def require(self, key: str) -> None:
        """Raise StudyError, which says what the key is for, if it has no value."""
        if not self.has(key):
            text = TABLES[self.name][key].help
            raise missing_key_error(key, self.where, text[:1].lower() + text[1:])

    def get(self, name: str, default: Any = FROM_FIELD, reader: Reader | None = None) -> Any:
        """Return the value of a key as the program uses it; `default`, or the key's, where there is none.

        It is read as the table says, or by `reader`. Raises: StudyError for a value that it cannot have, and for a
        required key that is missing.
        """
        table = TABLES[self.name]
        key = table[name]
        if key.required:
            self.require(name)
        unset = table.default(key) if default is FROM_FIELD else default
        return self._get(name, unset, reader or (_reader(key.reader) if key.reader else key.read))

    def fields(self, *names: str) -> dict[str, Any]:
        """Return field -> value for some keys, read in this order; for all keys if none is named."""
        keys: list[Key] = [TABLES[self.name][name] for name in names] or list(TABLES[self.name].keys)
        return {key.field or key.name: self.get(key.name) for key in keys}

    def _get(self, key: str, default: D, read: Reader) -> Any:
        if not self.has(key):
            return default
        if self.problems is None:
            return read(self.data[key], self.location(key))
        with self.problems.collect():
            return read(self.data[key], self.location(key))
        return default

    def text(self, key: str) -> str:
        """Return a text; '' if there is none."""
        return str(self._get(key, "", TEXT.read))

    def table(self, key: str) -> dict[str, Value]:
        """Return a table as it stands; empty if there is none."""
        return dict(self._get(key, {}, require_table))

    def items(self, key: str) -> list[Value]:
        """Return a list as it stands; empty if there is none."""
        return list(self._get(key, [], require_list))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty if there is none. Raises: StudyError for an item that is no text."""
        return tuple(TEXT.read(item, f"{self.location(key)}[{n}]") for n, item in enumerate(self.items(key)))


@cache
def _reader(reference: str) -> Reader:
    """Return the function that "module:function" names; the modules import this one."""
    module, _, name = reference.partition(":")
    function: Reader = getattr(import_module(module), name)
    return function


def require_choice(value: Value, where: str, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of the known words. Raises: StudyError that names the nearest one."""
    word = TEXT.read(value, where)
    if word in choices:
        return str(word)
    raise StudyError(
        f"unknown {where.rpartition('.')[2]} {word!r}", where=where, value=word, hint=did_you_mean(word, choices)
    )


def require_range(value: Any, where: str, low: float, high: float | None = None) -> Any:
    """Return `value` if it lies in the range. Raises: StudyError."""
    Key("", low=low, high=high).check_range(value, value, where)
    return value
