"""The plots by name, and why a study may not have one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hptui.core.trial import Role, TrialStatus
from hptui.results.facts import Line, join_parts
from hptui.results.plots.clip import clip_to_axes
from hptui.results.plots.context import PlotContext
from hptui.results.plots.history import curves, history, history_title
from hptui.results.plots.importance import importances
from hptui.results.plots.pairs import contour, pareto
from hptui.results.plots.plot import Plot, PlotOptions, trial_count, trial_fact, with_notes
from hptui.results.plots.settings import categorization, parallel, slices

PLOTS: Mapping[str, Callable[[PlotContext, PlotOptions], Plot | None]] = {
    "history": clip_to_axes(history),
    "curves": clip_to_axes(curves),
    "slice": clip_to_axes(slices),
    "importance": importances,
    "parallel": clip_to_axes(parallel),
    "contour": clip_to_axes(contour),
    "pareto": clip_to_axes(pareto),
    "categories": categorization,
}
"""Plots by name; each is None for a study that has nothing to draw in it."""


def make_plot(name: str, context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return a plot by its name, noting the trials in it whose curve is incomplete; None if empty."""
    plot = PLOTS[name](context, options)
    if plot is None:
        return None
    shown = plot.trials
    incomplete = [trial for trial in context.trials if trial.incomplete_curve and trial.number in shown]
    if not incomplete:
        return plot
    facts = [trial_fact(f"figure.{plot.name}.incomplete.{trial.number}", trial) for trial in incomplete[:MAX_NOTED]]
    count = trial_count(f"figure.{plot.name}.incomplete", incomplete)
    words = " trial has an incomplete curve" if len(incomplete) == 1 else " trials have an incomplete curve"
    note: Line = (
        count,
        words,
        " (",
        *join_parts((fact,) for fact in facts),
        "): better or worse values may be missing",
    )
    return replace(plot, notes=(*plot.notes, note), caption=with_notes(plot.caption, [note]))


MAX_NOTED = 8
"""Trials with an incomplete curve that are named below a plot."""


def missing_plot(context: PlotContext, name: str, options: PlotOptions) -> tuple[str, str]:
    """Return the title of a plot that there is nothing to draw in, and the reason."""
    metric, names = context.metric or "the objective", list(dict.fromkeys(options.settings))
    not_yet = _without_ranked(context)
    if name in ("slice", "contour") and not context.ranked:
        return name if name == "slice" else "heat map", not_yet
    if name == "slice":
        return (f"{metric} over {names[0]}", "no complete trial has a value of it") if names else (name, NOT_SEARCHED)
    if name == "contour":
        if len(names) < 2:
            return "heat map", "two parameters are needed"
        return f"mean {metric} over {names[0]} and {names[1]}", "no complete trial has a value of both"
    if name == "pareto":
        metrics = [objective.metric for objective in context.study.objectives]
        return (
            (f"{metrics[1]} against {metrics[0]}", not_yet)
            if metrics[1:]
            else ("Pareto front", f"the study has {'one' if metrics else 'no'} objective")
        )
    return {
        "history": (history_title(metric), not_yet),
        "curves": ("curves", "no metric has been reported twice yet"),
        "importance": (
            "how much of the variation the parameters that matter make up",
            "nothing can be said: eight comparable trials and a parameter that matters are needed",
        ),
        "parallel": ("all parameters", not_yet if not context.ranked else NOT_SEARCHED),
        "categories": ("categories of answers by trial", "no trial counts its answers by category"),
    }[name]


def _without_ranked(context: PlotContext) -> str:
    """Return why there is no ranked trial."""
    if not context.study.objectives:
        return "the study has no objective"
    if any(trial.status is TrialStatus.COMPLETE and trial.role is not Role.BASE for trial in context.trials):
        return "no trial has a value that can be ranked"
    return "no trial is complete yet" if any(trial.status.open for trial in context.trials) else "no trial is complete"


NOT_SEARCHED = "nothing is searched"
