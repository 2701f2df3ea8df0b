"""A tour of the screens in half a minute: a few pages of what is where, and the keys of each."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from hptui.tui.cells import Cell
from hptui.tui.screens.screen import Dialog
from hptui.tui.widgets.facts import Facts

PAGES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "a study file says what is tried",
        (
            ("", "A study is a TOML file: what to train, which settings to vary, which number to make small or large."),
            ("n", "writes one from a template, from your training script, or from a sweep, and starts it"),
            ("r", "runs it, or changes it while it runs: how many trials, how many at once, on which GPUs"),
        ),
    ),
    (
        "trials beside their curves",
        (
            (
                "",
                "Each trial is a row and, in the same colour, a curve. The best has a star; a failed one says why.",
            ),
            ("s  /", "sort by a column; show only trials that a filter lets through, such as lr<3e-4"),
            ("space", "marks a trial: marked ones are charted, compared and stopped together"),
        ),
    ),
    (
        "look closer",
        (
            ("enter", "opens a trial: settings, metrics, what it used, its log and files"),
            ("c  H  O", "trials side by side; pictures of the whole study; all metrics"),
            ("d  R", "what trials suffer from and what may help; the report"),
        ),
    ),
    (
        "steer",
        (
            ("e", "changes the search space, also while it runs, and says what that means first"),
            ("p  x  C", "pause; stop a trial; queue it again with changes"),
            ("q", "leaves: what runs goes on without you, and hptui shows it again"),
        ),
    ),
    (
        "find the rest",
        (
            ("?", "every key of the place where you are; type there to search all documentation"),
            (":", "any command by its name"),
            ("u  !", "the machine; the last messages"),
        ),
    ),
)
"""Title of each page, and its lines: keys and what they do."""


class TourScreen(Dialog[None]):
    """The pages, one after the other."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("right,l,j,down,enter,space,n", "page(1)", "Next"),
        Binding("left,h,k,up", "page(-1)", "Previous"),
        Binding("escape,q", "leave", "Close"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._index = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Facts(id="tour")

    def on_mount(self) -> None:
        self._show_page()

    def _show_page(self) -> None:
        title, lines = PAGES[self._index]
        shown = [[Cell(f"{self._index + 1} of {len(PAGES)}  ", "muted"), Cell(title, "accent", bold=True)], [Cell("")]]
        for keys, text in lines:
            shown.append([Cell(f"{keys:<9}" if keys else "", "best", bold=True), Cell(text)])
        last = self._index + 1 == len(PAGES)
        shown += [[Cell("")], [Cell("enter begins" if last else "enter goes on, esc ends the tour", "muted")]]
        self.query_one("#tour", Facts).show(shown)

    def action_page(self, by: int) -> None:
        if self._index + by >= len(PAGES):
            self.dismiss(None)
        else:
            self._index = max(0, self._index + by)
            self._show_page()

    def on_click(self) -> None:
        """Go on, as a key does."""
        self.action_page(1)

    def action_leave(self) -> None:
        self.dismiss(None)
