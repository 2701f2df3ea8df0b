"""Problems of a study file, collected while it is read, so that a person can fix all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hptui.model.errors import StudyError, StudyFileErrors, Unsupported

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
