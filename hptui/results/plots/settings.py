"""Plots of settings: importance, slices, parallel coordinates; and of evaluated samples by category."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize

from hptui.core.format import HITS_SUFFIX, TOTAL_SUFFIX, recorded_counts, setting
from hptui.core.format import metric as shown
from hptui.core.sanitize import sanitize
from hptui.core.trial import Role, Trial
from hptui.core.values import number_text
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.plots.context import PlotContext
from hptui.results.plots.history import choose_trials
from hptui.results.plots.matplotlib import (
    BLUE,
    GREEN,
    GREY,
    HATCHES,
    INK,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Axis,
    colour_map_for,
    jitter,
    make_axis,
    new_figure,
    new_grid,
    set_number_axis,
)
from hptui.results.plots.plot import Plot, axis_label, trial_count, trial_fact

METHOD_NAMES = {"fanova": "fANOVA", "pedanova": "PED-ANOVA", "ped_anova": "PED-ANOVA"}
"""Methods of importance as they are written in a caption."""


def importances(scene: PlotContext) -> Plot | None:
    """Return the plot `importance`, a bar per searched setting; None if it cannot be estimated."""
    result = scene.importance
    if result is None or len(result.shares) < 2:
        return None
    figure, axes = new_figure(6.4, 1.1 + 0.32 * len(result.shares))
    names, shares = list(result.shares), list(result.shares.values())
    bars = axes.barh(range(len(names)), shares, color=BLUE, height=0.65, zorder=2)
    axes.bar_label(bars, [f"{share:.0%}" for share in shares], padding=4, fontsize=8)
    axes.set_yticks(range(len(names)), [axis_label(scene.view, name) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, max(shares) * 1.12)
    axes.xaxis.set_major_formatter(lambda at, _: f"{at:.0%}")
    axes.grid(visible=False, axis="y")
    method = METHOD_NAMES.get(result.method, result.method)
    axes.set_xlabel(f"share of the variation of {axis_label(scene.view, scene.metric)} ({method})")
    rows = [{"setting": name, "share": share, "method": method} for name, share in result.shares.items()]
    first = names[0]
    key = f"figure.importance.{first}"
    caption: Line = line(
        "{name} explains {share} of the variation of {metric} over {n} trials, by {method}",
        name=Name(first),
        share=Fact(key, shares[0], f"{shares[0]:.0%}", result.trials),
        metric=Name(scene.metric),
        n=Fact("figure.importance.trials", len(result.trials), f"{len(result.trials):,}", result.trials),
        method=method,
    )
    caption = (*caption, f" ({result.caveat})." if result.caveat else ".")
    return Plot("importance", f"Importance of each setting for {scene.metric}", caption, rows, figure)


MAX_PANELS = 9
"""Number of panels, for the most important settings."""
PANELS_PER_ROW = 3
"""Panels in a row."""


def slices(scene: PlotContext) -> Plot | None:
    """Return the plot `slices`; None for fewer than two ranked trials or if nothing varies."""
    trials = scene.ranked
    names = scene.names
    if len(trials) < 2 or not names:
        return None
    chosen = names[:MAX_PANELS]
    columns = min(PANELS_PER_ROW, len(chosen))
    rows = -(-len(chosen) // columns)
    figure, grid = new_grid(rows, columns)
    panels = list(grid.flat)
    best = scene.order[0]
    values = [scene.values[trial.number] for trial in trials]
    log = min(values) > 0 and max(values) / min(values) > 50
    for index, panel in enumerate(panels):
        if index >= len(chosen):
            panel.set_visible(False)
            continue
        _draw_panel(panel, scene, trials, best, chosen[index])
        set_number_axis(panel, "y", log=log)
        if index % columns == 0:
            panel.set_ylabel(axis_label(scene.view, scene.metric))
    caption = line(
        "The objective against {n} that vary, in {trials} ranked trials; the star is trial {best}, {so}. "
        "Other settings vary with each: what looks like an effect may be theirs.",
        n=(Fact("figure.slices.settings", len(names), str(len(names))), " setting" if len(names) == 1 else " settings"),
        trials=trial_count("figure.slices.ranked", trials),
        best=trial_fact("figure.slices.best", best),
        so=scene.best_phrase,
    )
    metric = scene.metric
    data = scene.csv_rows(trials, names)
    return Plot("slices", f"{metric} against each setting", caption, data, figure)


def _draw_panel(axes: Any, scene: PlotContext, trials: Sequence[Trial], best: Trial, name: str) -> None:
    axis = make_axis(scene.view, name, [scene.settings(trial).get(name) for trial in trials])
    size = 24 if len(trials) <= 200 else 6
    points: list[tuple[float, float]] = []
    for trial in trials:
        position = axis.position_of(scene.settings(trial).get(name))
        if position is None:
            continue
        x, y = position + jitter(trial.number, axis), scene.values[trial.number]
        if trial.number == best.number:
            axes.scatter([x], [y], marker="*", s=120, color=INK, zorder=4)
        elif trial.role is Role.BASELINE:
            axes.scatter([x], [y], marker="D", s=26, facecolor="white", edgecolor=INK, zorder=3)
        else:
            points.append((x, y))
    if points:
        axes.scatter(*zip(*points, strict=True), s=size, color=BLUE, alpha=0.75, lw=0, zorder=2)
    axis.apply_to(axes, "x")


MAX_AXES = 8
"""Number of settings shown, the most important ones."""
MAX_LINES = 300
"""Number of trials drawn."""


def parallel(scene: PlotContext) -> Plot | None:
    """Return the plot `parallel_coordinates`; None for fewer than three settings that vary."""
    trials = scene.ranked
    names = scene.names[:MAX_AXES]
    if len(trials) < 2 or len(names) < 3:
        return None
    drawn = choose_trials(scene, trials, MAX_LINES)
    setting_axes = [
        make_axis(scene.view, name, [scene.settings(trial).get(name) for trial in trials]) for name in names
    ]
    values = [scene.values[trial.number] for trial in trials]
    norm = Normalize(min(values), max(values))
    figure, axes = new_figure(max(6.4, 1.15 * (len(names) + 1)), 3.9)
    scales = [_Scale(axis, [scene.settings(trial).get(axis.name) for trial in trials]) for axis in setting_axes]
    best = scene.order[0]
    colours = colour_map_for(scene.study.objective.goal)
    ordered = sorted(drawn, key=scene.order.index, reverse=True)
    lines = [_line_points(scene, trial, scales, norm) for trial in ordered]
    shades = [colours(norm(scene.values[trial.number])) for trial in ordered]
    axes.add_collection(LineCollection(lines, colors=shades, lw=1.0, alpha=0.75))
    x, y = zip(*_line_points(scene, best, scales, norm), strict=True)
    axes.plot(x, y, color="white", lw=4.5, zorder=4)
    axes.plot(x, y, color=INK, lw=2.4, zorder=5, label=f"trial {best.number}, {scene.best_label}")
    _draw_scales(axes, scene, scales, values)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98))
    metric = scene.metric
    caption = line(
        "Settings and objective of {n} of {all} ranked trials, a line each, dark where better; trial {best} is {so}.",
        n=trial_count("figure.parallel.drawn", drawn),
        all=trial_count("figure.parallel.ranked", trials),
        best=trial_fact("figure.parallel.best", best),
        so=scene.best_phrase,
    )
    data = scene.csv_rows(drawn, names)
    return Plot("parallel_coordinates", f"Settings and {metric}, a line per trial", caption, data, figure)


class _Scale:
    """An axis as a vertical scale from 0 to 1."""

    def __init__(self, axis: Axis, values: Sequence[Any]) -> None:
        self.axis = axis
        positions = [position for value in values if (position := axis.position_of(value)) is not None]
        self.low, self.high = (
            (0.0, max(1.0, len(axis.levels) - 1.0)) if axis.levels else (min(positions), max(positions))
        )

    def share(self, value: Any) -> float | None:
        """Return the height of a value on the scale, 0–1; None if it is not on the axis."""
        position = self.axis.position_of(value)
        if position is None or self.high == self.low:
            return None if position is None else 0.5
        if self.axis.log:
            from math import log

            return log(position / self.low) / log(self.high / self.low)
        return (position - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Return heights and texts of the labels."""
        if self.axis.levels:
            texts = [sanitize(setting(level), limit=12) for level in self.axis.levels]
            return [((index - self.low) / (self.high - self.low), text) for index, text in enumerate(texts)]
        return [(0.0, number_text(float(f"{self.low:.3g}"))), (1.0, number_text(float(f"{self.high:.3g}")))]


def _line_points(scene: PlotContext, trial: Trial, scales: Sequence[_Scale], norm: Any) -> list[tuple[float, float]]:
    """Return the points of a trial's line; it skips settings that the trial does not have."""
    settings = scene.settings(trial)
    points = [
        (float(n), height)
        for n, scale in enumerate(scales)
        if (height := scale.share(settings.get(scale.axis.name))) is not None
    ]
    return [*points, (float(len(scales)), float(norm(scene.values[trial.number])))]


def _draw_scales(axes: Any, scene: PlotContext, scales: Sequence[_Scale], values: Sequence[float]) -> None:
    spec = scene.study.metrics.get(scene.metric)
    objective_ticks = [(0.0, shown(min(values), spec)), (1.0, shown(max(values), spec))]
    for index, ticks in enumerate([*(scale.ticks() for scale in scales), objective_ticks]):
        axes.axvline(index, color=GREY, lw=1.0, zorder=1)
        for height, text in ticks:
            axes.text(
                index + 0.04,
                height,
                text,
                fontsize=7,
                va="center",
                zorder=6,
                bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.8},
            )
    names = [*(scale.axis.label for scale in scales), axis_label(scene.view, scene.metric)]
    axes.set_xticks(range(len(names)), names, rotation=20 if sum(map(len, names)) > 60 else 0)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlim(-0.1, len(names) - 0.55)
    axes.set_ylim(-0.06, 1.06)


MAX_BARS = 60
"""Number of bars that remain distinguishable."""
MAX_COMBINED_METRICS = 8
"""Number of counted metrics that are combined; the number of combinations grows exponentially."""
MAX_EXAMINED_TRIALS = 50
"""Number of trials that are examined for such metrics."""
CATEGORY_COLOURS = (BLUE, ORANGE, GREY, SKY, PURPLE, GREEN, RED)
"""Colours of the categories, in order."""


def categorization(scene: PlotContext) -> Plot | None:
    """Return the plot of metrics that add up to a common total; None if there are none."""
    names = categories(scene.trials)
    counted_trials = [
        trial for trial in scene.trials if names and all(recorded_counts(trial.metrics, name) for name in names)
    ]
    if not counted_trials:
        return None
    order = [trial for trial in scene.order if trial in counted_trials]
    drawn_numbers = {
        trial.number for trial in [*order, *(trial for trial in counted_trials if trial not in order)][:MAX_BARS]
    }
    drawn = [trial for trial in counted_trials if trial.number in drawn_numbers]
    picture, axes = new_figure()
    bottoms = [0.0] * len(drawn)
    for index, name in enumerate(names):
        heights = [_share_of_total(trial, name) for trial in drawn]
        axes.bar(
            range(len(drawn)),
            heights,
            bottom=bottoms,
            width=0.82,
            color=CATEGORY_COLOURS[index % len(CATEGORY_COLOURS)],
            hatch=HATCHES[index % len(HATCHES)],
            edgecolor="white",
            lw=0.4,
            label=axis_label(scene.view, name),
            zorder=2,
        )
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    tick_interval = max(1, len(drawn) // 20)
    axes.set_xticks(range(0, len(drawn), tick_interval), [str(trial.number) for trial in drawn[::tick_interval]])
    axes.set_xlim(-0.7, len(drawn) - 0.3)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(lambda at, _: f"{at:.0%}")
    axes.set_xlabel("trial")
    axes.set_ylabel("share of the evaluated samples")
    axes.grid(visible=False, axis="x")
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    rows = [_categories_row(trial, names) for trial in counted_trials]
    return Plot(
        "categorization",
        "What became of the samples, by trial",
        _categories_caption(scene, names, counted_trials, drawn),
        rows,
        picture,
    )


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


def _share_of_total(trial: Trial, name: str) -> float:
    k, n = recorded_counts(trial.metrics, name) or (0, 1)
    return k / n


def _categories_row(trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"trial": trial.number, "status": str(trial.status)}
    for name in names:
        row[name], row["n"] = recorded_counts(trial.metrics, name) or (None, None)
    return row


def _categories_caption(
    scene: PlotContext, names: Sequence[str], counted_trials: Sequence[Trial], drawn: Sequence[Trial]
) -> Line:
    key = "figure.categorization"
    text: Line = line(
        "What became of the evaluated samples in {n} trials", n=trial_count(f"{key}.trials", counted_trials)
    )
    if len(drawn) < len(counted_trials):
        text += (" (the best ", trial_count(f"{key}.drawn", drawn), " are drawn)")
    best = next((trial for trial in scene.order if trial in counted_trials), None)
    if best is None:
        return (*text, ".")
    text += line(". Of trial {best}, {so}:", best=trial_fact(f"{key}.best", best), so=scene.best_phrase)
    for index, name in enumerate(names):
        k, n = recorded_counts(best.metrics, name) or (0, 0)
        hits = Fact(f"{key}.{name}.k", k, f"{k:,}", (best.number,), f"metrics.{name}{HITS_SUFFIX}")
        total = Fact(f"{key}.{name}.n", n, f"{n:,}", (best.number,), f"metrics.{name}{TOTAL_SUFFIX}")
        text += line("{comma} {name} {k} of {n}", comma="," if index else "", name=Name(name), k=hits, n=total)
    return (*text, ".")
