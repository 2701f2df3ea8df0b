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
    """`contour_plot.html`: the objective over any two settings, chosen in the page; None where fewer than two vary."""
    import plotly.graph_objects as go

    known = scene.names
    for name in (across, up):
        if name and name not in known:
            raise UserError(f"{name!r} does not vary among the ranked trials", hint=did_you_mean(name, known))
    chosen = list(dict.fromkeys([*(name for name in (across, up) if name), *two_of(scene), *known]))[:2]
    if len(chosen) < 2:
        return None
    trials = scene.own
    values = {name: [_place(scene, trial, name) for trial in trials] for name in known}
    z = [scene.values[trial.number] for trial in trials]
    scale = "Viridis" if scene.study.objective.goal == "minimize" else "Viridis_r"
    both = {"x": values[chosen[0]], "y": values[chosen[1]]}
    figure = go.Figure()
    figure.add_contour(
        **both,
        z=z,
        colorscale=scale,
        connectgaps=True,
        line={"width": 0},
        opacity=0.75,
        hoverinfo="skip",
        colorbar={"title": _escaped(label(scene.view, scene.metric))},
    )
    figure.add_scatter(
        **both,
        mode="markers",
        marker={"color": z, "colorscale": scale, "size": 9, "line": {"color": INK, "width": 1}},
        text=[_told(scene, trial) for trial in trials],
        customdata=z,
        hovertemplate="%{text}<br>%{customdata}<extra></extra>",
    )
    _layout(figure, scene, "", "", "objective over two settings, interpolated between its trials")
    menus = []
    for axis, name, place in (("x", chosen[0], 0.0), ("y", chosen[1], 0.3)):
        figure.update_layout(_axis(scene, axis, name, values[name]))
        buttons = [
            {
                "label": f"{axis}: {_escaped(clean(one))}",
                "method": "update",
                "args": [{axis: [values[one], values[one]]}, _axis(scene, axis, one, values[one])],
            }
            for one in known
        ]
        menus.append({"buttons": buttons, "active": known.index(name), "x": place, "y": 1.16, "xanchor": "left"})
    figure.update_layout(updatemenus=menus, showlegend=False, margin={"t": 130}, title={"y": 0.97})
    return _page(figure, "contour-plot")


def _axis(scene: Scene, axis: str, name: str, values: list[Any]) -> dict[str, Any]:
    """What the page's layout says of an axis that shows this setting."""
    parameter = next((one for one in scene.study.space.parameters if one.name == name), None)
    numbers = all(isinstance(value, int | float) for value in values)
    log = getattr(parameter, "log", False) and numbers and min(values) > 0
    kind = "log" if log else "linear" if numbers else "category"
    return {f"{axis}axis.title.text": _escaped(label(scene.view, name)), f"{axis}axis.type": kind}


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
