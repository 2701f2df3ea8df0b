"""Plots of settings: importance, slices, parallel coordinates; and of evaluated samples by category."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

from hptui.core.format import HITS_SUFFIX, TOTAL_SUFFIX, recorded_counts, setting
from hptui.core.sanitize import sanitize
from hptui.core.stages import comparable
from hptui.core.trial import Role, Trial
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.plots.axes import SettingAxis, axis_notes, metric_axis, objective_range, trial_axis
from hptui.results.plots.context import PlotContext
from hptui.results.plots.history import choose_trials, foot_notes, trials_at_foot
from hptui.results.plots.plot import (
    Axis,
    Bar,
    Curve,
    Plot,
    PlotOptions,
    PlotTable,
    Point,
    axis_label,
    trial_count,
    trial_fact,
    with_notes,
)

MAX_PANELS = 9
"""Number of slices in a plot, for the most important settings."""
CAUTION: tuple[Line, ...] = (("Other settings vary with each: what looks like an effect may be theirs",),)
"""The note on pictures of one setting, where others vary, too."""
GROUPS = 5
"""Number of equal parts of a range for which the numbers of a slice are given; one per value if there are fewer."""


def slices(context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return the plot `slices`, a panel for each setting; None without a ranked trial or a setting."""
    trials = context.ranked
    names = list(options.settings) or context.names
    failed = _without_value(context) if options.settings else []
    placed = [*trials, *failed]
    axes = [
        SettingAxis(context, name, placed, drawn=trials, whole_range=options.whole_range)
        for name in (names[:MAX_PANELS])
    ]
    axes = [axis for axis in axes if not options.settings or any(not axis.places[t.number].missing for t in trials)]
    if not trials or not axes:
        return None
    notes = axis_notes("figure.slices", axes, placed)
    if options.settings:  # the screens show notes, no caption
        notes = (*notes, *_foot_notes(axes[0], failed), *(CAUTION if len(context.names) > 1 else ()))
    vary = context.names
    varied = Fact("figure.slices.settings", len(vary), str(len(vary)))
    shown = Fact("figure.slices.shown", len(axes), str(len(axes)))
    caption = line(
        "The objective against {n}, in {trials} ranked trials; the star is trial {best}, {so}.{others}",
        n=(varied, " settings that vary" if len(vary) != 1 else " setting that varies")
        if len(axes) == len(vary)
        else (shown, " of ", varied, " settings that vary"),
        trials=trial_count("figure.slices.ranked", trials),
        best=trial_fact("figure.slices.best", context.order[0]),
        so=context.phrase_of(context.order[0]),
        others=f" {CAUTION[0][0]}." if len(vary) > 1 and not options.settings else "",
    )
    if any(axis.levels for axis in axes):
        caption += (" Points of one choice are spread to its sides.",)
    metric = context.metric
    return Plot(
        kind="slice",
        name="slices",
        title=f"{metric} over {names[0]}" if len(axes) == 1 else f"{metric} against each setting",
        alt=f"{metric} against each setting",
        caption=with_notes(caption, notes),
        panels=tuple(_panel(context, axis, failed) for axis in axes),
        rows=context.csv_rows(trials, names),
        table=_slice_table(context, axes[0], failed) if len(axes) == 1 else PlotTable(),
        notes=notes,
    )


def _without_value(context: PlotContext) -> list[Trial]:
    """Return the trials without a value that ran under the conditions of the ranked ones."""
    stage = context.order[0].stage if context.order else ""
    return [trial for trial in trials_at_foot(context) if comparable(context.study, trial.stage, stage)]


def _panel(context: PlotContext, axis: SettingAxis, failed: Sequence[Trial]) -> Plot:
    """Return a slice: the objective of each trial against one setting, the best trial last."""
    front = context.front
    best = context.order[0].number

    def meaning(trial: Trial) -> str:
        if trial.number == best:
            return "best"
        return "baseline" if trial.role is Role.BASELINE else "front" if trial.number in front else "complete"

    def order(point: Point) -> int:
        order_of_drawing = ("complete", "baseline", "front", "best")
        return order_of_drawing.index(point.meaning) if point.meaning in order_of_drawing else -1

    places = {trial.number: (trial, axis.places[trial.number]) for trial in context.ranked}
    points = [
        Point(at.position, context.values[number], number, meaning(trial), at.outside, context.values[number])
        for number, (trial, at) in places.items()
        if not at.missing
    ]
    y = metric_axis(context, context.metric, list(context.values.values()))
    at_foot = [(trial, at) for trial in failed if not (at := axis.places[trial.number]).missing]
    points += [Point(at.position, y.low, trial.number, str(trial.status), at.outside) for trial, at in at_foot]
    return Plot(
        kind="slice",
        name=axis.name,
        title=f"{context.metric} over {axis.name}",
        alt=f"{context.metric} over {axis.name}",
        x=axis.axis,
        y=y,
        goal=context.study.objective.goal,
        points=tuple(sorted(points, key=order)),
        labels={"best": context.best_label},
        notes=_foot_notes(axis, failed),
    )


def _foot_notes(axis: SettingAxis, failed: Sequence[Trial]) -> tuple[Line, ...]:
    return foot_notes("figure.slices", [trial for trial in failed if not axis.places[trial.number].missing])


def _slice_table(context: PlotContext, axis: SettingAxis, failed: Sequence[Trial]) -> PlotTable:
    """Return number, mean and best by value or by fifths of the axis, and the number without a value."""
    count = axis.bins(GROUPS)
    groups: dict[tuple[str, int], list[float]] = defaultdict(list)
    without: dict[tuple[str, int], int] = defaultdict(int)
    for number, at in axis.places.items():
        if not at.missing:
            beyond = axis.beyond(at)
            key = beyond, -1 if beyond else axis.bin_of(at.position, count)
            value = context.values.get(number)
            groups[key] += [] if value is None else [value]
            without[key] += value is None
    rows = []
    for (beyond, index), values in sorted(groups.items(), key=lambda item: item[0]):
        numbers = (fmean(values), context.study.objective.best(values)) if values else ()
        texts = map(context.short_text, numbers) if numbers else ("–", "–")
        row = (beyond or axis.bin_text(index, count), str(len(values)), *texts)
        rows.append((*row, str(without[beyond, index])) if failed else row)
    headings = (sanitize(axis.name, limit=20), "n", "mean", "best")
    return PlotTable((*headings, "no value") if failed else headings, tuple(rows))


MAX_AXES = 8
"""Number of settings shown, the most important ones."""
MAX_LINES = 300
"""Number of trials drawn."""
MAX_TABLE_TRIALS = 4
"""Number of trials whose settings stand in the table of a parallel plot."""


def parallel(context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return the plot `parallel_coordinates`, a line per ranked trial; None if nothing varies."""
    trials = context.ranked
    names = list(options.settings) or context.names[:MAX_AXES]
    if not trials or not names:
        return None
    drawn = choose_trials(context, trials, MAX_LINES)
    axes = [SettingAxis(context, name, trials, whole_range=options.whole_range) for name in names]
    best = context.order[0]
    z = objective_range(context, list(context.values.values()))
    top = {trial.number for trial in context.order[: max(1, len(trials) // 10)]}
    worst_first = sorted(drawn, key=lambda trial: context.rank[trial.number], reverse=True)
    notes = axis_notes("figure.parallel", axes, drawn)
    caption = line(
        "Settings and objective of {n} of {all} ranked trials, a line each, dark where better; trial {best} is {so}.",
        n=trial_count("figure.parallel.drawn", drawn),
        all=trial_count("figure.parallel.ranked", trials),
        best=trial_fact("figure.parallel.best", best),
        so=context.phrase_of(best),
    )
    return Plot(
        kind="parallel",
        name="parallel_coordinates",
        title=f"all parameters of {drawn_count_text(len(drawn), len(trials))}, the best tenth in colour",
        alt=f"Settings and {context.metric}, a line per trial",
        caption=with_notes(caption, notes),
        y=Axis("each axis from its low to its high"),
        z=z,
        goal=context.study.objective.goal,
        axes=(*(axis.axis for axis in axes), z),
        curves=tuple(_line_of(context, trial, axes, z, top) for trial in worst_first),
        labels={
            "best": f"trial {best.number}, {context.label_of(best)}",
            "outside": "outside today's range",
            "low": context.text(z.low),
            "high": context.text(z.high),
        },
        rows=context.csv_rows(drawn, names),
        table=_parallel_table(context, axes),
        notes=notes,
    )


def drawn_count_text(drawn: int, count: int) -> str:
    """Return how many trials are drawn, in words: all, or the best and an even sample by rank."""
    return f"{count} trials" if drawn == count else f"{drawn:,} of {count:,} trials (the best and a sample)"


def _line_of(context: PlotContext, trial: Trial, axes: Sequence[SettingAxis], z: Axis, top: set[int]) -> Curve:
    """Return the line of a trial, as heights (0 to 1) at each axis of a setting that the trial has."""
    value = context.values[trial.number]
    places = [(index, axis.axis, axis.places[trial.number]) for index, axis in enumerate(axes)]
    placed = [(index, axis, at) for index, axis, at in places if not at.missing]
    points = [(float(index), axis.fraction(at.position)) for index, axis, at in placed]
    is_best = context.rank[trial.number] == 0
    return Curve(
        (*points, (float(len(axes)), z.fraction(value))),
        f"trial {trial.number}",
        trial=trial.number,
        meaning="best" if is_best else "top" if trial.number in top else "complete",
        z=value,
        outside=tuple(position for position, (_, _, at) in enumerate(placed) if at.outside),
    )


def _parallel_table(context: PlotContext, axes: Sequence[SettingAxis]) -> PlotTable:
    """Return the settings of the best trials, a column for each."""
    best = context.order[: max(1, min(MAX_TABLE_TRIALS, len(context.order) // 10))]
    rows = [
        (
            sanitize(axis.name, limit=20),
            *(sanitize(setting(context.settings(trial).get(axis.name)), limit=14) for trial in best),
        )
        for axis in axes
    ]
    rows.append(
        (sanitize(context.metric, limit=20), *(context.short_text(context.values[trial.number]) for trial in best))
    )
    return PlotTable(("setting", *(f"#{trial.number}" for trial in best)), tuple(rows))


MAX_BARS = 60
"""Number of bars that remain distinguishable."""
MAX_COMBINED_METRICS = 8
"""Number of counted metrics that are combined; the number of combinations grows exponentially."""
MAX_EXAMINED_TRIALS = 50
"""Number of trials that are examined for such metrics."""


def categorization(context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return the plot of metrics that add up to a common total; None if there are none."""
    names = categories(context.trials)
    counted = [
        trial for trial in context.trials if names and all(recorded_counts(trial.metrics, name) for name in names)
    ]
    if not counted:
        return None
    # The best first, then those without a rank; equal ones stay in the order of their numbers.
    by_rank = sorted(counted, key=lambda trial: context.rank.get(trial.number, len(context.rank)))
    chosen = {trial.number for trial in by_rank[:MAX_BARS]}
    drawn = [trial for trial in counted if trial.number in chosen]
    return Plot(
        kind="categories",
        name="categorization",
        title="categories of answers by trial",
        alt="What became of the samples, by trial",
        caption=_categories_caption(context, names, counted, drawn),
        x=trial_axis(context),
        y=Axis("share of the evaluated samples", format="percent"),
        bars=tuple(part for trial in drawn for part in _bar_parts(trial, names)),
        labels={name: axis_label(context.view, name) for name in names},
        rows=[_categories_row(trial, names) for trial in counted],
        table=PlotTable(
            ("trial", *(sanitize(name, limit=30) for name in names)),
            tuple(
                (
                    str(trial.number),
                    *("{}/{}".format(*(recorded_counts(trial.metrics, name) or (0, 0))) for name in names),
                )
                for trial in drawn
            ),
        ),
    )


def _bar_parts(trial: Trial, names: Sequence[str]) -> list[Bar]:
    """Return the parts of a trial's bar, each on the one before."""
    parts, low = [], 0.0
    for name in names:
        k, n = recorded_counts(trial.metrics, name) or (0, 1)
        parts.append(Bar(str(trial.number), k / n, low, low + k / n, trial.number, name))
        low += k / n
    return parts


def categories(trials: Sequence[Trial]) -> list[str]:
    """Return the largest set of counted metrics whose hits add up to their common total in every trial."""
    metrics = [trial.metrics for trial in trials if any(name.endswith(HITS_SUFFIX) for name in trial.metrics)][
        :MAX_EXAMINED_TRIALS
    ]
    names = list(
        dict.fromkeys(name[: -len(HITS_SUFFIX)] for values in metrics for name in values if name.endswith(HITS_SUFFIX))
    )[:MAX_COMBINED_METRICS]
    for size in range(len(names), 1, -1):
        for combination in combinations(names, size):
            with_all = [values for values in metrics if all(name + HITS_SUFFIX in values for name in combination)]
            if with_all and all(_adds_up(values, combination) for values in with_all):
                return list(combination)
    return []


def _adds_up(metrics: Mapping[str, float], names: Sequence[str]) -> bool:
    totals = {metrics.get(name + TOTAL_SUFFIX) for name in names}
    if len(totals) != 1 or None in totals:
        return False
    hits = sum(metrics[name + HITS_SUFFIX] for name in names)
    return math.isfinite(hits) and hits == totals.pop()


def _categories_row(trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"trial": trial.number, "status": str(trial.status)}
    for name in names:
        row[name], row["n"] = recorded_counts(trial.metrics, name) or (None, None)
    return row


def _categories_caption(
    context: PlotContext, names: Sequence[str], counted: Sequence[Trial], drawn: Sequence[Trial]
) -> Line:
    key = "figure.categorization"
    text: Line = line("What became of the evaluated samples in {n} trials", n=trial_count(f"{key}.trials", counted))
    if len(drawn) < len(counted):
        text += (" (the best ", trial_count(f"{key}.drawn", drawn), " are drawn)")
    ranked = [trial for trial in counted if trial.number in context.rank]
    if not ranked:
        return (*text, ".")
    best = min(ranked, key=lambda trial: context.rank[trial.number])
    text += line(". Of trial {best}, {so}:", best=trial_fact(f"{key}.best", best), so=context.phrase_of(best))
    for index, name in enumerate(names):
        k, n = recorded_counts(best.metrics, name) or (0, 0)
        hits = Fact(f"{key}.{name}.k", k, f"{k:,}", (best.number,), f"metrics.{name}{HITS_SUFFIX}")
        total = Fact(f"{key}.{name}.n", n, f"{n:,}", (best.number,), f"metrics.{name}{TOTAL_SUFFIX}")
        text += line("{comma} {name} {k} of {n}", comma="," if index else "", name=Name(name), k=hits, n=total)
    return (*text, ".")
