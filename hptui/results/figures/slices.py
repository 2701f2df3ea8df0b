"""The objective against each setting that varies, one panel each."""

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
COLUMNS = 3


def slices(scene: Scene) -> Drawn | None:
    """`slices`: at most nine panels, the most important settings first."""
    own = scene.own
    names = scene.names
    if len(own) < 2 or not names:
        return None
    chosen = names[:PANELS]
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    picture, grid = grid_of(rows, columns)
    panels = list(grid.flat)
    best = scene.order[0]
    values = [scene.values[trial.number] for trial in own]
    log = min(values) > 0 and max(values) / min(values) > 50
    for index, panel in enumerate(panels):
        if index >= len(chosen):
            panel.set_visible(False)
            continue
        _panel(panel, scene, own, best, chosen[index])
        dress_number(panel, "y", log=log)
        if index % columns == 0:
            panel.set_ylabel(label(scene.view, scene.metric))
    caption = line(
        "The objective against {n} that vary, in {trials} ranked trials; the star is trial {best}, {so}. "
        "Other settings vary with each: what looks like an effect may be theirs.",
        n=(Fact("figure.slices.settings", len(names), str(len(names))), " setting" if len(names) == 1 else " settings"),
        trials=count("figure.slices.ranked", own),
        best=the("figure.slices.best", best),
        so=scene.best_words,
    )
    metric = scene.metric
    data = scene.table(own, names)
    return Drawn("slices", f"{metric} against each setting", caption, data, picture)


def _panel(axes: Any, scene: Scene, own: Sequence[Trial], best: Trial, name: str) -> None:
    axis = axis_of(scene.view, name, [scene.settings(trial).get(name) for trial in own])
    size = 24 if len(own) <= 200 else 6
    plain: list[tuple[float, float]] = []
    for trial in own:
        at = axis.place(scene.settings(trial).get(name))
        if at is None:
            continue
        x, y = at + jitter(trial.number, axis), scene.values[trial.number]
        if trial.number == best.number:
            axes.scatter([x], [y], marker="*", s=120, color=INK, zorder=4)
        elif trial.role is Role.BASELINE:
            axes.scatter([x], [y], marker="D", s=26, facecolor="white", edgecolor=INK, zorder=3)
        else:
            plain.append((x, y))
    if plain:
        axes.scatter(*zip(*plain, strict=True), s=size, color=BLUE, alpha=0.75, lw=0, zorder=2)
    axis.dress(axes, "x")
