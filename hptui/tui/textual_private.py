"""Every private name of Textual that the screens use, each behind a name of ours; no other module uses one.

Textual may change them in any release. pyproject.toml names the releases in which they are as they are used here, and
tests/tui/test_textual_private.py looks each of them up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, TypeVar

from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.content import Content
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter, Monochrome, NoColor
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from hptui.tui.ascii_filter import ASCII_FILTER

__all__ = [
    "ChopsUpdate",
    "CompositorUpdate",
    "HookedApp",
    "HookedScreen",
    "LayoutUpdate",
    "MEMBERS",
    "app_of_driver",
    "parent_of",
    "segments_of",
    "set_border_text",
    "wrap_output",
]

MEMBERS: Mapping[type, tuple[str, ...]] = {
    App: ("_batch_count", "_display", "_driver", "_exit"),
    Screen: ("_compositor_refresh", "_get_breakpoint_classes"),
    MessagePump: ("_dispatch_message", "_parent"),
    Widget: ("_border_subtitle", "_border_title"),
    Strip: ("_segments",),
    Driver: ("_app",),
    LinuxDriver: ("_file",),
}
"""Class of Textual -> its private members that are used below. The classes of updates are in a private module."""

Result = TypeVar("Result")
"""Type of a screen's result."""


class HookedApp(App[str]):
    """An application that is asked before Textual writes a frame."""

    @property
    def terminal_driver(self) -> Driver | None:
        """The driver, which writes to the terminal; None before the application runs."""
        return self._driver

    @property
    def is_closing(self) -> bool:
        """True once the application has been asked to end."""
        return self._exit

    @property
    def is_batching(self) -> bool:
        """True while nothing is drawn because more changes follow."""
        return self._batch_count > 0

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of drawn lines. Under NO_COLOR no colour is written at all.

        Textual chose its filter before the theme was set: the greys of its `Monochrome` make the terminal's own
        colours, in which the theme `ansi` draws, black on black.
        """
        filters = super().get_line_filters()
        allowed = [NoColor() if isinstance(item, Monochrome) else item for item in filters]
        return [*allowed, ASCII_FILTER] if self.has_class("-ascii") else allowed

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        # The only place that each update passes on its way to the terminal.
        self.write_frame(screen, renderable)

    def write_frame(self, screen: Screen[Any], renderable: Any) -> None:
        """Write what Textual has drawn, None for nothing; subclasses may write less."""
        super()._display(screen, renderable)


class HookedScreen(Screen[Result]):
    """A screen that is asked before it is drawn and after each message."""

    def breakpoint_classes(self, extent: int, breakpoints: list[tuple[int, str]]) -> set[str]:
        """Return the CSS classes of a width or height in cells."""
        return self._get_breakpoint_classes(extent, breakpoints)

    async def _dispatch_message(self, message: Message) -> None:
        # The only place that every message passes.
        await super()._dispatch_message(message)
        await self.after_message()

    async def after_message(self) -> None:
        """Do what follows each message that was handled."""

    def _compositor_refresh(self) -> None:
        self.draw_changes()

    def idle_keys(self) -> Collection[str]:
        """Return the ids of keys that would do nothing now, and that the line of keys leaves out."""
        return ()

    def draw_pending(self) -> None:
        """Draw what has waited; screens that never wait have nothing."""

    def draw_changes(self) -> None:
        """Draw what has changed; subclasses may do so later."""
        super()._compositor_refresh()


def parent_of(node: MessagePump) -> MessagePump | None:
    """Return the node that a node's messages bubble to: a message pump has no public parent."""
    return node._parent


def segments_of(strip: Strip) -> list[Segment]:
    """Return the list of a strip's segments; iterating would copy it for each line drawn."""
    return strip._segments


def set_border_text(widget: Widget, place: Literal["title", "subtitle"], content: Content | None) -> bool:
    """Set a text in the border without refreshing the whole widget; return whether it differs from before."""
    name = f"_border_{place}"
    previous = getattr(widget, name, None)
    if previous == content and getattr(previous, "spans", None) == getattr(content, "spans", None):
        return False
    setattr(widget, name, content)
    return True


def app_of_driver(driver: Driver) -> App[Any]:
    """Return the application that a driver belongs to."""
    return driver._app


def wrap_output(driver: LinuxDriver, wrap: Callable[[Any], Any]) -> None:
    """Replace the file that a driver writes to by what `wrap` makes of it."""
    driver._file = wrap(driver._file)
