"""The line in which a filter is typed."""

from __future__ import annotations

from hptui.tui.screens.dialogs import TextInput
from hptui.tui.widgets.bars import CellLine


class FilterLine:
    """The input of the filter. It replaces another line while it is open, so that nothing else moves."""

    def __init__(self, line: TextInput, replaced: CellLine) -> None:
        self._line, self._replaced = line, replaced
        line.can_focus = False

    @property
    def is_open(self) -> bool:
        """True while a filter is being typed."""
        return self._line.has_class("shown")

    def open(self, text: str) -> None:
        """Show the input with a text, and give it the focus."""
        self._show(True)
        self._line.value = text
        self._line.focus()

    def close(self) -> None:
        """Hide the input."""
        self._show(False)

    def _show(self, shown: bool) -> None:
        self._line.can_focus = shown
        self._line.set_class(shown, "shown")
        self._replaced.set_class(shown, "hidden")
