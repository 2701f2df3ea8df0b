"""Fences around the optional parts of a report: one that fails is replaced by a sentence with its reason."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from hptui.core.errors import HptuiError
from hptui.results.document import Block, Paragraph
from hptui.results.facts import Name

log = logging.getLogger(__name__)
MAX_REASON_LENGTH = 200
"""Characters of a reason that are shown."""


def reason_of(error: Exception) -> str:
    """Return why a part failed, in one line."""
    text = " ".join(str(error).split())[:MAX_REASON_LENGTH]
    if isinstance(error, HptuiError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def failed_part(what: str, name: str, reason: str) -> Paragraph:
    """Return the sentence that stands in the place of a part: `The figure objective is left out: …`."""
    return Paragraph((f"The {what} ", Name(name, code=True), " is left out: ", Name(reason), "."))


def fenced(what: str, name: str, make: Callable[[], Iterable[Block]]) -> list[Block]:
    """Return the blocks that `make` returns; if it raises, a sentence with the reason."""
    try:
        return list(make())
    except Exception as error:
        log.info("the %s %s of a report failed", what, name, exc_info=error)
        return [failed_part(what, name, reason_of(error))]
