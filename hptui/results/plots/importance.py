"""Plots of the importance of settings: by the report's analysis, or by an estimator that gives all of them a number."""

from __future__ import annotations

from hptui.core.format import share_text
from hptui.core.sanitize import sanitize
from hptui.results.analysis.shares import Importance
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import Axis, Bar, Plot, PlotOptions, PlotTable, axis_label


def importances(context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return the plot `importance`: a bar per setting that matters, and two for the rest."""
    result = context.importance
    if result is None or not result.shares:
        return None
    if result.chance:
        return _estimates(context, result)
    shares = [(name, axis_label(context.view, name), share) for name, share in result.shares.items()]
    if len(result.shares) > 1 or result.together:
        shares.append(("", "settings together", result.together))
    shares += [("", "noise and the rest", result.unexplained)]
    first, largest = next(iter(result.shares.items()))
    caption: Line = line(
        "{name} alone makes up {share} of the variation of {metric} over {n} trials",
        name=Name(first),
        share=Fact(f"figure.importance.{first}", largest, share_text(largest), result.trials),
        metric=Name(context.metric),
        n=Fact("figure.importance.trials", len(result.trials), f"{len(result.trials):,}", result.trials),
    )
    unseen = result.not_shown
    return Plot(
        kind="importance",
        name="importance",
        title="how much of the variation the parameters that matter make up",
        alt=f"Importance of the settings that matter for {context.metric}",
        caption=(*caption, "; ", Name(unseen), ".") if unseen else (*caption, "."),
        x=Axis(f"share of the variation of {context.label}", high=max(share for *_, share in shares), format="percent"),
        bars=tuple(Bar(label, share, 0.0, share, meaning=name) for name, label, share in shares),
        rows=[{"setting": name or label, "share": share} for name, label, share in shares],
        table=PlotTable(
            ("parameter", "share"),
            tuple((sanitize(name or label, limit=40), f"{share:.1%}") for name, label, share in shares),
        ),
        notes=((Name(sanitize(unseen)),),) if unseen else (),
    )


def _estimates(context: PlotContext, result: Importance) -> Plot:
    """Return the plot of an estimator that gives every setting a number, next to what chance gives."""
    labels = {name: axis_label(context.view, name) for name in result.shares}
    trials = Fact("figure.importance.trials", len(result.trials), f"{len(result.trials):,}", result.trials)
    return Plot(
        kind="importance",
        name="importance",
        title=result.method,
        alt=f"Importance of settings for {context.metric}: {result.method}",
        caption=line("{method} over {n} trials.", method=Name(result.method), n=trials),
        x=Axis(result.method, high=max(result.shares.values()), format="percent"),
        bars=tuple(
            Bar(labels[name], share, 0.0, share, meaning=name, chance=result.chance[name])
            for name, share in result.shares.items()
        ),
        rows=[
            {"setting": name, "share": share, "chance": result.chance[name]} for name, share in result.shares.items()
        ],
        table=PlotTable(
            ("parameter", "estimate", "chance"),
            tuple(
                (
                    sanitize(name, limit=40),
                    f"{share:.1%}",
                    f"{'>' if share > result.chance[name] else '≤'} {result.chance[name]:.1%}",
                )
                for name, share in result.shares.items()
            ),
        ),
        notes=((Name(result.caveat),),),
    )
