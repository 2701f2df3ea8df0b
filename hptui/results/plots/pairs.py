"""Plots of a pair: two settings coloured by the objective, and two objectives with the Pareto front."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from hptui.core.format import setting
from hptui.core.sanitize import sanitize
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.analysis.cohort import knee_of_front
from hptui.results.analysis.cohort import pareto_front as front_of
from hptui.results.facts import Fact, Line, Name, Part, join_with_and, line
from hptui.results.plots.axes import SettingAxis, axis_notes, metric_axis, objective_range
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import (
    Curve,
    Plot,
    PlotCell,
    PlotOptions,
    PlotTable,
    Point,
    axis_label,
    trial_count,
    trial_fact,
    with_notes,
)
from hptui.results.roles import setting_with_role

MAX_NUMBERED_POINTS = 20
"""Up to this number of trials the points are numbered."""
WITHOUT_VALUE = (TrialStatus.FAILED, TrialStatus.PRUNED)
"""Statuses of the trials without a value that a contour shows."""


def contour(context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return the plot `hyperparam_comparison`; None unless two settings vary and a trial has both.

    Its cells are a map of means. Without `options.settings` it is of the learning rate and the batch size where both
    vary, else of the two most important settings.
    """
    names = list(dict.fromkeys(options.settings or settings_to_compare(context)))[:2]
    if not context.ranked or len(names) < 2:
        return None
    shown = [trial for trial in context.trials if trial.number in context.rank or trial.status in WITHOUT_VALUE]
    x, y = (SettingAxis(context, name, context.trials, drawn=shown, whole_range=options.whole_range) for name in names)
    drawn = [trial for trial in shown if _is_placed(x, y, trial)]
    if not any(trial.number in context.rank for trial in drawn):
        return None
    is_map = bool(x.levels and y.levels)
    cells = _cells(context, x, y, drawn, options.bins)
    notes = axis_notes("figure.hyperparam_comparison", (x, y), shown)
    labels = {"baseline": "baseline", "best": context.best_label, "outside": "outside today's range"}
    return Plot(
        kind="contour",
        name="hyperparam_comparison",
        title=f"mean {context.metric} over {names[0]} and {names[1]}",
        alt=f"{names[0]} against {names[1]}, coloured by {context.metric}",
        caption=with_notes(_contour_caption(context, names, drawn, is_map=is_map), notes),
        x=x.axis,
        y=y.axis,
        z=objective_range(context, list(context.values.values())),
        goal=context.study.objective.goal,
        points=tuple(_contour_points(context, x, y, drawn)),
        cells=cells,
        labels=labels | {status: status for status in map(str, WITHOUT_VALUE)},
        numbered=len(context.trials) <= MAX_NUMBERED_POINTS,
        rows=[_contour_row(context, trial, names) for trial in drawn],
        table=_contour_table(context, x, y, cells),
        notes=notes,
    )


def settings_to_compare(context: PlotContext) -> list[str]:
    """Return the two settings to compare: learning rate and batch size, then by importance."""
    preferred = [name for role in ("learning_rate", "batch") if (name := setting_with_role(context.names, role))]
    return list(dict.fromkeys([*preferred, *context.names]))[:2]


def _is_placed(x: SettingAxis, y: SettingAxis, trial: Trial) -> bool:
    return not (x.places[trial.number].missing or y.places[trial.number].missing)


def _contour_points(context: PlotContext, x: SettingAxis, y: SettingAxis, trials: Sequence[Trial]) -> list[Point]:
    """Return a point per trial, those without a value first, the baseline and the best last."""
    points = []
    for trial in trials:
        value, across, up = context.values.get(trial.number), x.places[trial.number], y.places[trial.number]
        meaning = str(trial.status) if value is None else "complete"
        if value is not None and trial.role is Role.BASELINE:
            meaning = "baseline"
        if context.rank.get(trial.number) == 0:
            meaning = "best"
        outside = across.outside or up.outside
        points.append(Point(across.position, up.position, trial.number, meaning, outside, value))
    order = (*map(str, WITHOUT_VALUE), "complete", "baseline", "best")
    return sorted(points, key=lambda point: order.index(point.meaning))


def _cells(
    context: PlotContext, x: SettingAxis, y: SettingAxis, trials: Sequence[Trial], max_bins: tuple[int, int]
) -> tuple[PlotCell, ...]:
    """Return every cell of the map, empty ones too.

    Trials outside today's space are in cells of their own.
    """
    across, down = x.bins(max_bins[0]), y.bins(max_bins[1])
    groups: dict[tuple[int, int, bool], list[Trial]] = defaultdict(list)
    for trial in trials:
        placed = x.places[trial.number], y.places[trial.number]
        index = x.bin_of(placed[0].position, across), y.bin_of(placed[1].position, down)
        groups[(*index, placed[0].outside or placed[1].outside)].append(trial)
    cells = []
    empty = [(column, row, False) for column in range(across) for row in range(down)]
    for key in dict.fromkeys([*groups, *empty]):
        column, row, is_outside = key
        ranked = [trial for trial in groups[key] if trial.number in context.rank]
        mean = fmean(context.values[trial.number] for trial in ranked) if ranked else None
        without: dict[str, list[int]] = defaultdict(list)
        for trial in groups[key]:
            if trial.number not in context.rank:
                without[str(trial.status)].append(trial.number)
        cells.append(
            PlotCell(
                x.centre(column, across),
                y.centre(row, down),
                mean,
                tuple(trial.number for trial in ranked),
                "" if mean is None else context.text(mean),
                "best" if any(context.rank[trial.number] == 0 for trial in ranked) else "",
                is_outside,
                tuple((status, tuple(numbers)) for status, numbers in without.items()),
            )
        )
    return tuple(cells)


def _contour_row(context: PlotContext, trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    settings = context.settings(trial)
    return {
        "trial": trial.number,
        "status": str(trial.status),
        **{name: settings.get(name) for name in names},
        context.metric: context.values.get(trial.number),
    }


def _contour_table(context: PlotContext, x: SettingAxis, y: SettingAxis, cells: Sequence[PlotCell]) -> PlotTable:
    """Return the means by cell, best first."""
    sign = 1 if context.study.objective.goal == "minimize" else -1
    with_mean = [(cell.z, cell) for cell in cells if cell.z is not None]
    with_mean.sort(key=lambda item: (sign * item[0], item[1].x, item[1].y))
    rows = []
    for mean, cell in with_mean:
        number = cell.trials[0]
        texts = [
            (axis.beyond(axis.places[number]) if cell.outside else "") or axis.axis.text(position)
            for axis, position in ((x, cell.x), (y, cell.y))
        ]
        rows.append((*(sanitize(text, limit=12) for text in texts), context.short_text(mean), str(cell.n)))
    return PlotTable((sanitize(x.name, limit=20), sanitize(y.name, limit=20), "mean", "n"), tuple(rows))


def _contour_caption(context: PlotContext, names: Sequence[str], drawn: Sequence[Trial], *, is_map: bool) -> Line:
    best = context.order[0]
    metric, settings = context.metric, context.settings(best)
    value = context.values[best.number]
    key = "figure.hyperparam_comparison"
    ranked = [trial for trial in drawn if trial.number in context.rank]
    without = [
        (trial_count(f"{key}.{status}", same), f" {status}")
        for status in WITHOUT_VALUE
        if (same := [trial for trial in drawn if trial.number not in context.rank and trial.status is status])
    ]
    parts: dict[str, Part | Line] = {
        "one": Name(names[0]),
        "two": Name(names[1]),
        "metric": Name(metric),
        "mean": ", the mean of each cell" if is_map else "",
        "n": trial_count(f"{key}.ranked", ranked),
        "trials": "trial" if len(ranked) == 1 else "trials",
        "without": (" and ", *join_with_and(without), " without a value") if without else "",
        "best": trial_fact(f"{key}.best", best),
        "so": context.phrase_of(best),
        "value": Fact(f"{key}.value", value, context.text(value), (best.number,), f"values.{metric}"),
        "x": _setting_fact(key, names[0], settings, best),
        "y": _setting_fact(key, names[1], settings, best),
    }
    return line(
        "{one} against {two} in {n} ranked {trials}{without}, coloured by {metric}{mean}. "
        "Trial {best}, {so} with {value}, had {one} {x} and {two} {y}.",
        **parts,
    )


def _setting_fact(key: str, name: str, settings: Mapping[str, Any], best: Trial) -> Fact:
    return Fact(f"{key}.{name}", settings.get(name), setting(settings.get(name)), (best.number,), f"settings.{name}")


MAX_NUMBERED_ON_FRONT = 15
"""Up to this number of trials on the front they are numbered."""


def pareto(context: PlotContext, options: PlotOptions) -> Plot | None:
    """Return the plot `pareto` of the first two objectives; None for a study with one objective."""
    trials, objectives = context.ranked, context.study.objectives
    if len(objectives) < 2 or not trials:
        return None
    first, second = objectives[:2]
    front = front_of(context.view)
    knee = knee_of_front(context.view, front)
    values = {trial.number: _pair(trial, first.metric, second.metric) for trial in trials}
    axes = []
    for index, objective in enumerate((first, second)):
        better = "lower is better" if objective.goal == "minimize" else "higher is better"
        label = f"{axis_label(context.view, objective.metric)}, {better}"
        axes.append(metric_axis(context, objective.metric, [pair[index] for pair in values.values()], label=label))
    on_front = {trial.number for trial in front}
    groups = {
        "beaten": [trial for trial in trials if trial.number not in on_front and trial in context.kept],
        "broken": [trial for trial in trials if trial.number not in on_front and trial not in context.kept],
        "baseline": [trial for trial in trials if trial.role is Role.BASELINE],
        "front": front,
        "knee": [] if knee is None else [knee],
    }
    only_two = len(objectives) == 2
    # From the best of the first objective on, each step holds what was reached: a straight line would promise more.
    best_first = sorted((values[trial.number] for trial in front), reverse=first.goal == "maximize")
    curve = Curve(tuple(best_first), stepped=True, meaning="front")
    return Plot(
        kind="pareto",
        name="pareto",
        title=f"{second.metric} against {first.metric}",
        alt=f"{first.metric} against {second.metric}",
        caption=_pareto_caption(context, trials, front, knee),
        x=axes[0],
        y=axes[1],
        points=tuple(
            Point(*values[trial.number], trial.number, meaning) for meaning, group in groups.items() for trial in group
        ),
        curves=(curve,) if only_two else (),
        labels={
            "beaten": "beaten",
            "broken": "breaks a condition",
            "front": "none is better in both" if only_two else "on the Pareto front",
            "baseline": "baseline",
            "knee": "knee",
        },
        numbered=len(front) <= MAX_NUMBERED_ON_FRONT,
        rows=[_pareto_row(context, trial, on_front) for trial in trials],
        table=_pareto_table(context, front),
    )


def _pair(trial: Trial, first: str, second: str) -> tuple[float, float]:
    values = trial.values or {}
    return float(values[first]), float(values[second])


def _pareto_row(context: PlotContext, trial: Trial, on_front: set[int]) -> dict[str, Any]:
    values = {objective.metric: (trial.values or {}).get(objective.metric) for objective in context.study.objectives}
    return {"trial": trial.number, **values, "front": trial.number in on_front}


def _pareto_table(context: PlotContext, front: Sequence[Trial]) -> PlotTable:
    """Return the front by its first objective."""
    first, second = (objective.metric for objective in context.study.objectives[:2])
    rows = [
        (
            str(trial.number),
            context.text((trial.values or {})[first], first),
            context.text((trial.values or {})[second], second),
            sanitize(trial.name, limit=20),
        )
        for trial in sorted(front, key=lambda trial: ((trial.values or {})[first], trial.number))
    ]
    return PlotTable(("trial", first, second, "name"), tuple(rows))


def _pareto_caption(context: PlotContext, trials: Sequence[Trial], front: Sequence[Trial], knee: Trial | None) -> Line:
    caption: Line = line(
        "{n} of {all} ranked trials{kept} are beaten by none in every objective.",
        n=trial_count("figure.pareto.front", front),
        all=trial_count("figure.pareto.ranked", context.kept or trials),
        kept=" that break no condition of the study" if 0 < len(context.kept) < len(trials) else "",
    )
    if knee is None:
        return caption
    number = knee.number
    caption += line(" The knee is trial {number}", number=trial_fact("figure.pareto.knee", knee))
    for objective in context.study.objectives:
        value = float((knee.values or {})[objective.metric])
        text = context.text(value, objective.metric)
        fact = Fact(f"figure.pareto.knee.{objective.metric}", value, text, (number,), f"values.{objective.metric}")
        caption += line(", {metric} {value}", metric=Name(objective.metric), value=fact)
    return (*caption, ".")
