"""The plot of the objective against each setting that varies, one panel per setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hptui.model.trial import Role, Trial
from hptui.results.facts import Fact, line
from hptui.results.figures.axis import jitter, make_axis, set_number_axis
from hptui.results.figures.figure import Plot, axis_label, trial_count, trial_fact
from hptui.results.figures.scene import PlotContext
from hptui.results.figures.style import BLUE, INK, new_grid

MAX_PANELS = 9
"""Number of panels, for the most important settings."""
PANELS_PER_ROW = 3
"""Panels in a row."""


def slices(scene: PlotContext) -> Plot | None:
    """Return the plot `slices`; None for fewer than two ranked trials or if nothing varies."""
    trials = scene.ranked
    names = scene.names
    if len(trials) < 2 or not names:
        return None
    chosen = names[:MAX_PANELS]
    columns = min(PANELS_PER_ROW, len(chosen))
    rows = -(-len(chosen) // columns)
    figure, grid = new_grid(rows, columns)
    panels = list(grid.flat)
    best = scene.order[0]
    values = [scene.values[trial.number] for trial in trials]
    log = min(values) > 0 and max(values) / min(values) > 50
    for index, panel in enumerate(panels):
        if index >= len(chosen):
            panel.set_visible(False)
            continue
        _draw_panel(panel, scene, trials, best, chosen[index])
        set_number_axis(panel, "y", log=log)
        if index % columns == 0:
            panel.set_ylabel(axis_label(scene.view, scene.metric))
    caption = line(
        "The objective against {n} that vary, in {trials} ranked trials; the star is trial {best}, {so}. "
        "Other settings vary with each: what looks like an effect may be theirs.",
        n=(Fact("figure.slices.settings", len(names), str(len(names))), " setting" if len(names) == 1 else " settings"),
        trials=trial_count("figure.slices.ranked", trials),
        best=trial_fact("figure.slices.best", best),
        so=scene.best_phrase,
    )
    metric = scene.metric
    data = scene.csv_rows(trials, names)
    return Plot("slices", f"{metric} against each setting", caption, data, figure)


def _draw_panel(axes: Any, scene: PlotContext, trials: Sequence[Trial], best: Trial, name: str) -> None:
    axis = make_axis(scene.view, name, [scene.settings(trial).get(name) for trial in trials])
    size = 24 if len(trials) <= 200 else 6
    points: list[tuple[float, float]] = []
    for trial in trials:
        position = axis.position_of(scene.settings(trial).get(name))
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
    axis.apply_to(axes, "x")
