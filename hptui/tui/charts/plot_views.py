"""The plots: history, importance, slice, heat map, parallel coordinates, Pareto front, categories."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hptui.core.format import is_count, metric, recorded_counts, setting
from hptui.core.space import Choice, Parameter
from hptui.core.trial import Trial, TrialStatus, Value
from hptui.core.unit_cube import fraction_of, value_at
from hptui.core.values import number_text
from hptui.results.analysis.cohort import ranked_trials
from hptui.results.view import View, best_trials
from hptui.tui.cells import Cell, plain_line
from hptui.tui.charts.plot_picture import (
    Dot,
    DotGrid,
    Drawing,
    DrawnPlot,
    draw_grid,
    stepped_line,
    straight_line,
    with_margins,
)
from hptui.tui.labels import short_number
from hptui.tui.themes import Glyphs

MAX_PARALLEL_LINES = 200
"""Number of lines, one per trial, that parallel coordinates show at most."""
SHADES = " ░▒▓█"
"""Characters of a heat map, from empty to full."""
ASCII_SHADES = " .:*#"
"""The same for terminals with ASCII only."""


@dataclass(frozen=True, slots=True)
class PlotOptions:
    """What a plot is of: its parameters by name, its size in cells, the characters it is drawn with."""

    width: int
    height: int
    parameter: str = ""
    other_parameter: str = ""
    charts: str = "braille"


def _objective_of(view: View, trial: Trial) -> float:
    return float((trial.values or {})[view.study.objective.metric])


def _objective_text(view: View, value: float) -> str:
    return short_number(value, view.study.metrics.get(view.study.objective.metric))


def _empty_plot(title: str, reason: str) -> DrawnPlot:
    return DrawnPlot(title, [[Cell("")], [Cell(f"  {reason}", "muted")]])


def history_plot(view: View, options: PlotOptions) -> DrawnPlot:
    """Draw the objective of every trial, and the best so far."""
    objective = view.study.objective
    trials = ranked_trials(view)
    title = f"{objective.metric} by trial, with the best so far"
    if not trials:
        return _empty_plot(title, "no trial is complete yet")
    best, steps, rows = None, [], []
    for trial in sorted(trials, key=lambda trial: trial.number):
        value = _objective_of(view, trial)
        if best is None or objective.better(value, best):
            best = value
            rows.append([str(trial.number), _objective_text(view, value), plain_line(trial.name, 20)])
        steps.append((float(trial.number), best))
    assert best is not None
    steps.append((max(trial.number for trial in view.trials) + 0.4, best))
    failed = [trial for trial in view.trials if trial.status in (TrialStatus.PRUNED, TrialStatus.FAILED)]
    values = [_objective_of(view, trial) for trial in trials]
    y = with_margins(values)
    dots = [Dot(float(trial.number), _objective_of(view, trial), "accent") for trial in trials]
    dots += [Dot(float(trial.number), y[0] + (y[1] - y[0]) * 0.01, "bad") for trial in failed]
    x = (-0.5, max(trial.number for trial in view.trials) + 0.5)
    plane = DotGrid(dots, [(stepped_line(steps), "best")], x, y, "trial", plain_line(objective.metric, 40))
    note = f"{len(failed)} pruned or failed trials stand at the bottom" if failed else ""
    return DrawnPlot(
        title,
        draw_grid(plane, options.width, options.height, options.charts),
        ("trial", "best so far", "name"),
        rows,
        note,
    )


def importance_plot(
    view: View, shares: Mapping[str, float] | None, options: PlotOptions, caveat: str = ""
) -> DrawnPlot:
    """Draw the importance of each parameter; `shares` (0 to 1) are computed in another process."""
    title = "how much of the variation each parameter explains (fANOVA)"
    if not shares:
        return _empty_plot(title, "nothing can be said: four complete trials that differ are needed")
    widest = max(len(name) for name in shares)
    room = max(5, options.width - widest - 10)
    drawing: Drawing = [[Cell("")]]
    for name, fraction in shares.items():
        bar = ("#" if options.charts == "ascii" else "█") * max(1, round(fraction * room))
        drawing.append(
            [Cell(f" {plain_line(name, 40):<{widest}} ", ""), Cell(bar, "accent"), Cell(f" {fraction:.0%}", "muted")]
        )
    rows = [[plain_line(name, 40), f"{fraction:.1%}"] for name, fraction in shares.items()]
    return DrawnPlot(title, drawing, ("parameter", "share"), rows, caveat)


def slice_plot(view: View, options: PlotOptions) -> DrawnPlot:
    """Draw the objective over one parameter."""
    parameter = _parameter_named(view, options.parameter)
    objective = view.study.objective
    if parameter is None:
        return _empty_plot("slice", "nothing is searched")
    title = f"{objective.metric} over {parameter.name}"
    points = _points_of(view, parameter)
    if not points:
        return _empty_plot(title, "no complete trial has a value of it")
    best = {trial.number for trial in best_trials(view.study, view.trials)}
    dots = [
        Dot(fraction_of(parameter, value), _objective_of(view, trial), "best" if trial.number in best else "accent")
        for trial, value in sorted(points, key=lambda pair: pair[0].number in best)
    ]
    y = with_margins([dot.y for dot in dots])
    plane = DotGrid(
        dots, (), (-0.02, 1.02), y, parameter.name, plain_line(objective.metric, 40), _parameter_ticks(parameter)
    )
    return DrawnPlot(
        title, draw_grid(plane, options.width, options.height, options.charts), *_grouped_rows(view, parameter, points)
    )


def heat_map(view: View, options: PlotOptions, glyphs: Glyphs | None = None) -> DrawnPlot:
    """Draw the mean objective over two parameters."""
    x_parameter, y_parameter = (
        _parameter_named(view, options.parameter),
        _parameter_named(view, options.other_parameter),
    )
    objective = view.study.objective
    if x_parameter is None or y_parameter is None or x_parameter is y_parameter:
        return _empty_plot("heat map", "two parameters are needed")
    title = f"mean {objective.metric} over {x_parameter.name} and {y_parameter.name}"
    cells: dict[tuple[int, int], list[float]] = defaultdict(list)
    across, down = _bin_count(x_parameter, max(3, min(10, (options.width - 14) // 8))), _bin_count(y_parameter, 8)
    for trial, value in _points_of(view, x_parameter):
        y_value = view.settings(trial).get(y_parameter.name)
        if y_value is not None and y_parameter.contains(y_value):
            cell_key = (
                min(across - 1, int(fraction_of(x_parameter, value) * across)),
                min(down - 1, int(fraction_of(y_parameter, y_value) * down)),
            )
            cells[cell_key].append(_objective_of(view, trial))
    if not cells:
        return _empty_plot(title, "no complete trial has a value of both")
    means = {cell_key: statistics.fmean(values) for cell_key, values in cells.items()}
    low, high = min(means.values()), max(means.values())
    best_mean = min(means.values()) if objective.goal == "minimize" else max(means.values())
    shades = ASCII_SHADES if options.charts == "ascii" else SHADES
    cell_width = max(3, min(12, (options.width - 14) // across))
    cell_height = max(1, min(4, (options.height - 5) // down))
    drawing: Drawing = [[Cell("")]]
    for row in reversed(range(down)):
        line = [Cell(f"{_bin_label(y_parameter, row, down):>12} ", "muted")]
        for column in range(across):
            mean = means.get((column, row))
            if mean is None:
                line.append(Cell("·".center(cell_width), "muted"))
                continue
            fraction = (mean - low) / (high - low) if high > low else 0.0
            better = 1 - fraction if objective.goal == "minimize" else fraction
            cell_text = shades[1 + round(better * (len(shades) - 2))] * (cell_width - 1) + " "
            line.append(Cell(cell_text, "best" if mean == best_mean else "accent"))
        spacer = [Cell(cell.text.replace("·", " "), cell.meaning) for cell in line[1:]]
        drawing += [[Cell(" " * 13, "muted"), *spacer]] * (cell_height - 1) + [line]
    ticks = "".join(
        _bin_label(x_parameter, column, across)[: cell_width - 1].center(cell_width) for column in range(across)
    )
    drawing += [[Cell(" " * 13 + ticks, "muted")], [Cell(" " * 13 + plain_line(x_parameter.name, 40), "muted")]]
    descending = objective.goal == "maximize"
    rows = [
        [
            _bin_label(x_parameter, cell_key[0], across),
            _bin_label(y_parameter, cell_key[1], down),
            _objective_text(view, mean),
            str(len(cells[cell_key])),
        ]
        for cell_key, mean in sorted(means.items(), key=lambda item: (item[1], item[0]), reverse=descending)
    ]
    headings = (plain_line(x_parameter.name, 20), plain_line(y_parameter.name, 20), "mean", "n")
    return DrawnPlot(title, drawing, headings, rows, "the fuller, the better; a dot: nothing was tried there")


def parallel_plot(view: View, options: PlotOptions) -> DrawnPlot:
    """Draw one line per trial through all parameters; the best tenth stands out."""
    objective, parameters = view.study.objective, [*view.study.space.parameters]
    trials = ranked_trials(view)[-MAX_PARALLEL_LINES:]
    title = f"all parameters of {len(trials)} trials, the best tenth in colour"
    if not trials or len(parameters) < 1:
        return _empty_plot(title, "no trial is complete yet")
    values = [_objective_of(view, trial) for trial in trials]
    low, high = min(values), max(values)
    order = sorted(trials, key=lambda trial: _objective_of(view, trial), reverse=objective.goal == "minimize")
    best = {trial.number for trial in order[-max(1, len(order) // 10) :]}
    lines = []
    for trial in order:
        points = []
        settings = view.settings(trial)
        for index, parameter in enumerate(parameters):
            value = settings.get(parameter.name)
            points.append((float(index), fraction_of(parameter, value) if parameter.contains(value) else math.nan))
        fraction = (_objective_of(view, trial) - low) / (high - low) if high > low else 0.5
        points.append((float(len(parameters)), fraction))
        lines.append((straight_line(points), "best" if trial.number in best else "muted"))
    names = [*(parameter.name for parameter in parameters), objective.metric]
    room = max(4, (options.width - 8) // max(1, len(names)) - 1)
    ticks = [(float(index), _cut(plain_line(name, 40), room)) for index, name in enumerate(names)]
    plane = DotGrid(
        (), lines, (0.0, float(len(parameters))), (-0.02, 1.02), "", "each axis from its low to its high", ticks
    )
    shown = [trial for trial in reversed(order) if trial.number in best][:4]
    settings_shown = [view.settings(trial) for trial in shown]
    rows = [
        [plain_line(p.name, 20), *(plain_line(setting(trial.get(p.name)), 14) for trial in settings_shown)]
        for p in parameters
    ]
    rows.append(
        [plain_line(objective.metric, 20), *(_objective_text(view, _objective_of(view, trial)) for trial in shown)]
    )
    headings = ("setting", *(f"#{trial.number}" for trial in shown))
    return DrawnPlot(title, draw_grid(plane, options.width, options.height, options.charts), headings, rows)


def pareto_plot(view: View, options: PlotOptions) -> DrawnPlot:
    """Draw two objectives against each other, with the Pareto front in colour."""
    objectives = view.study.objectives
    if len(objectives) < 2:
        return _empty_plot("Pareto front", "the study has one objective")
    x_objective, y_objective = objectives[0], objectives[1]
    title = f"{y_objective.metric} against {x_objective.metric}"
    trials = ranked_trials(view)
    front = {trial.number for trial in best_trials(view.study, view.trials)}
    points = [
        ((trial.values or {}).get(x_objective.metric), (trial.values or {}).get(y_objective.metric), trial)
        for trial in trials
    ]
    pairs = [(x, y, trial) for x, y, trial in points if x is not None and y is not None]
    if not pairs:
        return _empty_plot(title, "no trial is complete yet")
    dots = [
        Dot(x, y, "best" if trial.number in front else "muted")
        for x, y, trial in sorted(pairs, key=lambda point: point[2].number in front)
    ]
    front_points = sorted(((x, y) for x, y, trial in pairs if trial.number in front), key=lambda point: point[0])
    plane = DotGrid(
        dots,
        [(straight_line(front_points), "best")] if len(front_points) > 1 else (),
        with_margins([dot.x for dot in dots]),
        with_margins([dot.y for dot in dots]),
        f"{x_objective.metric} ({x_objective.goal})",
        f"{y_objective.metric} ({y_objective.goal})",
    )
    specs = view.study.metrics
    rows = [
        [
            str(trial.number),
            metric(x, specs.get(x_objective.metric)),
            metric(y, specs.get(y_objective.metric)),
            plain_line(trial.name, 20),
        ]
        for x, y, trial in sorted(pairs, key=lambda point: point[0])
        if trial.number in front
    ]
    return DrawnPlot(
        title,
        draw_grid(plane, options.width, options.height, options.charts),
        ("trial", x_objective.metric, y_objective.metric, "name"),
        rows,
    )


def category_plot(view: View, options: PlotOptions) -> DrawnPlot:
    """Draw the answers of each trial as one bar, divided by category."""
    title = "categories of answers by trial"
    names = _category_names(view.trials)
    counting_trials = [
        trial for trial in view.trials if names and all(recorded_counts(trial.metrics, name) for name in names)
    ]
    if not counting_trials:
        return _empty_plot(title, "no trial counts its answers by category")
    meanings = ("good", "warn", "bad", "accent", "paused", "running")
    signs = "#=-+~o" if options.charts == "ascii" else "█▓▒░▚▞"
    room = max(10, options.width - 14)
    drawing: Drawing = [
        [Cell(f" {signs[n % 6]} ", meanings[n % 6]) if part == 0 else Cell(plain_line(name, 30), "muted")
         for n, name in enumerate(names) for part in (0, 1)]
    ]  # fmt: skip
    rows = []
    for trial in counting_trials[-max(3, options.height - 2) :]:
        line, cumulative, width_drawn = [Cell(f"{trial.number:>6} ", "muted")], 0.0, 0
        for n, name in enumerate(names):
            k, total = recorded_counts(trial.metrics, name) or (0, 1)
            cumulative += k / total
            width = round(cumulative * room) - width_drawn
            width_drawn += width
            line.append(Cell(signs[n % 6] * width, meanings[n % 6]))
        drawing.append(line)
        parts = [recorded_counts(trial.metrics, name) or (0, 0) for name in names]
        rows.append([str(trial.number), *(f"{k}/{n}" for k, n in parts)])
    return DrawnPlot(title, drawing, ("trial", *names), rows)


def _category_names(trials: Sequence[Trial]) -> list[str]:
    """Return the fewest counted metrics that add up to their common total in every trial that has them."""
    from itertools import combinations

    counts = [
        {
            name: count_pair
            for name in trial.metrics
            if not is_count(name) and (count_pair := recorded_counts(trial.metrics, name))
        }
        for trial in trials
    ]
    counts = [count for count in counts if len(count) > 1]
    names = [name for name in (counts[0] if counts else ()) if all(name in count for count in counts)][:10]
    for size in range(2, min(6, len(names)) + 1):
        for chosen in combinations(names, size):
            if all(_add_up_to_total([count[name] for name in chosen]) for count in counts):
                return list(chosen)
    return []


def _add_up_to_total(parts: Sequence[tuple[int, int]]) -> bool:
    """Return whether counts of the same total add up to it."""
    totals = {n for _, n in parts}
    return len(totals) == 1 and sum(k for k, _ in parts) == totals.pop()


# -- parameters


def _parameter_named(view: View, name: str) -> Parameter | None:
    parameters = view.study.space.parameters
    return next(
        (parameter for parameter in parameters if parameter.name == name),
        parameters[0] if parameters and not name else None,
    )


def _points_of(view: View, parameter: Parameter) -> list[tuple[Trial, Value]]:
    pairs = [(trial, view.settings(trial).get(parameter.name)) for trial in ranked_trials(view)]
    return [(trial, value) for trial, value in pairs if value is not None and parameter.contains(value)]


def _parameter_ticks(parameter: Parameter) -> list[tuple[float, str]]:
    if isinstance(parameter, Choice) and parameter.size <= 12:
        return [(fraction_of(parameter, value), setting(value)) for value in parameter.levels]
    return [(fraction, _short_value(value_at(parameter, fraction))) for fraction in (0.0, 0.25, 0.5, 0.75, 1.0)]


def _short_value(value: Value) -> str:
    """Return a value in few characters: 1e-4, 0.035."""
    return number_text(float(f"{value:.2g}")) if isinstance(value, float) else setting(value)


def _bin_count(parameter: Parameter, max_bins: int) -> int:
    size = parameter.size
    return size if size is not None and size <= max_bins else max_bins


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _bin_label(parameter: Parameter, index: int, bins: int) -> str:
    return plain_line(_short_value(value_at(parameter, (index + 0.5) / bins)), 12)


def _grouped_rows(
    view: View, parameter: Parameter, points: Sequence[tuple[Trial, Value]]
) -> tuple[Sequence[str], list[list[str]]]:
    """Return the mean and best objective by value, or by fifths of the range: the numbers of a slice."""
    bins = _bin_count(parameter, 5)
    groups: dict[int, list[float]] = defaultdict(list)
    for trial, value in points:
        groups[min(bins - 1, int(fraction_of(parameter, value) * bins))].append(_objective_of(view, trial))
    rows = []
    for index in sorted(groups):
        values = groups[index]
        bounds = (
            _short_value(value_at(parameter, index / bins)),
            _short_value(value_at(parameter, (index + 1) / bins - 1e-9)),
        )
        text = bounds[0] if bounds[0] == bounds[1] else f"{bounds[0]} … {bounds[1]}"
        best = view.study.objective.best(values)
        rows.append(
            [text, str(len(values)), _objective_text(view, statistics.fmean(values)), _objective_text(view, best)]
        )
    return (plain_line(parameter.name, 20), "n", "mean", "best"), rows


PLOTS: Mapping[str, Callable[[View, PlotOptions], DrawnPlot]] = {
    "history": history_plot,
    "slice": slice_plot,
    "heat map": heat_map,
    "parallel": parallel_plot,
    "pareto": pareto_plot,
    "categories": category_plot,
}
"""Plots by name; importance is not among them, since its numbers come from another process."""
