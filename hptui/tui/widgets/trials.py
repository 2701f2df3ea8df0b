"""The table of a study's trials: marks, filter, columns, and the keys that steer single trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from hptui.core.trial import Trial
from hptui.tui.host import is_allowed
from hptui.tui.keys import bindings
from hptui.tui.themes import UNICODE_GLYPHS, Glyphs
from hptui.tui.trial_rows import TrialRows
from hptui.tui.widgets.chart_legend import letter_of
from hptui.tui.widgets.table import TableWidget

SWATCH = "▎"
"""The sign before a trial whose curve is shown, in the colour of its curve."""


class TrialTable(TableWidget):
    """The trials of a study. What a key requests is posted to the screen, which knows the study."""

    scope: ClassVar[str] = "trials"

    BINDINGS: ClassVar[list[BindingType]] = bindings("trials")

    class ActionRequested(Message):
        """A key requests an action on trials, which the screen carries out."""

        def __init__(self, action: str, numbers: list[int]) -> None:
            super().__init__()
            self.action, self.numbers = action, numbers

    class FilterChosen(Message):
        """A filter is to be used."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class MarksChanged(Message):
        """The marks or the order have changed."""

    def __init__(
        self,
        *,
        glyphs: Glyphs = UNICODE_GLYPHS,
        with_letters: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        self.trials = TrialRows(glyphs)
        self.with_letters = with_letters
        self.colour_of: Callable[[int], int | None] | None = None
        super().__init__(self.trials, glyphs=glyphs, id=id, classes=classes)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action may be used: with `--readonly`, none that changes something."""
        return is_allowed(self, self.scope, action)

    @property
    def number(self) -> int | None:
        """Number of the trial under the cursor."""
        key = self.key
        return key if isinstance(key, int) else None

    @property
    def trial(self) -> Trial | None:
        """The trial under the cursor."""
        return None if self.number is None else self.trials.trial(self.number)

    def target_numbers(self) -> list[int]:
        """Return the marked trials, or the one under the cursor."""
        if self.trials.marks:
            return sorted(self.trials.marks)
        return [] if self.number is None else [self.number]

    def draw(self, y: int, width: int) -> Strip:
        """Return a line; a rule stands below the last trial of those that are comparable."""
        strip = super().draw(y, width)
        return strip.apply_style(Style(underline=True)) if y and self.trials.ends_group(self.top + y - 1) else strip

    def mark_segment(self, index: int, base: Style, *, is_marked: bool, is_inverted: bool) -> Segment:
        """Return the cell before a row: a swatch in the colour of the trial's curve, or the curve's letter."""
        colour = None if self.colour_of is None else self.colour_of(self.trials.key(index))
        if colour is None:
            return super().mark_segment(index, base, is_marked=is_marked, is_inverted=is_inverted)
        swatch = letter_of(colour) if self.with_letters else SWATCH
        style = base if is_inverted else base + self.style_of(f"table--series-{colour}")
        return Segment(self.glyphs.mark if is_marked else swatch, style + Style(bold=is_marked))

    def sort_by(self, name: str, down: bool | None = None) -> None:
        """Sort by a column; in the opposite direction if it is sorted by it already."""
        by, was_down = self.trials.sorting()
        self.trials.set_sort(name, (not was_down if by == name else False) if down is None else down)
        self.update()
        self.post_message(self.MarksChanged())

    def action_mark(self) -> None:
        if self.number is not None:
            self.trials.toggle(self.number)
            self.action_move(1)
            self.repaint()
            self.post_message(self.MarksChanged())

    def action_unmark(self) -> None:
        self.trials.marks.clear()
        self.repaint()
        self.post_message(self.MarksChanged())

    def _request(self, action: str) -> None:
        self.post_message(self.ActionRequested(action, self.target_numbers()))

    def action_filter(self) -> None:
        self._request("filter")

    def action_columns(self) -> None:
        self._request("columns")

    def action_best(self) -> None:
        self._request("best")

    def action_go_to(self) -> None:
        self._request("go_to")

    def action_stop(self) -> None:
        self._request("stop")

    def action_kill(self) -> None:
        self._request("kill")

    def action_hold(self) -> None:
        self._request("hold")

    def action_retry(self) -> None:
        self._request("retry")

    def action_star(self) -> None:
        self._request("star")

    def action_saved(self) -> None:
        self._request("saved")

    def action_note(self) -> None:
        self._request("note")

    def action_write_note(self) -> None:
        self._request("write_note")

    def action_clone(self) -> None:
        self._request("clone")

    def action_copy(self) -> None:
        self._request("copy")
