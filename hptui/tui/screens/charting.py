"""Selects the curves of a chart: metrics, trials and their colours. No Textual in here.

A trial keeps its colour for as long as it is shown, whatever other trials come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hptui.model.study import Study
from hptui.tui.charts.naming import counterpart_of, is_training
from hptui.tui.sources.curves import CurveKey, CurvesSnapshot
from hptui.tui.themes import N_SERIES_COLOURS

if TYPE_CHECKING:
    from hptui.tui.widgets.chart import ChartCurve

MAX_CURVES = 60
"""Number of curves that are shown at once at most; those without a colour of their own are muted."""
MIN_SMOOTHED_POINTS = 20
"""Number of points below which a curve is drawn unsmoothed."""


def chartable(metrics: Iterable[str]) -> list[str]:
    """Return the metrics that a chart can show, without the counts behind a rate."""
    return [name for name in metrics if not name.endswith((":k", ":n"))]


def default_metrics(study: Study, metrics: Sequence[str]) -> tuple[str, str]:
    """Return the default metrics of two charts: the objective, and its training metric or another one."""
    main = study.objective.metric
    names = chartable(metrics)
    other = counterpart_of(main, names)
    if other is None and len(study.objectives) > 1:
        other = study.objectives[1].metric
    if other is None:
        other = next((name for name in names if name != main and "loss" in name), None)
    if other is None:
        other = next((name for name in names if name != main), main)
    return main, other


class TrialPalette:
    """The colours of trials."""

    def __init__(self) -> None:
        self._slots: dict[int, int] = {}

    def assign(self, numbers: Sequence[int]) -> Mapping[int, int]:
        """Return the palette index of each of the first trials; those that have one keep it."""
        coloured = list(numbers[:N_SERIES_COLOURS])
        slots = {number: slot for number, slot in self._slots.items() if number in coloured}
        free_slots = [slot for slot in range(N_SERIES_COLOURS) if slot not in slots.values()]
        for number in coloured:
            if number not in slots:
                slots[number] = free_slots.pop(0)
        self._slots = slots
        return slots


def needed_curves(
    numbers: Sequence[int], metrics: Sequence[str], axis_metrics: Sequence[str], windows: Mapping[str, tuple[int, int]]
) -> tuple[CurveKey, ...]:
    """Return the curves that charts of these metrics need of these trials."""
    keys = [
        CurveKey(number, metric, *windows.get(metric, (None, None)))
        for number in numbers[:MAX_CURVES]
        for metric in dict.fromkeys(metrics)
    ]
    keys += [CurveKey(number, metric) for number in numbers[:MAX_CURVES] for metric in dict.fromkeys(axis_metrics)]
    return tuple(dict.fromkeys(keys))


def curves_of_metric(
    snapshot: CurvesSnapshot,
    numbers: Sequence[int],
    colours: Mapping[int, int],
    metric: str,
    *,
    dotted: bool = False,
    axis_metric: str = "",
    names: Mapping[int, str] | None = None,
) -> list[ChartCurve]:
    """Return the plots of one metric, in the order of the trials: the first is the most important."""
    from hptui.tui.widgets.chart import ChartCurve

    by_trial: dict[int, CurveKey] = {}
    companions: dict[int, CurveKey] = {}
    for key in snapshot.curves:
        if key.metric == metric and (key.start is not None or key.trial not in by_trial):
            by_trial[key.trial] = key
        if axis_metric and key.metric == axis_metric:
            companions[key.trial] = key
    plot_list = []
    for number in numbers:
        curve_key = by_trial.get(number)
        if curve_key is None:
            continue
        curve = snapshot.curves[curve_key]
        companion = snapshot.curves[companions[number]] if number in companions else None
        rough = not is_training(metric) or curve.x.size < MIN_SMOOTHED_POINTS
        label = "" if dotted else (names or {}).get(number, f"#{number}")
        plot_list.append(ChartCurve(label, curve, colours.get(number), companion, dotted, rough))
    return plot_list
