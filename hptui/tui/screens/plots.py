"""Plots of a study, each next to its numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from hptui.results.analysis.cohort import searched_space
from hptui.results.importance import Importance
from hptui.results.plots.plot import PlotOptions, PlotTable
from hptui.results.view import View
from hptui.store.paths import StudyDir
from hptui.tui.cells import Cell, last_line, plain_line, table_lines
from hptui.tui.charts.plots import draw_missing
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.labels import trial_line_cells
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.plots import DrawnPlot, PlotRequest, PlotSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.study import StudySource
from hptui.tui.verbs import helper_environment
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts
from hptui.tui.widgets.plot_pane import PlotPane

IMPORTANCE_TIMEOUT_S = 120
"""Seconds after which the process that computes importances is given up."""
TABS = {
    "history": "history",
    "importance": "importance",
    "slice": "slice",
    "heat map": "contour",
    "parallel": "parallel",
    "pareto": "pareto",
    "categories": "categories",
}
"""Tabs in their order, each with the name of its plot."""
TAB_NAMES = tuple(TABS)
MAX_ROWS_OF_MAP = 8
"""Rows of the heat map."""
ESTIMATES = ("", "forest", "best", "rank")
"""Estimates of importance in the order of a key: '' is the report's, the others are `results.analysis.estimators`."""
IDLE_KEYS: Mapping[str, tuple[str, ...]] = {
    "insights.parameter": ("slice", "heat map"),
    "insights.other": ("heat map",),
    "insights.estimate": ("importance",),
    "insights.log": ("history", "slice", "pareto"),
    "insights.range": ("history", "slice", "parallel", "pareto"),
    "points.open": ("history", "slice", "pareto"),
}
"""Keys that only some tabs have."""
DRAWING = [[Cell("")], [Cell("  drawing…", "muted")]]
"""What is shown until another picture is drawn: the one before would stand under the wrong name."""
WORKING = [[Cell("")], [Cell("  working it out in another process…", "muted")]]
"""What is shown while importance is being estimated."""


class PlotsScreen(SourceScreen):
    """One plot at a time; `[` and `]` change it, `m` and `M` the parameters that it shows.

    Keys move over the trials of its points.
    """

    scope = "insights"
    BINDINGS: ClassVar[list[BindingType]] = bindings("insights")

    def __init__(self, sd: StudyDir, on_filter: Callable[[str], object] | None = None) -> None:
        """`on_filter` filters the trials of the screen below by a chosen range."""
        super().__init__()
        self.sd, self._on_filter = sd, on_filter
        self._is_log = False
        self.source = StudySource(sd)
        self.plot_source = PlotSource(self.source)
        self.plot: DrawnPlot | None = None
        self.index = 0
        self.first_index, self.second_index = 0, 1
        self.estimate_index = 0
        self._estimates: dict[str, Importance | None] = {}
        self._says: dict[str, str] = {}
        self._in_work: set[str] = set()
        self._problems: dict[str, str] = {}
        self._estimated_of: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        host = host_of(self)
        yield CellLine(id="head", classes="bar")
        with Horizontal(id="insight-panes"):
            yield PlotPane(id="picture", classes="pane")
            yield Facts(id="numbers", classes="pane")
        yield CellLine(id="point")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host.config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#picture").focus()

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.source, self.plot_source]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        self._show_selected()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_selected)

    @property
    def tab(self) -> str:
        """Name of the selected tab."""
        return TAB_NAMES[self.index]

    def _parameter_names(self) -> list[str]:
        snapshot = self.source.latest
        return [] if snapshot is None else [parameter.name for parameter in searched_space(snapshot.view).parameters]

    def _show_selected(self) -> None:
        """Show the plot that is selected now, or have it drawn."""
        snapshot = self.source.latest
        if snapshot is None:
            return
        self._update_head()
        want = self._request()
        if self.tab == "importance":
            self._request_importance(snapshot.view)
            if self.estimate not in self._estimates:
                problem = self._problems.get(self.estimate, "")
                lines = draw_missing(problem) if problem else WORKING
                self._show_plot(DrawnPlot(want, "importance", lines, PlotTable()))
                return
        self.plot_source.want = want
        latest = self.plot_source.latest
        if latest is None or latest.request != want:
            if self.plot is not None and self.plot.request.name != want.name:
                self._show_plot(DrawnPlot(want, self.tab, DRAWING, PlotTable()))
            self.plot = None  # the pane still shows another state of it, or that it is being drawn
            self.feed.wake()
        else:
            self._show_plot(latest)

    def _show_plot(self, plot: DrawnPlot) -> None:
        self.plot = plot
        plot_pane, numbers_pane = self.query_one("#picture", PlotPane), self.query_one("#numbers", Facts)
        plot_pane.title = plot.title
        plot_pane.set_title(plot_pane.title)
        snapshot = self.source.latest
        best = snapshot.leading if snapshot is not None else None
        plot_pane.show_plot(plot.drawing, plot.marks, None if best is None else best.number, plot.areas)
        self._show_point()
        numbers_pane.title = "the numbers"
        numbers_pane.set_title(numbers_pane.title)
        numbers_pane.show(table_lines(plot.table.headings, plot.table.rows))

    @on(PlotPane.PointChosen)
    def _show_point(self) -> None:
        """Name the trial under the cursor."""
        snapshot, number = self.source.latest, self.query_one(PlotPane).trial
        line = self.query_one("#point", CellLine)
        trial = None
        if snapshot is not None and number is not None:
            trial = next((trial for trial in snapshot.view.trials if trial.number == number), None)
        if snapshot is None or trial is None:
            line.show([])
        else:
            line.show(trial_line_cells(snapshot.view, trial, host_of(self).glyphs))

    @on(PlotPane.PointOpened)
    def _open_trial(self) -> None:
        number = self.query_one(PlotPane).trial
        if number is not None:
            host_of(self).open("trial", sd=self.sd, study_source=self.source, number=number)

    def _request(self) -> PlotRequest:
        """Return the request for the selected plot: of its parameters, in the size of its pane."""
        size, names = self.query_one("#picture", PlotPane).size, self._parameter_names()
        chosen = [names[index % len(names)] for index in (self.first_index, self.second_index) if names]
        settings = {"slice": chosen[:1], "heat map": chosen, "parallel": names}.get(self.tab, [])
        width = max(20, size.width)
        options = PlotOptions(
            settings=tuple(settings),
            bins=(max(3, min(10, (width - 14) // 8)), MAX_ROWS_OF_MAP),
            whole_range=True,
            intervals=False,
        )
        marks = host_of(self).config.charts
        estimated = self._estimates.get(self.estimate) if self.tab == "importance" else None
        says = self._says.get(self.estimate, "") if self.tab == "importance" else ""
        return PlotRequest(
            TABS[self.tab], options, width, max(6, size.height - 2), marks, estimated, self._is_log, says
        )

    def _update_head(self) -> None:
        self.refresh_bindings()
        left = [Cell(plain_line(self.sd.name, 40), bold=True), Cell("insights", "muted")]
        tabs = [Cell(name, "accent" if name == self.tab else "muted", bold=name == self.tab) for name in TAB_NAMES]
        self.query_one("#head", CellLine).show(tabs if self.size.width < 110 else [*left, *tabs])

    # importance, in another process: it takes seconds of many trials   -----------------------------------------------

    @property
    def estimate(self) -> str:
        """The estimate of importance that is shown; '' for the report's."""
        return ESTIMATES[self.estimate_index]

    def _request_importance(self, view: View) -> None:
        ended = [(trial.number, str(trial.status)) for trial in view.trials if not trial.status.open]
        state = (view.row.revision, *ended)  # of trials without a value, too: pruned ones count with what they showed
        if self._estimated_of != state:
            self._estimated_of = state
            for known in (self._estimates, self._says, self._problems, self._in_work):
                known.clear()
        if self.estimate not in self._estimates and self.estimate not in self._in_work:
            self._in_work.add(self.estimate)
            self._importance(self.estimate)

    @work(thread=True, group="importance")
    def _importance(self, estimate: str) -> None:
        estimated_of = self._estimated_of
        command = [sys.executable, "-P", "-m", "hptui.results.importance", str(self.sd.root)]
        try:
            # A process that hangs must not hold the thread for ever.
            process = subprocess.run(
                [*command, *filter(None, [estimate])],
                env=helper_environment(),
                capture_output=True,
                text=True,
                timeout=IMPORTANCE_TIMEOUT_S,
                check=False,
            )
            reply = json.loads(process.stdout) if process.returncode == 0 else last_line(process.stderr)
        except subprocess.TimeoutExpired:
            reply = f"it took longer than {IMPORTANCE_TIMEOUT_S} s"
        except (ValueError, OSError) as error:
            reply = str(error)
        self.call_if_open(self._importance_computed, estimate, reply, estimated_of)

    def _importance_computed(
        self, estimate: str, reply: dict[str, Any] | str, estimated_of: tuple[object, ...]
    ) -> None:
        """Take the reply of the process: what it estimated and the sentence on it, or what went wrong."""
        if estimated_of != self._estimated_of:  # more trials have ended since
            return
        if isinstance(reply, str):
            self._problems[estimate] = f"importance could not be estimated: {reply}"
            self._show_selected()
            return
        values = reply["importance"]
        lists = {name: tuple(values[name]) for name in ("trials", "unseen")} if values else {}
        self._in_work.discard(estimate)
        self._estimates[estimate] = Importance(**{**values, **lists}) if values else None
        # An estimator's numbers come with a caveat of their own.
        self._says[estimate] = reply["says"] if not estimate or values is None else ""
        if self.is_current and self.tab == "importance":
            self._show_selected()

    def idle_keys(self) -> Collection[str]:
        """Return the keys that the tab does not have."""
        return [key for key, tabs in IDLE_KEYS.items() if self.tab not in tabs]

    # keys -----------------------------------------------------------------------------------------------------

    def action_turn(self, by: int) -> None:
        self.index = (self.index + by) % len(TAB_NAMES)
        self._show_selected()

    @on(CellLine.Clicked, "#head")
    def _tab_clicked(self, message: CellLine.Clicked) -> None:
        if message.cell.text in TAB_NAMES:
            self.index = TAB_NAMES.index(message.cell.text)
            self._show_selected()

    def action_estimate(self) -> None:
        """Show importance by the next estimate."""
        self.estimate_index = (self.estimate_index + (self.tab == "importance")) % len(ESTIMATES)
        self.index = TAB_NAMES.index("importance")
        self._show_selected()

    def action_parameter(self, by: int) -> None:
        self.first_index += by
        self._show_apart(1)

    def action_other(self, by: int) -> None:
        self.second_index += by
        self._show_apart(by)

    def _show_apart(self, by: int) -> None:
        names = self._parameter_names()
        if names and self.first_index % len(names) == self.second_index % len(names):
            self.second_index += by
        self._show_selected()

    def action_log(self) -> None:
        self._is_log = not self._is_log
        self._show_selected()

    def action_range(self) -> None:
        """Filter the study's trials by a range: of the axis that is chosen, if there are several."""
        ranges = self.query_one(PlotPane).ranges()
        if not ranges:
            host_of(self).say("this picture has no axis with a range", "warn")
        elif len(ranges) == 1:
            self._ask_range(next(iter(ranges.values())))
        else:
            then = lambda name: self._ask_range(ranges[name]) if name is not None else None
            self.app.push_screen(ChoiceDialog("A range of", list(ranges)), then)

    @on(PlotPane.RangeChosen)
    def _range_chosen(self, message: PlotPane.RangeChosen) -> None:
        self._ask_range(message.text)

    def _ask_range(self, text: str) -> None:
        if self._on_filter is None:
            host_of(self).say(f"from the study's screen this filters its trials: {text}", "warn")
            return
        dialog = TextDialog("Show only these trials", text, hint="enter filters the study's table; esc removes it")
        self.app.push_screen(dialog, self._filter_study)

    def _filter_study(self, text: str | None) -> None:
        if text and self._on_filter is not None:
            self.dismiss()
            self._on_filter(text)

    def action_write(self) -> None:
        if self.plot is None:
            host_of(self).say("it is not drawn yet", "warn")
        else:
            name = f"{self.sd.name}-{self.tab.replace(' ', '-')}"
            self.write_table(name, self.plot.table.headings, self.plot.table.rows)

    def action_copy(self) -> None:
        """Copy the numbers with tabs, for a spreadsheet."""
        if self.plot is None:
            host_of(self).say("it is not drawn yet", "warn")
        else:
            lines = map("\t".join, (self.plot.table.headings, *self.plot.table.rows))
            host_of(self).copy("\n".join(lines) + "\n", "the numbers")
