"""The report of a study as it would be written now: made by another process, read here, written at a key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Markdown

from hptui.storage.paths import StudyDir
from hptui.tui.cells import Cell
from hptui.tui.keys import bindings
from hptui.tui.screens.ask import Ask, Pick
from hptui.tui.screens.base import Place, app_of
from hptui.tui.text import plain
from hptui.tui.verbs import apart
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.lineui import Answer, CellLine, KeyLine

TIMEOUT = 180


class ReportScreen(Place):
    """Markdown as it stands in the file, or as it reads."""

    scope = "report"
    BINDINGS: ClassVar[list[BindingType]] = bindings("report")

    def __init__(self, sd: StudyDir, written: str = "") -> None:
        super().__init__()
        self.sd = sd
        self.text = ""
        self._written = written

    def compose(self) -> ComposeResult:
        yield CellLine(id="head", classes="bar")
        yield Facts(wrap=False, id="body", classes="pane")
        yield VerticalScroll(id="rendered", classes="pane")
        yield Answer(id="answer")
        yield KeyLine(ascii=app_of(self).config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#rendered").display = False
        self.query_one("#body").focus()
        self._head("working it out…")
        self._make()

    def _head(self, state: str) -> None:
        left = [Cell(plain(self.sd.name, 40), bold=True), Cell("report", "muted")]
        self.query_one("#head", CellLine).show(left, [Cell(state, "muted")] if state else [])

    @work(thread=True, exclusive=True, group="report")
    def _make(self) -> None:
        """`hptui report STUDY`, in a process of its own: statistics take seconds to import."""
        command = [sys.executable, "-P", "-m", "hptui", "--home", str(self.sd.root.parent), "report"]
        try:
            done = subprocess.run(
                [*command, self.sd.name],
                env=apart(),
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
            made, problem = done.stdout, done.stderr.strip() if done.returncode else ""
        except (subprocess.TimeoutExpired, OSError) as error:
            made, problem = "", f"the report could not be made: {error}"
        self.app.call_from_thread(self._made, made, problem)

    def _made(self, text: str, problem: str) -> None:
        if problem:
            app_of(self).say(problem.splitlines()[-1], "bad")
        self.text = text
        lines = text.count("\n")
        self._head(f"{lines:,} lines; w writes it, with figures")
        pane = self.query_one("#body", Facts)
        pane.title = "Markdown"
        pane.entitle(pane.title)
        pane.show([_line(one) for one in text.splitlines()])

    # keys -----------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        self._head("working it out…")
        self._make()

    def action_rendered(self) -> None:
        """As it reads, and back."""
        body, rendered = self.query_one("#body"), self.query_one("#rendered", VerticalScroll)
        show = not rendered.display
        body.display, rendered.display = not show, show
        if show:
            rendered.remove_children()
            rendered.mount(Markdown(self.text, open_links=False))
            rendered.focus()
        else:
            body.focus()

    def action_sections(self) -> None:
        heads = [(n, line) for n, line in enumerate(self.text.splitlines()) if line.startswith("#")]

        def take(name: str | None) -> None:
            if name is not None:
                pane = self.query_one("#body", Facts)
                pane.top = next(n for n, line in heads if line == name)
                pane.action_move(0)

        self.app.push_screen(Pick("Section", [line for _, line in heads]), take)

    def action_write(self) -> None:
        from hptui.tui import verbs

        def take(where: str | None) -> None:
            if where:
                path = Path(where).expanduser()
                app_of(self).carry_out(lambda: verbs.write_report(self.sd, path), f"writing {path}…")

        hint = "a directory (report.md, facts.json and images/ go there), or a file that ends in .md"
        self.app.push_screen(Ask("Write the report", self._written or f"report-{self.sd.name}", hint=hint), take)

    def action_copy(self) -> None:
        app_of(self).copy(self.text, "the report")


def _line(text: str) -> list[Cell]:
    """A line of Markdown: headings and tables stand out a little."""
    shown = plain(text, 2000)
    if text.startswith("#"):
        return [Cell(shown, "accent", bold=True)]
    return [Cell(shown, "muted" if text.startswith(("|-", "| -", "|:", "<")) else "")]


def written_at(study: Any) -> str:
    """Where the study file has its report written, as a path from here."""
    write = study.report.write
    return os.path.join(study.directory, write) if write else ""
