"""Every trial as a line through its settings to its objective: which combinations go together with good values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from hptui.model.clean import clean
from hptui.model.format import metric as shown
from hptui.model.format import setting
from hptui.model.trial import Trial
from hptui.model.values import number_text
from hptui.results.facts import line
from hptui.results.figures.axis import Axis, axis_of
from hptui.results.figures.curves import choose
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.scene import Scene
from hptui.results.figures.style import INK, SOFT, scale_of, sheet

AXES = 8
LINES = 300


def parallel(scene: Scene) -> Drawn | None:
    """`parallel_coordinates`: three settings or more, the most important first, at most eight."""
    own = scene.own
    names = scene.names[:AXES]
    if len(own) < 2 or len(names) < 3:
        return None
    drawn = choose(scene, own, LINES)
    axes_ = [axis_of(scene.view, name, [scene.settings(trial).get(name) for trial in own]) for name in names]
    values = [scene.values[trial.number] for trial in own]
    norm = Normalize(min(values), max(values))
    picture, axes = sheet(max(6.4, 1.15 * (len(names) + 1)), 3.9)
    scales = [_Scale(axis, [scene.settings(trial).get(axis.name) for trial in own]) for axis in axes_]
    best = scene.order[0]
    colours = scale_of(scene.study.objective.goal)
    ordered = sorted(drawn, key=scene.order.index, reverse=True)
    lines = [_line(scene, trial, scales, norm) for trial in ordered]
    shades = [colours(norm(scene.values[trial.number])) for trial in ordered]
    axes.add_collection(LineCollection(lines, colors=shades, lw=1.0, alpha=0.75))
    x, y = zip(*_line(scene, best, scales, norm), strict=True)
    axes.plot(x, y, color="white", lw=4.5, zorder=4)
    axes.plot(x, y, color=INK, lw=2.4, zorder=5, label=f"trial {best.number}, {scene.best_label}")
    _rulers(axes, scene, scales, values)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98))
    metric = scene.metric
    caption = line(
        "Settings and objective of {n} of {all} ranked trials, a line each, dark where better; trial {best} is {so}.",
        n=count("figure.parallel.drawn", drawn),
        all=count("figure.parallel.ranked", own),
        best=the("figure.parallel.best", best),
        so=scene.best_words,
    )
    data = scene.table(drawn, names)
    return Drawn("parallel_coordinates", f"Settings and {metric}, a line per trial", caption, data, picture)


class _Scale:
    """An axis as an upright ruler from 0 to 1."""

    def __init__(self, axis: Axis, values: Sequence[Any]) -> None:
        self.axis = axis
        found = [at for value in values if (at := axis.place(value)) is not None]
        self.low, self.high = (0.0, max(1.0, len(axis.levels) - 1.0)) if axis.levels else (min(found), max(found))

    def share(self, value: Any) -> float | None:
        """How far up a value lies."""
        at = self.axis.place(value)
        if at is None or self.high == self.low:
            return None if at is None else 0.5
        if self.axis.log:
            from math import log

            return log(at / self.low) / log(self.high / self.low)
        return (at - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Where something is written beside the ruler."""
        if self.axis.levels:
            texts = [clean(setting(level), limit=12) for level in self.axis.levels]
            return [((index - self.low) / (self.high - self.low), text) for index, text in enumerate(texts)]
        return [(0.0, number_text(float(f"{self.low:.3g}"))), (1.0, number_text(float(f"{self.high:.3g}")))]


def _line(scene: Scene, trial: Trial, scales: Sequence[_Scale], norm: Any) -> list[tuple[float, float]]:
    """A trial's way; over a setting that it does not have, it goes straight on to the next."""
    settings = scene.settings(trial)
    found = [
        (float(n), at) for n, one in enumerate(scales) if (at := one.share(settings.get(one.axis.name))) is not None
    ]
    return [*found, (float(len(scales)), float(norm(scene.values[trial.number])))]


def _rulers(axes: Any, scene: Scene, scales: Sequence[_Scale], values: Sequence[float]) -> None:
    spec = scene.study.metrics.get(scene.metric)
    last = [(0.0, shown(min(values), spec)), (1.0, shown(max(values), spec))]
    for index, ticks in enumerate([*(scale.ticks() for scale in scales), last]):
        axes.axvline(index, color=SOFT, lw=1.0, zorder=1)
        for at, text in ticks:
            axes.text(
                index + 0.04,
                at,
                text,
                fontsize=7,
                va="center",
                zorder=6,
                bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.8},
            )
    names = [*(scale.axis.label for scale in scales), label(scene.view, scene.metric)]
    axes.set_xticks(range(len(names)), names, rotation=20 if sum(map(len, names)) > 60 else 0)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlim(-0.1, len(names) - 0.55)
    axes.set_ylim(-0.06, 1.06)
