"""The plot `categorization`: evaluated samples by category (correct, wrong, malformed), stacked per trial."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from hptui.model.counts import HITS, TOTAL, counted
from hptui.model.trial import Trial
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.figures.figure import Drawn, count, label, the
from hptui.results.figures.scene import Scene
from hptui.results.figures.style import BLUE, GREEN, HATCHES, ORANGE, PURPLE, RED, SKY, SOFT, sheet

MOST = 60
"""Number of bars that remain distinguishable."""
CANDIDATES = 8
"""Number of counted metrics that are combined; the number of combinations grows exponentially."""
LOOKED_AT = 50
"""Number of trials that are examined for such metrics."""
COLOURS = (BLUE, ORANGE, SOFT, SKY, PURPLE, GREEN, RED)
"""Colours of the categories, in order."""


def categorization(scene: Scene) -> Drawn | None:
    """Return the plot of metrics that add up to a common total; None if there are none."""
    names = categories(scene.trials)
    counted_trials = [trial for trial in scene.trials if names and all(counted(trial.metrics, name) for name in names)]
    if not counted_trials:
        return None
    order = [trial for trial in scene.order if trial in counted_trials]
    drawn_numbers = {
        trial.number for trial in [*order, *(trial for trial in counted_trials if trial not in order)][:MOST]
    }
    drawn = [trial for trial in counted_trials if trial.number in drawn_numbers]
    picture, axes = sheet()
    bottoms = [0.0] * len(drawn)
    for index, name in enumerate(names):
        heights = [_share_of_total(trial, name) for trial in drawn]
        axes.bar(
            range(len(drawn)),
            heights,
            bottom=bottoms,
            width=0.82,
            color=COLOURS[index % len(COLOURS)],
            hatch=HATCHES[index % len(HATCHES)],
            edgecolor="white",
            lw=0.4,
            label=label(scene.view, name),
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
    return Drawn(
        "categorization",
        "What became of the samples, by trial",
        _categories_caption(scene, names, counted_trials, drawn),
        rows,
        picture,
    )


def categories(trials: Sequence[Trial]) -> list[str]:
    """Return the largest set of counted metrics whose hits add up to their common total in every trial."""
    metrics = [trial.metrics for trial in trials if any(name.endswith(HITS) for name in trial.metrics)][:LOOKED_AT]
    names = list(dict.fromkeys(name[: -len(HITS)] for values in metrics for name in values if name.endswith(HITS)))[
        :CANDIDATES
    ]
    for size in range(len(names), 1, -1):
        for combination in combinations(names, size):
            with_all = [values for values in metrics if all(name + HITS in values for name in combination)]
            if with_all and all(_adds_up(values, combination) for values in with_all):
                return list(combination)
    return []


def _adds_up(metrics: Mapping[str, float], names: Sequence[str]) -> bool:
    totals = {metrics.get(name + TOTAL) for name in names}
    if len(totals) != 1 or None in totals:
        return False
    hits = sum(metrics[name + HITS] for name in names)
    return math.isfinite(hits) and hits == totals.pop()


def _share_of_total(trial: Trial, name: str) -> float:
    k, n = counted(trial.metrics, name) or (0, 1)
    return k / n


def _categories_row(trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"trial": trial.number, "status": str(trial.status)}
    for name in names:
        row[name], row["n"] = counted(trial.metrics, name) or (None, None)
    return row


def _categories_caption(
    scene: Scene, names: Sequence[str], counted_trials: Sequence[Trial], drawn: Sequence[Trial]
) -> Line:
    key = "figure.categorization"
    text: Line = line("What became of the evaluated samples in {n} trials", n=count(f"{key}.trials", counted_trials))
    if len(drawn) < len(counted_trials):
        text += (" (the best ", count(f"{key}.drawn", drawn), " are drawn)")
    best = next((trial for trial in scene.order if trial in counted_trials), None)
    if best is None:
        return (*text, ".")
    text += line(". Of trial {best}, {so}:", best=the(f"{key}.best", best), so=scene.best_words)
    for index, name in enumerate(names):
        k, n = counted(best.metrics, name) or (0, 0)
        hits = Fact(f"{key}.{name}.k", k, f"{k:,}", (best.number,), f"metrics.{name}{HITS}")
        total = Fact(f"{key}.{name}.n", n, f"{n:,}", (best.number,), f"metrics.{name}{TOTAL}")
        text += line("{comma} {name} {k} of {n}", comma="," if index else "", name=Name(name), k=hits, n=total)
    return (*text, ".")
