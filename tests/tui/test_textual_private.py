"""The private names of Textual that the screens use are there, do what they are used for, and stand in one module."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from functools import cache
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.app import App
from textual.content import Content
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

import hptui.tui
from hptui.tui import textual_private
from hptui.tui.textual_private import (
    MEMBERS,
    ChopsUpdate,
    CompositorUpdate,
    HookedApp,
    HookedScreen,
    LayoutUpdate,
    parent_of,
    segments_of,
    set_border_text,
)

TUI = Path(textual_private.__file__).parent
NAMES = [(owner, name) for owner, names in MEMBERS.items() for name in names]
PARAMETERS = {
    "_display": ["self", "screen", "renderable"],
    "_compositor_refresh": ["self"],
    "_get_breakpoint_classes": ["self", "dimension", "breakpoints"],
    "_dispatch_message": ["self", "message"],
}
"""Those that are methods, with what they are called with."""


def private(name: str) -> bool:
    return len(name) > 1 and name.startswith("_") and not name.startswith("__")


@cache
def source_of(owner: type) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(owner)))


@cache
def names_of(owner: type) -> frozenset[str]:
    """Private names that the code of a class defines, or sets on `self`."""
    names = set()
    for node in ast.walk(source_of(owner)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(filter(private, names))


def names_in_textual(owner: type) -> frozenset[str]:
    """Private names that the bases of a class in Textual define or set."""
    return frozenset().union(*map(names_of, bases_in_textual(owner)))


def bases_in_textual(owner: type) -> list[type]:
    return [base for base in owner.__mro__ if base.__module__.startswith("textual.")]


def test_there_are_thirteen_and_one_module():
    assert len(NAMES) == 13
    assert ChopsUpdate.__module__ == CompositorUpdate.__module__ == LayoutUpdate.__module__ == "textual._compositor"


@pytest.mark.parametrize(("owner", "name"), NAMES, ids=lambda part: getattr(part, "__name__", part))
def test_textual_has_it(owner, name):
    where = [base for base in bases_in_textual(owner) if name in names_of(base)]
    assert where, f"{owner.__name__} has no {name} any more: adapt hptui/tui/textual_private.py, or pin Textual below"
    if name in PARAMETERS:
        assert list(inspect.signature(getattr(owner, name)).parameters) == PARAMETERS[name]


def test_an_update_has_the_parts_that_are_compared():
    assert {"spans", "chops", "chop_ends"} <= set(vars(ChopsUpdate([], [], [])))
    region = Screen().region
    assert {"strips", "region"} <= set(vars(LayoutUpdate([], region)))
    assert list(inspect.signature(CompositorUpdate.render_segments).parameters) == ["self", "console"]


def test_a_border_takes_its_texts_from_what_is_set():
    widget = Widget()
    assert set_border_text(widget, "title", Content("one"))
    assert not set_border_text(widget, "title", Content("one"))
    assert set_border_text(widget, "title", Content("one").stylize("bold")), "another style is another text"
    assert set_border_text(widget, "subtitle", Content("two"))
    assert [str(widget.border_title), str(widget.border_subtitle)] == ["[bold]one[/bold]", "two"]
    assert set_border_text(widget, "title", None)
    assert not widget.border_title


def test_segments_are_the_list_of_the_strip():
    segments = [Segment("a"), Segment("b")]
    assert segments_of(Strip(segments)) == segments


async def test_the_hooks_are_called():
    calls: list[str] = []

    class Counted(HookedScreen[None]):
        async def after_message(self) -> None:
            calls.append("message")

        def draw_changes(self) -> None:
            calls.append("draw")
            super().draw_changes()

    class Program(HookedApp):
        def write_frame(self, screen, renderable):
            calls.append("write")
            super().write_frame(screen, renderable)

    app = Program()
    assert not app.is_closing
    assert not app.is_batching
    async with app.run_test() as pilot:
        assert isinstance(app.terminal_driver, Driver)
        await app.push_screen(Counted())
        await pilot.pause()
        assert set(calls) == {"message", "draw", "write"}
        assert parent_of(app.screen) is app
        with app.batch_update():
            assert app.is_batching
        app.exit()
        assert app.is_closing


def modules() -> list[str]:
    return [found.name for found in pkgutil.walk_packages(hptui.tui.__path__, "hptui.tui.")]


def test_no_other_module_names_one():
    names = {name for _, name in NAMES}
    users = set()
    for path in TUI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and any(map(private, str(node.module).split("."))):
                users.add(path.stem)
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "name", "")
            if name in names:
                users.add(path.stem)
    assert users - {"driver"} == {"textual_private"}


@pytest.mark.parametrize("module", modules())
def test_no_private_name_of_ours_is_one_of_textual_s(module):
    """An attribute that Textual has, too, would be overwritten by one of the two without a word."""
    for owner in vars(importlib.import_module(module)).values():
        if not inspect.isclass(owner) or owner.__module__ != module:
            continue
        used = {
            node.attr
            for node in ast.walk(source_of(owner))
            if isinstance(node, ast.Attribute) and private(node.attr) and ast.unparse(node.value) == "self"
        }
        shared = (names_of(owner) | used) & names_in_textual(owner)
        if module == textual_private.__name__:
            shared -= {name for _, name in NAMES}
        assert not shared, f"{owner.__name__} shares {sorted(shared)} with Textual"


def test_a_shared_name_is_seen():
    class Ours(Widget):
        def __init__(self) -> None:
            super().__init__()
            self._size = 3

    assert names_of(Ours) & names_in_textual(Ours) == {"_size"}


def test_the_classes_that_are_hooked_are_the_ones_in_use():
    from hptui.tui.app import HptuiApp
    from hptui.tui.driver import TerminalDriver
    from hptui.tui.screens.screen import Dialog, FairScreen

    assert issubclass(HptuiApp, HookedApp)
    assert issubclass(HookedApp, App)
    assert issubclass(TerminalDriver, LinuxDriver)
    assert issubclass(Dialog, FairScreen)
    assert issubclass(FairScreen, HookedScreen)
    assert issubclass(HookedScreen, MessagePump)
