"""The charts of a screen: which curves they request from the feed, and the keys that change them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from textual import on

from hptui.core.study import Study
from hptui.core.trial import INCOMPLETE_MARK, Trial
from hptui.store.paths import StudyDir
from hptui.tui.charts.naming import AXIS_METRICS, counterpart_of, is_training
from hptui.tui.screens.dialogs import ChoiceDialog
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.curves import CurveKey, CurvesSnapshot, CurvesSource
from hptui.tui.sources.study import StudySnapshot
from hptui.tui.sources.usage import USAGE_METRICS
from hptui.tui.themes import N_SERIES_COLOURS
from hptui.tui.trial_palette import TrialPalette
from hptui.tui.trial_rows import TrialRows
from hptui.tui.widgets.chart import Chart
from hptui.tui.widgets.chart_legend import ChartCurve

if TYPE_CHECKING:
    from hptui.tui.widgets.chart_legend import ChartCurve


MAX_CURVES = 60
"""Number of curves that are shown at once at most; those without a colour of their own are muted."""
MIN_SMOOTHED_POINTS = 20
"""Number of points below which a curve is drawn unsmoothed."""


def chartable(metrics: Iterable[str]) -> list[str]:
    """Return the metrics that a chart can show, without the counts behind a rate."""
    return [name for name in metrics if not name.endswith((":k", ":n"))]


def default_metrics(study: Study, metrics: Sequence[str]) -> tuple[str, str]:
    """Return the default metrics of two charts: the objective, and its training metric or another one.

    Until there is a curve of the objective, which a script may print at its end only, the other one stands first: a
    small terminal shows one chart.
    """
    names = chartable(metrics)
    main = study.objective.metric or next(iter(names), "")
    other = counterpart_of(main, names)
    if other is None and len(study.objectives) > 1:
        other = study.objectives[1].metric
    if other is None:
        other = next((name for name in names if name != main and "loss" in name), None)
    if other is None:
        other = next((name for name in names if name != main), main)
    return (other, main) if main not in names and other in names else (main, other)


def needed_curves(
    numbers: Sequence[int], metrics: Sequence[str], axis_metrics: Sequence[str], windows: Mapping[str, tuple[int, int]]
) -> tuple[CurveKey, ...]:
    """Return the curves that charts of these metrics need of these trials."""
    keys = [
        CurveKey(number, metric, *windows.get(metric, (None, None)))
        for number in numbers[:MAX_CURVES]
        for metric in dict.fromkeys(metrics)
    ]
    keys += [CurveKey(number, metric) for number in numbers[:MAX_CURVES] for metric in dict.fromkeys(axis_metrics)]
    return tuple(dict.fromkeys(keys))


def curves_of_metric(
    snapshot: CurvesSnapshot,
    numbers: Sequence[int],
    colours: Mapping[int, int],
    metric: str,
    *,
    dotted: bool = False,
    axis_metric: str = "",
    incomplete: Collection[int] = (),
    names: Mapping[int, str] | None = None,
) -> list[ChartCurve]:
    """Return the plots of one metric, in the order of the trials: the first is the most important.

    `incomplete` are the trials whose curve lacks points, which the legend marks; `names` are other names than `#4`.
    """
    by_trial: dict[int, CurveKey] = {}
    companions: dict[int, CurveKey] = {}
    for key in snapshot.curves:
        if key.metric == metric and (key.start is not None or key.trial not in by_trial):
            by_trial[key.trial] = key
        if axis_metric and key.metric == axis_metric:
            companions[key.trial] = key
    plot_list = []
    for number in numbers:
        curve_key = by_trial.get(number)
        if curve_key is None:
            continue
        curve = snapshot.curves[curve_key]
        companion = snapshot.curves[companions[number]] if number in companions else None
        rough = metric in USAGE_METRICS or not is_training(metric) or curve.x.size < MIN_SMOOTHED_POINTS
        mark = INCOMPLETE_MARK if number in incomplete else ""
        label = "" if dotted else (names or {}).get(number, f"#{number}") + mark
        plot_list.append(ChartCurve(label, curve, colours.get(number), companion, dotted, rough))
    return plot_list


MAX_DEFAULT_CURVES = 5
"""Number of curves that are shown unless trials are marked; more would be hard to read."""


class CurvePanel:
    """Charts that share a source of curves. `both` draws training and validation in one chart."""

    def __init__(self, sd: StudyDir, charts: Sequence[Chart], palette: TrialPalette) -> None:
        self.charts = list(charts)
        self.source = CurvesSource(sd)
        self.palette = palette
        self.metrics: list[str] = []
        self.both = False
        self.all = False
        self.numbers: list[int] = []
        self.incomplete: frozenset[int] = frozenset()
        self.ended = False
        self.shares: frozenset[str] = frozenset()
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
        self.metrics = chartable(snapshot.charted)
        specs = snapshot.view.study.metrics
        self.shares = frozenset(name for name, spec in specs.items() if spec.format == "percent")
        self.incomplete = frozenset(trial.number for trial in snapshot.view.trials if trial.incomplete_curve)
        wanted = set(self.numbers)
        self.ended = all(not trial.status.open for trial in snapshot.view.trials if trial.number in wanted)
        self.length = float(_length_of(snapshot.view.trials, self.numbers))
        main_metric, second_metric = default_metrics(snapshot.view.study, snapshot.metrics)
        for chart, metric in zip(self.charts, (main_metric, second_metric), strict=False):
            if chart not in self._chosen_metrics or not self._chosen_metrics[chart]:
                chart.metric = metric
        # Until there is a second metric, the second chart would show the first once more.
        for index, chart in enumerate(self.charts[1:], start=1):
            earlier = [other.metric for other in self.charts[:index]]
            chart.set_class(chart.metric in earlier and not self.chosen(chart), "-same")
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
            chart.empty = self._reason_for_none(chart, axis)
            curve_plots = []
            for name in names:
                dotted = len(names) > 1 and is_training(name)
                curve_plots += curves_of_metric(
                    snapshot,
                    self.numbers,
                    colours,
                    name,
                    dotted=dotted,
                    axis_metric=axis,
                    incomplete=self.incomplete,
                )
            percent = bool(names) and self.shares.issuperset(names)
            chart.show(curve_plots, length=self.length, title=" + ".join(names), percent=percent)

    def _reason_for_none(self, chart: Chart, axis: str) -> str:
        """Return what a chart says where it has no curve."""
        if chart.axis not in ("step", "time") and not axis:
            return f"no metric tells {chart.axis}"
        if not self.numbers or not self.ended:
            return "no curve yet"
        return f"not measured in {'this trial' if len(self.numbers) == 1 else 'these trials'}"

    def set_metric(self, chart: Chart, metric: str) -> None:
        """Show a metric in a chart."""
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


def _length_of(trials: Sequence[Trial], numbers: Sequence[int]) -> int:
    """Return the steps that the longest of these trials will have; that of others where none of them says."""
    wanted = set(numbers)
    totals = [trial.total_steps for trial in trials if trial.number in wanted and trial.total_steps]
    return max(totals or [trial.total_steps or 0 for trial in trials[:MAX_CURVES]], default=0)


def _default_trials(snapshot: StudySnapshot, rows: TrialRows, cursor: int | None) -> list[int]:
    """Return the trial under the cursor, the best, running ones, then the first of the table."""
    running = [trial.number for trial in rows.all[:N_SERIES_COLOURS] if trial.status.open and trial.last_step]
    leading = [trial.number for trial in rows.all[:N_SERIES_COLOURS] if trial.last_step]
    best = [] if snapshot.leading is None else [snapshot.leading.number]
    numbers = [*([cursor] if cursor is not None else []), *best, *running[:3], *leading]
    return list(dict.fromkeys(numbers))[:MAX_DEFAULT_CURVES]


class ChartScreen(SourceScreen):
    """A screen whose `curves` are charts. `request_curves` requests the curves that they show now."""

    curves: CurvePanel

    @property
    def chart(self) -> Chart:
        """The chart that keys act on."""
        return self.curves.charts[0]

    def request_curves(self) -> None:
        """Request the curves that the charts show now."""
        raise NotImplementedError

    def redraw_charts(self) -> None:
        """Request the curves after a choice, and draw those that are known."""
        self.request_curves()
        self.curves.draw()

    def action_metric(self, by: int) -> None:
        self.curves.next_metric(self.chart, by)
        self.redraw_charts()

    def action_pick_metric(self) -> None:
        chart = self.chart

        def choose(name: str | None) -> None:
            if name is not None:
                self.curves.set_metric(chart, name)
                self.redraw_charts()

        self.app.push_screen(ChoiceDialog("Metric of the chart", self.curves.metrics, chart.metric), choose)

    def action_both(self) -> None:
        self.curves.both = not self.curves.both
        self.redraw_charts()

    @on(Chart.ViewChanged)
    def _chart_changed(self) -> None:
        self.redraw_charts()
