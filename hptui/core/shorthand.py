"""The one-line form of a parameter, in a terminal or a table: `5e-6..1e-4 log`, `2..24 int`, `{128, 256, 512}`."""

from __future__ import annotations

import re
from typing import Any

from hptui.core.errors import StudyError, nearest
from hptui.core.expressions import Expression
from hptui.core.parameters import Choice, Float, Int, Parameter
from hptui.core.trial import Value
from hptui.core.values import NUMBER, WHOLE_NUMBER, read_value

_RANGE = re.compile(rf"({NUMBER.pattern})\s*\.\.\s*({NUMBER.pattern})(?:\s+(.*))?")
_HINT = "write 5e-6..1e-4 log, 2..24 int, 0..1 step 0.1 or {128, 256, 512}"
_PAIRS = {"[": "]", "{": "}"}


def parse_parameter(name: str, text: str, *, note: str = "", when: Expression | None = None) -> Parameter:
    """Parse the one-line form of a parameter; the inverse of its `describe()`.

    A range is one of whole numbers if all its numbers are whole, or with the word `int`.

    Raises: StudyError.
    """
    text = text.strip()
    if text[:1] in _PAIRS:
        return Choice(name, tuple(_choices(name, text)), when=when, note=note)
    match = _RANGE.fullmatch(text)
    if not match:
        raise _error(name, text, "is neither a range nor a list of choices", _HINT)
    low, high, suffix = match.groups()
    words, step = _words(name, text, suffix or "")
    log = "log" in words
    all_whole = "float" not in words and all(WHOLE_NUMBER.fullmatch(number) for number in (low, high, step or low))
    if "int" in words or all_whole:
        # A fraction is passed on as it is: Int raises the error that quotes it.
        low, high, step = (_number(number) for number in (low, high, step))
        return Int(name, low, high, log=log, step=step, when=when, note=note)
    return Float(name, float(low), float(high), log=log, step=float(step) if step else None, when=when, note=note)


def _number(text: str) -> Any:
    return (int(text) if WHOLE_NUMBER.fullmatch(text) else float(text)) if text else None


def _words(name: str, text: str, suffix: str) -> tuple[set[str], str]:
    """Return the words after a range, and the number after `step`."""
    words: set[str] = set()
    step = ""
    parts = iter(suffix.replace("=", " ").split())
    for word in parts:
        if word == "step":
            step = next(parts, "")
            if not NUMBER.fullmatch(step):
                raise _error(name, text, f"has no number after step, got {step!r}", _HINT)
        elif word in ("log", "int", "float"):
            words.add(word)
        else:
            suggestion = nearest(word, ("log", "int", "float", "step"))
            raise _error(
                name, text, f"has an unknown word {word!r}", f"did you mean {suggestion!r}?" if suggestion else _HINT
            )
    if {"int", "float"} <= words:
        raise _error(name, text, "cannot be int and float", _HINT)
    return words, step


def _choices(name: str, text: str) -> list[Value]:
    if text[-1] != _PAIRS[text[0]]:
        raise _error(name, text, f"does not end with {_PAIRS[text[0]]}", _HINT)
    try:
        return [read_value(item) for item in _items(text[1:-1])]
    except (ValueError, RecursionError) as error:
        raise _error(name, text, f"cannot be read: {error}", _HINT) from None


def _items(text: str) -> list[str]:
    """Split at commas outside of quotes and brackets."""
    items, start, depth, quote, skip = [], 0, 0, "", False
    for index, letter in enumerate(text):
        if skip:
            skip = False
        elif quote:
            skip = letter == "\\" and quote == '"'
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
        elif letter == "," and depth == 0:
            items.append(text[start:index])
            start = index + 1
    items.append(text[start:])
    return items if items[-1].strip() else items[:-1]


def _error(name: str, text: str, problem: str, hint: str) -> StudyError:
    return StudyError(f"{text!r} {problem}", where=f"space.{name}", value=text, hint=hint)
