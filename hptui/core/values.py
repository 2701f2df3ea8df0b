"""Values of settings: their text forms, in files and in messages, their equality, the key of a configuration; names."""

from __future__ import annotations

import json
import math
import re
import shlex
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeGuard

from hptui.core.errors import StudyError, UserError

if TYPE_CHECKING:
    from hptui.core.trial import Value

WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*")
"""Texts that are whole numbers."""
NUMBER = re.compile(rf"(?:{WHOLE_NUMBER.pattern}(?:\.[0-9]*)?|[+-]?\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""Texts that are numbers."""
BARE_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./:+-]*")
"""Texts that need no quotes in a list of choices."""

CONSTANTS: Mapping[str, Value] = {
    "true": True,
    "false": False,
    "True": True,
    "False": False,
    "null": None,
    "None": None,
}
"""Words that are values other than texts."""


NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of studies and trials; they become names of directories."""
RESERVED_NAMES = {"con", "nul", "prn", "aux"}
"""Names that Windows reserves for devices."""


def check_name(name: str, what: str = "study") -> str:
    """Return `name` if it can name a directory.

    Raises: UserError.
    """
    if not NAME_PATTERN.fullmatch(name) or ".." in name or name.lower() in RESERVED_NAMES:
        raise UserError(
            f"{name!r} cannot be the name of a {what}",
            hint="names are 1 to 64 letters, digits, '.', '_' and '-', begin with a letter or digit, and hold no '..'",
        )
    return name


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is an int or float, finite and within the range of floats; a bool is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def number_text(value: float) -> str:
    """Return a number as people write it, 1e-4, 0.05, 512; parsing it gives the same float."""
    if isinstance(value, int):
        return str(value)
    plain = repr(value).removesuffix(".0")
    if value == 0 or not math.isfinite(value) or 0.01 <= abs(value) < 1e5:
        return plain
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    significant = "".join(map(str, digits)).rstrip("0")
    power = int(exponent) + len(digits) - 1
    short = f"{'-' * sign}{significant[0]}{'.' if significant[1:] else ''}{significant[1:]}e{power}"
    positional = f"{Decimal(repr(value)):f}".removesuffix(".0")
    return short if len(short) < len(positional) else positional


def value_text(value: Value) -> str:
    """Return a value as it stands in a list of choices; `read_value` is the inverse, type included."""
    if isinstance(value, float):
        text = number_text(value)
        return f"{text}.0" if WHOLE_NUMBER.fullmatch(text) else text
    if isinstance(value, str) and BARE_WORD.fullmatch(value) and value not in CONSTANTS:
        return value
    return json.dumps(value, ensure_ascii=False)


def read_value(text: str) -> Value:
    """Parse a value: a number, true, a quoted or bare text, a JSON list or table.

    Raises: ValueError.
    """
    text = text.strip()
    if text in CONSTANTS:
        return CONSTANTS[text]
    if WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    if text[:1] in ('"', "[", "{"):
        value: Value = json.loads(text)
        return value
    if BARE_WORD.fullmatch(text):
        return text
    raise ValueError(f"{text!r} is no value; a text with other characters needs quotes")


def values_equal(value: Value, other: Value) -> bool:
    """Return whether two values are the same setting: 1 and 1.0 are, 1 and true are not."""
    if type(value) is type(other) and isinstance(value, str | bool | int | float):
        return value == other
    return canonical_json(value) == canonical_json(other)


def canonical_json(value: Any) -> str:
    """Return a value as JSON in which equal settings have equal texts."""
    return json.dumps(_with_whole_floats_as_ints(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _with_whole_floats_as_ints(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_with_whole_floats_as_ints(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _with_whole_floats_as_ints(item) for key, item in value.items()}
    return value


def configuration_key(params: Mapping[str, Value]) -> str:
    """Return the canonical JSON of a configuration, which identifies it among others."""
    return canonical_json(params)


# -- values in messages, and typed on a command line

MAX_SHOWN_CHARACTERS = 80
"""Maximum length of a value's text in messages, in characters."""


def to_plain(value: object, where: str) -> Value:
    """Return `value` as JSON can express it.

    Raises: StudyError for dates, NaN, infinity, numbers of more than 64 bits, and lone surrogates.
    """
    if isinstance(value, Mapping):
        return {str(key): to_plain(item, f"{where}.{key}" if where else str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise StudyError(f"must be a finite number, got {value}", where=where, value=value)
    if isinstance(value, int) and abs(value) >= 2**63:
        raise StudyError("is a whole number of more than 64 bits, which TOML does not have", where=where, value=value)
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise StudyError("holds half of a surrogate pair, which is no text", where=where, value=value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise StudyError(f"must be text, a number, a list or a table, got {value}", where=where, hint="dates go in quotes")


def show(value: Value) -> str:
    """Return `value` as a study file would spell it, in one line of at most 80 characters."""
    text = _full_text(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"


def _full_text(value: Value) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_full_text(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_full_text(item)}' for key, item in value.items())} }}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value_text(value)


def describe_type(value: Value) -> str:
    """Return the type of a value in a user's words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a table" if isinstance(value, dict) else "nothing"


def unquote_hint(value: Value) -> str:
    """Return a hint when `value` is a number in quotes, else ''."""
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return f"write it without quotes: {value.strip()}"
    return ""


def words_hint(value: Value) -> str:
    """Return how the words of a text are written as a list; '' for a value that is no text."""
    if not isinstance(value, str):
        return ""
    try:
        words = [word.strip() for word in value.split(",")] if "," in value else shlex.split(value)
    except ValueError:  # a quotation mark without its partner
        words = value.split()
    return f"write {show([word for word in words if word])}"


def wrong_type_error(value: Value, expected: str, where: str, hint: str = "") -> StudyError:
    """Return the error for a value of the wrong type."""
    got = "nothing" if value is None else f"{describe_type(value)}: {show(value)}"
    return StudyError(f"must be {expected}, got {got}", where=where, value=value, hint=hint or unquote_hint(value))


def parse_value(text: str) -> Value:
    """Return the value of a typed text: `1e-4` is a number, `true` is true, `[1, 2]` a list; else text."""
    try:
        return to_plain(read_value(text), "")
    except (ValueError, RecursionError, StudyError):
        return text


def unquoted(text: str) -> str:
    """Return a text without the quotes around the whole of it, if it has any."""
    is_quoted = len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]
    value = parse_value(text) if is_quoted else text
    return value if isinstance(value, str) else text
