"""The objective over the trials, with the best so far: what the search found, and when."""

from __future__ import annotations

import math
from typing import Any

from hptui.model.format import metric as shown
from hptui.model.trial import Role, Trial, TrialStatus
from hptui.results.analysis.cohort import ranked
from hptui.results.analysis.intervals import of_trial
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.axis import dress_number
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.style import BLUE, GRID, INK, ORANGE, RED, SOFT, sheet
from hptui.results.view import View

INTERVALS = 60
"""More trials than this are drawn without their intervals: they would hide each other."""
EDGE = {TrialStatus.FAILED: ("x", RED, "failed"), TrialStatus.PRUNED: ("|", SOFT, "pruned")}
EDGE |= {TrialStatus.STOPPED: ("+", SOFT, "stopped")}


def history(view: View) -> Drawn | None:
    """`objective`, or `eval_accuracy` where that is what is measured. None: nothing has a value yet."""
    objective, own = view.study.objective, ranked(view)
    if not own:
        return None
    metric = objective.metric
    values = {trial.number: float((trial.values or {})[metric]) for trial in own}
    numbers = [trial.number for trial in own]
    so_far, best = [], own[0]
    for trial in own:
        best = trial if objective.better(values[trial.number], values[best.number]) else best
        so_far.append(values[best.number])
    picture, axes = sheet()
    last = max(trial.number for trial in view.trials)
    axes.step(
        [*numbers, last], [*so_far, so_far[-1]], where="post", color=ORANGE, lw=1.6, label="best so far", zorder=2
    )
    size = 22 if len(own) <= 200 else 6
    if len(own) <= INTERVALS:
        _intervals(axes, view, own, metric, values)
    plain = [trial for trial in own if trial.role is not Role.BASELINE]
    axes.scatter(
        [t.number for t in plain],
        [values[t.number] for t in plain],
        s=size,
        color=BLUE,
        lw=0,
        label="complete",
        zorder=3,
    )
    for trial in own:
        if trial.role is Role.BASELINE:
            at = values[trial.number]
            axes.scatter(
                [trial.number], [at], s=34, marker="D", facecolor="white", edgecolor=INK, label="baseline", zorder=4
            )
            axes.axhline(at, color=SOFT, lw=0.8, ls=(0, (2, 2)), zorder=1)
    axes.scatter([best.number], [values[best.number]], s=110, marker="*", color=INK, label="best", zorder=5)
    _edge(axes, view)
    axes.set_xlabel("trial")
    axes.set_ylabel(label(view, metric))
    everything = list(values.values())
    dress_number(axes, "y", log=min(everything) > 0 and max(everything) / min(everything) > 50)
    axes.set_xlim(-0.5 - 0.01 * last, last + 0.5 + 0.01 * last)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1.2, handletextpad=0.4)
    name = "eval_accuracy" if "acc" in metric.lower() else "objective"
    rows = [_row(view, trial, metric, values) for trial in view.trials]
    for row, value in zip([row for row in rows if row["trial"] in values], so_far, strict=True):
        row["best_so_far"] = value
    return Drawn(name, f"{metric} of every trial, and the best so far", _caption(view, best, own), rows, picture)


def _intervals(axes: Any, view: View, own: list[Trial], metric: str, values: dict[int, float]) -> None:
    for trial in own:
        if (interval := of_trial(view, trial, metric)) is not None and interval.high > interval.low:
            axes.plot([trial.number] * 2, [interval.low, interval.high], color=BLUE, lw=3, alpha=0.25, zorder=1)


def _edge(axes: Any, view: View) -> None:
    """Trials without a value have no height: they stand below the axis, by what became of them."""
    for status, (marker, colour, word) in EDGE.items():
        found = [trial.number for trial in view.trials if trial.status is status]
        if found:
            axes.scatter(
                found,
                [0.02] * len(found),
                transform=axes.get_xaxis_transform(),
                marker=marker,
                s=26,
                color=colour,
                lw=1.1,
                label=f"{word} (no value)",
                zorder=4,
                clip_on=False,
            )
    axes.margins(y=0.09)
    axes.spines["left"].set_color(GRID)


def _row(view: View, trial: Trial, metric: str, values: dict[int, float]) -> dict[str, Any]:
    interval = of_trial(view, trial, metric) if trial.number in values else None
    row = {"trial": trial.number, "status": str(trial.status), "reason": str(trial.reason or "")}
    return {
        **row,
        metric: values.get(trial.number),
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "best_so_far": None,
    }


def _caption(view: View, best: Trial, own: list[Trial]) -> Line:
    metric = view.study.objective.metric
    value = float((best.values or {})[metric])
    spec = view.study.metrics.get(metric)
    said = line(
        "{metric} by trial. Trial {best} has the best value, {value}, of {n} ranked.",
        metric=Name(metric),
        best=the("figure.objective.best", best),
        value=Fact("figure.objective.value", value, shown(value, spec), (best.number,), f"values.{metric}"),
        n=count("figure.objective.ranked", own),
    )
    without = [trial for trial in view.trials if trial.status in EDGE]
    if without:
        word = " trial without a value is marked" if len(without) == 1 else " trials without a value are marked"
        said += (" ", count("figure.objective.without", without), f"{word} at the foot.")
    return said


def finite(values: list[float | None]) -> list[float]:
    """The numbers among values."""
    return [value for value in values if value is not None and math.isfinite(value)]
