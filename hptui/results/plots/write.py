"""Writes all plots of a study as files, and two interactive HTML pages that load nothing from the network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hptui.core.errors import MachineError, UserError, did_you_mean
from hptui.core.format import setting, settings
from hptui.core.sanitize import sanitize
from hptui.core.trial import Trial
from hptui.results.analysis import blas
from hptui.results.export.text_formats import csv_text, write_atomically
from hptui.results.fence import reason_of
from hptui.results.plots.axes import format_of
from hptui.results.plots.context import PlotContext
from hptui.results.plots.history import training_metric
from hptui.results.plots.pairs import settings_to_compare
from hptui.results.plots.plot import Plot, PlotOptions, WrittenPlot, axis_label
from hptui.results.plots.registry import make_plot
from hptui.results.view import View
from hptui.store.reader import StoreReader

log = logging.getLogger(__name__)
IMAGE_FORMATS = ("png", "svg")
"""Image formats."""
MIN_SETTINGS_OF_PARALLEL = 3
"""A figure of parallel coordinates with fewer settings says no more than slices."""
MIN_SETTINGS_OF_IMPORTANCE = 2
"""A single setting explains everything."""
MIN_TRIALS_OF_SLICES = 2
"""A single trial is no slice."""


def write_plots(view: View, reader: StoreReader, directory: Path, kind: str = "png") -> list[WrittenPlot]:
    """Write every plot that the study has data for as NAME.png or NAME.svg, and its data as NAME.csv.

    One that fails has its reason in `failure`.
    """
    blas.load()
    from hptui.results.plots.style import plot_style

    assert kind in IMAGE_FORMATS, kind
    written = []
    with plot_style():
        for name, make in report_plots(PlotContext(view, reader)):
            plot: Plot | None = None
            try:
                plot = make()
                if plot is not None:
                    written.append(_write(plot, directory, kind))
            except MachineError:  # the disk is full, or the like: no fault of the plot
                raise
            except Exception as error:
                log.info("the figure %s failed", name, exc_info=error)
                file_name = name if plot is None else plot.name
                path = directory / f"{file_name}.{kind}"
                written.append(WrittenPlot(file_name, path, path, "", (), reason_of(error)))
    return written


def plots_undrawn(view: View, reader: StoreReader) -> list[Plot]:
    """Return all plots, with their captions, without drawing them; one that fails is left out."""
    plots = []
    for name, make in report_plots(PlotContext(view, reader)):
        try:
            plot = make()
        except Exception as error:
            log.info("the figure %s failed", name, exc_info=error)
            continue
        if plot is not None:
            plots.append(plot)
    return plots


def report_plots(context: PlotContext) -> Iterator[tuple[str, Callable[[], Plot | None]]]:
    """Yield the plots of a report in its order: the name of each, and the function that makes it."""
    training, objective = PlotOptions(), PlotOptions(metric=context.metric)
    makers = [("curves", training)]
    if context.metric != training_metric(context):
        makers.append(("curves", objective))
    others = ("history", "contour", "categories", "importance", "slice", "parallel", "pareto")
    for name, options in [*makers, *((name, PlotOptions()) for name in others)]:
        yield name, partial(_plot_worth_a_figure, context, name, options)


def _plot_worth_a_figure(context: PlotContext, name: str, options: PlotOptions) -> Plot | None:
    plot = make_plot(name, context, options)
    return plot if plot is not None and _is_worth_a_figure(plot) else None


def _is_worth_a_figure(plot: Plot) -> bool:
    if plot.kind == "parallel":
        return len(plot.axes) > MIN_SETTINGS_OF_PARALLEL and len(plot.curves) > 1
    if plot.kind == "importance":
        return len(plot.bars) >= MIN_SETTINGS_OF_IMPORTANCE
    return plot.kind != "slice" or len(plot.rows) >= MIN_TRIALS_OF_SLICES


def _write(plot: Plot, directory: Path, kind: str) -> WrittenPlot:
    blas.load()
    from hptui.results.plots.matplotlib import draw
    from hptui.results.plots.style import encode_figure

    path, csv_path = directory / f"{plot.name}.{kind}", directory / f"{plot.name}.csv"
    write_atomically(path, encode_figure(draw(plot), kind))
    write_atomically(csv_path, csv_text(plot.rows).encode())
    return WrittenPlot(plot.name, path, csv_path, plot.alt, plot.caption)


BLUE, ORANGE, INK = "#0072b2", "#e69f00", "#222222"
"""Colours of the pages, from the palette of `plots.style`."""


def trace_page(context: PlotContext) -> str | None:
    """Return `optimization_trace.html`; None without a value."""
    import plotly.graph_objects as go

    if not context.ranked:
        return None
    so_far: list[float] = []
    for trial in context.ranked:
        so_far.append(context.study.objective.best([context.values[trial.number], *so_far[-1:]]))
    numbers = [trial.number for trial in context.ranked]
    figure = go.Figure()
    figure.add_scatter(x=numbers, y=so_far, mode="lines", name="best so far", line={"color": ORANGE, "shape": "hv"})
    figure.add_scatter(
        x=numbers,
        y=[context.values[number] for number in numbers],
        mode="markers",
        name="complete",
        marker={"color": BLUE},
        text=[_hover_text(context, trial) for trial in context.ranked],
        hovertemplate="%{text}<br>%{y}<extra></extra>",
    )
    _set_layout(figure, context, "trial", axis_label(context.view, context.metric), "objective by trial")
    if format_of(context, context.metric) == "percent":
        figure.update_yaxes(tickformat=".1%")
    return _page(figure, "optimization-trace")


def contour_page(context: PlotContext, across: str = "", up: str = "") -> str | None:
    """Return `contour_plot.html`, with menus for both axes; None if fewer than two settings vary.

    Raises: UserError if `across` or `up` does not vary among the ranked trials.
    """
    import plotly.graph_objects as go

    names = context.names
    for name in (across, up):
        if name and name not in names:
            raise UserError(f"{name!r} does not vary among the ranked trials", hint=did_you_mean(name, names))
    chosen = list(dict.fromkeys([*(name for name in (across, up) if name), *settings_to_compare(context), *names]))[:2]
    if len(chosen) < 2:
        return None
    trials = context.ranked
    values = {name: [_coordinate(context, trial, name) for trial in trials] for name in names}
    z = [context.values[trial.number] for trial in trials]
    scale = "Viridis" if context.study.objective.goal == "minimize" else "Viridis_r"
    coordinates = {"x": values[chosen[0]], "y": values[chosen[1]]}
    figure = go.Figure()
    figure.add_contour(
        **coordinates,
        z=z,
        colorscale=scale,
        connectgaps=True,
        line={"width": 0},
        opacity=0.75,
        hoverinfo="skip",
        colorbar={"title": _escaped(axis_label(context.view, context.metric))},
    )
    figure.add_scatter(
        **coordinates,
        mode="markers",
        marker={"color": z, "colorscale": scale, "size": 9, "line": {"color": INK, "width": 1}},
        text=[_hover_text(context, trial) for trial in trials],
        customdata=z,
        hovertemplate="%{text}<br>%{customdata}<extra></extra>",
    )
    _set_layout(figure, context, "", "", "objective over two settings, interpolated between its trials")
    menus = []
    for axis, name, menu_x in (("x", chosen[0], 0.0), ("y", chosen[1], 0.3)):
        figure.update_layout(_axis_layout(context, axis, name, values[name]))
        buttons = [
            {
                "label": f"{axis}: {_escaped(sanitize(choice))}",
                "method": "update",
                "args": [{axis: [values[choice], values[choice]]}, _axis_layout(context, axis, choice, values[choice])],
            }
            for choice in names
        ]
        menus.append({"buttons": buttons, "active": names.index(name), "x": menu_x, "y": 1.16, "xanchor": "left"})
    figure.update_layout(updatemenus=menus, showlegend=False, margin={"t": 130}, title={"y": 0.97})
    return _page(figure, "contour-plot")


def _axis_layout(context: PlotContext, axis: str, name: str, values: list[Any]) -> dict[str, Any]:
    """Return the layout of an axis (x or y) that shows this setting."""
    parameter = next((item for item in context.space.parameters if item.name == name), None)
    numbers = all(isinstance(value, int | float) for value in values)
    log = getattr(parameter, "log", False) and numbers and min(values) > 0
    kind = "log" if log else "linear" if numbers else "category"
    return {f"{axis}axis.title.text": _escaped(axis_label(context.view, name)), f"{axis}axis.type": kind}


def _coordinate(context: PlotContext, trial: Trial, name: str) -> Any:
    value = context.settings(trial).get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else sanitize(setting(value))


def _hover_text(context: PlotContext, trial: Trial) -> str:
    text = f"trial {trial.number}: {settings({name: context.settings(trial).get(name) for name in context.names})}"
    return _escaped(sanitize(text, limit=300))


def _escaped(text: str) -> str:
    """Return text escaped for plotly, which interprets simple HTML tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _set_layout(figure: Any, context: PlotContext, across: str, up: str, text: str) -> None:
    figure.update_layout(
        title=_escaped(f"{sanitize(context.study.name)}: {text}"),
        xaxis_title=_escaped(across),
        yaxis_title=_escaped(up),
        template="plotly_white",
        font={"color": INK},
    )


def _page(figure: Any, name: str) -> str:
    """Return the page with a fixed div id: plotly's random ids would change the bytes at each call."""
    return str(figure.to_html(include_plotlyjs=True, full_html=True, div_id=name))
