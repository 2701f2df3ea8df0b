"""The types of values of study files and settings: what each accepts, and its form in JSON, in a schema and typed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from hptui.core.errors import StudyError, did_you_mean
from hptui.core.values import is_number, parse_value, show, words_hint, wrong_type_error

if TYPE_CHECKING:
    from hptui.core.trial import Value


DURATION_PATTERN = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
"""Pattern of durations such as 1h30m, with groups for hours, minutes and seconds."""


# -- values


def join_location(where: str, key: str) -> str:
    """Return the dotted location of `key` in the table at `where`."""
    return f"{where}.{key}" if where else key


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


def parse_duration(value: Value, where: str) -> float:
    """Return seconds from "30m", "1h30m", "90s" or a number of seconds. Raises: StudyError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        match = DURATION_PATTERN.fullmatch(value.replace(" ", "")) if isinstance(value, str) and value.strip() else None
        if match is None or not any(match.groups()):
            raise wrong_type_error(
                value, "a duration", where, hint='for instance "90s", "30m", "1h30m" or a number of seconds'
            )
        seconds = sum(float(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))
    if not 0 <= seconds < math.inf:
        raise StudyError(f"must not be negative, got {show(value)}", where=where, value=value)
    return seconds


# -- types


class Type(Protocol):
    """A kind of values: how they are read, stored, described to other programs, and typed by hand."""

    @property
    def word(self) -> str:
        """What a value must be, in error messages: `a whole number`."""
        ...

    def read(self, value: Value, where: str) -> Any:
        """Return the value as the program uses it. Raises: StudyError, which names the location `where`."""
        ...

    def plain(self, value: Any) -> Value:
        """Return a value of the program as JSON; the inverse of `read`."""
        ...

    def json_schema(self) -> dict[str, Value]:
        """Return the JSON Schema of the values that `read` accepts, in words that drafts 4 and 7 share."""
        ...

    def from_text(self, text: str) -> Value:
        """Return the value of a text that a person has typed into a form. Raises: StudyError."""
        ...


class ValueType:
    """Any value, as it is."""

    word = "a value"

    def read(self, value: Value, where: str) -> Any:
        return value

    def plain(self, value: Any) -> Value:
        plain: Value = value
        return plain

    def json_schema(self) -> dict[str, Value]:
        return {}

    def from_text(self, text: str) -> Value:
        return parse_value(text)


class TextType(ValueType):
    """Text. `pattern` is a regular expression for other programs; the text is checked against it elsewhere."""

    word = "text"

    def __init__(self, empty: bool = True, pattern: str = "") -> None:
        self.empty, self.pattern = empty, pattern

    def read(self, value: Value, where: str) -> Any:
        if not isinstance(value, str):
            raise wrong_type_error(value, self.word, where)
        if not self.empty and not value.strip():
            raise StudyError("must not be empty", where=where, value=value)
        return value

    def json_schema(self) -> dict[str, Value]:
        pattern = self.pattern or ("" if self.empty else r"\S")
        return {"type": "string", "pattern": pattern} if pattern else {"type": "string"}

    def from_text(self, text: str) -> Value:
        return text


class ExpressionType(TextType):
    """The text of an expression, which is parsed where its names are known."""

    def __init__(self) -> None:
        super().__init__(empty=False)

    def plain(self, value: Any) -> Value:
        return value if isinstance(value, str) else str(value.text)


class FlagType(ValueType):
    """True or false; in a form also yes or no."""

    word = "true or false"

    def read(self, value: Value, where: str) -> Any:
        if isinstance(value, bool):
            return value
        raise wrong_type_error(value, self.word, where)

    def json_schema(self) -> dict[str, Value]:
        return {"type": "boolean"}

    def from_text(self, text: str) -> Value:
        if text.lower() not in YES_OR_NO:
            raise StudyError(f"is yes or no, got {text!r}")
        return YES_OR_NO[text.lower()]


class NumberType(ValueType):
    """A finite number. `convert` is applied to it; `whole` refuses fractions, and with `exactly` also 4.0."""

    def __init__(self, convert: Callable[[Any], Value] | None = None, whole: bool = False, exactly: bool = False):
        self.word = "a whole number" if whole else "a number"
        self.convert, self.whole, self.exactly = convert, whole, exactly

    def read(self, value: Value, where: str) -> Any:
        fits = isinstance(value, int) and not isinstance(value, bool) if self.exactly else is_number(value)
        if not fits or (self.whole and not float(value).is_integer()):  # type: ignore[arg-type]  # it is a number
            raise wrong_type_error(value, self.word, where)
        return self.convert(value) if self.convert else value

    def json_schema(self) -> dict[str, Value]:
        # In draft 4, 1e5 is no "integer".
        return {"type": "integer" if self.exactly else "number"}


class ShareType(NumberType):
    """A number from 0 and below 1. `hint` says of what it is a share."""

    def __init__(self, hint: str) -> None:
        super().__init__()
        self.hint = hint

    def read(self, value: Value, where: str) -> Any:
        share = super().read(value, where)
        if share < 0:
            raise StudyError(f"must be at least 0, got {show(value)}", where=where, value=value)
        if share >= 1:
            raise StudyError(f"must be less than 1, got {show(value)}", where=where, value=value, hint=self.hint)
        return share

    def json_schema(self) -> dict[str, Value]:
        return {"type": "number", "minimum": 0}


class DurationType(ValueType):
    """A duration: read as seconds, written as a number of seconds or as text such as `1h30m`."""

    word = "a duration"

    def read(self, value: Value, where: str) -> Any:
        return parse_duration(value, where)

    def json_schema(self) -> dict[str, Value]:
        text: Value = {"type": "string", "pattern": r"^ *([\d .]+h)? *([\d .]+m)? *([\d .]+s)? *$"}
        return {"anyOf": [text, {"type": "number", "minimum": 0}]}


class OneOf(ValueType):
    """One of some words. `noun` says what they are in messages; else the name of the key does."""

    def __init__(self, words: tuple[str, ...], noun: str = "") -> None:
        self.words, self.noun = words, noun
        self.word = f"one of {', '.join(words)}"

    def read(self, value: Value, where: str) -> Any:
        word = TEXT.read(value, where)
        if word in self.words:
            return word
        noun = self.noun or where.rpartition(".")[2]
        raise StudyError(f"unknown {noun} {word!r}", where=where, value=word, hint=did_you_mean(word, self.words))

    def json_schema(self) -> dict[str, Value]:
        return {"enum": list(self.words)}

    def from_text(self, text: str) -> Value:
        return text


class ListType(ValueType):
    """A list of values of one type, read as a tuple."""

    word = "a list"

    def __init__(self, item: Type) -> None:
        self.item = item

    def read(self, value: Value, where: str) -> Any:
        return tuple(self.item.read(item, f"{where}[{n}]") for n, item in enumerate(require_list(value, where)))

    def plain(self, value: Any) -> Value:
        return [self.item.plain(item) for item in value]

    def json_schema(self) -> dict[str, Value]:
        return {"type": "array", "items": self.item.json_schema()}


class CommandType(ListType):
    """The words of a command."""

    def read(self, value: Value, where: str) -> Any:
        if isinstance(value, str):
            raise wrong_type_error(value, self.word, where, hint=words_hint(value))
        return super().read(value, where)


class PlainListType(ValueType):
    """A list of a trainer's setting, whose items the trainer checks."""

    word = "a list"

    def read(self, value: Value, where: str) -> Any:
        if isinstance(value, list | tuple):
            return list(value)
        raise wrong_type_error(value, self.word, where, hint=words_hint(value))

    def json_schema(self) -> dict[str, Value]:
        return {"type": "array"}


class MapType(ValueType):
    """A table of names that the user chooses, with values of one type."""

    word = "a table"

    def __init__(self, item: Type) -> None:
        self.item = item

    def read(self, value: Value, where: str) -> Any:
        return {
            name: self.item.read(item, join_location(where, name)) for name, item in require_table(value, where).items()
        }

    def plain(self, value: Any) -> Value:
        return {name: self.item.plain(item) for name, item in value.items()}

    def json_schema(self) -> dict[str, Value]:
        return {"type": "object", "additionalProperties": self.item.json_schema()}


class TableType(ValueType):
    """A table with keys of its own, given by its name in `hptui.studyfile.schema.TABLES`."""

    word = "a table"

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self, value: Value, where: str) -> Any:
        return require_table(value, where)

    def json_schema(self) -> dict[str, Value]:
        return {"$ref": f"#/definitions/{self.name}"}


class Either(ValueType):
    """A value of the first of several types that accepts it."""

    def __init__(self, options: tuple[Type, ...]) -> None:
        self.options = options
        self.word = " or ".join(option.word for option in options)

    def read(self, value: Value, where: str) -> Any:
        for option in self.options:
            try:
                return option.read(value, where)
            except StudyError:
                continue
        raise wrong_type_error(value, self.word, where)

    def json_schema(self) -> dict[str, Value]:
        return {"anyOf": [option.json_schema() for option in self.options]}


VALUE = ValueType()
TEXT = TextType()
NONEMPTY = TextType(empty=False)
EXPRESSION = ExpressionType()
PATH = TextType()
COMMAND = CommandType(TEXT)
FLAG = FlagType()
NUMBER = NumberType()
FLOAT = NumberType(float)
WHOLE = NumberType(whole=True, exactly=True)
WHOLE_FLOAT = NumberType(int, whole=True)
"""A whole number, also spelled 1e5: an expression such as `model_dim / 32` evaluates to a float."""
DURATION = DurationType()
PLAIN_LIST = PlainListType()

YES_OR_NO = {"yes": True, "true": True, "y": True, "1": True, "no": False, "false": False, "n": False, "0": False}
"""Typed texts of true and false."""
