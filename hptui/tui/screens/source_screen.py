"""Screens that watch sources: polling, drawing that waits for the terminal, and what all of them can ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hptui.store.paths import StudyDir
from hptui.tui import cells, verbs
from hptui.tui.feed import Feed, NewReading, SourceReading, Trouble
from hptui.tui.host import host_of, is_allowed
from hptui.tui.screens.dialogs import ConfirmDialog, TextDialog
from hptui.tui.screens.screen import FairScreen
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.start_watch import starting_runner

MAX_BLANK_S = 0.3
"""Seconds that a screen waits for its first data, before it is drawn without."""


class SourceScreen(FairScreen[None]):
    """A screen that watches sources. Subclasses name the sources, and draw their snapshots."""

    scope: ClassVar[str] = ""
    AUTO_FOCUS = ""
    _is_blank = True
    """True until there is something to show; until then the screen below stays visible."""
    _has_pending = False
    """True if something has changed that is not drawn yet, because the terminal is behind."""

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return ()

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Handle a new snapshot of a source."""

    def alerts_of(self, key: str) -> bool:
        """Return whether this screen itself tells what happens to the study of a directory."""
        return False

    def trouble(self, source: FeedSource, trouble: Trouble) -> None:
        """Handle a source that cannot be read."""
        host_of(self).say(f"{trouble.message}{f'; {trouble.hint}' if trouble.hint else ''}", "bad")

    def request_poll(self) -> None:
        """Wake the feed after the next frame: reading and drawing both need the interpreter."""
        self.call_after_refresh(self.feed.wake)

    @property
    def feed(self) -> Feed:
        """The application's feed."""
        return host_of(self).feed

    def on_screen_resume(self) -> None:
        if self._is_blank and self.sources():
            self.set_timer(MAX_BLANK_S, self.show)
        else:
            self.show()
        self.watch_sources()

    def watch_sources(self) -> None:
        """Have the feed poll this screen's sources, and no others."""
        self.feed.watch(self.sources(), self._post_reading)

    def _post_reading(self, reading: SourceReading) -> None:
        self.post_message(NewReading(reading))

    def on_new_reading(self, message: NewReading) -> None:
        reading = message.reading
        with self.app.batch_update():
            if isinstance(reading.result, Trouble):
                self.trouble(reading.source, reading.result)
            else:
                self.read(reading.source, reading.result)
        self.show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action may be used: with `--readonly`, none that changes something."""
        return is_allowed(self, self.scope, action)

    def draw_changes(self) -> None:
        """Draw what has changed; later, if the terminal is behind: what is drawn then is the newest."""
        host = host_of(self)
        if self._is_blank:
            return
        if host.terminal_is_behind:
            self._has_pending = True
            return
        super().draw_changes()

    def draw_pending(self) -> None:
        """Draw what has waited for the terminal."""
        if self._has_pending:
            self._has_pending = False
            self.draw_changes()

    def show(self) -> None:
        """Draw this screen from now on."""
        if self._is_blank:
            self._is_blank = False
            self.refresh()

    def run_study(self, sd: StudyDir, *, alive: bool) -> None:
        """Show the form of a study's options, then run it with them, or change them while it runs."""

        def start(choices: Mapping[str, str] | None) -> None:
            if choices is not None:
                doing = f"changing {sd.name}…" if alive else f"starting {sd.name}…"
                host_of(self).run_in_background(lambda: run(choices), doing)

        def run(choices: Mapping[str, str]) -> str:
            with starting_runner(sd.root):
                return verbs.run_with_choices(sd, choices)

        host_of(self).open("launch", sd=sd, alive=alive, then=start)

    def write_table(self, name: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Ask for a path, and write a table of this screen there."""

        def write(answer: str | None) -> None:
            if answer:
                path = Path(answer).expanduser()
                host_of(self).run_in_background(
                    lambda: cells.write_table_file(headings, rows, path), f"writing {path}…"
                )

        dialog = TextDialog(
            "Write the table",
            f"{name}.csv",
            hint="a path that ends in .csv or .md",
            check=cells.check_table_path,
            completes=(".csv", ".md"),
        )
        self.app.push_screen(dialog, write)

    def ask(self, question: str, details: Sequence[str], then: Callable[[], None], *, yes: str = "Yes") -> None:
        """Have a destructive action confirmed, then call `then`; `yes` is the button's label."""
        self.app.push_screen(ConfirmDialog(question, details, yes), lambda confirmed: then() if confirmed else None)
