"""Problems of a study file, collected while it is read, so that a person can fix all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hptui.model.errors import Several, StudyError, Unsupported

T = TypeVar("T")
D = TypeVar("D")


class Mistakes:
    """Problems that were collected so far. `raise_all` raises them."""

    def __init__(self) -> None:
        self.found: list[StudyError | Unsupported] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Collect a StudyError or Unsupported that is raised inside, instead of raising it."""
        try:
            yield
        except (StudyError, Unsupported) as error:
            self.found.append(error)

    def read(self, reading: Callable[[], T], otherwise: D) -> T | D:
        """Return the result of `reader`, or `default` if it raises a problem, which is collected."""
        with self.noted():
            return reading()
        return otherwise

    def tell(self) -> None:
        """Raise what was collected: one error as it is, several as `StudyFileErrors`.

        Does nothing if there is none.
        """
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise Several(self.found)
