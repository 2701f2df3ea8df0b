"""Plots of a pair: two settings coloured by the objective, and two objectives with the Pareto front."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from hptui.core.format import metric as shown
from hptui.core.format import setting
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results.analysis.cohort import knee_of_front
from hptui.results.analysis.cohort import pareto_front as front_of
from hptui.results.facts import Fact, Line, Name, Part, line
from hptui.results.plots.context import PlotContext
from hptui.results.plots.matplotlib import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    RED,
    Axis,
    colour_map_for,
    jitter,
    make_axis,
    new_figure,
    set_number_axis,
)
from hptui.results.plots.plot import Plot, axis_label, trial_count, trial_fact
from hptui.results.roles import setting_with_role

MAX_NUMBERED_POINTS = 20
"""Up to this number of trials the points are numbered."""
MARKERS_WITHOUT_VALUE = {TrialStatus.FAILED: ("x", RED, "failed"), TrialStatus.PRUNED: ("|", INK, "pruned")}
"""Marker, colour and word for the trials without a value, by status."""


def hyperparam_comparison(scene: PlotContext) -> Plot | None:
    """Return the plot `hyperparam_comparison`; None if fewer than two settings vary.

    It shows the learning rate and the batch size where both vary, else the two most important settings.
    """
    trials = scene.ranked
    names = settings_to_compare(scene)
    if not trials or len(names) < 2:
        return None
    settings = [scene.settings(trial) for trial in scene.trials]
    across, up = (
        make_axis(scene.view, name, [values_of_trial.get(name) for values_of_trial in settings]) for name in names
    )
    values = [scene.values[trial.number] for trial in trials]
    norm = Normalize(min(values), max(values))
    figure, axes = new_figure(6.4, 4.2)
    cells = bool(across.levels and up.levels)
    if cells:
        _draw_cells(axes, scene, trials, across, up, norm)
    else:
        _draw_points(axes, scene, across, up, norm)
    across.apply_to(axes, "x")
    up.apply_to(axes, "y")
    bar = figure.colorbar(ScalarMappable(norm, colour_map_for(scene.study.objective.goal)), ax=axes, pad=0.02)
    bar.set_label(f"{axis_label(scene.view, scene.metric)} (dark is better)")
    bar.outline.set_visible(False)
    set_number_axis(bar.ax, "y")
    best = scene.order[0]
    rows = [_pairs_row(scene, trial, names) for trial in scene.trials]
    alt = f"{names[0]} against {names[1]}, coloured by {scene.metric}"
    return Plot("hyperparam_comparison", alt, _pairs_caption(scene, names, best, trials, cells=cells), rows, figure)


def settings_to_compare(scene: PlotContext) -> list[str]:
    """Return the two settings to compare: learning rate and batch size, then by importance."""
    preferred = [name for role in ("learning_rate", "batch") if (name := setting_with_role(scene.names, role))]
    return list(dict.fromkeys([*preferred, *scene.names]))[:2]


def _draw_points(axes: Any, scene: PlotContext, across: Axis, up: Axis, norm: Any) -> None:
    """Draw a point per trial; those without a value are marked by status."""
    positions = {
        trial.number: position
        for trial in scene.trials
        if (position := _position(scene, trial, across, up)) is not None
    }
    for status, (marker, colour, word) in MARKERS_WITHOUT_VALUE.items():
        points = [
            positions[trial.number] for trial in scene.trials if trial.status is status and trial.number in positions
        ]
        if points:
            axes.scatter(*zip(*points, strict=True), marker=marker, color=colour, s=52, lw=1.3, label=word, zorder=2)
    best, size = scene.order[0], 62 if len(scene.ranked) <= 200 else 14
    baseline = [trial for trial in scene.ranked if trial.role is Role.BASELINE and trial is not best]
    others = [trial for trial in scene.ranked if trial.role is not Role.BASELINE and trial is not best]
    dark, light = {"edgecolor": INK, "lw": 1.2}, {"edgecolor": "white", "lw": size / 100}
    _draw_group(axes, scene, norm, positions, others, s=size, **light)
    for trials, shape, area, word in ((baseline, "D", 48, "baseline"), ([best], "*", 230, scene.best_label)):
        _draw_group(axes, scene, norm, positions, trials, marker=shape, s=area, zorder=4, **dark)
        if trials:
            axes.scatter([], [], marker=shape, s=60, facecolor="white", edgecolor=INK, label=word)
    if len(scene.trials) <= MAX_NUMBERED_POINTS:
        numbers_at: dict[tuple[float, float], list[int]] = defaultdict(list)
        marked = {trial.number for trial in scene.trials if trial.status in MARKERS_WITHOUT_VALUE} | {
            ranked.number for ranked in scene.ranked
        }
        for number, position in positions.items():
            if number in marked:
                numbers_at[position].append(number)
        for position, numbers in numbers_at.items():  # labels of coinciding points would overlap
            axes.annotate(
                ", ".join(map(str, numbers)),
                position,
                (7, 6),
                textcoords="offset points",
                fontsize=7,
                color=INK,
                zorder=6,
            )
    axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0), handletextpad=0.3)
    axes.margins(0.08)


def _draw_group(
    axes: Any,
    scene: PlotContext,
    norm: Any,
    positions: Mapping[int, tuple[float, float]],
    trials: Sequence[Trial],
    **style: Any,
) -> None:
    """Draw trials with a value in the colour of their objective."""
    numbers = [trial.number for trial in trials if trial.number in positions]
    if numbers:
        colours = colour_map_for(scene.study.objective.goal)
        x, y = zip(*(positions[number] for number in numbers), strict=True)
        axes.scatter(x, y, c=[colours(norm(scene.values[number])) for number in numbers], **{"zorder": 3, **style})


def _position(scene: PlotContext, trial: Trial, across: Axis, up: Axis) -> tuple[float, float] | None:
    settings = scene.settings(trial)
    x, y = across.position_of(settings.get(across.name)), up.position_of(settings.get(up.name))
    if x is None or y is None:
        return None
    return x + jitter(trial.number, across), y + jitter(trial.number, up)


def _draw_cells(axes: Any, scene: PlotContext, trials: Sequence[Trial], across: Axis, up: Axis, norm: Any) -> None:
    """Draw two choices as a map of means, with the number of trials in each cell."""
    from matplotlib.patches import Rectangle

    ranked = {trial.number for trial in trials}
    cells: dict[tuple[float, float], list[Trial]] = defaultdict(list)
    without: dict[tuple[float, float], Counter[str]] = defaultdict(Counter)
    for trial in scene.trials:
        settings = scene.settings(trial)
        x, y = across.position_of(settings.get(across.name)), up.position_of(settings.get(up.name))
        if x is None or y is None:
            continue
        if trial.number in ranked:
            cells[x, y].append(trial)
        elif trial.status in MARKERS_WITHOUT_VALUE:
            without[x, y][MARKERS_WITHOUT_VALUE[trial.status][2]] += 1
    colours = colour_map_for(scene.study.objective.goal)
    spec = scene.study.metrics.get(scene.metric)
    best = scene.order[0]
    axes.grid(visible=False)
    for (x, y), cell_trials in cells.items():
        mean = fmean(scene.values[trial.number] for trial in cell_trials)
        colour = colours(norm(mean))
        is_best = best.number in {trial.number for trial in cell_trials}
        axes.add_patch(
            Rectangle(
                (x - 0.5, y - 0.5),
                1,
                1,
                facecolor=colour,
                edgecolor=INK if is_best else "white",
                lw=2 if is_best else 1,
                zorder=3 if is_best else 2,
            )
        )
        # Luma of the cell's colour (ITU-R BT.601) decides whether its text is dark or white.
        is_light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.55
        text = "\n".join(
            [
                f"best, {shown(mean, spec)}" if is_best and len(cell_trials) == 1 else shown(mean, spec),
                f"n={len(cell_trials)}",
            ]
            + [f"{count} {word}" for word, count in without.pop((x, y), {}).items()]
        )
        axes.text(x, y, text, ha="center", va="center", fontsize=7, color=INK if is_light else "white", zorder=4)
    for (x, y), words in without.items():  # cells without any value have no colour
        text = "\n".join(f"{count} {word}" for word, count in words.items())
        axes.text(x, y, text, ha="center", va="center", fontsize=7, color=INK)
    positions = [*cells, *without]
    axes.set_xlim(min(x for x, _ in positions) - 0.6, max(x for x, _ in positions) + 0.6)
    axes.set_ylim(min(y for _, y in positions) - 0.6, max(y for _, y in positions) + 0.6)


def _pairs_row(scene: PlotContext, trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    settings = scene.settings(trial)
    metric = scene.metric
    return {
        "trial": trial.number,
        "status": str(trial.status),
        **{name: settings.get(name) for name in names},
        metric: (trial.values or {}).get(metric),
    }


def _pairs_caption(
    scene: PlotContext, names: Sequence[str], best: Trial, trials: Sequence[Trial], *, cells: bool
) -> Line:
    metric, settings = scene.metric, scene.settings(best)
    spec = scene.study.metrics.get(metric)
    value = scene.values[best.number]
    key = "figure.hyperparam_comparison"
    parts: dict[str, Part | Line] = {
        "one": Name(names[0]),
        "two": Name(names[1]),
        "metric": Name(metric),
        "mean": ", the mean of each cell" if cells else "",
        "n": trial_count(f"{key}.ranked", trials),
        "best": trial_fact(f"{key}.best", best),
        "so": scene.best_phrase,
        "value": Fact(f"{key}.value", value, shown(value, spec), (best.number,), f"values.{metric}"),
        "x": _setting_fact(key, names[0], settings, best),
        "y": _setting_fact(key, names[1], settings, best),
    }
    return line(
        "{one} against {two} in {n} ranked trials, coloured by {metric}{mean}. "
        "Trial {best}, {so} with {value}, had {one} {x} and {two} {y}.",
        **parts,
    )


def _setting_fact(key: str, name: str, settings: Any, best: Trial) -> Fact:
    return Fact(f"{key}.{name}", settings.get(name), setting(settings.get(name)), (best.number,), f"settings.{name}")


MAX_NUMBERED_ON_FRONT = 15
"""Up to this number of trials on the front they are numbered."""


def pareto(scene: PlotContext) -> Plot | None:
    """Return the plot `pareto` of the first two objectives; None for a study with one objective."""
    trials, objectives = scene.ranked, scene.study.objectives
    if len(objectives) < 2 or not trials:
        return None
    first, second = (objective.metric for objective in objectives[:2])
    front = front_of(scene.view)
    front_numbers = {trial.number for trial in front}
    figure, axes = new_figure(6.0, 4.2)
    dominated = [trial for trial in trials if trial.number not in front_numbers]
    if dominated:
        axes.scatter(
            *_coordinates(dominated, first, second), s=26, color=GREY, alpha=0.7, lw=0, label="beaten", zorder=2
        )
    if len(objectives) == 2:
        step_style = "post" if objectives[1].goal == objectives[0].goal == "minimize" else "default"
        steps = {"drawstyle": "steps-post"} if step_style == "post" else {}
        axes.plot(*_coordinates(front, first, second), color=BLUE, lw=1.2, zorder=3, **steps)
    axes.scatter(
        *_coordinates(front, first, second),
        s=58,
        color=BLUE,
        edgecolor="white",
        lw=0.8,
        label="none is better in both" if len(objectives) == 2 else "on the Pareto front",
        zorder=4,
    )
    for trial in trials:
        if trial.role is Role.BASELINE:
            axes.scatter(
                *_coordinates([trial], first, second),
                s=46,
                marker="D",
                facecolor="white",
                edgecolor=INK,
                label="baseline",
                zorder=5,
            )
    knee_trial = knee_of_front(scene.view, front)
    if knee_trial is not None:
        axes.scatter(
            *_coordinates([knee_trial], first, second),
            s=170,
            marker="*",
            color=ORANGE,
            edgecolor=INK,
            label="knee",
            zorder=6,
        )
    if len(front) <= MAX_NUMBERED_ON_FRONT:
        for trial in front:
            coordinates = _coordinates([trial], first, second)
            axes.annotate(
                str(trial.number),
                (coordinates[0][0], coordinates[1][0]),
                (6, 5),
                textcoords="offset points",
                fontsize=7,
                zorder=7,
            )
    for which, objective in zip("xy", objectives[:2], strict=True):
        better = "lower is better" if objective.goal == "minimize" else "higher is better"
        getattr(axes, f"set_{which}label")(f"{axis_label(scene.view, objective.metric)}, {better}")
        values = [float((trial.values or {})[objective.metric]) for trial in trials]
        set_number_axis(axes, which, log=min(values) > 0 and max(values) / min(values) > 50)
    axes.margins(0.08)
    axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    rows = [_pareto_row(scene, trial, front_numbers) for trial in trials]
    return Plot("pareto", f"{first} against {second}", _pareto_caption(scene, trials, front, knee_trial), rows, figure)


def _coordinates(trials: Sequence[Trial], first: str, second: str) -> tuple[list[float], list[float]]:
    values: list[Any] = [trial.values or {} for trial in trials]
    return [float(value[first]) for value in values], [float(value[second]) for value in values]


def _pareto_row(scene: PlotContext, trial: Trial, front_numbers: set[int]) -> dict[str, Any]:
    values = {objective.metric: (trial.values or {}).get(objective.metric) for objective in scene.study.objectives}
    return {"trial": trial.number, **values, "front": trial.number in front_numbers}


def _pareto_caption(
    scene: PlotContext, trials: Sequence[Trial], front: Sequence[Trial], knee_trial: Trial | None
) -> Line:
    caption: Line = line(
        "{n} of {all} ranked trials are beaten by none in every objective.",
        n=trial_count("figure.pareto.front", front),
        all=trial_count("figure.pareto.ranked", trials),
    )
    if knee_trial is None:
        return caption
    number = knee_trial.number
    caption += line(" The knee is trial {number}", number=trial_fact("figure.pareto.knee", knee_trial))
    for objective in scene.study.objectives:
        value = float((knee_trial.values or {})[objective.metric])
        text = shown(value, scene.study.metrics.get(objective.metric))
        fact = Fact(f"figure.pareto.knee.{objective.metric}", value, text, (number,), f"values.{objective.metric}")
        caption += line(", {metric} {value}", metric=Name(objective.metric), value=fact)
    return (*caption, ".")
