"""Signs that a terminal with ASCII only lacks, and what is written instead: in panes, dialogs, help and palette alike.

Each sign is replaced by as many characters as it has cells, so that nothing moves. Letters of other scripts stay: what
a terminal shows for a name is its own affair.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

BOX_DRAWING, BLOCKS = range(0x2500, 0x2580), range(0x2580, 0x25A0)
"""Frames and bars of Textual's own widgets."""
REPLACEMENTS = {
    **{chr(code): "+" for code in BOX_DRAWING},
    **{chr(code): "#" for code in BLOCKS},
    **dict.fromkeys("─━═┄┅┈┉╌╍╴╶╸╺╼╾", "-"),
    **dict.fromkeys("│┃║┆┇┊┋╎╏╵╷╹╻╽╿", "|"),
    **dict.fromkeys("▔▁▂▀▄", "-"),
    **dict.fromkeys("▌▐▊▎▏▍▋▕▉", "|"),
    **dict.fromkeys("–—−‐‑", "-"),
    **dict.fromkeys("→›▶▸▷⇒§", ">"),
    **dict.fromkeys("←‹◀◂◁⇐", "<"),
    **dict.fromkeys("↑▲△", "^"),
    **dict.fromkeys("↓▼▽", "v"),
    **dict.fromkeys("✓✔", "Y"),
    **dict.fromkeys("●○◉◯◇■□", "o"),
    "◆": "!",
    **dict.fromkeys("×✕✗✘", "x"),
    **dict.fromkeys("·•∙", "."),
    **dict.fromkeys("★☆", "*"),
    **dict.fromkeys("‘’´", "'"),
    **dict.fromkeys("“”„", '"'),
    "…": "~",
    "␣": "_",
    "⏎": "<",
    "≤": "<",
    "≥": ">",
    "≈": "~",
    "±": "+",
    "🔎": "/ ",
}
TABLE = str.maketrans(REPLACEMENTS)


class AsciiFilter(LineFilter):
    """Writes signs in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line with their signs in ASCII."""
        return [
            segment
            if segment.control or segment.text.isascii()
            else Segment(segment.text.translate(TABLE), segment.style)
            for segment in segments
        ]


ASCII_FILTER = AsciiFilter()
"""One for all lines: Textual keeps what it has filtered by its filter."""
