"""Lines of one row: the state of a study (top), the last message, and the keys that work (bottom)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message as TextualMessage
from textual.strip import Strip
from textual.timer import Timer

from hptui.tui.cells import Cell, fit_cells, plain_line, width_of
from hptui.tui.keys import all_keys_by_id, key_text
from hptui.tui.messages import Message
from hptui.tui.textual_private import HookedScreen
from hptui.tui.widgets.lines import LineWidget

MEANINGS = ("muted", "running", "paused", "good", "best", "bad", "warn", "accent", "mark")
"""Meanings that a cell can have; the same as `themes.MEANINGS`."""


class CellLine(LineWidget):
    """A row of cells, some aligned right.

    Where not all fit, muted ones are dropped first, those on the left before those on the right.
    """

    DEFAULT_CSS = "CellLine { height: 1; }"

    class Clicked(TextualMessage):
        """A cell was clicked."""

        def __init__(self, line: CellLine, cell: Cell) -> None:
            super().__init__()
            self.line, self.cell = line, cell

        @property
        def control(self) -> CellLine:
            return self.line

    def __init__(self, *, gap: str = "   ", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.gap = gap
        self._ends: list[tuple[int, Cell]] = []
        self.left: Sequence[Cell] = ()
        self.right: Sequence[Cell] = ()

    def show(self, left: Sequence[Cell], right: Sequence[Cell] = ()) -> None:
        """Show other cells."""
        self.left, self.right = left, right
        self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        """Return the line."""
        base = self.rich_style
        room = width - 2
        left, right = fitting_cells(self.left, self.right, room, len(self.gap))
        segments = [Segment(" ", base)]
        self._ends, end = [], 1
        for index, cell in enumerate(left):
            text = cell.text if index or width_of(cell.text) <= room else fit_cells(cell.text, max(1, room))
            segments += [Segment(text, self._style(cell, base)), Segment(self.gap, base)]
            end += width_of(text) + len(self.gap)
            self._ends.append((end, cell))
        tail = [
            part for cell in right for part in (Segment(cell.text, self._style(cell, base)), Segment(self.gap, base))
        ]
        if tail:
            head_width = sum(segment.cell_length for segment in segments)
            tail_width = sum(segment.cell_length for segment in tail[:-1])
            segments.append(Segment(" " * max(0, width - 1 - head_width - tail_width), base))
            segments += tail[:-1]
        return Strip(segments).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        """Say which of the cells on the left was clicked."""
        cell = next((cell for end, cell in self._ends if event.x < end), None)
        if cell is not None:
            self.post_message(self.Clicked(self, cell))

    def _style(self, cell: Cell, base: Style) -> Style:
        style = base + self.style_of(f"cells--{cell.meaning}") if cell.meaning else base
        return style + Style(bold=True) if cell.bold else style


def fitting_cells(left: Sequence[Cell], right: Sequence[Cell], room: int, gap: int) -> tuple[list[Cell], list[Cell]]:
    """Return the cells on the left and on the right that have room, `gap` cells apart."""
    left = [cell for cell in left if cell.text]
    right = [cell for cell in right if cell.text]
    for cells in (left, right):
        for cell in [cell for cell in reversed(cells) if cell.meaning == "muted"]:
            if _width_of_cells([*left, *right], gap) > room:
                cells.remove(cell)
    while right and _width_of_cells([*left, *right], gap) > room:
        right.pop(0)
    while len(left) > 1 and _width_of_cells([*left, *right], gap) > room:
        left.pop()
    return left, right


def _width_of_cells(cells: Sequence[Cell], gap: int) -> int:
    return sum(width_of(cell.text) + gap for cell in cells) - gap


class MessageLine(CellLine):
    """The line of the last message: the result of an operation, or an error."""

    DEFAULT_CSS = """
    MessageLine { height: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._timer: Timer | None = None

    def say(self, message: Message | None) -> None:
        """Show a message until the next one, or until it has been read; None clears the line."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if message is None:
            self.show([])
            return
        text = plain_line(message.text.replace("\n", "  "), limit=600)
        # What does not fit can be read whole in the list of messages.
        hint = Cell("! shows all", "muted")
        room = self.size.width - 2
        is_cut = width_of(text) > room > 0
        if is_cut:
            text = fit_cells(text, max(1, room - width_of(hint.text) - len(self.gap)))
        self.show([Cell(text, message.meaning)], [hint] if is_cut else [])
        self._timer = self.set_timer(message.shown_s, lambda: self.show([]))


class KeyLine(LineWidget):
    """The keys that work now, the most useful first; as many as fit."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keyline--key", "keyline--label"}
    DEFAULT_CSS = """
    KeyLine {
        height: 1;
        background: $panel;
        & .keyline--key { color: $mean-accent; text-style: bold; }
        & .keyline--label { color: $mean-muted; }
    }
    """

    def __init__(self, *, ascii: bool = False) -> None:
        super().__init__()
        self._ascii = ascii
        self._keys: list[tuple[str, str]] = []
        self._names_by_text: dict[str, str] = {}
        self._ends: list[tuple[int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.call_after_refresh(self.update_keys))
        self.update_keys()

    def update_keys(self) -> None:
        """Read which keys are bound now, after a change of focus or state."""
        if not self.is_attached or not self.screen.is_current:
            return
        keys_by_id = all_keys_by_id()
        entries: dict[str, tuple[int, str, str]] = {}
        idle = self.screen.idle_keys() if isinstance(self.screen, HookedScreen) else ()
        self._names_by_text.clear()
        for key, active in self.screen.active_bindings.items():
            entry = keys_by_id.get(active.binding.id or "")
            if entry is not None and entry.footer and active.enabled and entry.id not in (*entries, *idle):
                text = key_text(key, ascii=self._ascii)
                entries[entry.id] = (entry.footer, text, entry.label)
                self._names_by_text[text] = key
        ordered = [(key, label) for _, key, label in sorted(entries.values(), key=lambda entry: entry[0])]
        if ordered != self._keys:
            self._keys = ordered
            self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        """Return the line."""
        base = self.rich_style
        key_style, label_style = base + self.style_of("keyline--key"), base + self.style_of("keyline--label")
        fixed = [pair for pair in self._keys if pair[1] in ("Help", "Quit")]
        others = [pair for pair in self._keys if pair not in fixed]
        while others and _width_of_keys([*others, *fixed]) > width:
            others.pop()
        while len(fixed) > 1 and _width_of_keys(fixed) > width:
            fixed.pop()
        segments = [Segment(" ", base)]
        self._ends, end = [], 1
        for key, label in (*others, *fixed):
            segments += [Segment(key, key_style), Segment(f" {label}  ", label_style)]
            end += _width_of_keys([(key, label)]) - 1
            self._ends.append((end, key))
        return Strip(segments).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        event.stop()
        text = next((key for end, key in self._ends if event.x < end), "")
        if name := self._names_by_text.get(text):
            self.app.simulate_key(name)


def _width_of_keys(pairs: Sequence[tuple[str, str]]) -> int:
    return 1 + sum(width_of(key) + 1 + width_of(label) + 2 for key, label in pairs)
