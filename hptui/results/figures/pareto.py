"""Two objectives against each other, with the trials that none beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hptui.model.format import metric as shown
from hptui.model.trial import Role, Trial
from hptui.results.analysis.front import knee
from hptui.results.analysis.front import pareto as front_of
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.axis import dress_number
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.scene import Scene
from hptui.results.figures.style import BLUE, INK, ORANGE, SOFT, sheet

NAMED = 15


def pareto(scene: Scene) -> Drawn | None:
    """`pareto`: the first two objectives. None for a study with one."""
    own, objectives = scene.own, scene.study.objectives
    if len(objectives) < 2 or not own:
        return None
    one, two = (objective.metric for objective in objectives[:2])
    front = front_of(scene.view)
    best = {trial.number for trial in front}
    picture, axes = sheet(6.0, 4.2)
    rest = [trial for trial in own if trial.number not in best]
    if rest:
        axes.scatter(*_xy(rest, one, two), s=26, color=SOFT, alpha=0.7, lw=0, label="beaten", zorder=2)
    if len(objectives) == 2:
        where = "post" if objectives[1].goal == objectives[0].goal == "minimize" else "default"
        steps = {"drawstyle": "steps-post"} if where == "post" else {}
        axes.plot(*_xy(front, one, two), color=BLUE, lw=1.2, zorder=3, **steps)
    axes.scatter(
        *_xy(front, one, two),
        s=58,
        color=BLUE,
        edgecolor="white",
        lw=0.8,
        label="none is better in both" if len(objectives) == 2 else "on the Pareto front",
        zorder=4,
    )
    for trial in own:
        if trial.role is Role.BASELINE:
            axes.scatter(
                *_xy([trial], one, two), s=46, marker="D", facecolor="white", edgecolor=INK, label="baseline", zorder=5
            )
    middle = knee(scene.view, front)
    if middle is not None:
        axes.scatter(*_xy([middle], one, two), s=170, marker="*", color=ORANGE, edgecolor=INK, label="knee", zorder=6)
    if len(front) <= NAMED:
        for trial in front:
            at = _xy([trial], one, two)
            axes.annotate(
                str(trial.number), (at[0][0], at[1][0]), (6, 5), textcoords="offset points", fontsize=7, zorder=7
            )
    for which, objective in zip("xy", objectives[:2], strict=True):
        better = "lower is better" if objective.goal == "minimize" else "higher is better"
        getattr(axes, f"set_{which}label")(f"{label(scene.view, objective.metric)}, {better}")
        found = [float((trial.values or {})[objective.metric]) for trial in own]
        dress_number(axes, which, log=min(found) > 0 and max(found) / min(found) > 50)
    axes.margins(0.08)
    axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    rows = [_row(scene, trial, best) for trial in own]
    return Drawn("pareto", f"{one} against {two}", _caption(scene, own, front, middle), rows, picture)


def _xy(trials: Sequence[Trial], one: str, two: str) -> tuple[list[float], list[float]]:
    values: list[Any] = [trial.values or {} for trial in trials]
    return [float(value[one]) for value in values], [float(value[two]) for value in values]


def _row(scene: Scene, trial: Trial, best: set[int]) -> dict[str, Any]:
    values = {objective.metric: (trial.values or {}).get(objective.metric) for objective in scene.study.objectives}
    return {"trial": trial.number, **values, "front": trial.number in best}


def _caption(scene: Scene, own: Sequence[Trial], front: Sequence[Trial], middle: Trial | None) -> Line:
    said: Line = line(
        "{n} of {all} ranked trials are beaten by none in every objective.",
        n=count("figure.pareto.front", front),
        all=count("figure.pareto.ranked", own),
    )
    if middle is None:
        return said
    number = middle.number
    said += line(" The knee is trial {number}", number=the("figure.pareto.knee", middle))
    for objective in scene.study.objectives:
        value = float((middle.values or {})[objective.metric])
        text = shown(value, scene.study.metrics.get(objective.metric))
        fact = Fact(f"figure.pareto.knee.{objective.metric}", value, text, (number,), f"values.{objective.metric}")
        said += line(", {metric} {value}", metric=Name(objective.metric), value=fact)
    return (*said, ".")
