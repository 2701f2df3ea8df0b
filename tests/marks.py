"""The marks `process`, `torch`, `terminal`, `optuna`, `long`: set from what a test imports, calls and takes.

A test that starts a process all the same, or is the first to load torch, without the mark fails and says so: then the
mark is written by hand (`pytestmark = pytest.mark.process`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from tests.import_graph import loaded_by
from tests.long_tests import function_of, long_functions

LIBRARIES = {
    "torch": {"torch", "transformers", "peft", "bitsandbytes", "ax", "botorch", "gpytorch"},
    "optuna": {"optuna"},
    "terminal": {"pty", "pyte"},
}
"""Mark -> libraries whose import gives it."""

STARTERS = (
    "subprocess.",
    "multiprocessing.",
    "os.fork",
    "tests.tui.terminal.",
    "hptui.operations.run.run",
    "hptui.operations.run.start_runner",
    "hptui.search.engine_process.",
    "hptui.execution.local.",
    "hptui.operations.dry_run.",
    "hptui.operations.memory_fit.",
    "hptui.operations.doctor.examine",
    "hptui.execution.code_watch.CodeWatch",
    "hptui.scripts.preflight.",
    "hptui.scripts.process.",
    "hptui.testing.executors.",
    "hptui.testing.study.",
    "hptui.testing.trainers.",
    "hptui.operations.plugins.",
    "hptui.operations.first_proposal.",
    "hptui.operations.machine.logout_warning",
    "hptui.execution.remote.ray.",
    "hptui.execution.remote.ray_places.",
    "hptui.api.run.",
)
"""What starts a process when it is called, by the beginning of its full name."""


OTHERS = {"slow", "process", "torch", "terminal"}
"""Marks of tests that do more than compute in this process."""


def marks_of(item: pytest.Function) -> set[str]:
    """Return the marks of a test."""
    at_once = loaded_by(item.module.__name__)
    called = _reached(item.function) | {_full_name(base) for base in getattr(item.cls, "__mro__", ())}
    for fixtures in item._fixtureinfo.name2fixturedefs.values():
        for fixture in fixtures:
            if fixture.func.__module__.startswith("tests."):
                called |= _reached(fixture.func)
    # The tests of the screens define classes and coroutines inside their functions: their code is searched too.
    loaded = at_once | {name.split(".")[0] for name in called}
    result = {mark for mark, libraries in LIBRARIES.items() if libraries & loaded}
    if any(name.startswith(STARTERS) for name in called) or "terminal" in result:
        result.add("process")
    if function_of(item.nodeid) in long_functions():
        result.add("long")
    return result


@cache
def _reached(function: Any) -> frozenset[str]:
    """Return the full names that a function of the tests refers to, by way of other functions of the tests."""
    names: set[str] = set()
    seen, waiting = {function}, [function]
    while waiting:
        for value in _references(waiting.pop()):
            if isinstance(value, str):
                names.add(value)
                continue
            full = _full_name(value)
            names.add(full)
            if full.startswith("tests.") and not isinstance(value, ModuleType) and value not in seen:
                seen.add(value)
                waiting.append(value)
    return frozenset(names)


def _full_name(value: Any) -> str:
    if isinstance(value, ModuleType):
        return f"{value.__name__}."
    return f"{value.__module__}.{getattr(value, '__qualname__', '')}"


def _references(value: Any) -> Iterator[Any]:
    """Yield modules, functions and classes that a function or class uses; the names of modules that it imports."""
    if isinstance(value, type):
        for member in vars(value).values():
            yield from _references(getattr(member, "__func__", member))
        return
    value = getattr(value, "__wrapped__", value)
    if not isinstance(value, FunctionType):
        return
    for name in _names(value.__code__):
        named = value.__globals__.get(name)
        if isinstance(named, ModuleType | FunctionType | type):
            yield named
        elif named is None:
            yield from [f"{name}."] if name in _IMPORTABLE else ()
        elif type(named).__module__.startswith("hptui."):
            yield type(named)
    for cell in value.__closure__ or ():
        if isinstance(cell.cell_contents, FunctionType | type):
            yield cell.cell_contents


_IMPORTABLE = frozenset({"subprocess", "multiprocessing", *(name for names in LIBRARIES.values() for name in names)})


def _names(code: CodeType) -> Iterable[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


# what really happens -------------------------------------------------------------------------------------------------

_EVENTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"})
_started: list[str] = []
_me = os.getpid()


def _note(event: str, details: tuple[Any, ...]) -> None:
    if event in _EVENTS and os.getpid() == _me:
        _started.append(f"{event} {details[1] if len(details) > 1 else ''}"[:200])


def watch() -> None:
    """Take note from now on of every process that this one starts."""
    sys.addaudithook(_note)


def started_processes() -> list[str]:
    """Return what the current test has started so far."""
    return _started


def is_quick(item: pytest.Item) -> bool:
    """Return whether a test belongs to the inner loop."""
    return not {mark.name for mark in item.iter_markers()} & {*OTHERS, "long"}


def unmarked(item: pytest.Item, torch_before: bool) -> str:
    """Return what a test did that needs a mark which it does not have, or ''."""
    if {mark.name for mark in item.iter_markers()} & OTHERS:
        return ""
    if _started:
        return f"this test starts a process ({_started[0]}): give it, or its file, pytest.mark.process"
    if "torch" in sys.modules and not torch_before:
        return "this test loads torch: give it, or its file, pytest.mark.torch"
    return ""
