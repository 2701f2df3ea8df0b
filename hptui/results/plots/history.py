"""Plots over time: the objective by trial with the best so far, and curves of a metric over steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.colors import Normalize

from hptui.core.format import is_count
from hptui.core.format import metric as shown
from hptui.core.sanitize import sanitize
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.plots.context import PlotContext
from hptui.results.plots.matplotlib import (
    BASELINE_MARKER,
    BLUE,
    DASHES,
    GREY,
    INK,
    ORANGE,
    RED,
    SERIES,
    colour_map_for,
    new_figure,
    set_number_axis,
)
from hptui.results.plots.plot import Plot, axis_label, trial_count, trial_fact
from hptui.results.roles import training_and_validation
from hptui.store.reader import StoreReader

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


MAX_COLOURED_CURVES = 6
"""Up to this number of curves each gets a colour of its own; more are coloured by objective."""
MAX_DRAWN_CURVES = 120
"""Number of curves that are drawn."""
MAX_DRAWN_POINTS = 400
"""A longer curve is drawn by the means of this number of stretches."""
TRAINING_LOSS_NAMES = ("train_loss", "training_loss", "train/loss", "loss")
"""Common names of a training loss, in order of preference."""


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """The points of one metric of a trial, as drawn."""

    trial: Trial
    steps: list[float]
    values: list[float]


def training_loss(scene: PlotContext) -> Plot | None:
    """Return the plot of the training loss of all trials, else of the objective if it has curves."""
    metric = training_metric(scene)
    return _curves_plot(scene, metric, "training_loss") if metric else None


def objective_curves(scene: PlotContext) -> Plot | None:
    """Return the plot of the objective over steps, if it is not the plot `training_loss` already."""
    metric = scene.metric
    return _curves_plot(scene, metric, "objective_curves") if metric != training_metric(scene) else None


def training_metric(scene: PlotContext) -> str | None:
    """Return the metric that training minimizes, among those with at least two points in a trial."""
    names = [name for name in scene.reader.metric_names() if not is_count(name)]
    objective = scene.metric
    train_metric, _ = training_and_validation(objective, names)
    preferred = [train_metric] if train_metric is not None and train_metric != objective else []
    for name in dict.fromkeys([*preferred, *TRAINING_LOSS_NAMES, objective]):
        if name in names and any(summary.n > 1 for summary in scene.reader.summaries_of_metric(name).values()):
            return name
    return None


def _curves_plot(scene: PlotContext, metric: str, name: str) -> Plot | None:
    summaries = scene.reader.summaries_of_metric(metric)
    trials = [trial for trial in scene.trials if trial.number in summaries and summaries[trial.number].n > 1]
    chosen = choose_trials(scene, trials, MAX_DRAWN_CURVES)
    curves = [_read_curve(scene.reader, trial, metric, summaries[trial.number].n) for trial in chosen]
    curves = [curve for curve in curves if curve.steps]
    if not curves:
        return None
    numbers = {curve.trial.number for curve in curves}
    best = next((trial for trial in scene.order if trial.number in numbers), None)
    figure, axes = new_figure()
    if len(curves) <= MAX_COLOURED_CURVES:
        _draw_each(axes, scene, curves, best)
    else:
        _draw_by_value(figure, axes, scene, curves, best)
    values = [value for curve in curves for value in curve.values]
    axes.set_xlabel("step")
    set_number_axis(axes, "x", whole=True)
    axes.set_ylabel(axis_label(scene.view, metric))
    set_number_axis(axes, "y", log=min(values) > 0 and max(values) / min(values) > 30)
    axes.margins(x=0.02)
    rows = [
        {"trial": curve.trial.number, "step": step, metric: value}
        for curve in curves
        for step, value in zip(curve.steps, curve.values, strict=True)
    ]
    caption = _curves_caption(scene, metric, name, trials, curves, best, summaries)
    return Plot(name, f"{metric} over steps", caption, rows, figure)


def choose_trials(scene: PlotContext, trials: Sequence[Trial], maximum: int) -> list[Trial]:
    """Return at most `maximum` trials: the best ones, and an even sample of the others by rank."""
    numbers = {trial.number for trial in trials}
    order = [trial for trial in scene.order if trial.number in numbers]
    ranked_numbers = {trial.number for trial in order}
    order += [trial for trial in trials if trial.number not in ranked_numbers]
    if len(order) <= maximum:
        return sorted(order, key=lambda trial: trial.number)
    best, others = order[: maximum // 6], order[maximum // 6 :]
    step = len(others) / (maximum - len(best))
    sample = [others[int(index * step)] for index in range(maximum - len(best))]
    return sorted([*best, *sample], key=lambda trial: trial.number)


def _read_curve(reader: StoreReader, trial: Trial, metric: str, n: int) -> DrawnCurve:
    """Return a trial's points; of a long curve the means of stretches."""
    if n > MAX_DRAWN_POINTS:
        points = [(bucket.last, bucket.mean) for bucket in reader.buckets(trial.number, metric, MAX_DRAWN_POINTS)]
    else:
        points = [(step, value) for step, value, _ in reader.curve(trial.number, metric)]
    finite = [(step, value) for step, value in points if value is not None and math.isfinite(value)]
    return DrawnCurve(trial, [float(step) for step, _ in finite], [float(value) for _, value in finite])


def _draw_each(axes: Any, scene: PlotContext, curves: Sequence[DrawnCurve], best: Trial | None) -> None:
    for index, curve in enumerate(curves):
        is_best = best is not None and curve.trial.number == best.number
        text = f"trial {curve.trial.number}" + (
            f" ({sanitize(curve.trial.name, limit=20)})" if curve.trial.name else ""
        )
        outcome = "" if curve.trial.status is TrialStatus.COMPLETE else f", {curve.trial.status}"
        text += f", {scene.best_label}" if is_best else outcome
        colour = INK if is_best else SERIES[index % len(SERIES)]
        style = "-" if is_best else DASHES[index % len(DASHES)]
        axes.plot(
            curve.steps,
            curve.values,
            color=colour,
            ls=style,
            lw=2.2 if is_best else 1.3,
            label=text,
            zorder=3 + is_best,
        )
        _mark_failure(axes, curve)
    axes.legend(loc="best")


def _draw_by_value(
    figure: Any, axes: Any, scene: PlotContext, curves: Sequence[DrawnCurve], best: Trial | None
) -> None:
    values = scene.values
    drawn_values = [values[curve.trial.number] for curve in curves if curve.trial.number in values]
    norm = Normalize(min(drawn_values, default=0.0), max(drawn_values, default=1.0))
    colours = colour_map_for(scene.study.objective.goal)
    for curve in curves:
        value = values.get(curve.trial.number)
        if value is None:
            axes.plot(curve.steps, curve.values, color=GREY, lw=0.8, ls=(0, (3, 2)), alpha=0.8, zorder=1)
        elif best is None or curve.trial.number != best.number:
            axes.plot(curve.steps, curve.values, color=colours(norm(value)), lw=0.9, alpha=0.8, zorder=2)
        _mark_failure(axes, curve)
    for curve in curves:
        if best is not None and curve.trial.number == best.number:
            axes.plot(curve.steps, curve.values, color="white", lw=3.4, zorder=4)
            axes.plot(
                curve.steps, curve.values, color=INK, lw=1.8, zorder=5, label=f"trial {best.number}, {scene.best_label}"
            )
    if any(curve.trial.number not in values for curve in curves):
        axes.plot([], [], color=GREY, lw=0.8, ls=(0, (3, 2)), label="without a value")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right")
    if drawn_values:
        from matplotlib.cm import ScalarMappable

        bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, pad=0.02)
        bar.set_label(axis_label(scene.view, scene.metric))
        bar.outline.set_visible(False)
        set_number_axis(bar.ax, "y")


def _mark_failure(axes: Any, curve: DrawnCurve) -> None:
    """Mark the end of a failed trial's curve with a cross."""
    if curve.trial.status is TrialStatus.FAILED:
        axes.scatter(curve.steps[-1:], curve.values[-1:], marker="x", s=28, color=RED, lw=1.2, zorder=6)


def _curves_caption(
    scene: PlotContext,
    metric: str,
    name: str,
    trials: Sequence[Trial],
    curves: Sequence[DrawnCurve],
    best: Trial | None,
    summaries: Mapping[int, Any],
) -> Line:
    key = f"figure.{name}"
    text: Line = line("{metric} over steps", metric=Name(metric))
    if len(curves) < len(trials):
        drawn = trial_count(f"{key}.drawn", [curve.trial for curve in curves])
        text += line(": {drawn} of {n} trials are drawn.", drawn=drawn, n=trial_count(f"{key}.trials", trials))
    else:
        text += line(" in {n}.", n=(trial_count(f"{key}.trials", trials), " trial" if len(trials) == 1 else " trials"))
    if best is not None and (last := summaries.get(best.number)) is not None and math.isfinite(last.value):
        spec = scene.study.metrics.get(metric)
        text += line(
            " Trial {best}, {so}, ends at {value}.",
            so=scene.best_phrase,
            best=trial_fact(f"{key}.best", best),
            value=Fact(f"{key}.last", last.value, shown(last.value, spec), (best.number,), f"metrics.{metric}"),
        )
    failed = [curve.trial for curve in curves if curve.trial.status is TrialStatus.FAILED]
    if failed:
        text += (" ", trial_count(f"{key}.failed", failed), " ended in a failure, marked by a cross.")
    return text
