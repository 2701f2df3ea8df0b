"""How much of the objective's variation each setting explains."""

from __future__ import annotations

from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.figure import Drawn, label
from hptui.results.figures.scene import Scene
from hptui.results.figures.style import BLUE, sheet

NAMES = {"fanova": "fANOVA", "pedanova": "PED-ANOVA", "ped_anova": "PED-ANOVA"}


def importances(scene: Scene) -> Drawn | None:
    """`importance`: a bar per setting that was searched. None where nothing can be said."""
    found = scene.importance
    if found is None or len(found.shares) < 2:
        return None
    picture, axes = sheet(6.4, 1.1 + 0.32 * len(found.shares))
    names, shares = list(found.shares), list(found.shares.values())
    bars = axes.barh(range(len(names)), shares, color=BLUE, height=0.65, zorder=2)
    axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=4, fontsize=8)
    axes.set_yticks(range(len(names)), [label(scene.view, name) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, max(shares) * 1.12)
    axes.xaxis.set_major_formatter(lambda at, _: f"{at:.0%}")
    axes.grid(visible=False, axis="y")
    method = NAMES.get(found.method, found.method)
    axes.set_xlabel(f"share of the variation of {label(scene.view, scene.metric)} ({method})")
    rows = [{"setting": name, "share": share, "method": method} for name, share in found.shares.items()]
    first = names[0]
    key = f"figure.importance.{first}"
    said: Line = line(
        "{name} explains {share} of the variation of {metric} over {n} trials, by {method}",
        name=Name(first),
        share=Fact(key, shares[0], f"{shares[0]:.0%}", found.trials),
        metric=Name(scene.metric),
        n=Fact("figure.importance.trials", len(found.trials), f"{len(found.trials):,}", found.trials),
        method=method,
    )
    said = (*said, f" ({found.caveat})." if found.caveat else ".")
    return Drawn("importance", f"Importance of each setting for {scene.metric}", said, rows, picture)
