"""The section `Curves` (sparklines, plots written as files), and why the best trial was stopped early."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hptui.core.trial import Reason, Trial
from hptui.results.document import Block, CodeBlock, EndFold, Fold, Heading, Paragraph
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.roles import goal_of, training_and_validation

SPARKLINE_BLOCKS = "▁▂▃▄▅▆▇█"
"""Characters of a sparkline, from low to high."""
MAX_SPARKLINE_WIDTH = 32
"""Maximum width of a sparkline in characters."""
MAX_SPARKLINES = 12
"""Number of trials with a sparkline, in the fold."""
BEST_IN_PANEL = 3
"""Trials from the top whose curves stand in the open."""


def curves(facts: FactWriter, images: Sequence[Block] = ()) -> Iterator[Block]:
    """Yield the curves of the best three trials and one in the middle; others and figures folded."""
    ranked = facts.data.candidates or facts.data.order  # those that break a condition are last, whatever their value
    trials = [trial for trial in ranked if trial.number in facts.data.curves]
    metric = facts.data.metric
    trials = [trial for trial in trials if _has_curve(facts, trial, metric)] or trials
    panel = trials[:BEST_IN_PANEL]
    if len(trials) > BEST_IN_PANEL:
        panel.append(trials[max(BEST_IN_PANEL, len(trials) // 2)])
    rows = list(_sparklines(facts, panel))
    by: Line = (" by ", facts.name(metric)) if len(facts.study.objectives) > 1 else ()
    first_images, other_images = images[:1], images[1:]
    if rows or first_images:
        yield Heading(2, ("Curves",))
    if rows:
        yield CodeBlock("text", tuple(rows))
        if len(panel) > BEST_IN_PANEL:
            which = line(
                "The last one is {trial}, number {rank} of {n} {kind}{by}.",
                kind="ranked trials" if len(ranked) == len(facts.data.order) else "trials that keep the conditions",
                by=by,
                trial=facts.trial(panel[-1]),
                rank=facts.of_value("curves.middle", ranked.index(panel[-1]) + 1, ranked),
                n=facts.count("curves.of", ranked),
            )
            yield Paragraph(which)
    yield from first_images
    others = list(_sparklines(facts, trials[:MAX_SPARKLINES])) if len(trials) > len(panel) else []
    if others:
        yield Fold(("Curves of the best trials", *by))
        yield CodeBlock("text", tuple(others))
        yield EndFold()
    if other_images:
        yield Fold(("More figures",))
        yield from other_images
        yield EndFold()


def _has_curve(facts: FactWriter, trial: Trial, metric: str) -> bool:
    return sum(math.isfinite(point[1]) for point in facts.data.curves[trial.number].get(metric, [])) > 2


def _sparklines(facts: FactWriter, trials: Sequence[Trial]) -> Iterator[Line]:
    """Yield the curves of the objective and of its training or validation counterpart, each on one scale."""
    names = {name for trial in trials for name, curve in facts.data.curves[trial.number].items() if len(curve) > 2}
    train_metric, val_metric = training_and_validation(facts.data.metric, names)
    metrics = dict.fromkeys(name for name in (facts.data.metric, val_metric, train_metric) if name in names)
    for metric in metrics:
        if metric is not None:
            yield from _metric_sparklines(facts, trials, metric)


def _metric_sparklines(facts: FactWriter, trials: Sequence[Trial], metric: str) -> Iterator[Line]:
    curves = [
        (trial, [p[:2] for p in facts.data.curves[trial.number].get(metric, []) if math.isfinite(p[1])])
        for trial in trials
    ]
    drawn = [(trial, curve) for trial, curve in curves if len(curve) > 2]
    values = [value for _, curve in drawn for _, value in curve]
    if not values:
        return
    low, high = min(values), max(values)
    yield (Name(f"{metric} by step"),)
    widest = min(MAX_SPARKLINE_WIDTH, max(len(curve) for _, curve in drawn))
    for trial, curve in drawn:
        (first_step, first), (last_step, last) = curve[0], curve[-1]
        number = f"{trial.number:>5}"
        key = f"curve.{trial.number}.{metric}"
        yield (
            "trial ",
            Fact(f"trial.{trial.number}.number.padded", trial.number, number, (trial.number,), "number"),
            "  ",
            Name(f"{sparkline(curve, low, high):{widest}}"),
            "  ",
            facts.of_metric(f"{key}.first", metric, first, [trial]),
            " → ",
            facts.of_metric(f"{key}.last", metric, last, [trial]),
            "  steps ",
            facts.of_value(f"{key}.from", first_step, [trial]),
            " to ",
            facts.of_value(f"{key}.to", last_step, [trial]),
            "  incomplete" if trial.incomplete_curve else "",
        )


def sparkline(curve: Sequence[tuple[int, float]], low: float, high: float) -> str:
    """Return a curve as blocks between `low` and `high`, one per point or per stretch of steps."""
    first, last = curve[0][0], curve[-1][0]
    width = max(1, last - first)
    cells = min(MAX_SPARKLINE_WIDTH, len(curve))
    bins: list[list[float]] = [[] for _ in range(cells)]
    for index, (step, value) in enumerate(curve):
        bins[index if cells < MAX_SPARKLINE_WIDTH else min(cells - 1, cells * (step - first) // width)].append(value)
    value_range = (high / 2 - low / 2) or 0.5  # halves, for the whole may be beyond the range of numbers
    text = ""
    for values in bins:
        if values:
            level = (math.fsum(value / len(values) for value in values) / 2 - low / 2) / value_range
            text += SPARKLINE_BLOCKS[max(0, min(len(SPARKLINE_BLOCKS) - 1, round(level * (len(SPARKLINE_BLOCKS) - 1))))]
        else:
            text += " "
    return text


EARLY_STOPPING_METRIC = "early_stopping_metric"
"""The setting that names the metric of early stopping."""
PATIENCE_SETTINGS = ("early_stopping_patience", "patience")
"""Settings that give the number of evaluations without improvement before a trial is stopped."""


def stopped_early(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield how many evaluations followed the best one, and the trainer's message.

    The count holds for any trainer; only the message states the reason.
    """
    if trial.reason is not Reason.EARLY_STOP:
        return
    text: Line = ()
    settings = facts.view.settings(trial)
    curves = facts.data.curves.get(trial.number, {})
    configured = settings.get(EARLY_STOPPING_METRIC)
    metric = configured if isinstance(configured, str) and configured in curves else facts.data.metric
    goal = goal_of(facts.study, metric)
    points = [point for point in curves.get(metric, []) if math.isfinite(point[1])]
    if points and goal is not None:
        sign = 1 if goal == "minimize" else -1
        step, value, _ = min(points, key=lambda point: (sign * point[1], point[0]))
        later = sum(point[0] > step for point in points)
        text = line(
            "It was stopped early: {n} {evaluations} of {metric} came after the best one, {value} at step {step}, and "
            "{none} better",
            n=facts.of_value("early.after", later, [trial]),
            evaluations="evaluation" if later == 1 else "evaluations",
            metric=facts.name(metric),
            value=facts.of_metric("early.best", metric, value, [trial]),
            step=facts.of_value("early.step", step, [trial]),
            none="that was no" if later == 1 else "none was",
        )
        name = next((candidate for candidate in PATIENCE_SETTINGS if candidate in settings), None)
        if name is not None:
            text += line(" ({name} is {value})", name=facts.name(name), value=facts.setting(trial, name))
        text += (".",)
    if trial.message:
        text += (" " if text else "It was stopped early. ", "The trainer said: ", Name(trial.message), ".")
    if text:
        yield text
