"""The objective over the trials, with the best so far: what the search found, and when."""

from __future__ import annotations

from typing import Any

from hptui.model.format import metric as shown
from hptui.model.trial import Role, Trial, TrialStatus
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.axis import dress_number
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.scene import Scene
from hptui.results.figures.style import BASELINE, BLUE, INK, ORANGE, RED, sheet

INTERVALS = 60
"""More trials than this are drawn without their intervals: they would hide each other."""
EDGE = {
    TrialStatus.FAILED: ("x", RED, "failed"),
    TrialStatus.PRUNED: ("|", INK, "pruned"),
    TrialStatus.STOPPED: ("+", INK, "stopped"),
}


def history(scene: Scene) -> Drawn | None:
    """`objective`, or `eval_accuracy` where that is what is measured. None: nothing has a value yet."""
    own, values, metric = scene.own, scene.values, scene.metric
    if not own or scene.best is None:
        return None
    so_far: dict[int, float] = {}
    for trial in own:
        so_far[trial.number] = scene.study.objective.best([values[trial.number], *list(so_far.values())[-1:]])
    picture, axes = sheet()
    last = max(trial.number for trial in scene.trials)
    steps = ([*so_far, last], [*so_far.values(), list(so_far.values())[-1]])
    axes.step(*steps, where="post", color=ORANGE, lw=1.6, label="best so far", zorder=2)
    if len(own) <= INTERVALS:
        _intervals(axes, scene)
    _points(axes, scene)
    _edge(axes, scene)
    axes.set_xlabel("trial")
    axes.set_ylabel(label(scene.view, metric))
    every = list(values.values())
    axes.set_xlim(-0.5 - 0.01 * last, last + 0.5 + 0.01 * last)
    dress_number(axes, "x", whole=True)
    dress_number(axes, "y", log=min(every) > 0 and max(every) / min(every) > 50)
    axes.legend(ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1.0), columnspacing=1.2, handletextpad=0.4)
    name = "eval_accuracy" if "acc" in metric.lower() else "objective"
    rows = [_row(scene, trial, so_far.get(trial.number)) for trial in scene.trials]
    alt = f"{metric} of every trial, and the best so far"
    return Drawn(name, alt, _caption(scene, scene.best), rows, picture)


def _points(axes: Any, scene: Scene) -> None:
    values, best = scene.values, scene.best
    plain = [trial.number for trial in scene.own if trial.role is not Role.BASELINE]
    size = 22 if len(plain) <= 200 else 6
    axes.scatter(plain, [values[n] for n in plain], s=size, color=BLUE, lw=0, label="complete", zorder=3)
    for trial in scene.own:
        if trial.role is Role.BASELINE:
            at = values[trial.number]
            axes.axhline(at, color=INK, lw=0.8, ls=(0, (2, 2)), alpha=0.6, zorder=1)
            axes.scatter([trial.number], [at], **BASELINE, label="baseline", zorder=4)
    if best is not None:
        axes.scatter(
            [best.number], [values[best.number]], s=110, marker="*", color=INK, label=scene.best_label, zorder=5
        )


def _intervals(axes: Any, scene: Scene) -> None:
    for trial in scene.own:
        if (interval := scene.interval(trial)) is not None and interval.high > interval.low:
            axes.plot([trial.number] * 2, [interval.low, interval.high], color=BLUE, lw=3, alpha=0.25, zorder=1)


def _edge(axes: Any, scene: Scene) -> None:
    """Trials without a value have no height: they stand at the foot, by what became of them."""
    for status, (marker, colour, word) in EDGE.items():
        found = [trial.number for trial in scene.trials if trial.status is status]
        if found:
            foot = {"transform": axes.get_xaxis_transform(), "clip_on": False, "zorder": 4}
            said = f"{word} (no value)"
            axes.scatter(found, [0.02] * len(found), marker=marker, s=30, color=colour, lw=1.2, label=said, **foot)
    axes.margins(y=0.09)


def _row(scene: Scene, trial: Trial, so_far: float | None) -> dict[str, Any]:
    interval = scene.interval(trial) if trial.number in scene.values else None
    return {
        "trial": trial.number,
        "status": str(trial.status),
        "reason": str(trial.reason or ""),
        scene.metric: scene.values.get(trial.number),
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "best_so_far": so_far,
    }


def _caption(scene: Scene, best: Trial) -> Line:
    metric = scene.metric
    value = scene.values[best.number]
    said = line(
        "{metric} by trial. Trial {best} has the best, {value}, of {n} ranked.",
        metric=Name(metric),
        best=the("figure.objective.best", best),
        value=Fact(
            "figure.objective.value",
            value,
            shown(value, scene.study.metrics.get(metric)),
            (best.number,),
            f"values.{metric}",
        ),
        n=count("figure.objective.ranked", scene.own),
    )
    if len(scene.own) <= INTERVALS and any(scene.interval(trial) for trial in scene.own):
        said += (" Bars are intervals of ", Fact("figure.objective.confidence", 0.95, "95 %"), ".")
    without = [trial for trial in scene.trials if trial.status in EDGE]
    if without:
        word = " trial without a value is marked" if len(without) == 1 else " trials without a value are marked"
        said += (" ", count("figure.objective.without", without), f"{word} at the foot.")
    return said
