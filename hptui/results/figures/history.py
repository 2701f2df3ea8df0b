"""The plot of the objective by trial, with the best so far."""

from __future__ import annotations

from typing import Any

from hptui.model.format import metric as shown
from hptui.model.trial import Role, Trial, TrialStatus
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.axis import set_number_axis
from hptui.results.figures.figure import Plot, axis_label, trial_count, trial_fact
from hptui.results.figures.scene import PlotContext
from hptui.results.figures.style import BASELINE_MARKER, BLUE, INK, ORANGE, RED, new_figure

MAX_DRAWN_INTERVALS = 60
"""With more trials no intervals are drawn: they would hide each other."""
MARKERS_WITHOUT_VALUE = {
    TrialStatus.FAILED: ("x", RED, "failed"),
    TrialStatus.PRUNED: ("|", INK, "pruned"),
    TrialStatus.STOPPED: ("+", INK, "stopped"),
}
"""Marker, colour and word for the trials without a value, by status."""


def history(scene: PlotContext) -> Plot | None:
    """Return the plot `objective` (`eval_accuracy` for an accuracy); None without a value."""
    trials, values, metric = scene.ranked, scene.values, scene.metric
    if not trials or scene.best is None:
        return None
    so_far: dict[int, float] = {}
    for trial in trials:
        so_far[trial.number] = scene.study.objective.best([values[trial.number], *list(so_far.values())[-1:]])
    figure, axes = new_figure()
    last = max(trial.number for trial in scene.trials)
    steps = ([*so_far, last], [*so_far.values(), list(so_far.values())[-1]])
    axes.step(*steps, where="post", color=ORANGE, lw=1.6, label="best so far", zorder=2)
    if len(trials) <= MAX_DRAWN_INTERVALS:
        _draw_intervals(axes, scene)
    _draw_values(axes, scene)
    _draw_without_value(axes, scene)
    axes.set_xlabel("trial")
    axes.set_ylabel(axis_label(scene.view, metric))
    plotted = list(values.values())
    axes.set_xlim(-0.5 - 0.01 * last, last + 0.5 + 0.01 * last)
    set_number_axis(axes, "x", whole=True)
    set_number_axis(axes, "y", log=min(plotted) > 0 and max(plotted) / min(plotted) > 50)
    axes.legend(ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1.2, handletextpad=0.4)
    name = "eval_accuracy" if "acc" in metric.lower() else "objective"
    rows = [_history_row(scene, trial, so_far.get(trial.number)) for trial in scene.trials]
    alt = f"{metric} of every trial, and the best so far"
    return Plot(name, alt, _history_caption(scene, scene.best), rows, figure)


def _draw_values(axes: Any, scene: PlotContext) -> None:
    values, best = scene.values, scene.best
    numbers = [trial.number for trial in scene.ranked if trial.role is not Role.BASELINE]
    size = 22 if len(numbers) <= 200 else 6
    axes.scatter(numbers, [values[n] for n in numbers], s=size, color=BLUE, lw=0, label="complete", zorder=3)
    for trial in scene.ranked:
        if trial.role is Role.BASELINE:
            value = values[trial.number]
            axes.axhline(value, color=INK, lw=0.8, ls=(0, (2, 2)), alpha=0.6, zorder=1)
            axes.scatter([trial.number], [value], **BASELINE_MARKER, label="baseline", zorder=4)
    if best is not None:
        axes.scatter(
            [best.number], [values[best.number]], s=110, marker="*", color=INK, label=scene.best_label, zorder=5
        )


def _draw_intervals(axes: Any, scene: PlotContext) -> None:
    for trial in scene.ranked:
        if (interval := scene.interval(trial)) is not None and interval.high > interval.low:
            axes.plot([trial.number] * 2, [interval.low, interval.high], color=BLUE, lw=3, alpha=0.25, zorder=1)


def _draw_without_value(axes: Any, scene: PlotContext) -> None:
    """Mark trials without a value at the foot of the plot, by status."""
    for status, (marker, colour, word) in MARKERS_WITHOUT_VALUE.items():
        numbers = [trial.number for trial in scene.trials if trial.status is status]
        if numbers:
            foot = {"transform": axes.get_xaxis_transform(), "clip_on": False, "zorder": 4}
            text = f"{word} (no value)"
            axes.scatter(numbers, [0.02] * len(numbers), marker=marker, s=30, color=colour, lw=1.2, label=text, **foot)
    axes.margins(y=0.09)


def _history_row(scene: PlotContext, trial: Trial, so_far: float | None) -> dict[str, Any]:
    interval = scene.interval(trial) if trial.number in scene.values else None
    return {
        "trial": trial.number,
        "status": str(trial.status),
        "reason": str(trial.reason or ""),
        scene.metric: scene.values.get(trial.number),
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "best_so_far": so_far,
    }


def _history_caption(scene: PlotContext, best: Trial) -> Line:
    metric = scene.metric
    value = scene.values[best.number]
    text = line(
        "{metric} by trial. Trial {best} has the best, {value}, of {n} ranked.",
        metric=Name(metric),
        best=trial_fact("figure.objective.best", best),
        value=Fact(
            "figure.objective.value",
            value,
            shown(value, scene.study.metrics.get(metric)),
            (best.number,),
            f"values.{metric}",
        ),
        n=trial_count("figure.objective.ranked", scene.ranked),
    )
    if len(scene.ranked) <= MAX_DRAWN_INTERVALS and any(scene.interval(trial) for trial in scene.ranked):
        text += (" Bars are intervals of ", Fact("figure.objective.confidence", 0.95, "95 %"), ".")
    without_value = [trial for trial in scene.trials if trial.status in MARKERS_WITHOUT_VALUE]
    if without_value:
        word = " trial without a value is marked" if len(without_value) == 1 else " trials without a value are marked"
        text += (" ", trial_count("figure.objective.without", without_value), f"{word} at the foot.")
    return text
