"""What a reader finds in a store that no writer of ours has put there: a failure of the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from hptui.core.errors import MachineError

R = TypeVar("R", bound=type)
UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What Python raises where a record is not what it should be: JSON that is cut, an unknown status, bytes for a text."""


def damaged(path: object, error: object) -> MachineError:
    """Return the error that a record of a store is no record."""
    what = f"{type(error).__name__}: {error}" if isinstance(error, Exception) else error
    return MachineError(
        f"{path} is damaged: a record cannot be read ({what})",
        hint="hptui doctor STUDY says what is unsound; a copy made with hptui export --archive can replace it",
    )


def reads_records(kind: R) -> R:
    """Let the public methods of a reader raise MachineError where a record is no record."""
    for name, member in list(vars(kind).items()):
        if not name.startswith("_") and callable(member):
            setattr(kind, name, _guarded(member))
    return kind


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def read(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return method(self, *args, **options)
        except UNREADABLE as error:
            raise damaged(self.connection.path, error) from error

    return read


def table_of(value: Any) -> dict[str, Any]:
    """Return a value that must be a table. Raises: ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{str(value)[:40]!r} is no table")
    return dict(value)


def numbers_of(value: Any) -> dict[str, float]:
    """Return a value that must be a table of numbers. Raises: ValueError."""
    table = table_of(value)
    odd = [name for name, number in table.items() if not (number is None or isinstance(number, int | float))]
    if odd:
        raise ValueError(f"{odd[0][:40]!r} is no number")
    return table
