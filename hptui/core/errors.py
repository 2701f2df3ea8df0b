"""Errors that hptui raises on purpose, each with the exit code of the command line.

    HptuiError                       1
    ├── UserError                    2   a mistake in what the user typed or wrote
    │   ├── NotAvailable             2   possibly right, but not on this machine and not obtainable now
    │   ├── StudyError               2   in a study file: names file, table, key, value
    │   │   └── StudyFileErrors      2   several of them, from one reading of a file
    │   └── ExpressionError          2   in a constraint, `expr`, `when` or filter
    ├── Unsupported                  2   a limit of hptui, with the way around it
    ├── NotFound                     5   no such study or trial
    ├── Locked                       4   another runner holds the study
    ├── NoUsableTrial                3   the study ended without a usable trial
    └── MachineError                 1   a failure of the machine: disk, permissions, a damaged store

A message is one or two plain sentences; `hint` is the next step.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hptui.core.masking import hide_value


class HptuiError(Exception):
    """Base class of all errors of hptui; `str(error)` is the message, with the hint on a second line."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UserError(HptuiError):
    """Input of the user that cannot be carried out."""

    exit_code = 2


class StudyError(UserError):
    """An invalid entry of a study file.

    `where` is its dotted path (`space.learning_rate.low`), `value` what the file has there, `problem` the message
    without the path.
    """

    def __init__(self, message: str, *, file: str = "", where: str = "", value: object = None, hint: str = "") -> None:
        message, hint = hide_value(message, where, value), hide_value(hint, where, value)
        self.file, self.where, self.value, self.problem = file, where, value, message
        location = " ".join(part for part in (f"{file}:" if file else "", f"{where}:" if where else "") if part)
        super().__init__(f"{location} {message}".strip(), hint=hint)

    def at(self, file: str) -> StudyError:
        """Return a copy that names the file."""
        return StudyError(self.problem, file=file, where=self.where, value=self.value, hint=self.hint)


class StudyFileErrors(StudyError):
    """All errors of one reading of a study file, in `errors`, each with its own path."""

    def __init__(self, errors: Iterable[StudyError | Unsupported]) -> None:
        self.errors: tuple[StudyError | Unsupported, ...] = tuple(
            single for error in errors for single in (error.errors if isinstance(error, StudyFileErrors) else (error,))
        )
        first_error = next((error for error in self.errors if isinstance(error, StudyError)), StudyError(""))
        super().__init__("", file=first_error.file, where=first_error.where, value=first_error.value)
        self.message = self.problem = "\n".join(map(str, self.errors))

    def __str__(self) -> str:
        return self.message

    def at(self, file: str) -> StudyFileErrors:
        """Return a copy in which each error names the file."""
        return StudyFileErrors(error.at(file) if isinstance(error, StudyError) else error for error in self.errors)


@contextmanager
def named_in_errors(file: str) -> Iterator[None]:
    """Let mistakes that are raised in this block, and name no file, name this one."""
    try:
        yield
    except StudyError as error:
        raise error if error.file else error.at(file) from None
    except UserError as error:
        if type(error) is not UserError:  # the others have a meaning of their own
            raise
        raise StudyError(error.message, file=file, hint=error.hint) from None


class NotAvailable(UserError):
    """Something named by the user that may exist, but not on this machine, and cannot be fetched now."""


class ExpressionError(UserError):
    """An expression that is not in the language, names something unknown, or cannot be computed."""


class Unsupported(HptuiError):
    """A request that is valid but beyond what hptui can do."""

    exit_code = 2


class NotFound(HptuiError):
    """A study, trial or other record that does not exist."""

    exit_code = 5


class Locked(HptuiError):
    """A study that another runner holds."""

    exit_code = 4


class NoUsableTrial(HptuiError):
    """A study that ended without a usable trial."""

    exit_code = 3


class MachineError(HptuiError):
    """A failure of the machine: disk, permissions, a damaged store."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known spelling closest to `word`, or '' if none is close."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint: the nearest known spelling, else the list of known ones."""
    known = sorted(known)
    suggestion = nearest(word, known)
    if suggestion:
        return f"did you mean {suggestion!r}?"
    return f"known: {', '.join(known)}" if known else ""


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
