"""The decorator `dataclass` of the standard library, without a compiler run for each method of each class.

The standard one writes the source of six methods and compiles each, which takes 70 µs: with 200 classes that was half
of the time in which a runner starts. Text, comparison and hash of the classes here are closures over the names of their
fields; all else is the standard library's. Type checkers are shown that one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        """Make a class a dataclass, with the options of the standard decorator."""
        return (lambda cls: _made(cls, **options)) if cls is None else _made(cls, **options)


def _made(cls: type, *, repr: bool = True, eq: bool = True, frozen: bool = False, **options: Any) -> type:
    written = {"__eq__", "__hash__"} & cls.__dict__.keys()  # what a class writes itself is left to the standard rules
    if written or not eq or options.get("order") or options.get("unsafe_hash"):
        return dataclasses.dataclass(cls, repr=repr, eq=eq, frozen=frozen, **options)
    shows = repr and "__repr__" not in cls.__dict__
    made: Any = dataclasses.dataclass(cls, repr=False, eq=False, frozen=frozen, **options)
    fields = dataclasses.fields(made)
    if shows:
        made.__repr__ = _repr_of([field.name for field in fields if field.repr])
    made.__eq__ = _eq_of(_getter([field.name for field in fields if field.compare]))
    hashed = [field.name for field in fields if (field.compare if field.hash is None else field.hash)]
    made.__hash__ = _hash_of(_getter(hashed)) if frozen else None
    result: type = made
    return result


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that gives the values of fields as a tuple.

    A tuple also of one field, since tuples are equal whose members are the same objects, NaN included.
    """
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda self: (getattr(self, names[0]),)) if names else lambda self: ()


def _repr_of(names: list[str]) -> Callable[[Any], str]:
    @recursive_repr()
    def __repr__(self: Any) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _eq_of(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], Any]:
    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    return __eq__


def _hash_of(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:
        return hash(values(self))

    return __hash__
