"""Mistakes are gathered while a study file is read, so that a person mends all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hptui.model.errors import Several, StudyError, Unsupported

T = TypeVar("T")
D = TypeVar("D")


class Mistakes:
    """What has been found so far. `tell` raises it."""

    def __init__(self) -> None:
        self.found: list[StudyError | Unsupported] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """A mistake inside is kept for later."""
        try:
            yield
        except (StudyError, Unsupported) as error:
            self.found.append(error)

    def read(self, reading: Callable[[], T], otherwise: D) -> T | D:
        """What `reading` gives; `otherwise` where it finds a mistake."""
        with self.noted():
            return reading()
        return otherwise

    def tell(self) -> None:
        """Raise what was found: one mistake as it is, several together."""
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise Several(self.found)
