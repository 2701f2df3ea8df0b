"""Plots over time: the objective by trial with the best so far, and curves of a metric over steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from hptui.core.format import is_count
from hptui.core.sanitize import sanitize
from hptui.core.steps import axis_positions
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.plots.axes import DECADES_RATIO, metric_axis, objective_range, trial_axis
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import (
    Axis,
    Bar,
    Curve,
    Plot,
    PlotOptions,
    PlotTable,
    Point,
    trial_count,
    trial_fact,
    with_notes,
)
from hptui.results.roles import training_and_validation
from hptui.store.reader import StoreReader

MAX_DRAWN_INTERVALS = 60
"""With more trials no intervals are drawn: they would hide each other."""
AT_FOOT = (TrialStatus.FAILED, TrialStatus.PRUNED, TrialStatus.STOPPED)
"""Statuses of the trials without a value that a history marks at its foot."""


def history(context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return the plot `objective` (`eval_accuracy` for an accuracy); None without a value."""
    trials, values, metric, best = context.ranked, context.values, context.metric, context.best
    if best is None:
        return None
    numbers = [trial.number for trial in context.kept or trials]
    objective = context.study.objective
    running_best = accumulate((values[number] for number in numbers), lambda *pair: objective.best(pair))
    so_far = dict(zip(numbers, running_best, strict=True))
    with_intervals = options.intervals and len(trials) <= MAX_DRAWN_INTERVALS
    bars = _intervals(context) if with_intervals else ()
    x, y = trial_axis(context), _with_bars(metric_axis(context, metric, list(values.values())), bars)
    without_value = trials_at_foot(context)
    points = [
        Point(trial.number, values[trial.number], trial.number, _role_meaning(trial), z=values[trial.number])
        for trial in trials
    ]
    points.append(Point(best.number, values[best.number], best.number, "best", z=values[best.number]))
    points += [Point(trial.number, y.low, trial.number, str(trial.status)) for trial in without_value]
    steps = [(float(number), value) for number, value in so_far.items()]
    labels = {"complete": "complete", "baseline": "baseline", "best": context.best_label, "so far": "best so far"}
    notes = foot_notes("figure.objective", without_value)
    return Plot(
        kind="history",
        name="eval_accuracy" if "acc" in metric.lower() else "objective",
        title=history_title(metric),
        alt=f"{metric} of every trial, and the best so far",
        caption=with_notes(_history_caption(context, best, bars), notes),
        x=x,
        y=y,
        goal=objective.goal,
        points=tuple(points),
        curves=(Curve((*steps, (x.high, steps[-1][1])), labels["so far"], stepped=True, meaning="so far"),),
        bars=bars,
        labels=labels | {status: f"{status} (no value)" for status in map(str, AT_FOOT)},
        rows=[
            _history_row(context, trial, so_far.get(trial.number), options)
            for trial in sorted((*trials, *without_value), key=lambda trial: trial.number)
        ],
        table=_history_table(context, so_far),
        notes=notes,
    )


def history_title(metric: str) -> str:
    """Return the title of a history."""
    return f"{metric} by trial, with the best so far"


def _role_meaning(trial: Trial) -> str:
    return "baseline" if trial.role is Role.BASELINE else "complete"


def _intervals(context: PlotContext) -> tuple[Bar, ...]:
    intervals = [(trial.number, context.interval(trial)) for trial in context.ranked]
    return tuple(
        Bar(str(number), context.values[number], interval.low, interval.high, number, "interval")
        for number, interval in intervals
        if interval is not None and interval.high > interval.low
    )


def _with_bars(axis: Axis, bars: Sequence[Bar]) -> Axis:
    """Return an axis that reaches to the ends of all intervals; a logarithmic one to those above 0."""
    ends = [end for bar in bars for end in (bar.low, bar.high) if axis.kind != "log" or end > 0]
    return replace(axis, low=min([axis.low, *ends]), high=max([axis.high, *ends]))


def _history_row(context: PlotContext, trial: Trial, so_far: float | None, options: PlotOptions) -> dict[str, Any]:
    value = context.values.get(trial.number)
    interval = context.interval(trial) if value is not None and options.intervals else None
    return {
        "trial": trial.number,
        "status": str(trial.status),
        "reason": str(trial.reason or ""),
        context.metric: value,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "best_so_far": so_far,
    }


def _history_table(context: PlotContext, so_far: Mapping[int, float]) -> PlotTable:
    """Return each new best: its trial, value and name."""
    names = {trial.number: trial.name for trial in context.ranked}
    rows, previous = [], None
    for number, value in so_far.items():
        if value != previous:
            rows.append((str(number), context.short_text(value), sanitize(names[number], limit=20)))
        previous = value
    return PlotTable(("trial", "best so far", "name"), tuple(rows))


def _history_caption(context: PlotContext, best: Trial, bars: Sequence[Bar]) -> Line:
    metric = context.metric
    value = context.values[best.number]
    kept = context.kept or context.ranked
    text = line(
        "{metric} by trial. Trial {best} has the best, {value}, of {n} ranked{kept}.",
        metric=Name(metric),
        best=trial_fact("figure.objective.best", best),
        value=Fact("figure.objective.value", value, context.text(value), (best.number,), f"values.{metric}"),
        n=trial_count("figure.objective.ranked", kept),
        kept=" that break no condition of the study" if len(kept) < len(context.ranked) else "",
    )
    return (*text, *_bars_text(context, best, bars)) if bars else text


def _bars_text(context: PlotContext, best: Trial, bars: Sequence[Bar]) -> Line:
    """Return what the bars are, and which trials have none: chosen, or of unknown counts."""
    drawn = {bar.trial for bar in bars}
    is_counted = {own.k is not None for t in context.ranked if t.number in drawn and (own := context.interval(t))}
    text = line(
        " Bars are intervals of {level} of {what}; the best has none, as it was chosen for its value",
        level=Fact("figure.objective.confidence", 0.95, "95 %"),
        what=" or ".join(
            words
            for counted, words in (
                (True, "single runs, over their questions"),
                (False, "the mean of runs with several seeds"),
            )
            if counted in is_counted
        ),
    )
    others = [trial for trial in context.ranked if trial.number not in {*drawn, best.number}]
    repeated = [trial for trial in others if context.is_repeated(trial)]
    unknown = [trial for trial in others if trial not in repeated] if True in is_counted else []
    for key, trials, which in (
        ("repeated", repeated, "of those that were repeated"),
        ("unknown", unknown, "whose counts are not known"),
    ):
        if trials:
            verb = "has" if len(trials) == 1 else "have"
            count = trial_count(f"figure.objective.{key}", trials)
            text += line("; {n} more {which} {verb} none", n=count, which=which, verb=verb)
    return (*text, ".")


def trials_at_foot(context: PlotContext) -> list[Trial]:
    """Return the trials that ended without a value."""
    return [trial for trial in context.trials if trial.status in AT_FOOT]


def foot_notes(key: str, without_value: Sequence[Trial]) -> tuple[Line, ...]:
    """Return the note on trials without a value, which a plot marks; `key` is the prefix of its fact."""
    if not without_value:
        return ()
    words = " trial without a value is marked" if len(without_value) == 1 else " trials without a value are marked"
    return ((trial_count(f"{key}.without", without_value), f"{words} at the foot"),)


MAX_COLOURED_CURVES = 6
"""Up to this number of curves each gets a colour of its own; more are coloured by objective."""
MAX_DRAWN_CURVES = 120
"""Number of curves that are drawn."""
MAX_DRAWN_POINTS = 400
"""A longer curve is drawn by the means of this number of stretches."""
TRAINING_LOSS_NAMES = ("train_loss", "training_loss", "train/loss", "loss")
"""Common names of a training loss, in order of preference."""


def training_metric(context: PlotContext) -> str | None:
    """Return the metric that training minimizes, among those with at least two points in a trial."""
    reader = context.curves
    names = [name for name in reader.metric_names() if not is_count(name)]
    objective = context.metric
    train_metric, _ = training_and_validation(objective, names)
    preferred = [train_metric] if train_metric is not None and train_metric != objective else []
    for name in dict.fromkeys([*preferred, *TRAINING_LOSS_NAMES, objective]):
        if name in names and any(summary.n > 1 for summary in reader.summaries_of_metric(name).values()):
            return name
    return None


def curves(context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return the curves of `options.metric`, by default of the training loss; None without any.

    The plot is named `training_loss`, or `objective_curves` for another metric.
    """
    training = training_metric(context)
    metric = options.metric or training
    if metric is None:
        return None
    name = "training_loss" if metric == training else "objective_curves"
    summaries = context.curves.summaries_of_metric(metric)
    trials = [trial for trial in context.trials if trial.number in summaries and summaries[trial.number].n > 1]
    chosen = choose_trials(context, trials, MAX_DRAWN_CURVES)
    read = {trial.number: _read_points(context.curves, trial, metric, summaries[trial.number].n) for trial in chosen}
    drawn = [trial for trial in chosen if read[trial.number]]
    if not drawn:
        return None
    numbers = {trial.number for trial in drawn}
    best = next((trial for trial in context.order if trial.number in numbers), None)
    points = [point for trial in drawn for point in read[trial.number]]
    values = [context.values[trial.number] for trial in drawn if trial.number in context.values]
    labels = {} if best is None else {"best": f"trial {best.number}, {context.label_of(best)}"}
    failed = [trial for trial in drawn if trial.status is TrialStatus.FAILED]
    notes: tuple[Line, ...] = ()
    if failed:
        notes = ((trial_count(f"figure.{name}.failed", failed), " ended in a failure, marked by a cross"),)
    steps = [step for step, _ in points]
    return Plot(
        kind="curves",
        name=name,
        title=f"{metric} over steps",
        alt=f"{metric} over steps",
        caption=with_notes(_curves_caption(context, metric, name, trials, drawn, best, summaries), notes),
        x=Axis("step", "linear", min(steps), max(steps), format="integer"),
        y=metric_axis(context, metric, [value for _, value in points], DECADES_RATIO),
        z=objective_range(context, values) if values else None,
        goal=context.study.objective.goal,
        curves=tuple(
            Curve(
                read[trial.number],
                _curve_label(context, trial, best),
                trial=trial.number,
                meaning=_curve_meaning(context, trial, best),
                z=context.values.get(trial.number),
            )
            for trial in drawn
        ),
        labels=labels | {"without": "without a value"},
        rows=[
            {"trial": trial.number, "step": step, metric: value}
            for trial in drawn
            for step, value in read[trial.number]
        ],
        table=PlotTable(
            ("trial", "points", "last"),
            tuple((str(n), str(summaries[n].n), context.short_text(read[n][-1][1], metric)) for n in read if read[n]),
        ),
        notes=notes,
    )


def choose_trials(context: PlotContext, trials: Sequence[Trial], maximum: int) -> list[Trial]:
    """Return at most `maximum` trials: the best ones, and an even sample of the others by rank."""
    numbers = {trial.number for trial in trials}
    order = [trial for trial in context.order if trial.number in numbers]
    order += [trial for trial in trials if trial.number not in context.rank]
    if len(order) <= maximum:
        return sorted(order, key=lambda trial: trial.number)
    best, others = order[: maximum // 6], order[maximum // 6 :]
    step = len(others) / (maximum - len(best))
    sample = [others[int(index * step)] for index in range(maximum - len(best))]
    return sorted([*best, *sample], key=lambda trial: trial.number)


def _read_points(reader: StoreReader, trial: Trial, metric: str, n: int) -> tuple[tuple[float, float], ...]:
    """Return a trial's finite points; of a long curve the means of stretches."""
    if n > MAX_DRAWN_POINTS:
        buckets = reader.buckets(trial.number, metric, MAX_DRAWN_POINTS)
        steps, values = [float(bucket.last) for bucket in buckets], [bucket.mean for bucket in buckets]
    else:
        points = reader.curve(trial.number, metric)
        steps, values = axis_positions([step for step, _, _ in points]), [value for _, value, _ in points]
    return tuple(
        (step, float(value))
        for step, value in zip(steps, values, strict=True)
        if value is not None and math.isfinite(value)
    )


def _curve_label(context: PlotContext, trial: Trial, best: Trial | None) -> str:
    name = f" ({sanitize(trial.name, limit=20)})" if trial.name else ""
    outcome = "" if trial.status is TrialStatus.COMPLETE else f", {trial.status}"
    is_best = best is not None and trial.number == best.number
    return f"trial {trial.number}{name}" + (f", {context.label_of(trial)}" if is_best else outcome)


def _curve_meaning(context: PlotContext, trial: Trial, best: Trial | None) -> str:
    if best is not None and trial.number == best.number:
        return "best"
    if trial.status is TrialStatus.FAILED:
        return "failed"
    return "complete" if trial.number in context.values else "without"


def _curves_caption(
    context: PlotContext,
    metric: str,
    name: str,
    trials: Sequence[Trial],
    drawn: Sequence[Trial],
    best: Trial | None,
    summaries: Mapping[int, Any],
) -> Line:
    key = f"figure.{name}"
    text: Line = line("{metric} over steps", metric=Name(metric))
    if len(drawn) < len(trials):
        count = trial_count(f"{key}.drawn", drawn)
        text += line(": {drawn} of {n} trials are drawn.", drawn=count, n=trial_count(f"{key}.trials", trials))
    else:
        text += line(" in {n}.", n=(trial_count(f"{key}.trials", trials), " trial" if len(trials) == 1 else " trials"))
    if any(summaries[trial.number].n > MAX_DRAWN_POINTS for trial in drawn):
        limit = Fact(f"{key}.points", MAX_DRAWN_POINTS, f"{MAX_DRAWN_POINTS:,}")
        text += line(" Of a curve of more than {limit} points the means of {limit} stretches are drawn.", limit=limit)
    if best is not None and (last := summaries.get(best.number)) is not None and math.isfinite(last.value):
        text += line(
            " Trial {best}, {so}, ends at {value}.",
            so=context.phrase_of(best),
            best=trial_fact(f"{key}.best", best),
            value=Fact(
                f"{key}.last", last.value, context.text(last.value, metric), (best.number,), f"metrics.{metric}"
            ),
        )
    return text
