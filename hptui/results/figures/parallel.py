"""The plot of parallel coordinates: every trial a line through its settings to its objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from hptui.model.clean import sanitize
from hptui.model.format import metric as shown
from hptui.model.format import setting
from hptui.model.trial import Trial
from hptui.model.values import number_text
from hptui.results.facts import line
from hptui.results.figures.axis import Axis, make_axis
from hptui.results.figures.curves import choose_trials
from hptui.results.figures.figure import Plot, axis_label, trial_count, trial_fact
from hptui.results.figures.scene import PlotContext
from hptui.results.figures.style import GREY, INK, colour_map_for, new_figure

MAX_AXES = 8
"""Number of settings shown, the most important ones."""
MAX_LINES = 300
"""Number of trials drawn."""


def parallel(scene: PlotContext) -> Plot | None:
    """Return the plot `parallel_coordinates`; None for fewer than three settings that vary."""
    trials = scene.ranked
    names = scene.names[:MAX_AXES]
    if len(trials) < 2 or len(names) < 3:
        return None
    drawn = choose_trials(scene, trials, MAX_LINES)
    setting_axes = [
        make_axis(scene.view, name, [scene.settings(trial).get(name) for trial in trials]) for name in names
    ]
    values = [scene.values[trial.number] for trial in trials]
    norm = Normalize(min(values), max(values))
    figure, axes = new_figure(max(6.4, 1.15 * (len(names) + 1)), 3.9)
    scales = [_Scale(axis, [scene.settings(trial).get(axis.name) for trial in trials]) for axis in setting_axes]
    best = scene.order[0]
    colours = colour_map_for(scene.study.objective.goal)
    ordered = sorted(drawn, key=scene.order.index, reverse=True)
    lines = [_line_points(scene, trial, scales, norm) for trial in ordered]
    shades = [colours(norm(scene.values[trial.number])) for trial in ordered]
    axes.add_collection(LineCollection(lines, colors=shades, lw=1.0, alpha=0.75))
    x, y = zip(*_line_points(scene, best, scales, norm), strict=True)
    axes.plot(x, y, color="white", lw=4.5, zorder=4)
    axes.plot(x, y, color=INK, lw=2.4, zorder=5, label=f"trial {best.number}, {scene.best_label}")
    _draw_scales(axes, scene, scales, values)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98))
    metric = scene.metric
    caption = line(
        "Settings and objective of {n} of {all} ranked trials, a line each, dark where better; trial {best} is {so}.",
        n=trial_count("figure.parallel.drawn", drawn),
        all=trial_count("figure.parallel.ranked", trials),
        best=trial_fact("figure.parallel.best", best),
        so=scene.best_phrase,
    )
    data = scene.csv_rows(drawn, names)
    return Plot("parallel_coordinates", f"Settings and {metric}, a line per trial", caption, data, figure)


class _Scale:
    """An axis as a vertical scale from 0 to 1."""

    def __init__(self, axis: Axis, values: Sequence[Any]) -> None:
        self.axis = axis
        positions = [position for value in values if (position := axis.position_of(value)) is not None]
        self.low, self.high = (
            (0.0, max(1.0, len(axis.levels) - 1.0)) if axis.levels else (min(positions), max(positions))
        )

    def share(self, value: Any) -> float | None:
        """Return the height of a value on the scale, 0–1; None if it is not on the axis."""
        position = self.axis.position_of(value)
        if position is None or self.high == self.low:
            return None if position is None else 0.5
        if self.axis.log:
            from math import log

            return log(position / self.low) / log(self.high / self.low)
        return (position - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Return heights and texts of the labels."""
        if self.axis.levels:
            texts = [sanitize(setting(level), limit=12) for level in self.axis.levels]
            return [((index - self.low) / (self.high - self.low), text) for index, text in enumerate(texts)]
        return [(0.0, number_text(float(f"{self.low:.3g}"))), (1.0, number_text(float(f"{self.high:.3g}")))]


def _line_points(scene: PlotContext, trial: Trial, scales: Sequence[_Scale], norm: Any) -> list[tuple[float, float]]:
    """Return the points of a trial's line; it skips settings that the trial does not have."""
    settings = scene.settings(trial)
    points = [
        (float(n), height)
        for n, scale in enumerate(scales)
        if (height := scale.share(settings.get(scale.axis.name))) is not None
    ]
    return [*points, (float(len(scales)), float(norm(scene.values[trial.number])))]


def _draw_scales(axes: Any, scene: PlotContext, scales: Sequence[_Scale], values: Sequence[float]) -> None:
    spec = scene.study.metrics.get(scene.metric)
    objective_ticks = [(0.0, shown(min(values), spec)), (1.0, shown(max(values), spec))]
    for index, ticks in enumerate([*(scale.ticks() for scale in scales), objective_ticks]):
        axes.axvline(index, color=GREY, lw=1.0, zorder=1)
        for height, text in ticks:
            axes.text(
                index + 0.04,
                height,
                text,
                fontsize=7,
                va="center",
                zorder=6,
                bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.8},
            )
    names = [*(scale.axis.label for scale in scales), axis_label(scene.view, scene.metric)]
    axes.set_xticks(range(len(names)), names, rotation=20 if sum(map(len, names)) > 60 else 0)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlim(-0.1, len(names) - 0.55)
    axes.set_ylim(-0.06, 1.06)
