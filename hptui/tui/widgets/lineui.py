"""Lines of one row: what a study is doing (top), what a verb answered and which keys work (bottom)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hptui.tui.cells import Cell
from hptui.tui.keys import by_id, shown
from hptui.tui.text import fit, plain, width_of
from hptui.tui.widgets.lines import Lines

MEANINGS = ("muted", "running", "paused", "good", "best", "bad", "warn", "accent", "mark")


class CellLine(Lines):
    """A row of cells, some at its right end; where not all fit, muted ones on the left go first, then the right's."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"cells--{name}" for name in MEANINGS}
    DEFAULT_CSS = """
    CellLine {
        height: 1;
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

    def __init__(self, *, gap: str = "   ", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.gap = gap
        self.left: Sequence[Cell] = ()
        self.right: Sequence[Cell] = ()

    def show(self, left: Sequence[Cell], right: Sequence[Cell] = ()) -> None:
        """Other cells."""
        self.left, self.right = left, right
        self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        base = self.rich_style
        room = width - 2
        left = [cell for cell in self.left if cell.text]
        right = [cell for cell in self.right if cell.text]
        step = len(self.gap)
        for cell in [cell for cell in reversed(left) if cell.meaning == "muted"]:
            if _size([*left, *right], step) > room:
                left.remove(cell)
        while right and _size([*left, *right], step) > room:
            right.pop(0)
        while len(left) > 1 and _size([*left, *right], step) > room:
            left.pop()
        segments = [Segment(" ", base)]
        for place, cell in enumerate(left):
            text = cell.text if place or width_of(cell.text) <= room else fit(cell.text, max(1, room))
            segments += [Segment(text, self._style(cell, base)), Segment(self.gap, base)]
        tail = [
            part for cell in right for part in (Segment(cell.text, self._style(cell, base)), Segment(self.gap, base))
        ]
        if tail:
            used = sum(segment.cell_length for segment in segments)
            rest = sum(segment.cell_length for segment in tail[:-1])
            segments.append(Segment(" " * max(0, width - 1 - used - rest), base))
            segments += tail[:-1]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, cell: Cell, base: Style) -> Style:
        style = base + self.style_of(f"cells--{cell.meaning}") if cell.meaning else base
        return style + Style(bold=True) if cell.bold else style


def _size(cells: Sequence[Cell], gap: int) -> int:
    return sum(width_of(cell.text) + gap for cell in cells) - gap


class Answer(CellLine):
    """What the last verb said, or what is wrong; else what the screen has to say."""

    DEFAULT_CSS = """
    Answer { height: 1; }
    """

    def say(self, text: str, meaning: str = "") -> None:
        """Show a sentence until the next one."""
        self.show([Cell(plain(text.replace("\n", "  "), limit=600), meaning)] if text else [])


class KeyLine(Lines):
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

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.call_after_refresh(self.collect))
        self.collect()

    def collect(self) -> None:
        """Look up what is bound now: focus or state may have changed it."""
        if not self.is_attached or not self.screen.is_current:
            return
        known = by_id()
        found: dict[str, tuple[int, str, str]] = {}
        for key, active in self.screen.active_bindings.items():
            entry = known.get(active.binding.id or "")
            if entry is not None and entry.footer and active.enabled and entry.id not in found:
                found[entry.id] = (entry.footer, shown(key, ascii=self._ascii), entry.label)
        ordered = [(key, label) for _, key, label in sorted(found.values(), key=lambda one: one[0])]
        if ordered != self._keys:
            self._keys = ordered
            self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        base = self.rich_style
        strong, weak = base + self.style_of("keyline--key"), base + self.style_of("keyline--label")
        last = [pair for pair in self._keys if pair[1] in ("Help", "Quit")]
        rest = [pair for pair in self._keys if pair not in last]
        while rest and _room([*rest, *last]) > width:
            rest.pop()
        while len(last) > 1 and _room(last) > width:
            last.pop()
        segments = [Segment(" ", base)]
        for key, label in (*rest, *last):
            segments += [Segment(key, strong), Segment(f" {label}  ", weak)]
        return Strip(segments).adjust_cell_length(width, base)


def _room(pairs: Sequence[tuple[str, str]]) -> int:
    return 1 + sum(width_of(key) + 1 + width_of(label) + 2 for key, label in pairs)
