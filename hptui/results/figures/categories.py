"""The plot `categorization`: evaluated samples by category (correct, wrong, malformed), stacked per trial."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from hptui.model.counts import HITS_SUFFIX, TOTAL_SUFFIX, recorded_counts
from hptui.model.trial import Trial
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.figure import Plot, axis_label, trial_count, trial_fact
from hptui.results.figures.scene import PlotContext
from hptui.results.figures.style import BLUE, GREEN, GREY, HATCHES, ORANGE, PURPLE, RED, SKY, new_figure

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
