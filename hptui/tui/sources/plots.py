"""A plot of a study, drawn in the feed's thread: going through 10,000 trials takes a while."""

from __future__ import annotations

from dataclasses import replace

from hptui.core.dataclass import dataclass
from hptui.results.importance import Importance
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import PlotOptions, PlotTable
from hptui.results.plots.registry import make_plot, missing_plot
from hptui.results.view import View
from hptui.tui.cells import plain_line
from hptui.tui.charts.areas import PlotArea
from hptui.tui.charts.grid import Drawing, TrialMark
from hptui.tui.charts.plots import areas_of, draw, draw_missing, marks_of_trials, table_of, with_log_y
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.study import StudySource


@dataclass(frozen=True, slots=True)
class PlotRequest:
    """A requested plot: its name in `PLOTS`, its options, its size in cells, and the characters it is drawn with.

    `importance` is what another process has estimated; None if it could not. `says` is the report's sentence on it.
    """

    name: str
    options: PlotOptions
    width: int
    height: int
    marks: str = "braille"
    importance: Importance | None = None
    log: bool = False
    says: str = ""


@dataclass(frozen=True, slots=True)
class DrawnPlot:
    """A drawn plot and its numbers, with the request that it answers.

    `marks` are the trials that are points in it, `areas` the parts along which a range can be chosen.
    """

    request: PlotRequest
    title: str
    drawing: Drawing
    table: PlotTable
    marks: tuple[TrialMark, ...] = ()
    areas: tuple[PlotArea, ...] = ()


class PlotSource:
    """Draws the plot named in `want`, which any thread may set; again when the study has changed."""

    def __init__(self, study: StudySource) -> None:
        self.study = study
        self.want: PlotRequest | None = None
        self._latest: DrawnPlot | None = None
        self._last_request: PlotRequest | None = None
        self._last_view: View | None = None
        self._context: PlotContext | None = None

    @property
    def latest(self) -> DrawnPlot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> DrawnPlot | None:
        """Draw the requested plot if the request or the study has changed, else return None."""
        study, want = self.study.latest, self.want
        if study is None or want is None:
            return None
        if self._last_request == want and self._last_view is study.view:
            return None
        if self._context is None or self._last_view is not study.view:
            self._context = PlotContext(study.view)
        self._last_request, self._last_view = want, study.view
        self._latest = draw_request(self._context, want)
        return self._latest


def draw_request(context: PlotContext, request: PlotRequest) -> DrawnPlot:
    """Draw a requested plot, or the reason why there is none."""
    plot = None
    if request.importance is not None:
        context = PlotContext(context.view, known_importance=request.importance)
    # What needs the importance of settings was estimated elsewhere, since it takes Optuna: it is not estimated here.
    is_ready = request.importance if request.name == "importance" else request.options.settings
    if is_ready or request.name not in ("importance", "slice", "contour", "parallel"):
        plot = make_plot(request.name, context, request.options)
    if plot is not None and request.says:
        # The report's sentence names what is not shown to matter, and the stage that it is about.
        notes = plot.notes[1:] if request.importance and request.importance.not_shown else plot.notes
        plot = replace(plot, notes=((request.says,), *notes))
    if plot is None:
        title, reason = missing_plot(context, request.name, request.options)
        reason = request.says or reason
        return DrawnPlot(request, plain_line(title, 100), draw_missing(reason), PlotTable())
    size = request.width, request.height, request.marks
    title = plot.title
    if request.log:
        on_log_axis = with_log_y(plot)
        title += ", logarithmic" if on_log_axis is not None else ", not logarithmic: some values are not positive"
        plot = on_log_axis or plot
    names = {"history": ["number"], "pareto": [context.metric]}.get(plot.kind, [*request.options.settings])
    areas = areas_of(plot, [*names, context.metric], *size)
    drawing, places = draw(plot, *size), marks_of_trials(plot, *size)
    return DrawnPlot(request, plain_line(title, 100), drawing, table_of(plot), places, areas)
