"""Values as text and as keys: what `{8, 16}` says, which values are the same, and what a configuration is called."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from hptui.model.trial import Value

WHOLE = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*")
NUMBER = re.compile(rf"(?:{WHOLE.pattern}(?:\.[0-9]*)?|[+-]?\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./:+-]*")
"""Texts that need no quotes in a list of choices."""

WORDS: Mapping[str, Value] = {"true": True, "false": False, "True": True, "False": False, "null": None, "None": None}


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is an int or float, finite and no larger than a float can be; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def number_text(value: float) -> str:
    """A number as people write it: 1e-4, 0.05, 512; reading it back gives the same float."""
    if isinstance(value, int):
        return str(value)
    plain = repr(value).removesuffix(".0")
    if value == 0 or not math.isfinite(value) or 0.01 <= abs(value) < 1e5:
        return plain
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    figures = "".join(map(str, digits)).rstrip("0")
    power = int(exponent) + len(digits) - 1
    short = f"{'-' * sign}{figures[0]}{'.' if figures[1:] else ''}{figures[1:]}e{power}"
    positional = f"{Decimal(repr(value)):f}".removesuffix(".0")
    return short if len(short) < len(positional) else positional


def value_text(value: Value) -> str:
    """A value as it stands among choices; `read_value` reads it back, type and all."""
    if isinstance(value, float):
        text = number_text(value)
        return f"{text}.0" if WHOLE.fullmatch(text) else text
    if isinstance(value, str) and BARE.fullmatch(value) and value not in WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def read_value(text: str) -> Value:
    """The value that a text names: a number, true, a quoted or bare text, a JSON list or table. ValueError if none."""
    text = text.strip()
    if text in WORDS:
        return WORDS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    if text[:1] in ('"', "[", "{"):
        value: Value = json.loads(text)
        return value
    if BARE.fullmatch(text):
        return text
    raise ValueError(f"{text!r} is no value; a text with other characters needs quotes")


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same setting: 1 and 1.0 are, 1 and true are not."""
    if type(one) is type(other) and isinstance(one, str | bool | int | float):
        return one == other
    return canonical(one) == canonical(other)


def canonical(value: Any) -> str:
    """A value as JSON in which equal settings are equal texts."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return value


def key_of(params: Mapping[str, Value]) -> str:
    """What tells one configuration from another: canonical JSON, for finding duplicates."""
    return canonical(params)
