"""A plot of a study, drawn in the feed's thread: going through 10,000 trials takes a while."""

from __future__ import annotations

from dataclasses import dataclass

from hptui.results.view import View
from hptui.tui.charts.plot_picture import DrawnPlot
from hptui.tui.charts.plot_views import PLOTS, PlotOptions
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.study import StudySource


@dataclass(frozen=True, slots=True)
class PlotRequest:
    """A requested plot: its name in `PLOTS`, and its options."""

    name: str
    options: PlotOptions


@dataclass(frozen=True, slots=True)
class RequestedPlot:
    """A drawn plot, with the request that it answers."""

    request: PlotRequest
    plot: DrawnPlot


class PlotSource:
    """Draws the plot named in `want`, which any thread may set; again when the study has changed."""

    def __init__(self, study: StudySource) -> None:
        self.study = study
        self.want: PlotRequest | None = None
        self._latest: RequestedPlot | None = None
        self._last_request: PlotRequest | None = None
        self._last_view: View | None = None

    @property
    def latest(self) -> RequestedPlot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> RequestedPlot | None:
        """Draw the requested plot if the request or the study has changed, else return None."""
        study, want = self.study.latest, self.want
        if study is None or want is None:
            return None
        if self._last_request == want and self._last_view is study.view:
            return None
        self._last_request, self._last_view = want, study.view
        self._latest = RequestedPlot(want, PLOTS[want.name](study.view, want.options))
        return self._latest
