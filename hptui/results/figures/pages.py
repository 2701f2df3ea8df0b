"""Two pages to look at with a mouse: the objective over the trials, and a map of any two settings.

Each is one file that fetches nothing.
"""

from __future__ import annotations

from typing import Any

from hptui.model.clean import clean
from hptui.model.errors import UserError, did_you_mean
from hptui.model.format import setting, settings
from hptui.model.trial import Trial
from hptui.results.figures.figure import label
from hptui.results.figures.pairs import two_of
from hptui.results.figures.scene import Scene

BLUE, ORANGE, INK = "#0072b2", "#e69f00", "#222222"


def trace(scene: Scene) -> str | None:
    """`optimization_trace.html`; None where nothing has a value yet."""
    import plotly.graph_objects as go

    if not scene.own:
        return None
    so_far: list[float] = []
    for trial in scene.own:
        so_far.append(scene.study.objective.best([scene.values[trial.number], *so_far[-1:]]))
    numbers = [trial.number for trial in scene.own]
    figure = go.Figure()
    figure.add_scatter(x=numbers, y=so_far, mode="lines", name="best so far", line={"color": ORANGE, "shape": "hv"})
    figure.add_scatter(
        x=numbers,
        y=[scene.values[number] for number in numbers],
        mode="markers",
        name="complete",
        marker={"color": BLUE},
        text=[_told(scene, trial) for trial in scene.own],
        hovertemplate="%{text}<br>%{y}<extra></extra>",
    )
    _layout(figure, scene, "trial", label(scene.view, scene.metric), "objective by trial")
    return _page(figure, "optimization-trace")


def contour(scene: Scene, across: str = "", up: str = "") -> str | None:
    """`contour_plot.html`: the objective over two settings; None where fewer than two vary."""
    import plotly.graph_objects as go

    known = scene.names
    for name in (across, up):
        if name and name not in known:
            raise UserError(f"{name!r} does not vary among the ranked trials", hint=did_you_mean(name, known))
    chosen = list(dict.fromkeys([name for name in (across, up) if name] + two_of(scene)))[:2]
    if len(chosen) < 2:
        return None
    trials = [t for t in scene.own if all(scene.settings(t).get(name) is not None for name in chosen)]
    x, y = ([_place(scene, trial, name) for trial in trials] for name in chosen)
    z = [scene.values[trial.number] for trial in trials]
    scale = "Viridis" if scene.study.objective.goal == "minimize" else "Viridis_r"
    figure = go.Figure()
    numbers = [all(isinstance(value, int | float) for value in axis) for axis in (x, y)]
    if all(numbers) and len({*zip(x, y, strict=True)}) > 3:
        figure.add_contour(
            x=x,
            y=y,
            z=z,
            colorscale=scale,
            connectgaps=True,
            line={"width": 0},
            opacity=0.75,
            hoverinfo="skip",
            colorbar={"title": label(scene.view, scene.metric)},
        )
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"color": z, "colorscale": scale, "size": 9, "line": {"color": INK, "width": 1}},
        text=[_told(scene, trial) for trial in trials],
        customdata=z,
        hovertemplate="%{text}<br>%{customdata}<extra></extra>",
        name="trials",
    )
    _layout(figure, scene, label(scene.view, chosen[0]), label(scene.view, chosen[1]), "objective over two settings")
    ranges = {one.name: one for one in scene.study.space.parameters}
    for name, update in zip(chosen, (figure.update_xaxes, figure.update_yaxes), strict=True):
        if getattr(ranges.get(name), "log", False):
            update(type="log")
    return _page(figure, "contour-plot")


def _place(scene: Scene, trial: Trial, name: str) -> Any:
    value = scene.settings(trial).get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else clean(setting(value))


def _told(scene: Scene, trial: Trial) -> str:
    text = f"trial {trial.number}: {settings({name: scene.settings(trial).get(name) for name in scene.names})}"
    return _escaped(clean(text, limit=300))


def _escaped(text: str) -> str:
    """A text as plotly's own small HTML shows it: it knows tags, and no more is needed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _layout(figure: Any, scene: Scene, across: str, up: str, what: str) -> None:
    figure.update_layout(
        title=_escaped(f"{clean(scene.study.name)}: {what}"),
        xaxis_title=_escaped(across),
        yaxis_title=_escaped(up),
        template="plotly_white",
        font={"color": INK},
    )


def _page(figure: Any, name: str) -> str:
    """The same bytes for the same trials: plotly would name its parts at random."""
    return str(figure.to_html(include_plotlyjs=True, full_html=True, div_id=name))
