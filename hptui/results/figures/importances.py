"""The plot of the importance of each setting for the objective."""

from __future__ import annotations

from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.figure import Plot, axis_label
from hptui.results.figures.scene import PlotContext
from hptui.results.figures.style import BLUE, new_figure

METHOD_NAMES = {"fanova": "fANOVA", "pedanova": "PED-ANOVA", "ped_anova": "PED-ANOVA"}
"""Methods of importance as they are written in a caption."""


def importances(scene: PlotContext) -> Plot | None:
    """Return the plot `importance`, a bar per searched setting; None if it cannot be estimated."""
    result = scene.importance
    if result is None or len(result.shares) < 2:
        return None
    figure, axes = new_figure(6.4, 1.1 + 0.32 * len(result.shares))
    names, shares = list(result.shares), list(result.shares.values())
    bars = axes.barh(range(len(names)), shares, color=BLUE, height=0.65, zorder=2)
    axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=4, fontsize=8)
    axes.set_yticks(range(len(names)), [axis_label(scene.view, name) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, max(shares) * 1.12)
    axes.xaxis.set_major_formatter(lambda at, _: f"{at:.0%}")
    axes.grid(visible=False, axis="y")
    method = METHOD_NAMES.get(result.method, result.method)
    axes.set_xlabel(f"share of the variation of {axis_label(scene.view, scene.metric)} ({method})")
    rows = [{"setting": name, "share": share, "method": method} for name, share in result.shares.items()]
    first = names[0]
    key = f"figure.importance.{first}"
    caption: Line = line(
        "{name} explains {share} of the variation of {metric} over {n} trials, by {method}",
        name=Name(first),
        share=Fact(key, shares[0], f"{shares[0]:.0%}", result.trials),
        metric=Name(scene.metric),
        n=Fact("figure.importance.trials", len(result.trials), f"{len(result.trials):,}", result.trials),
        method=method,
    )
    caption = (*caption, f" ({result.caveat})." if result.caveat else ".")
    return Plot("importance", f"Importance of each setting for {scene.metric}", caption, rows, figure)
