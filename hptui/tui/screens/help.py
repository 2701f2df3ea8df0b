"""The help: what every key does in the focused pane, its screen, and everywhere; typing searches keys and docs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from hptui.core.errors import HptuiError
from hptui.core.version import __version__
from hptui.tui.cells import Cell, fit_cells, one_line, plain_line
from hptui.tui.config import config_path, state_path
from hptui.tui.host import host_of
from hptui.tui.keys import KeyBinding, all_keys_by_id, key_text
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.screen import Dialog
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.facts import Facts

if TYPE_CHECKING:
    from hptui.operations.docs import DocMatch

KEY_GROUPS = ("Look", "Choose", "Run", "Out", "Program", "Move")
"""Groups of keys, in the order in which they are shown."""
KEYS_TOPIC = "screens"
"""Page of the documentation that has all keys, by their ids."""


def pane_name(pane: Widget | None) -> str:
    """Return what a pane is called: the words of its title without numbers, or what kind of pane it is."""
    if isinstance(pane, Chart):
        return "charts"
    title = "" if pane is None else str(pane.border_title or "").partition(" · ")[0]
    return " ".join(word for word in title.split() if word.isalpha()) or "here"


class HelpScreen(Dialog[None]):
    """The keys as they are bound now, by their purpose; what is typed narrows them, and finds parts of the docs."""

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
        self._ascii = host_of(self).config.charts == "ascii"
        entries: dict[str, tuple[KeyBinding, list[str]]] = {}
        for key, active in screen.active_bindings.items():
            entry = keys_by_id.get(active.binding.id or "")
            if entry is not None and active.enabled:
                entries.setdefault(entry.id, (entry, []))[1].append(key_text(key, ascii=self._ascii))
        self._keys = list(entries.values())
        self._pane_name = pane_name(screen.focused)
        self._query = ""
        self._targets: list[tuple[str, str, str]] = []
        """Topic, key and title of what each option opens; an option's id is its index."""
        self._is_searching = self._opens_first = False

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield TextInput(placeholder="type to search; esc closes")
            yield Facts()
            yield OptionList(compact=True, markup=False)

    def on_mount(self) -> None:
        self.query_one("#help").border_title = f"Help · {self._pane_name}"
        matches = self.query_one(OptionList)
        matches.display = matches.can_focus = False  # what is typed goes on reaching the input after a click
        self.query_one(TextInput).focus()
        self._show_keys()

    def on_input_changed(self, event: Input.Changed) -> None:
        query = event.value.strip()
        if query == self._query:
            return
        self._query, self._opens_first = query, False
        self.query_one(Facts).display = not query
        matches = self.query_one(OptionList)
        matches.display = bool(query)
        matches.clear_options()
        self._targets.clear()
        if query:
            self._add_keys(matches)
            matches.action_first()
            self._is_searching = True
            self._search_docs(query)

    # all keys -------------------------------------------------------------------------------------------------

    def _matching_keys(self, group: str) -> list[tuple[KeyBinding, list[str]]]:
        """Return the keys of a group that have what is typed, each with the keys as people write them."""
        wanted = self._query.lower()
        return [
            (entry, keys)
            for entry, keys in self._keys
            if entry.group == group and wanted in f"{entry.label} {entry.help} {entry.id}".lower()
        ]

    def _show_keys(self) -> None:
        lines: list[list[Cell]] = []
        for group in KEY_GROUPS:
            if matches := self._matching_keys(group):
                lines.append([Cell(group, "accent", bold=True)])
            lines += [_key_cells(entry, keys) for entry, keys in matches]
        lines += _other_lines(host_of(self).home)
        self.query_one(Facts).show(lines)

    # what is found --------------------------------------------------------------------------------------------

    def _add_keys(self, options: OptionList) -> None:
        for group in KEY_GROUPS:
            if matches := self._matching_keys(group):
                options.add_option(_heading(group))
            for entry, keys in matches:
                self._add_target(options, _key_cells(entry, keys), (KEYS_TOPIC, entry.id, entry.label))

    def _add_target(self, options: OptionList, cells: list[Cell], target: tuple[str, str, str]) -> None:
        options.add_option(Option(_content(cells), id=str(len(self._targets))))
        self._targets.append(target)

    @work(thread=True, exclusive=True, group="docs")
    def _search_docs(self, query: str) -> None:
        """Search the documentation: that takes longer than a frame, so only for what is still typed."""
        if query != self._query:
            return
        from hptui.operations import docs

        matches: list[DocMatch] = []
        problem = ""
        try:
            matches = docs.search(query)
        except (HptuiError, OSError) as error:
            problem = one_line(error)
        self.call_if_open(self._show_docs, query, matches, problem)

    def _show_docs(self, query: str, matches: list[DocMatch], problem: str) -> None:
        if query != self._query or not self.is_attached:
            return
        self._is_searching = False
        options = self.query_one(OptionList)
        if matches or problem:
            options.add_option(_heading("Documentation"))
        for match in matches:
            topic, _, key = match.section.place.partition(".")
            title = self._place(topic, match.section.title if key else "")
            line = "" if match.line == match.section.title else f"  {plain_line(match.line, 200)}"
            cells = [Cell(f"  {title}", bold=True), Cell(line, "muted")]
            self._add_target(options, cells, (topic, key, title))
        if problem:
            options.add_option(Option(_content([Cell(f"  {plain_line(problem)}", "bad")]), disabled=True))
        elif not self._targets:
            nothing = f"  no key and no page has {plain_line(query, 60)!r}; fewer letters find more"
            options.add_option(Option(_content([Cell(nothing, "muted")]), disabled=True))
        if options.highlighted is None:
            options.action_first()
        if self._opens_first:
            options.action_select()

    def _place(self, topic: str, title: str) -> str:
        """Return how a section is named: its page, and its heading without Markdown."""
        plain = plain_line(re.sub(r"[`\[\]]", "", title), 100)
        return f"{topic} {'>' if self._ascii else '§'} {plain}" if plain else topic

    # keys -----------------------------------------------------------------------------------------------------

    def on_input_submitted(self) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            options.action_select()
        else:
            self._opens_first = self._is_searching

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._opens_first = False
        topic, key, title = self._targets[int(event.option_id or 0)]
        host_of(self).open("doc", topic=topic, key=key, title=title)

    def action_scroll(self, by: int) -> None:
        options = self.query_one(OptionList)
        if not options.display:
            self.query_one(Facts).action_move(by)
        elif by > 1:
            options.action_page_down()  # type: ignore[no-untyped-call]  # Textual has no type for it
        elif by < -1:
            options.action_page_up()  # type: ignore[no-untyped-call]
        elif by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()


def _key_cells(entry: KeyBinding, keys: list[str]) -> list[Cell]:
    verb = f"  hptui {entry.verb}" if entry.verb else ""
    return [Cell("  " + fit_cells(" ".join(keys), 14), bold=True), Cell(entry.help), Cell(verb, "muted")]


def _content(cells: list[Cell]) -> Content:
    """Return cells as what an option shows, never read as markup."""
    styles = [f"{f'$mean-{cell.meaning}' if cell.meaning else ''} {'bold' if cell.bold else ''}" for cell in cells]
    return Content.assemble(*((cell.text, style.strip()) for cell, style in zip(cells, styles, strict=True)))


def _heading(text: str) -> Option:
    return Option(_content([Cell(text, "accent", bold=True)]), disabled=True)


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
