"""Writes all plots of a study as files, and two interactive HTML pages that load nothing from the network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hptui.core.errors import UserError, did_you_mean
from hptui.core.format import setting, settings
from hptui.core.sanitize import sanitize
from hptui.core.trial import Trial
from hptui.results.export.text_formats import csv_text, write_atomically
from hptui.results.facts import Line
from hptui.results.plots.context import PlotContext
from hptui.results.plots.history import history, objective_curves, training_loss
from hptui.results.plots.matplotlib import encode_figure, plot_style
from hptui.results.plots.pairs import hyperparam_comparison, pareto, settings_to_compare
from hptui.results.plots.plot import Plot, WrittenPlot, axis_label
from hptui.results.plots.settings import categorization, importances, parallel, slices
from hptui.results.view import View
from hptui.store.reader import StoreReader

IMAGE_FORMATS = ("png", "svg")
"""Image formats."""
PLOTS: tuple[Callable[[PlotContext], Plot | None], ...] = (
    training_loss,
    objective_curves,
    history,
    hyperparam_comparison,
    categorization,
    importances,
    slices,
    parallel,
    pareto,
)
"""The plots in the order of a report."""


def write_plots(view: View, reader: StoreReader, directory: Path, kind: str = "png") -> list[WrittenPlot]:
    """Write every plot that the study has data for as NAME.png or NAME.svg, and its data as NAME.csv."""
    assert kind in IMAGE_FORMATS, kind
    with plot_style():
        scene = PlotContext(view, reader)
        plots = (make(scene) for make in PLOTS)
        return [_write(plot, directory, kind) for plot in plots if plot is not None]


def plot_captions(view: View, reader: StoreReader) -> list[Line]:
    """Return the captions of all plots without writing files."""
    with plot_style():
        scene = PlotContext(view, reader)
        plots = (make(scene) for make in PLOTS)
        return [plot.caption for plot in plots if plot is not None]


def _write(plot: Plot, directory: Path, kind: str) -> WrittenPlot:
    path, csv_path = directory / f"{plot.name}.{kind}", directory / f"{plot.name}.csv"
    write_atomically(path, encode_figure(plot.figure, kind))
    write_atomically(csv_path, csv_text(plot.rows).encode())
    return WrittenPlot(plot.name, path, csv_path, plot.alt, plot.caption)


BLUE, ORANGE, INK = "#0072b2", "#e69f00", "#222222"
"""Colours of the pages, from the palette of `plots.matplotlib`."""


def trace_page(scene: PlotContext) -> str | None:
    """Return `optimization_trace.html`; None without a value."""
    import plotly.graph_objects as go

    if not scene.ranked:
        return None
    so_far: list[float] = []
    for trial in scene.ranked:
        so_far.append(scene.study.objective.best([scene.values[trial.number], *so_far[-1:]]))
    numbers = [trial.number for trial in scene.ranked]
    figure = go.Figure()
    figure.add_scatter(x=numbers, y=so_far, mode="lines", name="best so far", line={"color": ORANGE, "shape": "hv"})
    figure.add_scatter(
        x=numbers,
        y=[scene.values[number] for number in numbers],
        mode="markers",
        name="complete",
        marker={"color": BLUE},
        text=[_hover_text(scene, trial) for trial in scene.ranked],
        hovertemplate="%{text}<br>%{y}<extra></extra>",
    )
    _set_layout(figure, scene, "trial", axis_label(scene.view, scene.metric), "objective by trial")
    return _page(figure, "optimization-trace")


def contour_page(scene: PlotContext, across: str = "", up: str = "") -> str | None:
    """Return `contour_plot.html`, with menus for both axes; None if fewer than two settings vary.

    Raises: UserError if `across` or `up` does not vary among the ranked trials.
    """
    import plotly.graph_objects as go

    names = scene.names
    for name in (across, up):
        if name and name not in names:
            raise UserError(f"{name!r} does not vary among the ranked trials", hint=did_you_mean(name, names))
    chosen = list(dict.fromkeys([*(name for name in (across, up) if name), *settings_to_compare(scene), *names]))[:2]
    if len(chosen) < 2:
        return None
    trials = scene.ranked
    values = {name: [_coordinate(scene, trial, name) for trial in trials] for name in names}
    z = [scene.values[trial.number] for trial in trials]
    scale = "Viridis" if scene.study.objective.goal == "minimize" else "Viridis_r"
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
        colorbar={"title": _escaped(axis_label(scene.view, scene.metric))},
    )
    figure.add_scatter(
        **coordinates,
        mode="markers",
        marker={"color": z, "colorscale": scale, "size": 9, "line": {"color": INK, "width": 1}},
        text=[_hover_text(scene, trial) for trial in trials],
        customdata=z,
        hovertemplate="%{text}<br>%{customdata}<extra></extra>",
    )
    _set_layout(figure, scene, "", "", "objective over two settings, interpolated between its trials")
    menus = []
    for axis, name, menu_x in (("x", chosen[0], 0.0), ("y", chosen[1], 0.3)):
        figure.update_layout(_axis_layout(scene, axis, name, values[name]))
        buttons = [
            {
                "label": f"{axis}: {_escaped(sanitize(choice))}",
                "method": "update",
                "args": [{axis: [values[choice], values[choice]]}, _axis_layout(scene, axis, choice, values[choice])],
            }
            for choice in names
        ]
        menus.append({"buttons": buttons, "active": names.index(name), "x": menu_x, "y": 1.16, "xanchor": "left"})
    figure.update_layout(updatemenus=menus, showlegend=False, margin={"t": 130}, title={"y": 0.97})
    return _page(figure, "contour-plot")


def _axis_layout(scene: PlotContext, axis: str, name: str, values: list[Any]) -> dict[str, Any]:
    """Return the layout of an axis (x or y) that shows this setting."""
    parameter = next((item for item in scene.study.space.parameters if item.name == name), None)
    numbers = all(isinstance(value, int | float) for value in values)
    log = getattr(parameter, "log", False) and numbers and min(values) > 0
    kind = "log" if log else "linear" if numbers else "category"
    return {f"{axis}axis.title.text": _escaped(axis_label(scene.view, name)), f"{axis}axis.type": kind}


def _coordinate(scene: PlotContext, trial: Trial, name: str) -> Any:
    value = scene.settings(trial).get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else sanitize(setting(value))


def _hover_text(scene: PlotContext, trial: Trial) -> str:
    text = f"trial {trial.number}: {settings({name: scene.settings(trial).get(name) for name in scene.names})}"
    return _escaped(sanitize(text, limit=300))


def _escaped(text: str) -> str:
    """Return text escaped for plotly, which interprets simple HTML tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _set_layout(figure: Any, scene: PlotContext, across: str, up: str, text: str) -> None:
    figure.update_layout(
        title=_escaped(f"{sanitize(scene.study.name)}: {text}"),
        xaxis_title=_escaped(across),
        yaxis_title=_escaped(up),
        template="plotly_white",
        font={"color": INK},
    )


def _page(figure: Any, name: str) -> str:
    """Return the page with a fixed div id: plotly's random ids would change the bytes at each call."""
    return str(figure.to_html(include_plotlyjs=True, full_html=True, div_id=name))
