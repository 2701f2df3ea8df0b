"""Which curves a chart shows: metrics, their partners, the trials and their colours. No Textual in here.

A trial keeps its colour for as long as it is shown, whatever joins or leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hptui.model.study import Study
from hptui.tui.charts.naming import is_training, partner
from hptui.tui.sources.curves import CurveKey, CurvesSnapshot
from hptui.tui.themes import SERIES

if TYPE_CHECKING:
    from hptui.tui.widgets.chart import Plot

AT_MOST = 60
"""So many curves are ever shown at once; those without a colour of their own are muted."""
ROUGH = 20
"""A curve of fewer points is shown as it is: there is nothing to smooth."""


def chartable(metrics: Iterable[str]) -> list[str]:
    """Metrics that a chart can show; the counts behind a rate stand with the rate."""
    return [name for name in metrics if not name.endswith((":k", ":n"))]


def usual_metrics(study: Study, metrics: Sequence[str]) -> tuple[str, str]:
    """What two charts show at first: the objective; what is trained on, or another metric."""
    first = study.objective.metric
    names = chartable(metrics)
    second = partner(first, names)
    if second is None and len(study.objectives) > 1:
        second = study.objectives[1].metric
    if second is None:
        second = next((name for name in names if name != first and "loss" in name), None)
    if second is None:
        second = next((name for name in names if name != first), first)
    return first, second


class Palette:
    """Colours of trials."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}

    def give(self, numbers: Sequence[int]) -> Mapping[int, int]:
        """A place in the palette for each of the first trials; those that have one keep it."""
        chosen = list(numbers[:SERIES])
        kept = {number: slot for number, slot in self._slots.items() if number in chosen}
        free = [slot for slot in range(SERIES) if slot not in kept.values()]
        for number in chosen:
            if number not in kept:
                kept[number] = free.pop(0)
        self._slots = kept
        return kept


def wanted(
    numbers: Sequence[int], metrics: Sequence[str], axis_metrics: Sequence[str], windows: Mapping[str, tuple[int, int]]
) -> tuple[CurveKey, ...]:
    """The curves that charts of these metrics need of these trials."""
    keys = [
        CurveKey(number, metric, *windows.get(metric, (None, None)))
        for number in numbers[:AT_MOST]
        for metric in dict.fromkeys(metrics)
    ]
    keys += [CurveKey(number, metric) for number in numbers[:AT_MOST] for metric in dict.fromkeys(axis_metrics)]
    return tuple(dict.fromkeys(keys))


def plots(
    snapshot: CurvesSnapshot,
    numbers: Sequence[int],
    colours: Mapping[int, int],
    metric: str,
    *,
    dotted: bool = False,
    axis_metric: str = "",
    names: Mapping[int, str] | None = None,
) -> list[Plot]:
    """The plots of one metric, in the order of the trials: the first is the most important."""
    from hptui.tui.widgets.chart import Plot

    by_trial: dict[int, CurveKey] = {}
    companions: dict[int, CurveKey] = {}
    for key in snapshot.curves:
        if key.metric == metric and (key.start is not None or key.trial not in by_trial):
            by_trial[key.trial] = key
        if axis_metric and key.metric == axis_metric:
            companions[key.trial] = key
    found = []
    for number in numbers:
        key_ = by_trial.get(number)
        if key_ is None:
            continue
        curve = snapshot.curves[key_]
        companion = snapshot.curves[companions[number]] if number in companions else None
        rough = not is_training(metric) or curve.x.size < ROUGH
        label = "" if dotted else (names or {}).get(number, f"#{number}")
        found.append(Plot(label, curve, colours.get(number), companion, dotted, rough))
    return found
