"""What became of the examples of an evaluation: correct, wrong, not in the format, stacked per trial."""

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
"""So many bars can be told apart."""
CANDIDATES = 8
LOOKED_AT = 50
COLOURS = (BLUE, ORANGE, SOFT, SKY, PURPLE, GREEN, RED)


def categorization(scene: Scene) -> Drawn | None:
    """`categorization`: the metrics that share one total and together make it up. None: there are none such."""
    names = categories(scene.trials)
    having = [trial for trial in scene.trials if names and all(counted(trial.metrics, name) for name in names)]
    if not having:
        return None
    order = [trial for trial in scene.order if trial in having]
    kept = {trial.number for trial in [*order, *(trial for trial in having if trial not in order)][:MOST]}
    chosen = [trial for trial in having if trial.number in kept]
    picture, axes = sheet()
    floor = [0.0] * len(chosen)
    for index, name in enumerate(names):
        heights = [_share(trial, name) for trial in chosen]
        axes.bar(
            range(len(chosen)),
            heights,
            bottom=floor,
            width=0.82,
            color=COLOURS[index % len(COLOURS)],
            hatch=HATCHES[index % len(HATCHES)],
            edgecolor="white",
            lw=0.4,
            label=label(scene.view, name),
            zorder=2,
        )
        floor = [one + other for one, other in zip(floor, heights, strict=True)]
    every = max(1, len(chosen) // 20)
    axes.set_xticks(range(0, len(chosen), every), [str(trial.number) for trial in chosen[::every]])
    axes.set_xlim(-0.7, len(chosen) - 0.3)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(lambda at, _: f"{at:.0%}")
    axes.set_xlabel("trial")
    axes.set_ylabel("share of the evaluated samples")
    axes.grid(visible=False, axis="x")
    axes.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    rows = [_row(trial, names) for trial in having]
    return Drawn(
        "categorization", "What became of the samples, by trial", _caption(scene, names, having, chosen), rows, picture
    )


def categories(trials: Sequence[Trial]) -> list[str]:
    """The largest set of counted metrics whose hits add up to their common total in every trial that has them."""
    seen = [trial.metrics for trial in trials if any(name.endswith(HITS) for name in trial.metrics)][:LOOKED_AT]
    names = list(dict.fromkeys(name[: -len(HITS)] for one in seen for name in one if name.endswith(HITS)))[:CANDIDATES]
    for size in range(len(names), 1, -1):
        for some in combinations(names, size):
            whole = [one for one in seen if all(name + HITS in one for name in some)]
            if whole and all(_adds_up(one, some) for one in whole):
                return list(some)
    return []


def _adds_up(metrics: Mapping[str, float], names: Sequence[str]) -> bool:
    totals = {metrics.get(name + TOTAL) for name in names}
    if len(totals) != 1 or None in totals:
        return False
    found = sum(metrics[name + HITS] for name in names)
    return math.isfinite(found) and found == totals.pop()


def _share(trial: Trial, name: str) -> float:
    k, n = counted(trial.metrics, name) or (0, 1)
    return k / n


def _row(trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"trial": trial.number, "status": str(trial.status)}
    for name in names:
        row[name], row["n"] = counted(trial.metrics, name) or (None, None)
    return row


def _caption(scene: Scene, names: Sequence[str], having: Sequence[Trial], chosen: Sequence[Trial]) -> Line:
    key = "figure.categorization"
    said: Line = line("What became of the evaluated samples in {n} trials", n=count(f"{key}.trials", having))
    if len(chosen) < len(having):
        said += (" (the best ", count(f"{key}.drawn", chosen), " are drawn)")
    best = next((trial for trial in scene.order if trial in having), None)
    if best is None:
        return (*said, ".")
    said += line(". Of trial {best}, {so}:", best=the(f"{key}.best", best), so=scene.best_words)
    for index, name in enumerate(names):
        k, n = counted(best.metrics, name) or (0, 0)
        hits = Fact(f"{key}.{name}.k", k, f"{k:,}", (best.number,), f"metrics.{name}{HITS}")
        total = Fact(f"{key}.{name}.n", n, f"{n:,}", (best.number,), f"metrics.{name}{TOTAL}")
        said += line("{comma} {name} {k} of {n}", comma="," if index else "", name=Name(name), k=hits, n=total)
    return (*said, ".")
