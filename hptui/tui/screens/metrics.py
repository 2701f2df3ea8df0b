"""All metrics of a study in a grid of charts, page by page; one of them alone, with its values under the crosshair."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Grid, Horizontal
from textual.widgets import Input

from hptui.core.study import Study
from hptui.store.paths import StudyDir
from hptui.tui.cells import Cell, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.chart_panel import ChartScreen, CurvePanel, chartable
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.filter_line import FilterLine
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.study import StudySource
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.columns import ColumnFacts
from hptui.tui.widgets.readout import readout_lines

MAX_CHARTS = 16
"""Number of charts on a page at most."""
CHARTS_AT_ONCE = 4
"""Number of charts that are made at once."""
MIN_CHART_CELLS, MIN_CHART_LINES = 36, 9
"""Size of a chart, frame included, below which fewer of them are shown."""


class MetricsScreen(ChartScreen):
    """Charts of the same trials, one per metric. Their x axes, windows and crosshairs are the same."""

    scope = "metrics"
    BINDINGS: ClassVar[list[BindingType]] = bindings("metrics")

    def __init__(self, sd: StudyDir, study_source: StudySource, numbers: Sequence[int]) -> None:
        super().__init__()
        self.sd, self.study_source, self.numbers = sd, study_source, list(numbers)
        self.pattern = ""
        self.full = False
        self._first = 0
        self._current = ""

    def compose(self) -> ComposeResult:
        config = host_of(self).config
        yield CellLine(id="head", classes="bar")
        with Horizontal(id="metric-panes"):
            with Grid(id="metric-grid"):
                yield self._new_chart()
            yield ColumnFacts(id="readout", classes="pane")
        yield TextInput(id="filter", placeholder="a regular expression: loss|acc ^train/")
        yield CellLine(id="pages")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=config.charts == "ascii")

    def on_mount(self) -> None:
        self.all_charts = list(self.query(Chart))
        self.curves = CurvePanel(self.sd, self.all_charts, host_of(self).palette_of(self.sd))
        self.filter_line = FilterLine(self.query_one("#filter", TextInput), self.query_one("#pages", CellLine))
        self.place_charts()
        self.all_charts[0].focus()

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.study_source, self.curves.source]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        if source is self.study_source:
            self.place_charts()
        else:
            self._draw_curves()

    def on_resize(self) -> None:
        self.place_charts()

    # what is shown --------------------------------------------------------------------------------------------

    @property
    def chart(self) -> Chart:
        """The chart that keys act on: the focused one, else the first."""
        return self.focused if isinstance(self.focused, Chart) else self.curves.charts[0]

    def names(self) -> list[str]:
        """Return the metrics that the filter lets through.

        The objectives stand first; last those that only other trials have.
        """
        snapshot = self.study_source.latest
        if snapshot is None:
            return []
        names = matching_metrics(snapshot.view.study, snapshot.charted, self.pattern)
        shown = set(self.numbers)
        own = {name for trial in snapshot.view.trials if trial.number in shown for name in trial.metrics}
        is_of_others = lambda name: name not in own and any(name in trial.metrics for trial in snapshot.view.trials)
        return sorted(names, key=is_of_others)

    def _shape(self, count: int) -> tuple[int, int]:
        """Return how many columns and rows of charts `count` metrics get."""
        if self.full or self.has_class("-tiny"):
            return 1, 1
        return grid_shape(count, self.size.width, self.size.height - 4)

    def place_charts(self) -> None:
        """Give each chart of the page its metric, and request their curves."""
        snapshot = self.study_source.latest
        names = self.names()
        columns, rows = self._shape(len(names))
        per_page = columns * rows
        if self._current in names and not self._first <= names.index(self._current) < self._first + per_page:
            self._first = names.index(self._current)
        self._first = min(self._first, max(0, len(names) - 1)) // per_page * per_page
        page = names[self._first : self._first + per_page]
        grid = self.query_one("#metric-grid", Grid)
        self._mount_charts(grid, len(page))
        grid.styles.grid_size_columns, grid.styles.grid_size_rows = columns, rows
        for index, chart in enumerate(self.all_charts):
            chart.display = index < max(1, len(page))
            if index < len(page) and chart.metric != page[index]:
                chart.log_y = False
                window = chart.window
                self.curves.set_metric(chart, page[index])
                chart.window = window
        self.curves.charts = self.all_charts[: max(1, len(page))]
        if not self.filter_line.is_open and self.focused not in self.curves.charts:
            self.curves.charts[0].focus()
        if not page:
            self.curves.charts[0].empty = "no metric matches" if self.pattern else "no metric yet"
            self.curves.charts[0].show((), title="metrics")
        elif snapshot is not None and self.curves.want(snapshot, self.numbers):
            self.request_poll()
        self._draw_curves()
        self._update_lines(names, per_page)

    def _mount_charts(self, grid: Grid, count: int) -> None:
        """Add charts until there are `count`, a few at a time: keys are answered in between."""
        missing = count - len(self.all_charts)
        if missing <= 0:
            return
        added = [self._new_chart() for _ in range(min(missing, CHARTS_AT_ONCE))]
        for chart in added:
            chart.axis, chart.window = self.all_charts[0].axis, self.all_charts[0].window
            chart.crosshair, chart.smoothing = self.all_charts[0].crosshair, self.all_charts[0].smoothing
        self.all_charts += added
        grid.mount(*added)
        if missing > len(added):
            self.call_after_refresh(self.place_charts)

    def _new_chart(self) -> Chart:
        config = host_of(self).config
        return Chart(charts=config.charts, smoothing=config.smoothing, classes="pane")

    def request_curves(self) -> None:
        """Request the curves of the page."""
        self.place_charts()

    def _draw_curves(self) -> None:
        if self.names():
            self.curves.draw()
        if self.full:
            pane = self.query_one("#readout", ColumnFacts)
            pane.title = "at the crosshair" if self.chart.crosshair is not None else "at the end"
            pane.show(readout_lines(self.chart))

    def _update_lines(self, names: Sequence[str], per_page: int) -> None:
        listed = ", ".join(map(str, self.numbers[:12])) + ("…" if len(self.numbers) > 12 else "")
        head = [Cell(plain_line(self.sd.name, 40), bold=True), Cell("metrics", "accent")]
        self.query_one("#head", CellLine).show([*head, Cell(f"of trials {listed}" if listed else "", "muted")])
        last = min(len(names), self._first + per_page)
        first = self._first + 1
        shown = f"{first}" if first == last else f"{first}-{last}"
        cells = [Cell(f"{shown} of {len(names)} metrics" if names else "no metric", "muted")]
        pages = -(-len(names) // per_page)
        if 1 < pages < len(names):
            cells.append(Cell(f"page {self._first // per_page + 1} of {pages}"))
        if self.pattern:
            cells.append(Cell(f"filter {plain_line(self.pattern, 40)}", "accent"))
        self.query_one("#pages", CellLine).show(cells)

    # keys -----------------------------------------------------------------------------------------------------

    def action_page(self, by: int) -> None:
        """Show the next page; with one chart alone, the next metric."""
        names = self.names()
        columns, rows = self._shape(len(names))
        first = self._first + by * columns * rows
        if 0 <= first < len(names):
            self._first, self._current = first, ""
            self.place_charts()

    def action_step(self, by: int) -> None:
        """Go to the next chart, also over the end of the page."""
        charts = self.curves.charts
        index = charts.index(self.chart) + by
        if 0 <= index < len(charts):
            charts[index].focus()
            return
        before = self._first
        self.action_page(by)
        if before != self._first:
            self.curves.charts[0 if by > 0 else -1].focus()

    def action_full(self) -> None:
        """Show the chart alone with its values, or all of them again."""
        chart = self.chart
        if not self.names():
            return
        crosshair, self._current, log_y = chart.crosshair, chart.metric, chart.log_y
        self.full = not self.full
        self.set_class(self.full, "-full")
        self._first = self.names().index(self._current) if self._current in self.names() else 0
        self.place_charts()
        target = next((other for other in self.curves.charts if other.metric == self._current), self.curves.charts[0])
        target.log_y, self._current = log_y, ""
        target.focus()
        if self.full and crosshair is None:
            self.call_after_refresh(target.action_crosshair)

    @on(Chart.ViewChanged)
    def _align_charts(self, message: Chart.ViewChanged) -> None:
        for other in self.all_charts:
            if other is not message.chart:
                other.axis, other.window = message.chart.axis, message.chart.window
                other.crosshair, other.smoothing = message.chart.crosshair, message.chart.smoothing

    def on_click(self, event: events.Click) -> None:
        """Show a chart alone that was clicked twice, and back."""
        if event.chain == 2 and isinstance(event.widget, Chart):
            event.widget.focus()
            self.action_full()

    def key_escape(self, event: Any) -> None:
        if self.full or self.filter_line.is_open or self.pattern:
            event.stop()
            event.prevent_default()
            if self.full and not self.filter_line.is_open:
                self.action_full()
            else:
                self._filter_by("")
                self._close_filter()

    # keys: the filter -----------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.filter_line.open(self.pattern)

    def _filter_by(self, pattern: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            host_of(self).say(f"{pattern!r} is no regular expression: {error}", "warn")
            return
        host_of(self).say("")
        self.pattern, self._first = pattern, 0
        self.place_charts()

    def _close_filter(self) -> None:
        self.filter_line.close()
        self.curves.charts[0].focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        if self.filter_line.is_open:
            self._filter_by(event.value)

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self) -> None:
        self._close_filter()


def grid_shape(count: int, width: int, height: int) -> tuple[int, int]:
    """Return the columns and rows of charts for `count` metrics on `width` by `height` cells."""
    most_columns = max(1, min(4, width // MIN_CHART_CELLS))
    most_rows = max(1, min(MAX_CHARTS // 4, height // MIN_CHART_LINES))
    rows = min(most_rows, max(1, round(count**0.5)))
    columns = min(most_columns, max(1, -(-count // rows)))
    return columns, max(1, min(most_rows, -(-count // columns)))


def matching_metrics(study: Study, metrics: Sequence[str], pattern: str) -> list[str]:
    """Return the metrics in which a regular expression is found, whatever their case; objectives first."""
    names = chartable(metrics)
    objectives = [objective.metric for objective in study.objectives if objective.metric in names]
    expression = re.compile(pattern, re.IGNORECASE)
    return [name for name in dict.fromkeys([*objectives, *names]) if expression.search(name)]
