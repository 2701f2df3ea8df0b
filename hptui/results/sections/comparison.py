"""The section `Comparison`: the best trial against the baseline, the base model, and a value measured elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hptui.core.format import NO_VALUE, setting
from hptui.core.trial import Trial
from hptui.results.analysis.cohort import training_length
from hptui.results.analysis.reference import (
    MetricChange,
    ReferenceComparison,
    base_model_trial,
    compare_with_reference,
    find_mismatches,
    metric_changes,
)
from hptui.results.analysis.significance import Interval, bootstrap_interval, trial_interval
from hptui.results.document import Block, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Line, Name, UserText, join_parts, line
from hptui.results.roles import is_cost, split_of


def comparison(facts: FactWriter) -> Iterator[Block]:
    """Yield the comparisons that the study has data for."""
    best = facts.data.best
    if best is None:
        return
    blocks: list[Block] = []
    base = base_model_trial(facts.view)
    if base is not None:
        blocks.append(Heading(3, ("Base model and fine-tuned model",)))
        blocks += _table_of_two(facts, base, best, "Base model", "Fine-tuned model")
    baseline = facts.view.baseline
    if baseline is not None and baseline.number != best.number:
        blocks.append(Heading(3, ("Baseline and best",)))
        blocks += _table_of_two(facts, baseline, best, "Baseline", "Best")
        for difference in find_mismatches(facts.view, baseline, best):
            blocks.append(Paragraph(_difference_warning(facts, difference, baseline, best)))
    elif baseline is not None and len(facts.data.order) > 1:
        blocks.append(Paragraph(("No trial was better than the baseline.",)))
    comparison = compare_with_reference(facts.view, best)
    if comparison is not None:
        blocks.append(Heading(3, ("Value measured elsewhere",)))
        blocks += [Paragraph(text) for text in reference_lines(facts, comparison)]
    if blocks:
        yield Heading(2, ("Comparison",))
        yield from blocks


def _table_of_two(facts: FactWriter, old: Trial, new: Trial, left: str, right: str) -> Sequence[Block]:
    all_changes = metric_changes(facts.view, old, new)
    if not all_changes:
        return [Paragraph(line("{old} has no metric to compare.", old=facts.trial(old, capital=True)))]
    objectives = [goal.metric for goal in facts.study.objectives]
    quality = [change for change in all_changes if change.metric in objectives or not is_cost(change.metric)]
    chosen = [
        change for change in quality if change.metric in facts.study.metrics or change.metric in objectives
    ] or quality
    table = tuple(
        (
            (facts.name(change.metric),),
            (facts.value(old, change.metric, so_far=True),),
            (facts.value(new, change.metric, so_far=True),),
            change_text(facts, change, f"change.{old.number}.{new.number}.{change.metric}", [old, new]),
            (_judgement(change, _intervals(facts, change.metric, old, new)),),
        )
        for change in chosen
    )
    head = (("Metric",), labelled_trial(facts, left, old), labelled_trial(facts, right, new), ("Change",), ("",))
    blocks: list[Block] = [ReportTable(head, table, frozenset({1, 2, 3}))]
    if texts := [text for change in chosen if (text := _interval_text(facts, change.metric, old, new)) is not None]:
        intervals = join_parts(texts, "; ")
        blocks.append(Paragraph(line("{confidence} intervals: {sure}.", confidence=facts.confidence(), sure=intervals)))
    return blocks


def _interval_text(facts: FactWriter, metric: str, old: Trial, new: Trial) -> Line | None:
    """Return the intervals of both values of a metric, if both have one."""
    intervals = _intervals(facts, metric, old, new)
    if intervals is None:
        return None
    key = f"interval.{old.number}.{new.number}.{metric}"
    return line(
        "{metric} {one}, then {other} ({how})",
        metric=(facts.name(metric),),
        one=facts.interval(f"{key}.old", metric, intervals[0], [old]),  # language: placeholder
        other=facts.interval(f"{key}.new", metric, intervals[1], [new]),
        how=" and ".join(dict.fromkeys(interval.how for interval in intervals)),
    )


def _intervals(facts: FactWriter, metric: str, old: Trial, new: Trial) -> tuple[Interval, Interval] | None:
    if len(facts.data.order) > 2:
        return None  # the best of several was chosen for its value: an interval of one run does not hold for it
    old_interval, new_interval = (
        trial_interval(facts.view, trial, metric) or bootstrap_interval(trial, metric) for trial in (old, new)
    )
    return None if old_interval is None or new_interval is None else (old_interval, new_interval)


def labelled_trial(facts: FactWriter, label: str, trial: Trial) -> Line:
    """Return a label with the trial: `Best (Exp 6, trial 7)`.

    The trial's name is left out if the label repeats it: `Baseline (trial 1)`.
    """
    given_name = facts.given_name(trial)
    is_redundant = not given_name or given_name.lower().startswith((label.lower(), label.split()[0].lower()))
    name_parts: Line = () if is_redundant else (Name(given_name), ", ")
    return (label, " (", *name_parts, "trial ", facts.number(trial), ")")


def change_text(facts: FactWriter, change: MetricChange, key: str, trials: Sequence[Trial]) -> Line:
    """Return the signed change in per cent, or the difference if a share is not defined."""
    if change.share is None:
        return (facts.difference(key, change.metric, change.new - change.old, trials),)
    return (facts.percentage(key, change.share, trials, signed=True),)


def _judgement(change: MetricChange, intervals: tuple[Interval, Interval] | None = None) -> str:
    if change.old == change.new:
        return "equal"
    word = NO_VALUE if change.better is None else "better" if change.better else "worse"
    overlap = intervals is not None and intervals[0].low <= intervals[1].high and intervals[1].low <= intervals[0].high
    return f"{word}; intervals overlap" if overlap and change.better is not None else word


def _difference_warning(facts: FactWriter, difference: str, old: Trial, new: Trial) -> Line:
    if difference == "length":
        first, second = training_length(facts.view, old), training_length(facts.view, new)
        if first is not None and second is not None:
            return line(
                "Careful: the first trained for {one} {unit}, the second for {other} {unit_two}. "
                "Part of the change may "
                "be the length of training.",
                one=facts.of_value(  # language: placeholder
                    f"trial.{old.number}.length", first.amount, [old], field=first.field
                ),
                unit=first.unit,
                other=facts.of_value(f"trial.{new.number}.length", second.amount, [new], field=second.field),
                unit_two=second.unit,
            )
        return ("Careful: it is not known whether the two trained equally long.",)
    return line(
        "Careful: the two ran in different stages, {one} and {other}.",
        one=Name(old.stage or "none"),  # language: placeholder
        other=Name(new.stage or "none"),
    )


def reference_lines(facts: FactWriter, comparison: ReferenceComparison) -> Iterator[Line]:
    """Yield the reference as the study file gives it, and the result of the comparison."""
    reference_value = comparison.reference
    parts: list[Line] = [
        line(
            "{metric} of {value}",
            metric=facts.name(reference_value.metric),
            value=facts.of_metric(
                "reference.value", reference_value.metric, reference_value.value, (), "reference.value"
            ),
        )
    ]
    if reference_value.split:
        parts.append(line("on the {split} split", split=Name(reference_value.split)))
    if reference_value.epochs is not None:
        parts.append(
            line(
                "after {n} epochs",
                n=facts.of_value("reference.epochs", reference_value.epochs, field="reference.epochs"),
            )
        )
    if reference_value.steps is not None:
        parts.append(
            line("after {n} steps", n=facts.of_value("reference.steps", reference_value.steps, field="reference.steps"))
        )
    description: Line = ("The reference is ",)
    for index, part in enumerate(parts):
        description += (" " if index else "", *part)
    if reference_value.source:
        description += (", from ", UserText(reference_value.source))
    yield (*description, ".")
    reasons = join_parts((_reason(facts, comparison, difference) for difference in comparison.differences), "; ")
    if comparison.change is None:
        yield line("It was measured differently, so the two are not compared: {reasons}.", reasons=reasons)
        return
    yield line(
        "{trial} has {value}: {share} ({word}).",
        trial=facts.trial(comparison.trial, capital=True),
        value=facts.of_metric(
            f"trial.{comparison.trial.number}.{reference_value.metric}.reference",
            reference_value.metric,
            comparison.change.new,
            [comparison.trial],
        ),
        share=change_text(facts, comparison.change, "reference.change", [comparison.trial]),
        word=_judgement(comparison.change),
    )
    if comparison.differences:
        yield line("Careful: {reasons}.", reasons=reasons)
    for share, value, reached in comparison.targets:
        text = setting(share)
        yield line(
            "The target of {share} better, {value}, is {reached}.",
            share=facts.percentage(f"reference.target.{text}", share, (), digits=0),
            value=facts.of_metric(f"reference.target.{text}.value", reference_value.metric, value, ()),
            reached="reached" if reached else "not reached",
        )


def _reason(facts: FactWriter, comparison: ReferenceComparison, difference: str) -> Line:
    reference_value = comparison.reference
    if difference == "metric":
        return line(
            "the reference is {metric}, the trials report {ours}",
            metric=Name(reference_value.metric, code=True),
            ours=Name(facts.data.metric, code=True),
        )
    if difference == "split":
        return line(
            "it is of the {split} split, theirs of the {ours} split",
            split=Name(reference_value.split or "train"),
            ours=Name(comparison.trial_split),
        )
    if difference == "length" and comparison.trial_length is not None:
        length = comparison.trial_length
        amount = reference_value.epochs if length.unit == "epochs" else reference_value.steps
        return line(
            "it is after {n} {unit}, the trial trained for {ours}",
            n=facts.of_value(f"reference.{length.unit}", amount, field=f"reference.{length.unit}"),
            unit=length.unit,
            ours=facts.of_value(
                f"trial.{comparison.trial.number}.length", length.amount, [comparison.trial], field=length.field
            ),
        )
    if difference == "unknown split":
        return ("the reference does not say on which split it was measured",)
    if difference == "unknown own split":
        return line(
            "it is of the {split} split, and the study does not say of which {metric} is (`split` of its metric)",
            split=Name(reference_value.split or split_of(reference_value.metric)),
            metric=facts.name(reference_value.metric),
        )
    return ("it is not known after how much training it was measured",)
