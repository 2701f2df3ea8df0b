"""Keys of study files and settings of trainers: `Key`, and the types of their values.

One class describes both: what `[resources]` may hold and what a trainer takes are read, checked and shown by the same
code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError, did_you_mean
from hptui.core.key_types import (
    COMMAND,
    DURATION,
    EXPRESSION,
    FLAG,
    FLOAT,
    NONEMPTY,
    NUMBER,
    PATH,
    PLAIN_LIST,
    TEXT,
    VALUE,
    WHOLE,
    WHOLE_FLOAT,
    Either,
    ListType,
    MapType,
    OneOf,
    ShareType,
    TableType,
    TextType,
    Type,
)
from hptui.core.values import show

if TYPE_CHECKING:
    from hptui.core.trial import Value

__all__ = [
    "Key",
    "Table",
    "FROM_FIELD",
    "COMMAND",
    "DURATION",
    "EXPRESSION",
    "FLAG",
    "FLOAT",
    "NONEMPTY",
    "NUMBER",
    "PATH",
    "PLAIN_LIST",
    "TEXT",
    "VALUE",
    "WHOLE",
    "WHOLE_FLOAT",
    "Type",
    "one_of",
    "list_of",
    "map_of",
    "either",
    "share_of",
    "text_like",
    "table",
]


def one_of(*words: str, noun: str = "") -> Type:
    """Return the type of one of some words; `noun` names them in messages, else the key does."""
    return OneOf(words, noun)


def list_of(item: Type) -> Type:
    """Return the type of a list of such values."""
    return ListType(item)


def map_of(item: Type) -> Type:
    """Return the type of a table of the user's own names with such values."""
    return MapType(item)


def either(*options: Type) -> Type:
    """Return the type of a value of the first type that accepts it."""
    return Either(options)


def share_of(hint: str) -> Type:
    """Return the type of a number from 0 and below 1; `hint` says of what it is a share."""
    return ShareType(hint)


def text_like(pattern: str) -> Type:
    """Return the type of a text that is not empty.

    The pattern is only for other programs: it is checked elsewhere.
    """
    return TextType(empty=False, pattern=pattern)


def table(name: str) -> Type:
    """Return the type of a table with keys of its own: a name in `hptui.studyfile.schema.TABLES`."""
    return TableType(name)


class _FromField:
    def __repr__(self) -> str:
        return "FROM_FIELD"


FROM_FIELD: Final = _FromField()
"""Default of a key that is the default of a dataclass's field, so that it stands in one place."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table, or a setting of a trainer: its name, its type, and what values it takes.

    `field` is the field of the dataclass that holds the value, if it has another name than the key. Numbers lie from
    `low` to `high`, and above `above`. `example` is a value as a study file spells it. `reader` names a function
    ("module:function", called with value and location) that reads what the type alone cannot. `only_for` are the kinds
    that have this key, where a table has several. A larger value of a setting that `affects_memory` needs more memory;
    a training that continues from a checkpoint must have the same value of what is `tied_to_checkpoint`.
    """

    name: str
    type: Type = VALUE
    help: str = ""
    default: Any = FROM_FIELD
    field: str = ""
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None
    required: bool = False
    unit: str = ""
    category: str = ""
    typical: str = ""
    example: str = ""
    since: str = "0.1"
    reader: str = ""
    aliases: tuple[str, ...] = ()
    only_for: tuple[str, ...] = ()
    affects_memory: bool = False
    tied_to_checkpoint: bool = False

    def read(self, value: Value, where: str) -> Any:
        """Return the value as the program uses it.

        None is a value only where it is the default. Raises: StudyError.
        """
        if value is None and self.default is None:
            return None
        converted = self.type.read(value, where)
        if self.choices and converted not in self.choices:
            hint = did_you_mean(str(value), map(str, self.choices))
            raise StudyError(f"cannot be {show(value)}", where=where, value=value, hint=hint)
        self.check_range(converted, value, where)
        return converted

    def check_range(self, number: Any, value: Value, where: str) -> None:
        """Raise for a number outside of the key's range. `value` is what the file has. Raises: StudyError."""
        if isinstance(number, bool) or not isinstance(number, int | float):
            return
        if self.above is not None and (number == self.above or (self.low is None and number < self.above)):
            problem = f"must be more than {show(self.above)}"
        elif self.low is not None and number < self.low:
            problem = f"must be at least {show(self.low)}"
        elif self.high is not None and number > self.high:
            problem = f"must be at most {show(self.high)}"
        else:
            return
        raise StudyError(f"{problem}, got {show(value)}", where=where, value=value)

    @property
    def words(self) -> tuple[str, ...]:
        """All values as they are typed, if there are only a few."""
        if self.type is FLAG:
            return ("true", "false")
        return tuple(map(str, self.choices or getattr(self.type, "words", ())))

    def json_schema(self) -> dict[str, Value]:
        """Return the JSON Schema of the key's values, with its help as the description."""
        schema = self.type.json_schema()
        if "$ref" in schema:
            return schema  # words next to a reference are ignored
        if self.choices:
            schema["enum"] = list(self.choices)
        if "type" in schema:
            schema |= {"minimum": self.low} if self.low is not None else {}
            schema |= {"maximum": self.high} if self.high is not None else {}
        description = [self.help[:1].upper() + self.help[1:]]
        description += [f"more than {show(self.above)}"] if self.above is not None else []
        description += [f"in {self.unit}"] if self.unit else []
        description += [f"usually {self.typical}"] if self.typical else []
        if text := "; ".join(filter(None, description)):
            schema["description"] = text
        return schema


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a study file. `record` is the class of `hptui.core.study` that holds its values; '' if none does."""

    name: str
    heading: str
    help: str
    record: str
    keys: tuple[Key, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the table may hold, aliases included."""
        return tuple(name for key in self.keys for name in (key.name, *key.aliases))

    def __getitem__(self, name: str) -> Key:
        """Return the key with this name or alias. Raises: KeyError."""
        for key in self.keys:
            if name == key.name or name in key.aliases:
                return key
        raise KeyError(name)

    def default(self, key: Key) -> Any:
        """Return the value of a key that a file does not have; None for one that it must have."""
        if key.default is not FROM_FIELD:
            return key.default
        field = self._fields().get(key.field or key.name)
        if field is None:
            return None
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        return None if default is MISSING else default

    def stored_keys(self) -> Iterator[tuple[Key, str]]:
        """Yield each key whose value has a field of its own in the record, with the field's name."""
        for key in self.keys:
            if (key.field or key.name) in self._fields():
                yield key, key.field or key.name

    def _fields(self) -> Mapping[str, Field[Any]]:
        # Loaded late: a list of keys needs no study.
        from hptui.core import study

        return _fields_of(getattr(study, self.record)) if self.record else {}


@cache
def _fields_of(record: type) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(record)}
