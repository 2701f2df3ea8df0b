"""Plots of a study, each next to its numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from hptui.results.view import View
from hptui.storage.paths import StudyDir
from hptui.tui.cells import Cell
from hptui.tui.insights.picture import Insight
from hptui.tui.insights.views import Wish, importance_bars
from hptui.tui.keys import bindings
from hptui.tui.screens.base import Place, app_of
from hptui.tui.sources.insight import InsightSource, Wanted
from hptui.tui.sources.pool import Source
from hptui.tui.sources.study import StudySource
from hptui.tui.text import fit, plain, width_of
from hptui.tui.verbs import apart
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.lineui import Answer, CellLine, KeyLine

TIMEOUT = 120
"""Seconds after which the process that computes importances is given up."""
NAMES = ("history", "importance", "slice", "heat map", "parallel", "pareto", "categories")
"""Plots, in the order of the tabs."""


class InsightsScreen(Place):
    """One plot at a time; `[` and `]` change it, `m` and `M` the parameters that it shows."""

    scope = "insights"
    BINDINGS: ClassVar[list[BindingType]] = bindings("insights")

    def __init__(self, sd: StudyDir) -> None:
        super().__init__()
        self.sd = sd
        self.source = StudySource(sd)
        self.pictures = InsightSource(self.source)
        self.insight: Insight | None = None
        self.index = 0
        self.one, self.other = 0, 1
        self.shares: dict[str, float] | None = None
        self.caveat = ""
        self._requested_for: tuple[int, ...] | None = None
        self._has_importance = False

    def compose(self) -> ComposeResult:
        app = app_of(self)
        yield CellLine(id="head", classes="bar")
        with Horizontal(id="insight-panes"):
            yield Facts(id="picture", classes="pane")
            yield Facts(id="numbers", classes="pane")
        yield Answer(id="answer")
        yield KeyLine(ascii=app.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#picture").focus()

    def sources(self) -> Sequence[Source]:
        """Return the sources to poll while this screen is in front."""
        return [self.source, self.pictures]

    def read(self, source: Source, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        self._show_selected()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_selected)

    @property
    def name_(self) -> str:
        """Name of the selected plot."""
        return NAMES[self.index]

    def _parameter_names(self) -> list[str]:
        snapshot = self.source.latest
        return [parameter.name for parameter in snapshot.view.study.space.parameters] if snapshot is not None else []

    def _show_selected(self) -> None:
        """Show the plot that is selected now, or have it drawn."""
        snapshot = self.source.latest
        if snapshot is None:
            return
        self._update_head()
        options = self._plot_options()
        if self.name_ == "importance":
            self._show_plot(self._importance_plot(snapshot.view, options))
            return
        self.pictures.want = Wanted(self.name_, options)
        latest = self.pictures.latest
        if latest is None or latest.wanted != self.pictures.want:
            self.insight = None  # the pane still shows another plot
            self.feed.wake()
        else:
            self._show_plot(latest.insight)

    def _show_plot(self, plot: Insight) -> None:
        self.insight = plot
        plot_pane, numbers_pane = self.query_one("#picture", Facts), self.query_one("#numbers", Facts)
        plot_pane.title = plain(plot.title, 100)
        plot_pane.entitle(plot_pane.title)
        plot_pane.show([*plot.drawing, *([[Cell(f" {plain(plot.note, 200)}", "muted")]] if plot.note else [])])
        numbers_pane.title = "the numbers"
        numbers_pane.entitle(numbers_pane.title)
        numbers_pane.show(table(plot.headings, plot.rows))

    def _plot_options(self) -> Wish:
        size, names = self.query_one("#picture", Facts).size, self._parameter_names()
        first = names[self.one % len(names)] if names else ""
        second = names[self.other % len(names)] if names else ""
        return Wish(max(20, size.width), max(6, size.height - 2), first, second, app_of(self).config.charts)

    def _importance_plot(self, view: View, options: Wish) -> Insight:
        self._request_importance(view)
        if not self._has_importance:
            return Insight("importance", [[Cell("")], [Cell("  working it out in another process…", "muted")]])
        return importance_bars(view, self.shares, options, self.caveat)

    def _update_head(self) -> None:
        left = [Cell(plain(self.sd.name, 40), bold=True), Cell("insights", "muted")]
        tabs = [Cell(name, "accent" if name == self.name_ else "muted", bold=name == self.name_) for name in NAMES]
        self.query_one("#head", CellLine).show(tabs if self.size.width < 110 else [*left, *tabs])

    # importance, in another process: Optuna takes seconds to import -----------------------------------------------

    def _request_importance(self, view: View) -> None:
        with_values = tuple(trial.number for trial in view.trials if trial.values)
        if self._requested_for != with_values:
            self._requested_for = with_values
            self._importance()

    @work(thread=True, exclusive=True, group="importance")
    def _importance(self) -> None:
        command = [sys.executable, "-P", "-m", "hptui.results.importance", str(self.sd.root)]
        try:
            # A process that hangs must not hold the thread for ever.
            process = subprocess.run(command, env=apart(), capture_output=True, text=True, timeout=TIMEOUT, check=False)
            reply = json.loads(process.stdout) if process.returncode == 0 else None
        except (subprocess.TimeoutExpired, ValueError, OSError):
            reply = None
        self.app.call_from_thread(self._importance_computed, reply)

    def _importance_computed(self, reply: dict[str, Any] | None) -> None:
        self.shares = reply["shares"] if reply else None
        self.caveat = str(reply["caveat"]) if reply else ""
        self._has_importance = True
        if self.is_current and self.name_ == "importance":
            self._show_selected()

    # keys -----------------------------------------------------------------------------------------------------

    def action_turn(self, by: int) -> None:
        self.index = (self.index + by) % len(NAMES)
        self._show_selected()

    def action_parameter(self, by: int) -> None:
        self.one += by
        names = self._parameter_names()
        if names and self.one % len(names) == self.other % len(names):
            self.other += 1
        self._show_selected()

    def action_other(self, by: int) -> None:
        self.other += by
        names = self._parameter_names()
        if names and self.one % len(names) == self.other % len(names):
            self.other += by
        self._show_selected()

    def action_write(self) -> None:
        if self.insight is None:
            app_of(self).say("it is not drawn yet", "warn")
        else:
            name = f"{self.sd.name}-{self.name_.replace(' ', '-')}"
            self.write_table(name, self.insight.headings, self.insight.rows)

    def action_copy(self) -> None:
        """Copy the numbers with tabs, for a spreadsheet."""
        if self.insight is None:
            app_of(self).say("it is not drawn yet", "warn")
        else:
            lines = ["\t".join(self.insight.headings), *("\t".join(row) for row in self.insight.rows)]
            app_of(self).copy("\n".join(lines) + "\n", "the numbers")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[Cell]]:
    """Return cells under headings, in columns as wide as needed."""
    if not headings:
        return []
    widths = [max(width_of(text) for text in column) for column in zip(headings, *rows, strict=True)]

    def text_line(texts: Sequence[str]) -> str:
        return " ".join(f" {fit(text, width)}" for text, width in zip(texts, widths, strict=True))

    return [[Cell(text_line(headings), "muted")], *([Cell(text_line(row))] for row in rows)]
