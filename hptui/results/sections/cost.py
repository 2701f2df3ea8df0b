"""What it cost: time and memory, per trial, per epoch, per thousand examples; what a gain cost; 4 bits against not."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.format import NOTHING
from hptui.model.trial import Role, Trial
from hptui.results.analysis.against import change_of
from hptui.results.analysis.cohort import value_of
from hptui.results.analysis.cost import (
    cheaper,
    four_bit,
    gpu_hours,
    mean_memory,
    memory,
    time_per_epoch,
    time_per_thousand,
    time_per_trial,
)
from hptui.results.document import Block, Bullets, Heading, Paragraph, Table
from hptui.results.facts import Line, Part, Strong, line
from hptui.results.sections.against import called
from hptui.results.teller import Teller


def cost(t: Teller) -> Iterator[Block]:
    """Time, then memory."""
    lines = list(_time(t))
    if lines:
        yield Heading(2, ("Training time",))
        yield Bullets(tuple(lines))
        yield from _worth(t)
    rows = list(_memory_rows(t))
    if rows:
        yield Heading(2, ("Memory",))
        yield Table((("Trial",), ("Peak",), ("Average",)), tuple(rows), frozenset({1, 2}))
        yield from _four_bit(t)


def _item(label: str, *parts: Part) -> Line:
    return (Strong((label,)), ": ", *parts)


def _time(t: Teller) -> Iterator[Line]:
    each = time_per_trial(t.view)
    if each is None:
        return
    if len(each.trials) == 1:
        yield _item("Per trial", t.duration("time.mean", each.value, each.trials, "seconds"), " (one complete trial)")
    else:
        yield _item(
            "Per trial",
            t.duration("time.mean", each.value, each.trials, "seconds"),
            " on average (median ",
            t.duration("time.median", each.middle, each.trials),
            ") over ",
            *t.many("time.n", each.trials, "complete trial"),
        )
        yield _item("All complete trials together", t.duration("time.total", each.total, each.trials, "seconds"))
    epoch = time_per_epoch(t.view)
    if epoch is not None:
        yield _item("Per epoch", t.duration("time.epoch", epoch.value, epoch.trials, "seconds"))
    thousand = time_per_thousand(t.view, t.record.facts)
    if thousand is not None:
        whole, one = thousand
        k = t.plain("thousand", 1000, text="1,000")
        yield (
            Strong(("Per ", k, " training examples")),
            ": ",
            t.duration("time.thousand", whole.value, whole.trials, "seconds"),
            " for all passes over them, ",
            t.duration("time.thousand.pass", one.value, one.trials, "seconds"),
            " for one pass (time of the whole trial, evaluation included, divided by the examples of "
            "one pass, or by all that were processed)",
        )
    hours = gpu_hours(t.record.attempts)
    if hours:
        trials = [trial for trial in t.view.trials if t.record.attempts.get(trial.number)]
        yield _item(
            "GPU hours",
            t.plain("time.gpu_hours", hours, trials, text=f"{hours:.2f}" if hours < 10 else f"{hours:,.0f}"),
            " over all attempts, failed ones included",
        )


def _worth(t: Teller) -> Iterator[Block]:
    """Whether the best was worth its time: against the baseline per minute, against a cheaper one nearly as good."""
    best, base = t.record.best, t.view.baseline
    found = cheaper(t.view)
    if (
        best is not None
        and found is not None
        and t.shown("seconds", found.trial.seconds) != t.shown("seconds", best.seconds)
    ):
        yield Paragraph(
            line(
                "{trial} comes close: {value}, {loss} worse than the best, in {share} of its time "
                "({short} against {long}).",
                trial=t.trial(found.trial, capital=True),
                value=(t.value(found.trial, t.record.metric),),
                loss=t.share("cheaper.loss", found.loss, [found.trial, best]),
                share=t.share("cheaper.share", found.seconds, [found.trial, best], digits=0),
                short=(t.value(found.trial, "seconds"),),
                long=(t.value(best, "seconds"),),
            )
        )
    if best is None or base is None or best.number == base.number or base not in t.record.order:
        return
    change = change_of(t.view, t.record.metric, value_of(t.view, base), value_of(t.view, best))
    more = best.seconds - base.seconds
    if change.better and change.share is not None and more > 0.05 * base.seconds > 0:
        yield Paragraph(
            line(
                "Against the baseline the best improved {metric} by {share} and took {more} longer: {per} per minute.",
                share=t.share("worth.share", abs(change.share), [base, best]),
                metric=t.name(t.record.metric),
                more=t.duration("worth.seconds", more, [base, best]),
                per=t.share("worth.per", abs(change.share) / (more / 60), [base, best], digits=2),
            )
        )
    gb = (best.peak_memory_gb or 0.0) - (base.peak_memory_gb or 0.0)
    if change.better and change.share is not None and base.peak_memory_gb and gb > 0.2 * base.peak_memory_gb:
        yield Paragraph(
            line(
                "Against the baseline the best improved {metric} by {share} and needed {gb} more memory: {per} per GB.",
                metric=t.name(t.record.metric),
                share=t.share("worth.share", abs(change.share), [base, best]),
                gb=t.memory("worth.gb", gb, [base, best]),
                per=t.share("worth.per_gb", abs(change.share) / gb, [base, best], digits=2),
            )
        )


def _memory_rows(t: Teller) -> Iterator[tuple[Line, ...]]:
    every = memory(t.view)
    if every is None:
        return
    special: list[tuple[str, Trial | None]] = [("Best", t.record.best), ("Baseline", t.view.baseline)]
    shown = set()
    for label, trial in special:
        if trial is None or trial.peak_memory_gb is None or trial.number in shown:
            continue
        shown.add(trial.number)
        found = mean_memory(t.record.attempts, trial)
        average: Line = (
            (NOTHING,)
            if found is None
            else (t.memory(f"trial.{trial.number}.mean_memory", found[1], [trial], f"attempt.mean_{found[0]}_gb"),)
        )
        yield (called(t, label, trial), (t.value(trial, "peak_memory_gb"),), average)
    having = [trial for trial in every.trials if trial.role is not Role.BASE]
    most = max(having, key=lambda trial: (trial.peak_memory_gb or 0.0, -trial.number))
    if len(having) > 1:
        yield (called(t, "Most", most), (t.value(most, "peak_memory_gb"),), (NOTHING,))
        yield (
            ("Mean of ", t.count("memory.n", having), " trials"),
            (t.memory("memory.mean", every.value, every.trials, "peak_memory_gb"),),
            (NOTHING,),
        )


def _four_bit(t: Teller) -> Iterator[Block]:
    found = four_bit(t.view)
    if found is None or found.memory is None:
        return
    both = [*found.on, *found.off]
    on, off = found.memory
    yield Table(
        (("Configuration",), ("Trials",), ("Peak memory, mean",)),
        (
            (
                (t.name(found.setting), " on"),
                (t.count("fourbit.on.n", found.on),),
                (t.memory("fourbit.on", on, found.on, "peak_memory_gb"),),
            ),
            (
                (t.name(found.setting), " off"),
                (t.count("fourbit.off.n", found.off),),
                (t.memory("fourbit.off", off, found.off, "peak_memory_gb"),),
            ),
        ),
        frozenset({1, 2}),
    )
    yield Paragraph(
        line(
            "Loading in four bits changed peak memory by {share}; these trials may differ in other settings, too.",
            share=t.share("fourbit.share", (on - off) / off, both, signed=True),
        )
    )
