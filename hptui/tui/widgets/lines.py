"""The base of all widgets that draw line by line and send only the spans that have changed.

Textual keeps no image of what the terminal shows: what is refreshed is sent again, completely. So a widget keeps the
lines that it has drawn, and `repaint` refreshes the regions where they differ from what it would draw now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hptui.tui.textual_private import segments_of, set_border_text
from hptui.tui.themes import MEANINGS, N_SERIES_COLOURS

StyledText = tuple[str, Style]
"""A text and its style."""
THEME_COLOURS = {
    "grid": "grid",
    **{name: f"mean-{name}" for name in MEANINGS},
    **{f"series-{index}": f"series-{index}" for index in range(N_SERIES_COLOURS)},
}
"""Part of a widget, after its `--` -> the theme's variable that is its colour."""


def strip_of(parts: Iterable[StyledText], width: int, base: Style) -> Strip:
    """Return parts next to each other, cut or padded to `width` cells."""
    strip = Strip([Segment(text, base + style) for text, style in parts if text])
    return strip.adjust_cell_length(width, base)


class LineWidget(Widget):
    """A widget that draws line by line.

    `draw` returns a line, `repaint` is called when lines may have changed.
    """

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: dict[int, Strip] = {}
        self._shown_width = -1
        self._styles: dict[str, Style] = {}

    def draw(self, y: int, width: int) -> Strip:
        """Return line `y`, `width` cells wide."""
        raise NotImplementedError

    def style_of(self, part: str) -> Style:
        """Return the style of a named part: a meaning, a trial's colour, or a component class.

        Textual computes component classes again for each widget that is mounted, which takes longer than all else when
        a page of charts opens. The colours of meanings are the same in all widgets.
        """
        style = self._styles.get(part)
        if style is None:
            name = THEME_COLOURS.get(part.partition("--")[2]) if part not in self.COMPONENT_CLASSES else None
            colour = self.app.theme_variables.get(name) if name is not None else None
            style = (
                self.get_component_rich_style(part, partial=True)
                if colour is None
                else Style(color=Color.parse(colour).rich_color)
            )
            self._styles[part] = style
        return style

    def render_line(self, y: int) -> Strip:
        """Return line `y`, and keep it as the one that the terminal shows."""
        width = self.size.width
        if width != self._shown_width:
            self._shown.clear()
            self._shown_width = width
        strip = self.draw(y, width)
        self._shown[y] = strip
        return strip

    def repaint(self) -> None:
        """Draw what has changed since it was drawn last."""
        width, height = self.size
        if width != self._shown_width:
            self.refresh()
            return
        regions = []
        for y in range(height):
            old = self._shown.get(y)
            span = (0, width) if old is None else changed_span(old, self.draw(y, width))
            if span is not None:
                regions.append(Region(span[0], y, span[1] - span[0], 1))
        if regions:
            self.refresh(*regions)

    def set_title(self, title: str | Content, subtitle: str | Content = "") -> None:
        """Set the texts in the border, never read as markup.

        Only the line of the border that changes is sent.
        """
        self._set_border_text("title", title, -1)
        self._set_border_text("subtitle", subtitle, self.size.height)

    def _set_border_text(self, place: Literal["title", "subtitle"], text: str | Content, y: int) -> None:
        content = (text if isinstance(text, Content) else Content(text)) or None
        # Textual's public attribute would refresh the whole widget.
        is_new = set_border_text(self, place, content)
        if is_new and self.size.width and self.styles.border_top[0]:
            self.refresh(Region(-1, y, self.size.width + 2, 1))

    def notify_style_update(self) -> None:
        """Drop what was drawn in the old styles."""
        self._shown.clear()
        self._styles.clear()
        super().notify_style_update()


def changed_span(old: Strip, new: Strip) -> tuple[int, int] | None:
    """Return the cells from the first to the last segment that differ; None if all are the same."""
    old_segments, new_segments = segments_of(old), segments_of(new)
    if old_segments == new_segments:
        return None
    start = left = 0
    shorter = min(len(old_segments), len(new_segments))
    while left < shorter and old_segments[left] == new_segments[left]:
        start += old_segments[left].cell_length
        left += 1
    end, right = new.cell_length, 1
    while right <= shorter - left and old_segments[-right] == new_segments[-right]:
        end -= old_segments[-right].cell_length
        right += 1
    return start, max(end, start + 1)
