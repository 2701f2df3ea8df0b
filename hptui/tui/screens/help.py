"""The help: what every key does in the focused pane, its screen, and everywhere; typing narrows it down."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Input

from hptui.core.version import __version__
from hptui.tui.cells import Cell, fit_cells, plain_line
from hptui.tui.config import config_path, state_path
from hptui.tui.host import host_of
from hptui.tui.keys import KeyBinding, all_keys_by_id, key_text
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.screen import Dialog
from hptui.tui.widgets.facts import Facts

KEY_GROUPS = ("Look", "Choose", "Run", "Out", "Program", "Move")
"""Groups of keys, in the order in which they are shown."""


class HelpScreen(Dialog[None]):
    """The keys as they are bound now, by their purpose."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape", "dismiss", "Close"),
        Binding("down", "scroll(1)", "Down", priority=True),
        Binding("up", "scroll(-1)", "Up", priority=True),
        Binding("pagedown", "scroll(10)", "Down", priority=True),
        Binding("pageup", "scroll(-10)", "Up", priority=True),
    ]

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        keys_by_id = all_keys_by_id()
        entries: dict[str, tuple[KeyBinding, list[str]]] = {}
        for key, active in screen.active_bindings.items():
            entry = keys_by_id.get(active.binding.id or "")
            if entry is not None and active.enabled:
                entries.setdefault(entry.id, (entry, []))[1].append(key_text(key))
        self._keys = list(entries.values())
        focused = screen.focused
        self._pane_name = focused.id if focused is not None and focused.id else "here"

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield TextInput(placeholder="type to search; esc closes")
            yield Facts()

    def on_mount(self) -> None:
        self.query_one("#help").border_title = f"Help · {self._pane_name}"
        self.query_one(TextInput).focus()
        self._show_keys("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show_keys(event.value)

    def _show_keys(self, query: str) -> None:
        lines: list[list[Cell]] = []
        for group in KEY_GROUPS:
            matches = [
                (entry, keys)
                for entry, keys in self._keys
                if entry.group == group and query.lower() in f"{entry.label} {entry.help} {entry.id}".lower()
            ]
            if matches:
                lines.append([Cell(group, "accent", bold=True)])
            for entry, keys in matches:
                verb = f"  hptui {entry.verb}" if entry.verb else ""
                cells = [Cell("  " + fit_cells(" ".join(keys), 14), bold=True), Cell(entry.help)]
                lines.append([*cells, Cell(verb, "muted")])
        if not query:
            lines += _other_lines(host_of(self).home)
        self.query_one(Facts).show(lines)

    def action_scroll(self, by: int) -> None:
        self.query_one(Facts).action_move(by)


def _other_lines(home: object) -> list[list[Cell]]:
    """Return the lines about what is no key."""
    return [
        [Cell("Filter", "accent", bold=True)],
        [Cell("  lr<3e-4 status=complete r=8,16 note~warm !oom     space: and; comma: any of; !: not")],
        [Cell("Mouse", "accent", bold=True)],
        [Cell("  click a row or a heading; the wheel zooms a chart; shift+drag selects text")],
        [Cell("Files", "accent", bold=True)],
        [Cell("  studies    ", "muted"), Cell(plain_line(home, 200))],
        [Cell("  config     ", "muted"), Cell(plain_line(config_path(), 200))],
        [Cell("  clipboard  ", "muted"), Cell(plain_line(state_path() / "clipboard", 200))],
        [Cell(f"  hptui {__version__}", "muted")],
    ]
