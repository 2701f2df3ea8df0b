"""The lines that the terminal shows, so that a whole frame sends only what differs from them.

Textual draws all of a screen when it opens, when another one closes, when a style changes: often several times within
a few milliseconds, and mostly the same. Over a slow line each of these frames takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from hptui.tui.widgets.lines import changed_span

Piece = tuple[int, int, Strip]
"""Where a part of a line begins (x, y), and its content."""


class ChangedLines(CompositorUpdate):
    """An update that writes parts of lines at their positions."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """Return the parts as text with cursor movements."""
        return "".join(Control.move_to(x, y).segment.text + strip.render(console) for x, y, strip in self.pieces)


class FrameDiff:
    """The lines that are known to be on the terminal, and what a new frame changes of them."""

    def __init__(self) -> None:
        self._lines: dict[int, Strip] = {}
        self._region: Region | None = None

    def forget(self) -> None:
        """Forget all lines: the terminal no longer shows what was drawn."""
        self._lines.clear()

    def changed_part(self, update: Any) -> Any:
        """Return the part of an update that has to be sent; None if the terminal shows it already."""
        if isinstance(update, ChopsUpdate):
            pieces = self._pieces_of_chops(update)
        elif isinstance(update, LayoutUpdate):
            pieces = self._pieces_of_layout(update)
        else:
            self.forget()
            return update
        return ChangedLines(pieces) if pieces else None

    def _pieces_of_layout(self, update: LayoutUpdate) -> list[Piece]:
        if update.region != self._region:
            self.forget()
            self._region = update.region
        pieces: list[Piece] = []
        for y, parts in enumerate(update.strips):
            line = Strip.join(part for part in parts if part is not None).simplify()
            pieces += self._pieces_of_line(y, line) if y in self._lines else [(0, y, line)]
            self._lines[y] = line
        return pieces

    def _pieces_of_chops(self, update: ChopsUpdate) -> list[Piece]:
        pieces: list[Piece] = []
        lines: dict[int, Strip] = {}
        for y, start, end in update.spans:
            for stop, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=True):
                if strip is None or x > end or stop <= start:
                    continue
                part = strip if x >= start and stop <= end else strip.crop(0, min(stop, end) - x)
                line = lines.get(y, self._lines.get(y))
                if line is None:
                    pieces.append((x, y, part))
                else:
                    tail = line.crop(x + part.cell_length, line.cell_length)
                    lines[y] = Strip.join([line.crop(0, x), part, tail])
        for y, line in lines.items():
            line = line.simplify()
            pieces += self._pieces_of_line(y, line)
            self._lines[y] = line
        return pieces

    def _pieces_of_line(self, y: int, line: Strip) -> list[Piece]:
        """Return the parts to send of a line whose former content is known."""
        span = changed_span(self._lines[y], line)
        return [] if span is None else [(span[0], y, line.crop(*span))]
