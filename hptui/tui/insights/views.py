"""The pictures: history, importance, a slice, a heat map, parallel coordinates, the Pareto front, categories."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hptui.model.counts import counted, is_count
from hptui.model.format import metric, setting
from hptui.model.space import Choice, Parameter
from hptui.model.trial import Trial, TrialStatus, Value
from hptui.model.values import number_text
from hptui.results.analysis.cohort import ranked
from hptui.results.view import View, best_trials
from hptui.search.cube import at, share
from hptui.tui.cells import Cell
from hptui.tui.glyphs import Glyphs
from hptui.tui.insights.picture import Dot, Drawing, Insight, Plane, draw, span, stairs, straight
from hptui.tui.text import plain
from hptui.tui.words import brief

MOST_LINES = 200
SHADES = " ░▒▓█"
ASCII_SHADES = " .:*#"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a picture is to be of: parameters by name, its size, how it is drawn."""

    width: int
    height: int
    one: str = ""
    other: str = ""
    charts: str = "braille"


def _value(view: View, trial: Trial) -> float:
    return float((trial.values or {})[view.study.objective.metric])


def _shown(view: View, value: float) -> str:
    return brief(value, view.study.metrics.get(view.study.objective.metric))


def _nothing(title: str, why: str) -> Insight:
    return Insight(title, [[Cell("")], [Cell(f"  {why}", "muted")]])


def history(view: View, wish: Wish) -> Insight:
    """The objective of every trial, and the best so far."""
    objective = view.study.objective
    trials = ranked(view)
    title = f"{objective.metric} by trial, with the best so far"
    if not trials:
        return _nothing(title, "no trial is complete yet")
    best, steps, rows = None, [], []
    for trial in sorted(trials, key=lambda one: one.number):
        value = _value(view, trial)
        if best is None or objective.better(value, best):
            best = value
            rows.append([str(trial.number), _shown(view, value), plain(trial.name, 20)])
        steps.append((float(trial.number), best))
    assert best is not None
    steps.append((max(trial.number for trial in view.trials) + 0.4, best))
    lost = [trial for trial in view.trials if trial.status in (TrialStatus.PRUNED, TrialStatus.FAILED)]
    values = [_value(view, trial) for trial in trials]
    y = span(values)
    dots = [Dot(float(trial.number), _value(view, trial), "accent") for trial in trials]
    dots += [Dot(float(trial.number), y[0] + (y[1] - y[0]) * 0.01, "bad") for trial in lost]
    x = (-0.5, max(trial.number for trial in view.trials) + 0.5)
    plane = Plane(dots, [(stairs(steps), "best")], x, y, "trial", plain(objective.metric, 40))
    note = f"{len(lost)} pruned or failed trials stand at the bottom" if lost else ""
    return Insight(
        title, draw(plane, wish.width, wish.height, wish.charts), ("trial", "best so far", "name"), rows, note
    )


def importance_bars(view: View, shares: Mapping[str, float] | None, wish: Wish, caveat: str = "") -> Insight:
    """How much of the variation each parameter explains. `shares` come from another process."""
    title = "how much of the variation each parameter explains (fANOVA)"
    if not shares:
        return _nothing(title, "nothing can be said: four complete trials that differ are needed")
    widest = max(len(name) for name in shares)
    room = max(5, wish.width - widest - 10)
    drawing: Drawing = [[Cell("")]]
    for name, part in shares.items():
        bar = ("#" if wish.charts == "ascii" else "█") * max(1, round(part * room))
        drawing.append([Cell(f" {plain(name, 40):<{widest}} ", ""), Cell(bar, "accent"), Cell(f" {part:.0%}", "muted")])
    rows = [[plain(name, 40), f"{part:.1%}"] for name, part in shares.items()]
    return Insight(title, drawing, ("parameter", "share"), rows, caveat)


def slice_of(view: View, wish: Wish) -> Insight:
    """The objective over one parameter."""
    parameter = _parameter(view, wish.one)
    objective = view.study.objective
    if parameter is None:
        return _nothing("slice", "nothing is searched")
    title = f"{objective.metric} over {parameter.name}"
    points = _points(view, parameter)
    if not points:
        return _nothing(title, "no complete trial has a value of it")
    best = {trial.number for trial in best_trials(view.study, view.trials)}
    dots = [
        Dot(share(parameter, value), _value(view, trial), "best" if trial.number in best else "accent")
        for trial, value in sorted(points, key=lambda pair: pair[0].number in best)
    ]
    y = span([dot.y for dot in dots])
    plane = Plane(dots, (), (-0.02, 1.02), y, parameter.name, plain(objective.metric, 40), _ticks(parameter))
    return Insight(title, draw(plane, wish.width, wish.height, wish.charts), *_groups(view, parameter, points))


def heat_map(view: View, wish: Wish, glyphs: Glyphs | None = None) -> Insight:
    """The mean objective over two parameters."""
    one, other = _parameter(view, wish.one), _parameter(view, wish.other)
    objective = view.study.objective
    if one is None or other is None or one is other:
        return _nothing("heat map", "two parameters are needed")
    title = f"mean {objective.metric} over {one.name} and {other.name}"
    cells: dict[tuple[int, int], list[float]] = defaultdict(list)
    across, down = _bins(one, max(3, min(10, (wish.width - 14) // 8))), _bins(other, 8)
    for trial, value in _points(view, one):
        second = view.settings(trial).get(other.name)
        if second is not None and other.contains(second):
            place = min(across - 1, int(share(one, value) * across)), min(down - 1, int(share(other, second) * down))
            cells[place].append(_value(view, trial))
    if not cells:
        return _nothing(title, "no complete trial has a value of both")
    means = {place: statistics.fmean(values) for place, values in cells.items()}
    low, high = min(means.values()), max(means.values())
    good = min(means.values()) if objective.goal == "minimize" else max(means.values())
    shades = ASCII_SHADES if wish.charts == "ascii" else SHADES
    wide = max(3, min(12, (wish.width - 14) // across))
    tall = max(1, min(4, (wish.height - 5) // down))
    drawing: Drawing = [[Cell("")]]
    for row in reversed(range(down)):
        line = [Cell(f"{_label(other, row, down):>12} ", "muted")]
        for column in range(across):
            mean = means.get((column, row))
            if mean is None:
                line.append(Cell("·".center(wide), "muted"))
                continue
            part = (mean - low) / (high - low) if high > low else 0.0
            better = 1 - part if objective.goal == "minimize" else part
            sign = shades[1 + round(better * (len(shades) - 2))] * (wide - 1) + " "
            line.append(Cell(sign, "best" if mean == good else "accent"))
        beside = [Cell(cell.text.replace("·", " "), cell.meaning) for cell in line[1:]]
        drawing += [[Cell(" " * 13, "muted"), *beside]] * (tall - 1) + [line]
    ticks = "".join(_label(one, column, across)[: wide - 1].center(wide) for column in range(across))
    drawing += [[Cell(" " * 13 + ticks, "muted")], [Cell(" " * 13 + plain(one.name, 40), "muted")]]
    up = objective.goal == "maximize"
    rows = [
        [_label(one, place[0], across), _label(other, place[1], down), _shown(view, mean), str(len(cells[place]))]
        for place, mean in sorted(means.items(), key=lambda item: (item[1], item[0]), reverse=up)
    ]
    headings = (plain(one.name, 20), plain(other.name, 20), "mean", "n")
    return Insight(title, drawing, headings, rows, "the fuller, the better; a dot: nothing was tried there")


def parallel(view: View, wish: Wish) -> Insight:
    """One line a trial through all parameters; the best tenth stands out."""
    objective, parameters = view.study.objective, [*view.study.space.parameters]
    trials = ranked(view)[-MOST_LINES:]
    title = f"all parameters of {len(trials)} trials, the best tenth in colour"
    if not trials or len(parameters) < 1:
        return _nothing(title, "no trial is complete yet")
    values = [_value(view, trial) for trial in trials]
    low, high = min(values), max(values)
    order = sorted(trials, key=lambda one: _value(view, one), reverse=objective.goal == "minimize")
    best = {trial.number for trial in order[-max(1, len(order) // 10) :]}
    lines = []
    for trial in order:
        points = []
        settings = view.settings(trial)
        for place, parameter in enumerate(parameters):
            value = settings.get(parameter.name)
            points.append((float(place), share(parameter, value) if parameter.contains(value) else math.nan))
        part = (_value(view, trial) - low) / (high - low) if high > low else 0.5
        points.append((float(len(parameters)), part))
        lines.append((straight(points), "best" if trial.number in best else "muted"))
    names = [*(parameter.name for parameter in parameters), objective.metric]
    room = max(4, (wish.width - 8) // max(1, len(names)) - 1)
    ticks = [(float(place), _within(plain(name, 40), room)) for place, name in enumerate(names)]
    plane = Plane(
        (), lines, (0.0, float(len(parameters))), (-0.02, 1.02), "", "each axis from its low to its high", ticks
    )
    shown = [trial for trial in reversed(order) if trial.number in best][:4]
    chosen = [view.settings(trial) for trial in shown]
    rows = [[plain(p.name, 20), *(plain(setting(one.get(p.name)), 14) for one in chosen)] for p in parameters]
    rows.append([plain(objective.metric, 20), *(_shown(view, _value(view, trial)) for trial in shown)])
    headings = ("setting", *(f"#{trial.number}" for trial in shown))
    return Insight(title, draw(plane, wish.width, wish.height, wish.charts), headings, rows)


def pareto(view: View, wish: Wish) -> Insight:
    """Two objectives against each other, the front in colour."""
    objectives = view.study.objectives
    if len(objectives) < 2:
        return _nothing("Pareto front", "the study has one objective")
    one, other = objectives[0], objectives[1]
    title = f"{other.metric} against {one.metric}"
    trials = ranked(view)
    front = {trial.number for trial in best_trials(view.study, view.trials)}
    points = [((t.values or {}).get(one.metric), (t.values or {}).get(other.metric), t) for t in trials]
    known = [(x, y, t) for x, y, t in points if x is not None and y is not None]
    if not known:
        return _nothing(title, "no trial is complete yet")
    dots = [
        Dot(x, y, "best" if t.number in front else "muted")
        for x, y, t in sorted(known, key=lambda point: point[2].number in front)
    ]
    on = sorted(((x, y) for x, y, t in known if t.number in front), key=lambda point: point[0])
    plane = Plane(
        dots,
        [(straight(on), "best")] if len(on) > 1 else (),
        span([dot.x for dot in dots]),
        span([dot.y for dot in dots]),
        f"{one.metric} ({one.goal})",
        f"{other.metric} ({other.goal})",
    )
    specs = view.study.metrics
    rows = [
        [str(t.number), metric(x, specs.get(one.metric)), metric(y, specs.get(other.metric)), plain(t.name, 20)]
        for x, y, t in sorted(known, key=lambda point: point[0])
        if t.number in front
    ]
    return Insight(
        title, draw(plane, wish.width, wish.height, wish.charts), ("trial", one.metric, other.metric, "name"), rows
    )


def categories(view: View, wish: Wish) -> Insight:
    """What became of the answers: one bar a trial, its parts by category."""
    title = "categories of answers by trial"
    names = _categories(view.trials)
    having = [trial for trial in view.trials if names and all(counted(trial.metrics, name) for name in names)]
    if not having:
        return _nothing(title, "no trial counts its answers by category")
    meanings = ("good", "warn", "bad", "accent", "paused", "running")
    signs = "#=-+~o" if wish.charts == "ascii" else "█▓▒░▚▞"
    room = max(10, wish.width - 14)
    drawing: Drawing = [
        [Cell(f" {signs[n % 6]} ", meanings[n % 6]) if part == 0 else Cell(plain(name, 30), "muted")
         for n, name in enumerate(names) for part in (0, 1)]
    ]  # fmt: skip
    rows = []
    for trial in having[-max(3, wish.height - 2) :]:
        line, reached, done = [Cell(f"{trial.number:>6} ", "muted")], 0.0, 0
        for n, name in enumerate(names):
            k, total = counted(trial.metrics, name) or (0, 1)
            reached += k / total
            width = round(reached * room) - done
            done += width
            line.append(Cell(signs[n % 6] * width, meanings[n % 6]))
        drawing.append(line)
        parts = [counted(trial.metrics, name) or (0, 0) for name in names]
        rows.append([str(trial.number), *(f"{k}/{n}" for k, n in parts)])
    return Insight(title, drawing, ("trial", *names), rows)


def _categories(trials: Sequence[Trial]) -> list[str]:
    """The fewest counted metrics that share their total and make it up together, in every trial that counts."""
    from itertools import combinations

    counts = [
        {name: found for name in trial.metrics if not is_count(name) and (found := counted(trial.metrics, name))}
        for trial in trials
    ]
    counts = [one for one in counts if len(one) > 1]
    names = [name for name in (counts[0] if counts else ()) if all(name in one for one in counts)][:10]
    for size in range(2, min(6, len(names)) + 1):
        for chosen in combinations(names, size):
            if all(_make_up([one[name] for name in chosen]) for one in counts):
                return list(chosen)
    return []


def _make_up(parts: Sequence[tuple[int, int]]) -> bool:
    """Whether counts of the same total add up to it."""
    totals = {n for _, n in parts}
    return len(totals) == 1 and sum(k for k, _ in parts) == totals.pop()


# -- parameters


def _parameter(view: View, name: str) -> Parameter | None:
    parameters = view.study.space.parameters
    return next((one for one in parameters if one.name == name), parameters[0] if parameters and not name else None)


def _points(view: View, parameter: Parameter) -> list[tuple[Trial, Value]]:
    pairs = [(trial, view.settings(trial).get(parameter.name)) for trial in ranked(view)]
    return [(trial, value) for trial, value in pairs if value is not None and parameter.contains(value)]


def _ticks(parameter: Parameter) -> list[tuple[float, str]]:
    if isinstance(parameter, Choice) and parameter.size <= 12:
        return [(share(parameter, value), setting(value)) for value in parameter.levels]
    return [(place, _text(at(parameter, place))) for place in (0.0, 0.25, 0.5, 0.75, 1.0)]


def _text(value: Value) -> str:
    """A value in few letters: 1e-4, 0.035."""
    return number_text(float(f"{value:.2g}")) if isinstance(value, float) else setting(value)


def _bins(parameter: Parameter, most: int) -> int:
    size = parameter.size
    return size if size is not None and size <= most else most


def _within(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _label(parameter: Parameter, place: int, bins: int) -> str:
    return plain(_text(at(parameter, (place + 0.5) / bins)), 12)


def _groups(
    view: View, parameter: Parameter, points: Sequence[tuple[Trial, Value]]
) -> tuple[Sequence[str], list[list[str]]]:
    """Means by value, or by fifths of the range: the numbers behind a slice."""
    bins = _bins(parameter, 5)
    groups: dict[int, list[float]] = defaultdict(list)
    for trial, value in points:
        groups[min(bins - 1, int(share(parameter, value) * bins))].append(_value(view, trial))
    rows = []
    for place in sorted(groups):
        values = groups[place]
        ends = (_text(at(parameter, place / bins)), _text(at(parameter, (place + 1) / bins - 1e-9)))
        text = ends[0] if ends[0] == ends[1] else f"{ends[0]} … {ends[1]}"
        best = view.study.objective.best(values)
        rows.append([text, str(len(values)), _shown(view, statistics.fmean(values)), _shown(view, best)])
    return (plain(parameter.name, 20), "n", "mean", "best"), rows


VIEWS: Mapping[str, Callable[[View, Wish], Insight]] = {
    "history": history,
    "slice": slice_of,
    "heat map": heat_map,
    "parallel": parallel,
    "pareto": pareto,
    "categories": categories,
}
"""Pictures by name; importance needs numbers from another process."""
