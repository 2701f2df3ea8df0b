"""The cells of a row of a chart: its curves, and the crosshair where no curve is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style


def row_segments(
    codes: list[int],
    owners: list[int],
    styles: Sequence[Style],
    glyphs: str,
    letters: Sequence[str] | None,
    base: Style,
    marker: tuple[int | None, Style],
) -> list[Segment]:
    """Return the segments of a row.

    Args: `codes` are indices of `glyphs`, `owners` those of the curves, negative for none; `letters` replace the glyphs
    where there are no fine dots; `marker` is the column of the crosshair and its style.
    """
    from hptui.tui.charts.raster import runs  # NumPy: not for the first frame

    cross, cross_style = marker
    cross_sign = "┊" if letters is None else "|"
    segments: list[Segment] = []
    for start, end in runs(owners, cross):
        line_index = owners[start]
        if line_index < 0 and start == cross:
            segments.append(Segment(cross_sign, cross_style))
        elif line_index < 0:
            segments.append(Segment(" " * (end - start), base))
        elif letters is not None:
            segments.append(Segment(letters[line_index] * (end - start), styles[line_index]))
        else:
            segments.append(Segment("".join([glyphs[code] for code in codes[start:end]]), styles[line_index]))
    return segments
