"""The table of trials of a study: marks, filter, columns, and the keys that steer single trials."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from hptui.model.trial import Trial
from hptui.tui.glyphs import RICH, Glyphs
from hptui.tui.keys import bindings
from hptui.tui.rows import TrialRows
from hptui.tui.screens.base import allowed
from hptui.tui.widgets.table import Table


class TrialTable(Table):
    """Trials. What a key asks of them is told to the screen, which knows the study."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("trials")

    class Asked(Message):
        """A key asks something of trials: its action, and the numbers that are meant."""

        def __init__(self, action: str, numbers: list[int]) -> None:
            super().__init__()
            self.action, self.numbers = action, numbers

    class Marked(Message):
        """Other trials are marked, or their order is another."""

    def __init__(self, *, glyphs: Glyphs = RICH, id: str | None = None, classes: str | None = None) -> None:
        self.trials = TrialRows(glyphs)
        super().__init__(self.trials, glyphs=glyphs, id=id, classes=classes)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return allowed(self, "trials", action)

    @property
    def number(self) -> int | None:
        """The trial under the cursor."""
        key = self.key
        return key if isinstance(key, int) else None

    @property
    def trial(self) -> Trial | None:
        """The same, whole."""
        return None if self.number is None else self.trials.trial(self.number)

    def meant(self) -> list[int]:
        """The marked trials, or the one under the cursor."""
        if self.trials.marks:
            return sorted(self.trials.marks)
        return [] if self.number is None else [self.number]

    def sort_by(self, name: str, down: bool | None = None) -> None:
        by, was_down = self.trials.sorting()
        self.trials.set_sort(name, (not was_down if by == name else False) if down is None else down)
        self.update()
        self.post_message(self.Marked())

    def action_mark(self) -> None:
        if self.number is not None:
            self.trials.toggle(self.number)
            self.action_move(1)
            self.repaint()
            self.post_message(self.Marked())

    def action_unmark(self) -> None:
        self.trials.marks.clear()
        self.repaint()
        self.post_message(self.Marked())

    def _ask(self, action: str) -> None:
        self.post_message(self.Asked(action, self.meant()))

    def action_filter(self) -> None:
        self._ask("filter")

    def action_columns(self) -> None:
        self._ask("columns")

    def action_best(self) -> None:
        self._ask("best")

    def action_stop(self) -> None:
        self._ask("stop")

    def action_kill(self) -> None:
        self._ask("kill")

    def action_hold(self) -> None:
        self._ask("hold")

    def action_retry(self) -> None:
        self._ask("retry")

    def action_note(self) -> None:
        self._ask("note")

    def action_write_note(self) -> None:
        self._ask("write_note")

    def action_clone(self) -> None:
        self._ask("clone")

    def action_copy(self) -> None:
        self._ask("copy")
