"""The plot of two objectives against each other, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hptui.model.format import metric as shown
from hptui.model.trial import Role, Trial
from hptui.results.analysis.front import knee_of_front
from hptui.results.analysis.front import pareto_front as front_of
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.axis import set_number_axis
from hptui.results.figures.figure import Plot, axis_label, trial_count, trial_fact
from hptui.results.figures.scene import PlotContext
from hptui.results.figures.style import BLUE, GREY, INK, ORANGE, new_figure

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
