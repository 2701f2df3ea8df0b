"""Values of study files (their text in messages, durations, values typed on a command line), and their problems.

Problems are collected while a file is read, so that a person can fix all of them at once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from hptui.core.errors import StudyError, StudyFileErrors, Unsupported
from hptui.core.trial import Value
from hptui.core.values import NUMBER, read_value, value_text

MAX_SHOWN_CHARACTERS = 80
"""Maximum length of a value's text in messages, in characters."""
DURATION_PATTERN = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
"""Pattern of durations such as 1h30m, with groups for hours, minutes and seconds."""


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


def wrong_type_error(value: Value, expected: str, where: str, hint: str = "") -> StudyError:
    """Return the error for a value of the wrong type."""
    got = "nothing" if value is None else f"{describe_type(value)}: {show(value)}"
    return StudyError(f"must be {expected}, got {got}", where=where, value=value, hint=hint or unquote_hint(value))


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


def parse_value(text: str) -> Value:
    """Return the value of a typed text: `1e-4` is a number, `true` is true, `[1, 2]` a list; else text."""
    try:
        return to_plain(read_value(text), "")
    except (ValueError, RecursionError, StudyError):
        return text


T = TypeVar("T")
D = TypeVar("D")


class Problems:
    """Problems that were collected so far. `raise_all` raises them."""

    def __init__(self) -> None:
        self.errors: list[StudyError | Unsupported] = []

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Collect a StudyError or Unsupported that is raised inside, instead of raising it."""
        try:
            yield
        except (StudyError, Unsupported) as error:
            self.errors.append(error)

    def read(self, reader: Callable[[], T], default: D) -> T | D:
        """Return the result of `reader`, or `default` if it raises a problem, which is collected."""
        with self.collect():
            return reader()
        return default

    def raise_all(self) -> None:
        """Raise what was collected: one error as it is, several as `StudyFileErrors`.

        Does nothing if there is none.
        """
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise StudyFileErrors(self.errors)
