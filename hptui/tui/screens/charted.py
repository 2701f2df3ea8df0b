"""The base of screens with charts: the keys that choose what is charted."""

from __future__ import annotations

from textual import on

from hptui.tui.screens.ask import ChoiceDialog
from hptui.tui.screens.base import SourceScreen
from hptui.tui.screens.curves import CurvePanel
from hptui.tui.widgets.chart import Chart


class ChartScreen(SourceScreen):
    """A screen whose `curves` are charts. `aim` requests the curves that they show now."""

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
