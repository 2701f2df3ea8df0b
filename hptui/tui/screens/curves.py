"""The charts of a screen: the curves they request from the feed, and how these are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.storage.paths import StudyDir
from hptui.tui.charts.naming import AXIS_METRICS, counterpart_of, is_training
from hptui.tui.rows import TrialRows
from hptui.tui.screens.charting import (
    MAX_CURVES,
    TrialPalette,
    chartable,
    curves_of_metric,
    default_metrics,
    needed_curves,
)
from hptui.tui.sources.curves import CurvesSource
from hptui.tui.sources.study import StudySnapshot
from hptui.tui.themes import N_SERIES_COLOURS
from hptui.tui.widgets.chart import Chart

MAX_DEFAULT_CURVES = 5
"""Number of curves that are shown unless trials are marked; more would be hard to read."""


class CurvePanel:
    """Charts that share a source of curves. `both` draws training and validation in one chart."""

    def __init__(self, sd: StudyDir, charts: Sequence[Chart]) -> None:
        self.charts = list(charts)
        self.source = CurvesSource(sd)
        self.palette = TrialPalette()
        self.metrics: list[str] = []
        self.both = False
        self.all = False
        self.numbers: list[int] = []
        self.length = 0.0
        self._chosen_metrics: dict[Chart, str] = {}

    # what is wanted -------------------------------------------------------------------------------------------

    def aim(self, snapshot: StudySnapshot, rows: TrialRows, cursor: int | None) -> bool:
        """Request the curves of the trials to be shown; return True if these are others than before."""
        if self.all:
            numbers = [trial.number for trial in rows.all[:MAX_CURVES]]
            numbers = ([cursor] if cursor is not None else []) + [number for number in numbers if number != cursor]
        elif rows.marks:
            numbers = sorted(rows.marks, key=lambda number: (number != cursor, rows.index_of(number) or 0))
        else:
            numbers = _default_trials(snapshot, rows, cursor)
        return self.want(snapshot, numbers)

    def want(self, snapshot: StudySnapshot, numbers: Sequence[int]) -> bool:
        """Request the curves of these trials, the most important first; return True if these are new."""
        self.numbers = list(dict.fromkeys(numbers))
        self.metrics = chartable(snapshot.metrics)
        totals = [trial.total_steps for trial in snapshot.view.trials[:50] if trial.total_steps]
        self.length = float(max(totals, default=0))
        main_metric, second_metric = default_metrics(snapshot.view.study, snapshot.metrics)
        for chart, metric in zip(self.charts, (main_metric, second_metric), strict=False):
            if chart not in self._chosen_metrics or not self._chosen_metrics[chart]:
                chart.metric = metric
        metrics = [name for chart in self.charts for name in self._metrics_of(chart)]
        axes = [name for chart in self.charts if (name := self._axis_metric(chart))]
        windows = {
            name: (int(chart.window[0]) - 1, int(chart.window[1]) + 1)
            for chart in self.charts
            if chart.window is not None and chart.axis == "step"
            for name in self._metrics_of(chart)
        }
        keys = needed_curves(self.numbers, metrics, axes, windows)
        if keys == self.source.want:
            return False
        self.source.want = keys
        return True

    def _metrics_of(self, chart: Chart) -> list[str]:
        """Return the metrics of a chart: one, or also its counterpart on training or validation data."""
        counterpart = counterpart_of(chart.metric, self.metrics) if self.both else None
        return [chart.metric, counterpart] if counterpart else [chart.metric]

    def _axis_metric(self, chart: Chart) -> str:
        return next((name for name in AXIS_METRICS.get(chart.axis, ()) if name in self.metrics), "")

    # what is drawn --------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the curves that the source has."""
        snapshot = self.source.latest
        if snapshot is None:
            return
        colours = self.palette.assign(self.numbers)
        for chart in self.charts:
            names = self._metrics_of(chart)
            axis = self._axis_metric(chart)
            chart.empty = "no curve yet" if chart.axis in ("step", "time") or axis else f"no metric tells {chart.axis}"
            curve_plots = []
            for name in names:
                dotted = len(names) > 1 and is_training(name)
                curve_plots += curves_of_metric(snapshot, self.numbers, colours, name, dotted=dotted, axis_metric=axis)
            chart.show(curve_plots, length=self.length, title=" + ".join(names))

    def set_metric(self, chart: Chart, metric: str) -> None:
        """Show the next metric in a chart."""
        self._chosen_metrics[chart] = metric
        chart.metric = metric
        chart.window = None

    def chosen(self, chart: Chart) -> str:
        """Return the metric that the user chose for a chart, or ''."""
        return self._chosen_metrics.get(chart, "")

    def next_metric(self, chart: Chart, by: int) -> None:
        """Show the next metric in a chart."""
        if self.metrics:
            index = self.metrics.index(chart.metric) if chart.metric in self.metrics else -1
            self.set_metric(chart, self.metrics[(index + by) % len(self.metrics)])


def _default_trials(snapshot: StudySnapshot, rows: TrialRows, cursor: int | None) -> list[int]:
    """Return the trial under the cursor, the best, running ones, then the first of the table."""
    running = [trial.number for trial in rows.all[:N_SERIES_COLOURS] if trial.status.open and trial.last_step]
    leading = [trial.number for trial in rows.all[:N_SERIES_COLOURS] if trial.last_step]
    best = sorted(snapshot.best)[:1]
    numbers = [*([cursor] if cursor is not None else []), *best, *running[:3], *leading]
    return list(dict.fromkeys(numbers))[:MAX_DEFAULT_CURVES]
