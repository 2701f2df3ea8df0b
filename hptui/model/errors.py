"""Every error that hptui raises on purpose, each with the exit code of the command line.

    HptuiError                    1
    ├── UserError                 2   the user's mistake: what they typed or wrote
    │   ├── Absent            2   it may be right, but it is not on this machine, and cannot be had now
    │   ├── StudyError            2   in a study file: names file, table, key, value
    │   │   └── Several           2   more than one of them, found in one reading
    │   └── ExpressionError       2   in a constraint, `expr`, `when` or filter
    ├── Unsupported               2   our limit: said plainly, with the way around it
    ├── NotFound                  5   no such study or trial
    ├── Locked                    4   another runner holds the study
    ├── Unusable                  3   the study ended without one usable trial
    └── MachineError              1   the machine's failure: disk, permissions, a broken store

A message is one or two plain sentences; `hint` is the next step.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HptuiError(Exception):
    """Base of all; `str(error)` is what a person reads."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UserError(HptuiError):
    """Something that the user typed cannot be carried out."""

    exit_code = 2


class StudyError(UserError):
    """A study file says something that cannot be right.

    `where` is the dotted place in the file (`space.learning_rate.low`); `value` is what stands there.
    """

    def __init__(self, message: str, *, file: str = "", where: str = "", value: object = None, hint: str = "") -> None:
        self.file, self.where, self.value, self.problem = file, where, value, message
        place = " ".join(part for part in (f"{file}:" if file else "", f"{where}:" if where else "") if part)
        super().__init__(f"{place} {message}".strip(), hint=hint)

    def at(self, file: str) -> StudyError:
        """The same error, naming the file that it was found in."""
        return StudyError(self.problem, file=file, where=self.where, value=self.value, hint=self.hint)


class Several(StudyError):
    """Every mistake that one reading of a study file has found, each on its own with its place."""

    def __init__(self, errors: Iterable[StudyError | Unsupported]) -> None:
        self.errors: tuple[StudyError | Unsupported, ...] = tuple(
            one for error in errors for one in (error.errors if isinstance(error, Several) else (error,))
        )
        first = next((one for one in self.errors if isinstance(one, StudyError)), StudyError(""))
        super().__init__("", file=first.file, where=first.where, value=first.value)
        self.message = self.problem = "\n".join(map(str, self.errors))

    def __str__(self) -> str:
        return self.message

    def at(self, file: str) -> Several:
        """The same mistakes, each naming the file."""
        return Several(one.at(file) if isinstance(one, StudyError) else one for one in self.errors)


class Absent(UserError):
    """What was named may be right, but it is not on this machine, and cannot be had from it now."""


class ExpressionError(UserError):
    """An expression is not in the safe language, or names something unknown."""


class Unsupported(HptuiError):
    """A thing that hptui cannot do, as opposed to a mistake."""

    exit_code = 2


class NotFound(HptuiError):
    """No such study or trial."""

    exit_code = 5


class Locked(HptuiError):
    """Another runner holds the study."""

    exit_code = 4


class Unusable(HptuiError):
    """A study ended without one usable trial."""

    exit_code = 3


class MachineError(HptuiError):
    """The machine failed us: disk, permissions, a damaged store."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known spelling closest to `word`, or '' when none is close."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint: the nearest right spelling, else what there is."""
    known = sorted(known)
    close = nearest(word, known)
    if close:
        return f"did you mean {close!r}?"
    return f"known: {', '.join(known)}" if known else ""
