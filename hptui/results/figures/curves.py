"""Curves of all trials over steps: a loss, or the objective itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.colors import Normalize

from hptui.model.clean import clean
from hptui.model.counts import is_count
from hptui.model.format import metric as shown
from hptui.model.trial import Trial, TrialStatus
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.axis import dress_number
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.scene import Scene
from hptui.results.figures.style import DASHES, INK, RED, SERIES, SOFT, scale_of, sheet
from hptui.results.roles import counterpart
from hptui.storage.reader import Reader

FEW = 6
"""So many trials get a colour each; more are coloured by what they reached."""
DRAWN = 120
POINTS = 400
USUAL = ("train_loss", "training_loss", "train/loss", "loss")


@dataclass(frozen=True, slots=True)
class Curve:
    """A trial's points of one metric, as they are drawn."""

    trial: Trial
    steps: list[float]
    values: list[float]


def training_loss(scene: Scene) -> Drawn | None:
    """`training_loss`: how the training loss fell in every trial, else the objective, where it has curves."""
    metric = training_metric(scene)
    return _drawn(scene, metric, "training_loss") if metric else None


def objective_curves(scene: Scene) -> Drawn | None:
    """`objective_curves`: the objective during training, where that is another curve than the training loss."""
    metric = scene.metric
    return _drawn(scene, metric, "objective_curves") if metric != training_metric(scene) else None


def training_metric(scene: Scene) -> str | None:
    """The metric that training lowers, of those with at least two points in a trial."""
    names = [name for name in scene.reader.metric_names() if not is_count(name)]
    objective = scene.metric
    own, _ = counterpart(objective, names)
    first = [own] if own is not None and own != objective else []
    for name in dict.fromkeys([*first, *USUAL, objective]):
        if name in names and any(summary.n > 1 for summary in scene.reader.summaries(name).values()):
            return name
    return None


def _drawn(scene: Scene, metric: str, name: str) -> Drawn | None:
    having = scene.reader.summaries(metric)
    trials = [trial for trial in scene.trials if trial.number in having and having[trial.number].n > 1]
    chosen = choose(scene, trials, DRAWN)
    curves = [_curve(scene.reader, trial, metric, having[trial.number].n) for trial in chosen]
    curves = [curve for curve in curves if curve.steps]
    if not curves:
        return None
    drawn = {curve.trial.number for curve in curves}
    best = next((trial for trial in scene.order if trial.number in drawn), None)
    picture, axes = sheet()
    if len(curves) <= FEW:
        _each(axes, scene, curves, best)
    else:
        _by_value(picture, axes, scene, curves, best)
    every = [value for curve in curves for value in curve.values]
    axes.set_xlabel("step")
    dress_number(axes, "x", whole=True)
    axes.set_ylabel(label(scene.view, metric))
    dress_number(axes, "y", log=min(every) > 0 and max(every) / min(every) > 30)
    axes.margins(x=0.02)
    rows = [
        {"trial": curve.trial.number, "step": step, metric: value}
        for curve in curves
        for step, value in zip(curve.steps, curve.values, strict=True)
    ]
    caption = _caption(scene, metric, name, trials, curves, best, having)
    return Drawn(name, f"{metric} over steps", caption, rows, picture)


def choose(scene: Scene, trials: Sequence[Trial], most: int) -> list[Trial]:
    """At most so many trials: the best, and the others evenly by rank; those without a rank last."""
    known = {trial.number for trial in trials}
    order = [trial for trial in scene.order if trial.number in known]
    placed = {trial.number for trial in order}
    order += [trial for trial in trials if trial.number not in placed]
    if len(order) <= most:
        return sorted(order, key=lambda trial: trial.number)
    first, rest = order[: most // 6], order[most // 6 :]
    step = len(rest) / (most - len(first))
    some = [rest[int(index * step)] for index in range(most - len(first))]
    return sorted([*first, *some], key=lambda trial: trial.number)


def _curve(reader: Reader, trial: Trial, metric: str, n: int) -> Curve:
    """A trial's points; of very many, the mean of each stretch."""
    if n > POINTS:
        found = [(bucket.last, bucket.mean) for bucket in reader.buckets(trial.number, metric, POINTS)]
    else:
        found = [(step, value) for step, value, _ in reader.curve(trial.number, metric)]
    kept = [(step, value) for step, value in found if value is not None and math.isfinite(value)]
    return Curve(trial, [float(step) for step, _ in kept], [float(value) for _, value in kept])


def _each(axes: Any, scene: Scene, curves: Sequence[Curve], best: Trial | None) -> None:
    for index, curve in enumerate(curves):
        star = best is not None and curve.trial.number == best.number
        said = f"trial {curve.trial.number}" + (f" ({clean(curve.trial.name, limit=20)})" if curve.trial.name else "")
        end = "" if curve.trial.status is TrialStatus.COMPLETE else f", {curve.trial.status}"
        said += f", {scene.best_label}" if star else end
        colour = INK if star else SERIES[index % len(SERIES)]
        style = "-" if star else DASHES[index % len(DASHES)]
        axes.plot(
            curve.steps, curve.values, color=colour, ls=style, lw=2.2 if star else 1.3, label=said, zorder=3 + star
        )
        _end(axes, curve)
    axes.legend(loc="best")


def _by_value(picture: Any, axes: Any, scene: Scene, curves: Sequence[Curve], best: Trial | None) -> None:
    own = scene.values
    seen = [own[curve.trial.number] for curve in curves if curve.trial.number in own]
    norm = Normalize(min(seen, default=0.0), max(seen, default=1.0))
    colours = scale_of(scene.study.objective.goal)
    for curve in curves:
        value = own.get(curve.trial.number)
        if value is None:
            axes.plot(curve.steps, curve.values, color=SOFT, lw=0.8, ls=(0, (3, 2)), alpha=0.8, zorder=1)
        elif best is None or curve.trial.number != best.number:
            axes.plot(curve.steps, curve.values, color=colours(norm(value)), lw=0.9, alpha=0.8, zorder=2)
        _end(axes, curve)
    for curve in curves:
        if best is not None and curve.trial.number == best.number:
            axes.plot(curve.steps, curve.values, color="white", lw=3.4, zorder=4)
            axes.plot(
                curve.steps, curve.values, color=INK, lw=1.8, zorder=5, label=f"trial {best.number}, {scene.best_label}"
            )
    if any(curve.trial.number not in own for curve in curves):
        axes.plot([], [], color=SOFT, lw=0.8, ls=(0, (3, 2)), label="without a value")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right")
    if seen:
        from matplotlib.cm import ScalarMappable

        bar = picture.colorbar(ScalarMappable(norm, colours), ax=axes, pad=0.02)
        bar.set_label(label(scene.view, scene.metric))
        bar.outline.set_visible(False)
        dress_number(bar.ax, "y")


def _end(axes: Any, curve: Curve) -> None:
    """Where a trial failed, its curve ends in a cross."""
    if curve.trial.status is TrialStatus.FAILED:
        axes.scatter(curve.steps[-1:], curve.values[-1:], marker="x", s=28, color=RED, lw=1.2, zorder=6)


def _caption(
    scene: Scene,
    metric: str,
    name: str,
    trials: Sequence[Trial],
    curves: Sequence[Curve],
    best: Trial | None,
    having: Mapping[int, Any],
) -> Line:
    key = f"figure.{name}"
    said: Line = line("{metric} over steps", metric=Name(metric))
    if len(curves) < len(trials):
        drawn = count(f"{key}.drawn", [curve.trial for curve in curves])
        said += line(": {drawn} of {n} trials are drawn.", drawn=drawn, n=count(f"{key}.trials", trials))
    else:
        said += line(" in {n}.", n=(count(f"{key}.trials", trials), " trial" if len(trials) == 1 else " trials"))
    if best is not None and (last := having.get(best.number)) is not None and math.isfinite(last.value):
        spec = scene.study.metrics.get(metric)
        said += line(
            " Trial {best}, {so}, ends at {value}.",
            so=scene.best_words,
            best=the(f"{key}.best", best),
            value=Fact(f"{key}.last", last.value, shown(last.value, spec), (best.number,), f"metrics.{metric}"),
        )
    failed = [curve.trial for curve in curves if curve.trial.status is TrialStatus.FAILED]
    if failed:
        said += (" ", count(f"{key}.failed", failed), " ended in a failure, marked by a cross.")
    return said
