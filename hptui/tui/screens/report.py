"""The report of a study as it would be written now: made in another process, shown here, written on request."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType

from hptui.core.study import Study
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.cells import Cell, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.verbs import helper_environment
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.markdown_pane import MarkdownPane

REPORT_TIMEOUT_S = 180
"""Seconds after which the process that makes the report is given up."""


class ReportScreen(SourceScreen):
    """The report as Markdown source, or rendered."""

    scope = "report"
    BINDINGS: ClassVar[list[BindingType]] = bindings("report")

    def __init__(self, sd: StudyDir, study: Study | None = None) -> None:
        """Show the report; that of `study` is offered to be written where its study file says."""
        super().__init__()
        self.sd = sd
        self.text = ""
        self._report_path = _report_target(study) if study is not None else ""

    def compose(self) -> ComposeResult:
        yield CellLine(id="head", classes="bar")
        yield Facts(id="body", classes="pane")
        yield MarkdownPane(id="rendered", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host_of(self).config.charts == "ascii")

    def on_mount(self) -> None:
        rendered = self.query_one(MarkdownPane)
        rendered.display, rendered.border_title = False, "as it reads"
        self.query_one("#body").focus()
        self._update_head("working it out…")
        self._make_report()

    def _update_head(self, state: str) -> None:
        left = [Cell(plain_line(self.sd.name, 40), bold=True), Cell("report", "muted")]
        self.query_one("#head", CellLine).show(left, [Cell(state, "muted")] if state else [])

    @work(thread=True, exclusive=True, group="report")
    def _make_report(self) -> None:
        """Make the report with `hptui report STUDY` in another process: statistics take seconds to import."""
        command = [sys.executable, "-P", "-m", "hptui", "--home", str(self.sd.root.parent), "report"]
        try:
            # A process that hangs must not hold the thread for ever.
            process = subprocess.run(
                [*command, self.sd.name],
                env=helper_environment(),
                capture_output=True,
                text=True,
                timeout=REPORT_TIMEOUT_S,
                check=False,
            )
            text, problem = process.stdout, process.stderr.strip() if process.returncode else ""
        except (subprocess.TimeoutExpired, OSError) as error:
            text, problem = "", f"the report could not be made: {error}"
        self.call_if_open(self._show_report, text, problem)

    def _show_report(self, text: str, problem: str) -> None:
        if problem:
            host_of(self).say(problem.splitlines()[-1], "bad")
        self.text = text
        lines = text.count("\n")
        self._update_head(f"{lines:,} lines; w writes it, with figures")
        pane = self.query_one("#body", Facts)
        pane.title = "Markdown"
        pane.set_title(pane.title)
        pane.show([_line_cells(line) for line in text.splitlines()])
        if (rendered := self.query_one(MarkdownPane)).display:
            rendered.show(text)

    # keys -----------------------------------------------------------------------------------------------------

    def action_again(self) -> None:
        self._update_head("working it out…")
        self._make_report()

    def action_rendered(self) -> None:
        """Switch between source and rendered text."""
        body, rendered = self.query_one("#body"), self.query_one("#rendered", MarkdownPane)
        show = not rendered.display
        body.display, rendered.display = not show, show
        if show:
            rendered.show(self.text)
            rendered.focus()
        else:
            body.focus()

    def action_sections(self) -> None:
        if not self.text:
            host_of(self).say("the report is not ready yet", "warn")
            return
        headings = _headings(self.text)

        def go_to_section(name: str | None) -> None:
            if name is None:
                return
            line = next(index for index, heading in headings if heading == name)
            self.query_one("#body", Facts).scroll_to_line(line)
            # A part that unfolds is no heading there: it stands below the heading before it.
            marks = [index for index, text in enumerate(self.text.splitlines()) if text.startswith("#")]
            self.query_one(MarkdownPane).go_to_heading(sum(index <= line for index in marks) - 1)

        self.app.push_screen(ChoiceDialog("Section", [heading for _, heading in headings]), go_to_section)

    def action_write(self) -> None:
        def write(answer: str | None) -> None:
            if answer:
                path = Path(answer).expanduser()
                host_of(self).run_in_background(lambda: verbs.write_report(self.sd, path), f"writing {path}…")

        hint = "a directory (report.md, facts.json and images/ go there), or a file that ends in .md"
        self.app.push_screen(
            TextDialog("Write the report", self._report_path or f"report-{self.sd.name}", hint=hint), write
        )

    def action_copy(self) -> None:
        host_of(self).copy(self.text, "the report")


def _headings(text: str) -> list[tuple[int, str]]:
    """Return the line and the text of each heading of a report, those below another one indented."""
    headings = []
    for index, line in enumerate(text.splitlines()):
        if line.startswith("<summary>"):
            headings.append((index, "    " + line.removeprefix("<summary>").partition("</summary>")[0]))
        elif line.startswith("#"):
            marks, _, text_of_heading = line.partition(" ")
            headings.append((index, "  " * (len(marks) - 1) + text_of_heading))
    return headings


def _line_cells(text: str) -> list[Cell]:
    """Return the cells of a line of Markdown; headings and tables are highlighted."""
    visible = plain_line(text, 2000)
    if text.startswith("#"):
        return [Cell(visible, "accent", bold=True)]
    return [Cell(visible, "muted" if text.startswith(("|-", "| -", "|:", "<")) else "")]


def _report_target(study: Study) -> str:
    """Return the path to which the study file has its report written, '' for none."""
    write = study.report.write
    return os.path.join(study.directory, write) if write else ""
