"""Our `dataclass` makes what the standard library's makes, for classes of every kind; the package uses no other."""

from __future__ import annotations

import ast
import copy
import dataclasses
import math
import operator
import pickle
import random
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import hptui
from hptui.core.dataclass import dataclass

PACKAGE = Path(hptui.__file__).parent
STANDARD_ONLY = {"hptui/plugins.py", "hptui/core/dataclass.py"}
"""What may not import `core`, or is it."""

OPTIONS = [
    dict(zip(("frozen", "slots", "repr", "eq", "order", "unsafe_hash", "kw_only"), values, strict=True))
    for values in product((False, True), repeat=7)
    if values[3] or not values[4]  # the standard library refuses an order without comparison
]


def body(draw: random.Random) -> tuple[list[tuple[str, type, Any]], dict[str, Any]]:
    """Fields with options of their own, and what a class writes itself."""
    fields = []
    for number in range(draw.randint(0, 4)):
        options: dict[str, Any] = {"default": draw.choice([0, 1.5, "x", None])}
        options |= {key: draw.random() < 0.5 for key in ("repr", "compare") if draw.random() < 0.4}
        if draw.random() < 0.3:
            options["hash"] = draw.choice([None, True, False])
        fields.append((f"f{number}", object, options))
    written = {
        "__repr__": lambda self: "mine",
        "__eq__": lambda self, other: True,
        "__hash__": lambda self: 7,
        "extra": property(lambda self: 3),
    }
    return fields, {name: value for name, value in written.items() if draw.random() < 0.15}


Body = tuple[list[tuple[str, type, Any]], dict[str, Any]]


def made(decorator: Any, options: dict[str, bool], content: Body, bases: tuple[type, ...] = ()) -> Any:
    """A class, or the error of its decoration."""
    fields, written = content
    names = {"__annotations__": {name: of for name, of, _ in fields}, "__module__": __name__, "__qualname__": "Made"}
    names |= {name: dataclasses.field(**given) for name, _, given in fields} | written
    try:
        return decorator(**options)(type("Made", bases, names))
    except (TypeError, ValueError) as error:
        return re.sub("<class.*?>", "", str(error))


def outcome(function: Callable[..., Any], *given: Any) -> Any:
    try:
        return function(*given)
    except (TypeError, AttributeError) as error:  # a frozen instance's is an AttributeError
        return type(error).__name__


def told(cls: Any, values: list[tuple[Any, ...]]) -> Any:
    """All that instances say of themselves."""
    if isinstance(cls, str):
        return cls
    names = [field.name for field in dataclasses.fields(cls)]
    first, second, third = (cls(**dict(zip(names, row, strict=False))) for row in (values[0], values[1], values[0]))
    pairs = [(a, b) for a in (first, second, third) for b in (first, second, third, "another")]
    return [
        re.sub("0x[0-9a-f]+", "", repr(first)),
        [a == b for a, b in pairs],
        [a != b for a, b in pairs],
        [outcome(operator.lt, *pair) for pair in pairs],
        [outcome(hash, a) == outcome(hash, b) for a, b in pairs],
        isinstance(outcome(hash, first), str),
        outcome(setattr, first, "f0", 9),
        outcome(setattr, first, "unknown", 9),
        outcome(delattr, second, "f0"),
        re.sub("0x[0-9a-f]+", "", repr(dataclasses.replace(third))),
        copy.deepcopy(third) == third,
        dataclasses.asdict(third),
        cls.__match_args__,
        hasattr(first, "__dict__"),
        outcome(getattr, first, "extra"),
    ]


def named(options: dict[str, bool]) -> str:
    return "-".join(key for key in options if options[key]) or "none"


@pytest.mark.parametrize("options", OPTIONS, ids=named)
def test_a_class_and_one_derived_from_it_are_as_the_standard_library_makes_them(options: dict[str, bool]) -> None:
    for seed in range(4):
        draw = random.Random(repr((sorted(options.items()), seed)))
        content, (more, also) = body(draw), body(draw)
        derived = [(f"more_{name}", of, given) for name, of, given in more], also
        values = [tuple(draw.choice([0, 1, "x", None, 2.5, math.nan]) for _ in range(8)) for _ in range(2)]
        theirs, ours = made(dataclasses.dataclass, options, content), made(dataclass, options, content)
        assert told(ours, values) == told(theirs, values), content
        if not isinstance(theirs, str):
            theirs = made(dataclasses.dataclass, options, derived, (theirs,))
            ours = made(dataclass, options, derived, (ours,))
            assert told(ours, values) == told(theirs, values), (content, derived)


@dataclass(frozen=True, slots=True)
class Kept:
    inner: object = None


@dataclass
class Loop:
    inner: object = None


def test_an_instance_is_pickled_and_one_that_holds_itself_is_shown() -> None:
    assert pickle.loads(pickle.dumps(Kept(3))) == Kept(3)
    loop = Loop()
    loop.inner = loop
    assert repr(loop) == "Loop(inner=...)"
    assert Loop.__hash__ is None


def test_the_package_uses_no_other() -> None:
    others = [
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        if "dataclass" in {name.name for name in node.names}
    ]
    assert {*others} <= STANDARD_ONLY, "import dataclass from hptui.core.dataclass"
