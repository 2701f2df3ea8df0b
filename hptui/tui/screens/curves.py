"""The charts of a screen: what they want of the feed, and how its answer is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.storage.paths import StudyDir
from hptui.tui.charts.naming import COMPANIONS, is_training, partner
from hptui.tui.rows import TrialRows
from hptui.tui.screens.charting import AT_MOST, Palette, chartable, plots, usual_metrics, wanted
from hptui.tui.sources.curves import CurvesSource
from hptui.tui.sources.study import StudySnapshot
from hptui.tui.themes import SERIES
from hptui.tui.widgets.chart import Chart

FEW = 5
"""So many curves are shown unless somebody marks trials: more would be a tangle."""


class CurvePanel:
    """Charts that share a source of curves. `both` puts training and validation into one chart."""

    def __init__(self, sd: StudyDir, charts: Sequence[Chart]) -> None:
        self.charts = list(charts)
        self.source = CurvesSource(sd)
        self.palette = Palette()
        self.metrics: list[str] = []
        self.both = False
        self.all = False
        self.numbers: list[int] = []
        self.length = 0.0
        self._chosen: dict[Chart, str] = {}

    # what is wanted -------------------------------------------------------------------------------------------

    def aim(self, snapshot: StudySnapshot, rows: TrialRows, cursor: int | None) -> bool:
        """Want the curves of the trials to be seen; True when that is something new."""
        if self.all:
            numbers = [trial.number for trial in rows.all[:AT_MOST]]
            numbers = ([cursor] if cursor is not None else []) + [n for n in numbers if n != cursor]
        elif rows.marks:
            numbers = sorted(rows.marks, key=lambda n: (n != cursor, rows.index_of(n) or 0))
        else:
            numbers = _some(snapshot, rows, cursor)
        return self.want(snapshot, numbers)

    def want(self, snapshot: StudySnapshot, numbers: Sequence[int]) -> bool:
        """Want the curves of these trials, the most important first."""
        self.numbers = list(dict.fromkeys(numbers))
        self.metrics = chartable(snapshot.metrics)
        totals = [trial.total_steps for trial in snapshot.view.trials[:50] if trial.total_steps]
        self.length = float(max(totals, default=0))
        first, second = usual_metrics(snapshot.view.study, snapshot.metrics)
        for chart, metric in zip(self.charts, (first, second), strict=False):
            if chart not in self._chosen or not self._chosen[chart]:
                chart.metric = metric
        needed = [name for chart in self.charts for name in self._names(chart)]
        axes = [name for chart in self.charts if (name := self._axis_metric(chart))]
        windows = {
            name: (int(chart.window[0]) - 1, int(chart.window[1]) + 1)
            for chart in self.charts
            if chart.window is not None and chart.axis == "step"
            for name in self._names(chart)
        }
        keys = wanted(self.numbers, needed, axes, windows)
        if keys == self.source.want:
            return False
        self.source.want = keys
        return True

    def _names(self, chart: Chart) -> list[str]:
        """The metrics of a chart: one, or with its partner."""
        other = partner(chart.metric, self.metrics) if self.both else None
        return [chart.metric, other] if other else [chart.metric]

    def _axis_metric(self, chart: Chart) -> str:
        return next((name for name in COMPANIONS.get(chart.axis, ()) if name in self.metrics), "")

    # what is drawn --------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw what the source has."""
        snapshot = self.source.latest
        if snapshot is None:
            return
        colours = self.palette.give(self.numbers)
        for chart in self.charts:
            names = self._names(chart)
            axis = self._axis_metric(chart)
            chart.empty = "no curve yet" if chart.axis in ("step", "time") or axis else f"no metric tells {chart.axis}"
            found = []
            for name in names:
                dotted = len(names) > 1 and is_training(name)
                found += plots(snapshot, self.numbers, colours, name, dotted=dotted, axis_metric=axis)
            chart.show(found, length=self.length, title=" + ".join(names))

    def set_metric(self, chart: Chart, metric: str) -> None:
        """Let a chart show a metric from now on."""
        self._chosen[chart] = metric
        chart.metric = metric
        chart.window = None

    def chosen(self, chart: Chart) -> str:
        """The metric that somebody chose for a chart, or ''."""
        return self._chosen.get(chart, "")

    def next_metric(self, chart: Chart, by: int) -> None:
        """The metric after the one that a chart shows."""
        if self.metrics:
            place = self.metrics.index(chart.metric) if chart.metric in self.metrics else -1
            self.set_metric(chart, self.metrics[(place + by) % len(self.metrics)])


def _some(snapshot: StudySnapshot, rows: TrialRows, cursor: int | None) -> list[int]:
    """The trial under the cursor, the best, those that run, then the first of the table: as many as have colours."""
    running = [trial.number for trial in rows.all[:SERIES] if trial.status.open and trial.last_step]
    first = [trial.number for trial in rows.all[:SERIES] if trial.last_step]
    best = sorted(snapshot.best)[:1]
    found = [*([cursor] if cursor is not None else []), *best, *running[:3], *first]
    return list(dict.fromkeys(found))[:FEW]
