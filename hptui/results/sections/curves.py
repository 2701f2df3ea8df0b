"""Curves as text, and the figures that were drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hptui.results.document import Block, Code, Heading, Image
from hptui.results.facts import Fact, Line, Name
from hptui.results.roles import counterpart
from hptui.results.teller import Teller

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 32
MOST = 12


def curves(t: Teller, images: Sequence[Image] = ()) -> Iterator[Block]:
    """A line of blocks for each of the best trials, and every figure with its caption."""
    rows = list(_sparklines(t))
    if not rows and not images:
        return
    yield Heading(2, ("Curves",))
    if rows:
        yield Code("text", tuple(rows))
    yield from images


def _sparklines(t: Teller) -> Iterator[Line]:
    """The objective's curve, or where it has but one point its training counterpart's, on one scale for all trials."""
    having = [trial for trial in t.record.order if trial.number in t.record.curves][:MOST]
    names = {name for trial in having for name, curve in t.record.curves[trial.number].items() if len(curve) > 2}
    on_training, held = counterpart(t.record.metric, names)
    metric = next((name for name in (t.record.metric, held, on_training) if name in names), None)
    if metric is None:
        return
    chosen = [
        (trial, [p[:2] for p in t.record.curves[trial.number].get(metric, []) if math.isfinite(p[1])])
        for trial in having
    ]
    chosen = [(trial, curve) for trial, curve in chosen if len(curve) > 2]
    every = [value for _, curve in chosen for _, value in curve]
    if not every:
        return
    low, high = min(every), max(every)
    yield (Name(f"{metric} by step"),)
    widest = min(WIDTH, max(len(curve) for _, curve in chosen))
    for trial, curve in sorted(chosen, key=lambda item: item[0].number):
        (first_step, first), (last_step, last) = curve[0], curve[-1]
        number = f"{trial.number:>5}"
        yield (
            "trial ",
            Fact(f"trial.{trial.number}.number.padded", trial.number, number, (trial.number,), "number"),
            "  ",
            Name(f"{spark(curve, low, high):{widest}}"),
            "  ",
            t.of_metric(f"curve.{trial.number}.first", metric, first, [trial]),
            " → ",
            t.of_metric(f"curve.{trial.number}.last", metric, last, [trial]),
            "  steps ",
            t.plain(f"curve.{trial.number}.from", first_step, [trial]),
            " to ",
            t.plain(f"curve.{trial.number}.to", last_step, [trial]),
        )


def spark(curve: Sequence[tuple[int, float]], low: float, high: float) -> str:
    """A curve in blocks between `low` and `high`: a block a point, or the mean of each stretch of steps."""
    first, last = curve[0][0], curve[-1][0]
    width = max(1, last - first)
    cells = min(WIDTH, len(curve))
    bins: list[list[float]] = [[] for _ in range(cells)]
    for index, (step, value) in enumerate(curve):
        bins[index if cells < WIDTH else min(cells - 1, cells * (step - first) // width)].append(value)
    span = (high - low) or 1.0
    text = ""
    for values in bins:
        if values:
            level = (math.fsum(values) / len(values) - low) / span
            text += BARS[max(0, min(len(BARS) - 1, round(level * (len(BARS) - 1))))]
        else:
            text += " "
    return text
