"""The objective against each setting that varies, one panel each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hptui.model.trial import Role, Trial
from hptui.results.analysis.cohort import in_rank, ranked, value_of, varied
from hptui.results.facts import Fact, line
from hptui.results.figures.axis import axis_of, dress_number, jitter
from hptui.results.figures.figure import Drawn, count, label, table, the
from hptui.results.figures.style import BLUE, INK, grid_of
from hptui.results.view import View

PANELS = 9
COLUMNS = 3


def slices(view: View, order: Sequence[str] = ()) -> Drawn | None:
    """`slices`: at most nine panels, the most important settings first."""
    own = ranked(view)
    every = varied(view, own)
    names = list(dict.fromkeys([*(name for name in order if name in every), *every]))
    if len(own) < 2 or not names:
        return None
    chosen = names[:PANELS]
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    picture, grid = grid_of(rows, columns)
    panels = list(grid.flat)
    best = in_rank(view, own)[0]
    values = [value_of(view, trial) for trial in own]
    log = min(values) > 0 and max(values) / min(values) > 50
    for index, panel in enumerate(panels):
        if index >= len(chosen):
            panel.set_visible(False)
            continue
        _panel(panel, view, own, best, chosen[index])
        dress_number(panel, "y", log=log)
        if index % columns == 0:
            panel.set_ylabel(label(view, view.study.objective.metric))
    caption = line(
        "The objective against {n} that vary, in {trials} ranked trials; the star is trial {best}, the best. "
        "Other settings vary with each: what looks like an effect may be theirs.",
        n=(Fact("figure.slices.settings", len(names), str(len(names))), " setting" if len(names) == 1 else " settings"),
        trials=count("figure.slices.ranked", own),
        best=the("figure.slices.best", best),
    )
    metric = view.study.objective.metric
    data = table(view, own, names)
    return Drawn("slices", f"{metric} against each setting", caption, data, picture)


def _panel(axes: Any, view: View, own: Sequence[Trial], best: Trial, name: str) -> None:
    axis = axis_of(view, name, [view.settings(trial).get(name) for trial in own])
    size = 24 if len(own) <= 200 else 6
    plain: list[tuple[float, float]] = []
    for trial in own:
        at = axis.place(view.settings(trial).get(name))
        if at is None:
            continue
        x, y = at + jitter(trial.number, axis), value_of(view, trial)
        if trial.number == best.number:
            axes.scatter([x], [y], marker="*", s=120, color=INK, zorder=4)
        elif trial.role is Role.BASELINE:
            axes.scatter([x], [y], marker="D", s=26, facecolor="white", edgecolor=INK, zorder=3)
        else:
            plain.append((x, y))
    if plain:
        axes.scatter(*zip(*plain, strict=True), s=size, color=BLUE, alpha=0.75, lw=0, zorder=2)
    axis.dress(axes, "x")
