"""The base of every widget that we draw: by lines, and to the terminal go only the spans that have changed.

Textual keeps no picture of what the terminal shows: what is refreshed is sent again, whole. So a widget remembers the
lines that it has drawn, and `repaint` refreshes the regions where they differ from what it would draw now.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

Part = tuple[str, Style]


def strip_of(parts: Iterable[Part], width: int, base: Style) -> Strip:
    """Parts in a row, cut or padded to `width` cells."""
    strip = Strip([Segment(text, base + style) for text, style in parts if text])
    return strip.adjust_cell_length(width, base)


class Lines(Widget):
    """A widget that draws line by line: `draw` says what a line is, `repaint` is called when it may differ."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: dict[int, Strip] = {}
        self._shown_width = -1
        self._parts: dict[str, Style] = {}

    def draw(self, y: int, width: int) -> Strip:
        """Line `y`, `width` cells wide."""
        raise NotImplementedError

    def style_of(self, part: str) -> Style:
        """The style of a named part of this widget (`COMPONENT_CLASSES`)."""
        found = self._parts.get(part)
        if found is None:
            found = self._parts[part] = self.get_component_rich_style(part, partial=True)
        return found

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if width != self._shown_width:
            self._shown.clear()
            self._shown_width = width
        strip = self.draw(y, width)
        self._shown[y] = strip
        return strip

    def repaint(self) -> None:
        """Send what has changed since it was drawn last."""
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

    def entitle(self, title: str | Content, subtitle: str | Content = "") -> None:
        """Texts in the border, never read as markup. Only the line of the border that changes is sent."""
        self._entitle("_border_title", title, -1)
        self._entitle("_border_subtitle", subtitle, self.size.height)

    def _entitle(self, name: str, text: str | Content, y: int) -> None:
        content = (text if isinstance(text, Content) else Content(text)) or None
        before = getattr(self, name, None)
        if before == content and getattr(before, "spans", None) == getattr(content, "spans", None):
            return
        # Textual's own attribute draws the whole widget anew; this is what it keeps behind it.
        setattr(self, name, content)
        if self.size.width and self.styles.border_top[0]:
            self.refresh(Region(-1, y, self.size.width + 2, 1))

    def notify_style_update(self) -> None:
        self._shown.clear()
        self._parts.clear()
        super().notify_style_update()


def changed_span(old: Strip, new: Strip) -> tuple[int, int] | None:
    """The cells from the first to the last segment that differ; None when all are the same."""
    one, other = old._segments, new._segments
    if one == other:
        return None
    start = left = 0
    shorter = min(len(one), len(other))
    while left < shorter and one[left] == other[left]:
        start += one[left].cell_length
        left += 1
    end, right = new.cell_length, 1
    while right <= shorter - left and one[-right] == other[-right]:
        end -= one[-right].cell_length
        right += 1
    return start, max(end, start + 1)
