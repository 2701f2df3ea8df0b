"""A pane of text that does not ask for keys: names and values, or lines, each cell with its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip

from hptui.tui.cells import Cell
from hptui.tui.keys import bindings
from hptui.tui.text import width_of
from hptui.tui.widgets.lines import Lines
from hptui.tui.widgets.lineui import MEANINGS

FactLine = Sequence[Cell]
LONGEST = 40
"""A text is folded into no more lines than these."""


class Facts(Lines, can_focus=True):
    """Lines of cells that scroll when there are more than fit."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"cells--{name}" for name in MEANINGS}
    DEFAULT_CSS = """
    Facts {
        & .cells--muted { color: $mean-muted; }
        & .cells--running { color: $mean-running; }
        & .cells--paused { color: $mean-paused; }
        & .cells--good { color: $mean-good; }
        & .cells--best { color: $mean-best; }
        & .cells--bad { color: $mean-bad; }
        & .cells--warn { color: $mean-warn; }
        & .cells--accent { color: $mean-accent; }
        & .cells--mark { color: $mean-mark; }
    }
    """
    BINDINGS = bindings("pane")

    def __init__(self, *, wrap: bool = True, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.wrap = wrap
        self.given: Sequence[FactLine] = ()
        self.lines: Sequence[FactLine] = ()
        self.title = ""
        self.top = 0

    def show(self, lines: Sequence[FactLine]) -> None:
        """Other lines."""
        self.given = lines
        self._fold()
        self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        base = self.rich_style
        place = self.top + y
        if place >= len(self.lines):
            return Strip.blank(width, base)
        segments = []
        for cell in self.lines[place]:
            style = base + self.style_of(f"cells--{cell.meaning}") if cell.meaning else base
            segments.append(Segment(cell.text, style + Style(bold=True) if cell.bold else style))
        return Strip(segments).adjust_cell_length(width, base)

    def _clamp(self) -> None:
        self.top = max(0, min(self.top, len(self.lines) - self.size.height))
        more = len(self.lines) - self.top - self.size.height
        self.entitle(self.title, f"{more} more" if more > 0 and self.size.height else "")

    def on_resize(self) -> None:
        self._fold()
        self.refresh()

    def _fold(self) -> None:
        """Fold lines that are too long, where that is wanted."""
        width = self.size.width
        fold = self.wrap and width > 0
        self.lines = [part for line in self.given for part in folded(line, width)] if fold else self.given
        self._clamp()

    def action_move(self, by: int) -> None:
        self.top += by
        self._clamp()
        self.repaint()

    def action_edge(self, to: int) -> None:
        self.top = 0 if to < 0 else len(self.lines)
        self._clamp()
        self.repaint()

    def action_page(self, share: float) -> None:
        self.action_move(int(share * self.size.height) or 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_move(3)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_move(-3)
        event.stop()


def folded(line: FactLine, width: int) -> list[FactLine]:
    """A line in as many as its last cell needs; what goes on stands under that cell."""
    *first, last = line or [Cell("")]
    indent = sum(width_of(cell.text) for cell in first)
    room = width - indent
    if width_of(last.text) <= room or room < 12:
        return [line]
    parts: list[str] = []
    rest = last.text
    while width_of(rest) > room and len(parts) < LONGEST:
        cut = set_cell_size(rest, room).rstrip() if not rest.isascii() else rest[:room]
        space = cut.rfind(" ")
        if space > room // 2:
            cut = cut[:space]
        parts.append(cut)
        rest = rest[len(cut) :].lstrip()
    parts.append(rest)
    lines: list[FactLine] = [[*first, replace(last, text=parts[0])]]
    return lines + [[Cell(" " * indent), replace(last, text=part)] for part in parts[1:]]
