"""The filter of a study's trials: typed in a line, saved, removed."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.widgets import Input

from hptui.tui.cells import one_line
from hptui.tui.filters import FilterError
from hptui.tui.host import host_of
from hptui.tui.screens.filter_line import FilterLine
from hptui.tui.screens.steering import SteeringScreen
from hptui.tui.widgets.trials import TrialTable


class FilteringScreen(SteeringScreen):
    """A screen whose table of trials is filtered."""

    table: TrialTable
    filter_line: FilterLine

    def update_title(self) -> None:
        """Show in the title which trials are shown."""
        raise NotImplementedError

    def filter_by(self, text: str) -> bool:
        """Show only the trials that a filter selects; return False, and say why, if it is no filter."""
        try:
            self.table.trials.set_filter(text)
        except FilterError as error:
            host_of(self).say(one_line(error), "warn")
            return False
        host_of(self).say("")
        self.table.update()
        self.update_title()
        return True

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        if self.filter_line.is_open:
            self.filter_by(event.value)

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        self.filter_line.close()
        self.table.focus()

    @on(TrialTable.FilterChosen)
    def _filter_chosen(self, message: TrialTable.FilterChosen) -> None:
        self.filter_by(message.text)

    def action_unfilter(self) -> None:
        """Remove the filter; escape does so before it goes back."""
        self.filter_line.close()
        self.table.trials.set_filter("")
        self.table.update()
        self.table.focus()
        self.update_title()

    def key_escape(self, event: Any) -> None:
        if self.filter_line.is_open or self.table.trials.filter_text:
            event.stop()
            event.prevent_default()
            self.action_unfilter()
