"""The section `Comparison`: the best trial against the baseline, the base model, and a value measured elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hptui.core.format import NO_VALUE, setting
from hptui.core.trial import Trial
from hptui.results import claims
from hptui.results.analysis.cohort import has_finite_values, training_length
from hptui.results.analysis.comparable import barriers
from hptui.results.analysis.fresh import mean_of_runs
from hptui.results.analysis.reference import (
    MetricChange,
    ReferenceComparison,
    base_model_trial,
    compare_with_reference,
    find_mismatches,
    metric_change,
    metric_changes,
)
from hptui.results.claims.repeats import fresh_text
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
        table = _table_of_two(facts, baseline, best, "Baseline", "Best")
        mismatches = find_mismatches(facts.view, baseline, best)
        is_known = isinstance(table[0], ReportTable) and len(table[0].rows) == 1  # the first screen has the objective
        if mismatches or not is_known:
            blocks.append(Heading(3, ("Baseline and best",)))
            blocks += table
        for difference in mismatches:
            blocks.append(Paragraph(_difference_warning(facts, difference, baseline, best)))
    comparison = compare_with_reference(facts.view, best)
    if comparison is not None:
        blocks.append(Heading(3, ("Value measured elsewhere",)))
        blocks += [Paragraph(text) for text in reference_lines(facts, comparison)]
    if pairs := claims.pair_claims(facts):
        if not blocks:
            blocks.append(Heading(3, ("Question by question",)))
        blocks += [Paragraph(claim.line) for claim in pairs]
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
    fresh = claims.fresh_runs(facts, new)
    rows: list[tuple[Line, ...]] = []
    # Nobody chose the baseline for its value: all its runs count, here as on the first screen.
    baseline = facts.view.baseline
    is_baseline = baseline is not None and old.number == baseline.number
    is_mean = is_baseline and has_finite_values(facts.view, old)
    mean, runs = mean_of_runs(facts.view, old, facts.data.dead, new) if is_mean else (0.0, [])
    is_alike = not {difference.kind for difference in barriers(facts.view, old, new)} - {"base model"}
    for change in chosen:
        is_compared = is_alike or (is_cost(change.metric) and change.metric not in objectives)
        key, value = f"change.{old.number}.{new.number}.{change.metric}", facts.value(new, change.metric, so_far=True)
        if fresh is not None and change.metric == facts.data.metric:
            key = f"fresh.{new.number}.change.{old.number}"
            value = facts.of_metric(
                f"fresh.{new.number}.mean", change.metric, fresh.mean, fresh.runs, f"values.{change.metric}"
            )
            change = metric_change(facts.view, change.metric, change.old, fresh.mean)
        old_value = facts.value(old, change.metric, so_far=True)
        if len(runs) > 1 and change.metric == facts.data.metric:
            field = f"values.{change.metric}"
            old_value = facts.of_metric(f"baseline.{old.number}.mean", change.metric, mean, runs, field)
            change = metric_change(facts.view, change.metric, mean, change.new)
        row: tuple[Line, ...] = (
            (facts.column_name(change.metric),),
            (old_value,),
            (value,),
            change_text(facts, change, key, [old, new]) if is_compared else (NO_VALUE,),
            (judgement(facts, change, is_compared=is_compared),),
        )
        rows.append(row)
    head = (("Metric",), labelled_trial(facts, left, old), labelled_trial(facts, right, new), ("Change",), ("",))
    blocks: list[Block] = [ReportTable(head, tuple(rows), frozenset({1, 2, 3}))]
    if len(runs) > 1:
        n = facts.count(f"baseline.{old.number}.mean.n", runs)
        text = "{metric} of {trial} is the mean of its {n} runs."
        blocks.append(Paragraph(line(text, metric=facts.name(facts.data.metric), trial=facts.trial(old), n=n)))
    if fresh is not None:
        blocks.append(
            Paragraph(
                line(
                    "{metric} of {trial} is the {fresh}.",
                    metric=facts.name(facts.data.metric),
                    trial=facts.trial(new),
                    fresh=fresh_text(facts, fresh),
                )
            )
        )
    return blocks


def labelled_trial(facts: FactWriter, label: str, trial: Trial) -> Line:
    """Return a label with the trial: `Best (Exp 6, trial 7)`.

    The trial's name is left out if the label repeats it: `Baseline (trial 1)`.
    """
    given_name = facts.given_name(trial)
    is_redundant = not given_name or given_name.lower().startswith((label.lower(), label.split()[0].lower()))
    name_parts: Line = () if is_redundant else (Name(given_name), ", ")
    return (label, " (", *name_parts, "trial ", facts.number(trial), ")")


def change_text(facts: FactWriter, change: MetricChange, key: str, trials: Sequence[Trial]) -> Line:
    """Return the signed change in per cent, else the difference, or `equal` if they print the same."""
    share = facts.share(key, change.metric, change.old, change.new, trials) if change.share is not None else None
    return (share,) if share is not None else (facts.change(key, change.metric, change.old, change.new, trials),)


def judgement(facts: FactWriter, change: MetricChange, *, is_compared: bool = True) -> str:
    """Return better, worse, equal as printed, or `–` where the direction is unknown.

    Trials that are not comparable have no judgement.
    """
    if not is_compared:
        return "not compared"
    if facts.format_value(change.metric, change.old) == facts.format_value(change.metric, change.new):
        return "equal"
    return NO_VALUE if change.better is None else "better" if change.better else "worse"


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
                unit=first.noun,
                other=facts.of_value(f"trial.{new.number}.length", second.amount, [new], field=second.field),
                unit_two=second.noun,
            )
        return ("Careful: it is not known whether the two trained equally long.",)
    if difference == "code":
        return ("Careful: the two ran different code or data, so they are not compared.",)
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
                "after {n} {epochs}",
                epochs="epoch" if reference_value.epochs == 1 else "epochs",
                n=facts.of_value("reference.epochs", reference_value.epochs, field="reference.epochs"),
            )
        )
    if reference_value.steps is not None:
        parts.append(
            line(
                "after {n} {steps}",
                steps="step" if reference_value.steps == 1 else "steps",
                n=facts.of_value("reference.steps", reference_value.steps, field="reference.steps"),
            )
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
        word=judgement(facts, comparison.change),
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
            unit=length.unit.removesuffix("s") if amount == 1 else length.unit,
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
