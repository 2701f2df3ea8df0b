"""Plots of curves of all trials over steps: the training loss, and the objective."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.colors import Normalize

from hptui.model.clean import sanitize
from hptui.model.counts import is_count
from hptui.model.format import metric as shown
from hptui.model.trial import Trial, TrialStatus
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.axis import set_number_axis
from hptui.results.figures.figure import Plot, axis_label, trial_count, trial_fact
from hptui.results.figures.scene import PlotContext
from hptui.results.figures.style import DASHES, GREY, INK, RED, SERIES, colour_map_for, new_figure
from hptui.results.roles import training_and_validation
from hptui.storage.reader import StoreReader

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
