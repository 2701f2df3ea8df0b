"""Chooses the theme: the screens below show the one under the cursor at once."""

from __future__ import annotations

from textual import on
from textual.widgets import OptionList

from hptui.tui.host import host_of
from hptui.tui.screens.dialogs import ChoiceDialog
from hptui.tui.themes import THEMES


class ThemeDialog(ChoiceDialog):
    """A list of themes; leaving it without a choice brings the former one back."""

    def __init__(self) -> None:
        self._former = self.app.theme
        names = [theme.name for theme in THEMES]
        super().__init__("Theme", names, self._former)

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        self.app.theme = self._options[int(event.option.id or 0)]

    def dismiss(self, result: str | None = None) -> object:  # type: ignore[override]  # Textual's type is private
        """Keep the chosen theme, or bring the former one back."""
        self.app.theme = result or self._former
        if result:
            host_of(self).say(f'theme {result}; in the config, theme = "{result}" keeps it')
        return super().dismiss(result)
