"""The best against the baseline, the untouched base model, and a value measured elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hptui.model.format import NOTHING, setting
from hptui.model.trial import Trial
from hptui.results.analysis.against import Against, Change, against_reference, base_model, changes, differences
from hptui.results.analysis.cohort import length_of
from hptui.results.analysis.intervals import Interval, of_answers, of_trial
from hptui.results.document import Block, Heading, Paragraph, Table
from hptui.results.facts import Line, Name, Words, joined, line
from hptui.results.roles import is_cost, split_of
from hptui.results.teller import Teller


def against(t: Teller) -> Iterator[Block]:
    """Three comparisons, as far as there is something to compare with."""
    best = t.record.best
    if best is None:
        return
    found: list[Block] = []
    base = base_model(t.view)
    if base is not None:
        found.append(Heading(3, ("Base model and fine-tuned model",)))
        found += _two(t, base, best, "Base model", "Fine-tuned model")
    baseline = t.view.baseline
    if baseline is not None and baseline.number != best.number:
        found.append(Heading(3, ("Baseline and best",)))
        found += _two(t, baseline, best, "Baseline", "Best")
        for why in differences(t.view, baseline, best):
            found.append(Paragraph(_differ(t, why, baseline, best)))
    elif baseline is not None and len(t.record.order) > 1:
        found.append(Paragraph(("No trial was better than the baseline.",)))
    compared = against_reference(t.view, best)
    if compared is not None:
        found.append(Heading(3, ("Value measured elsewhere",)))
        found += [Paragraph(told) for told in reference(t, compared)]
    if found:
        yield Heading(2, ("Comparison",))
        yield from found


def _two(t: Teller, old: Trial, new: Trial, left: str, right: str) -> Sequence[Block]:
    rows = changes(t.view, old, new)
    if not rows:
        return [Paragraph(line("{old} has no metric to compare.", old=t.trial(old, capital=True)))]
    objectives = [one.metric for one in t.study.objectives]
    quality = [one for one in rows if one.metric in objectives or not is_cost(one.metric)]
    chosen = [one for one in quality if one.metric in t.study.metrics or one.metric in objectives] or quality
    table = tuple(
        (
            (t.name(one.metric),),
            (t.value(old, one.metric, so_far=True),),
            (t.value(new, one.metric, so_far=True),),
            share_of(t, one, f"change.{old.number}.{new.number}.{one.metric}", [old, new]),
            (_word(one, _intervals(t, one.metric, old, new)),),
        )
        for one in chosen
    )
    head = (("Metric",), called(t, left, old), called(t, right, new), ("Change",), ("",))
    blocks: list[Block] = [Table(head, table, frozenset({1, 2, 3}))]
    if told := [found for one in chosen if (found := _sure(t, one.metric, old, new)) is not None]:
        sure = joined(told, "; ")
        blocks.append(Paragraph(line("{confidence} intervals: {sure}.", confidence=t.confidence(), sure=sure)))
    return blocks


def _sure(t: Teller, metric: str, old: Trial, new: Trial) -> Line | None:
    """How sure both values of a metric are, where both are more than one measurement."""
    found = _intervals(t, metric, old, new)
    if found is None:
        return None
    key = f"interval.{old.number}.{new.number}.{metric}"
    return line(
        "{metric} {one}, then {other} ({how})",
        metric=(t.name(metric),),
        one=t.interval(f"{key}.old", metric, found[0], [old]),
        other=t.interval(f"{key}.new", metric, found[1], [new]),
        how=" and ".join(dict.fromkeys(one.how for one in found)),
    )


def _intervals(t: Teller, metric: str, old: Trial, new: Trial) -> tuple[Interval, Interval] | None:
    one, other = (of_trial(t.view, trial, metric) or of_answers(trial, metric) for trial in (old, new))
    return None if one is None or other is None else (one, other)


def called(t: Teller, label: str, trial: Trial) -> Line:
    """`Best (Exp 6, trial 7)`; a label that is the trial's own name stands alone: `Baseline (trial 1)`."""
    own = t.called(trial)
    known = not own or own.lower().startswith((label.lower(), label.split()[0].lower()))
    named: Line = () if known else (Name(own), ", ")
    return (label, " (", *named, "trial ", t.number(trial), ")")


def share_of(t: Teller, one: Change, key: str, trials: Sequence[Trial]) -> Line:
    """The signed change in per cent; the difference where that means nothing."""
    if one.share is None:
        return (t.difference(key, one.metric, one.new - one.old, trials),)
    return (t.share(key, one.share, trials, signed=True),)


def _word(one: Change, sure: tuple[Interval, Interval] | None = None) -> str:
    if one.old == one.new:
        return "equal"
    word = NOTHING if one.better is None else "better" if one.better else "worse"
    overlap = sure is not None and sure[0].low <= sure[1].high and sure[1].low <= sure[0].high
    return f"{word}; intervals overlap" if overlap and one.better is not None else word


def _differ(t: Teller, why: str, old: Trial, new: Trial) -> Line:
    if why == "length":
        first, second = length_of(t.view, old), length_of(t.view, new)
        if first is not None and second is not None:
            return line(
                "Careful: the first trained for {one} {unit}, the second for {other} {unit_two}. "
                "Part of the change may "
                "be the length of training.",
                one=t.plain(f"trial.{old.number}.length", first.amount, [old], field=first.field),
                unit=first.unit,
                other=t.plain(f"trial.{new.number}.length", second.amount, [new], field=second.field),
                unit_two=second.unit,
            )
        return ("Careful: it is not known whether the two trained equally long.",)
    return line(
        "Careful: the two ran in different stages, {one} and {other}.",
        one=Name(old.stage or "none"),
        other=Name(new.stage or "none"),
    )


def reference(t: Teller, found: Against) -> Iterator[Line]:
    """The reference as the author gave it, and what may be said about it."""
    own = found.reference
    parts: list[Line] = [
        line(
            "{metric} of {value}",
            metric=t.name(own.metric),
            value=t.of_metric("reference.value", own.metric, own.value, (), "reference.value"),
        )
    ]
    if own.split:
        parts.append(line("on the {split} split", split=Name(own.split)))
    if own.epochs is not None:
        parts.append(line("after {n} epochs", n=t.plain("reference.epochs", own.epochs, field="reference.epochs")))
    if own.steps is not None:
        parts.append(line("after {n} steps", n=t.plain("reference.steps", own.steps, field="reference.steps")))
    told: Line = ("The reference is ",)
    for index, part in enumerate(parts):
        told += (" " if index else "", *part)
    if own.source:
        told += (", from ", Words(own.source))
    yield (*told, ".")
    reasons = joined((_reason(t, found, why) for why in found.differences), "; ")
    if found.change is None:
        yield line("It was measured differently, so the two are not compared: {reasons}.", reasons=reasons)
        return
    yield line(
        "{trial} has {value}: {share} ({word}).",
        trial=t.trial(found.trial, capital=True),
        value=t.of_metric(
            f"trial.{found.trial.number}.{own.metric}.reference", own.metric, found.change.new, [found.trial]
        ),
        share=share_of(t, found.change, "reference.change", [found.trial]),
        word=_word(found.change),
    )
    if found.differences:
        yield line("Careful: {reasons}.", reasons=reasons)
    for share, value, reached in found.targets:
        text = setting(share)
        yield line(
            "The target of {share} better, {value}, is {reached}.",
            share=t.share(f"reference.target.{text}", share, (), digits=0),
            value=t.of_metric(f"reference.target.{text}.value", own.metric, value, ()),
            reached="reached" if reached else "not reached",
        )


def _reason(t: Teller, found: Against, why: str) -> Line:
    own = found.reference
    if why == "metric":
        return line(
            "the reference is {metric}, the trials report {ours}",
            metric=Name(own.metric, code=True),
            ours=Name(t.record.metric, code=True),
        )
    if why == "split":
        return line(
            "it is of the {split} split, theirs of the {ours} split",
            split=Name(own.split or "train"),
            ours=Name(found.own_split),
        )
    if why == "length" and found.own_length is not None:
        length = found.own_length
        said = own.epochs if length.unit == "epochs" else own.steps
        return line(
            "it is after {n} {unit}, the trial trained for {ours}",
            n=t.plain(f"reference.{length.unit}", said, field=f"reference.{length.unit}"),
            unit=length.unit,
            ours=t.plain(f"trial.{found.trial.number}.length", length.amount, [found.trial], field=length.field),
        )
    if why == "unknown split":
        return ("the reference does not say on which split it was measured",)
    if why == "unknown own split":
        return line(
            "it is of the {split} split, and the study does not say of which {metric} is (`split` of its metric)",
            split=Name(own.split or split_of(own.metric)),
            metric=t.name(own.metric),
        )
    return ("it is not known after how much training it was measured",)
