"""The plot of the objective against each setting that varies, one panel per setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hptui.model.trial import Role, Trial
from hptui.results.facts import Fact, line
from hptui.results.figures.axis import axis_of, dress_number, jitter
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.scene import Scene
from hptui.results.figures.style import BLUE, INK, grid_of

PANELS = 9
"""Number of panels, for the most important settings."""
COLUMNS = 3
"""Panels in a row."""


def slices(scene: Scene) -> Drawn | None:
    """Return the plot `slices`; None for fewer than two ranked trials or if nothing varies."""
    trials = scene.own
    names = scene.names
    if len(trials) < 2 or not names:
        return None
    chosen = names[:PANELS]
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    figure, grid = grid_of(rows, columns)
    panels = list(grid.flat)
    best = scene.order[0]
    values = [scene.values[trial.number] for trial in trials]
    log = min(values) > 0 and max(values) / min(values) > 50
    for index, panel in enumerate(panels):
        if index >= len(chosen):
            panel.set_visible(False)
            continue
        _draw_panel(panel, scene, trials, best, chosen[index])
        dress_number(panel, "y", log=log)
        if index % columns == 0:
            panel.set_ylabel(label(scene.view, scene.metric))
    caption = line(
        "The objective against {n} that vary, in {trials} ranked trials; the star is trial {best}, {so}. "
        "Other settings vary with each: what looks like an effect may be theirs.",
        n=(Fact("figure.slices.settings", len(names), str(len(names))), " setting" if len(names) == 1 else " settings"),
        trials=count("figure.slices.ranked", trials),
        best=the("figure.slices.best", best),
        so=scene.best_words,
    )
    metric = scene.metric
    data = scene.table(trials, names)
    return Drawn("slices", f"{metric} against each setting", caption, data, figure)


def _draw_panel(axes: Any, scene: Scene, trials: Sequence[Trial], best: Trial, name: str) -> None:
    axis = axis_of(scene.view, name, [scene.settings(trial).get(name) for trial in trials])
    size = 24 if len(trials) <= 200 else 6
    points: list[tuple[float, float]] = []
    for trial in trials:
        position = axis.place(scene.settings(trial).get(name))
        if position is None:
            continue
        x, y = position + jitter(trial.number, axis), scene.values[trial.number]
        if trial.number == best.number:
            axes.scatter([x], [y], marker="*", s=120, color=INK, zorder=4)
        elif trial.role is Role.BASELINE:
            axes.scatter([x], [y], marker="D", s=26, facecolor="white", edgecolor=INK, zorder=3)
        else:
            points.append((x, y))
    if points:
        axes.scatter(*zip(*points, strict=True), s=size, color=BLUE, alpha=0.75, lw=0, zorder=2)
    axis.dress(axes, "x")
