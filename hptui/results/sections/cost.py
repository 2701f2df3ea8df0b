"""The sections `Training time` and `Memory`."""

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


def cost(facts: Teller) -> Iterator[Block]:
    """Yield time, then memory."""
    lines = list(_time_lines(facts))
    if lines:
        yield Heading(2, ("Training time",))
        yield Bullets(tuple(lines))
        yield from _cost_of_gain(facts)
    rows = list(_memory_rows(facts))
    if rows:
        yield Heading(2, ("Memory",))
        yield Table((("Trial",), ("Peak",), ("Average",)), tuple(rows), frozenset({1, 2}))
        yield from _four_bit_blocks(facts)


def _item(label: str, *parts: Part) -> Line:
    return (Strong((label,)), ": ", *parts)


def _time_lines(facts: Teller) -> Iterator[Line]:
    per_trial = time_per_trial(facts.view)
    if per_trial is None:
        return
    if len(per_trial.trials) == 1:
        yield _item(
            "Per trial",
            facts.duration("time.mean", per_trial.value, per_trial.trials, "seconds"),
            " (one complete trial)",
        )
    else:
        yield _item(
            "Per trial",
            facts.duration("time.mean", per_trial.value, per_trial.trials, "seconds"),
            " on average (median ",
            facts.duration("time.median", per_trial.middle, per_trial.trials),
            ") over ",
            *facts.many("time.n", per_trial.trials, "complete trial"),
        )
        yield _item(
            "All complete trials together", facts.duration("time.total", per_trial.total, per_trial.trials, "seconds")
        )
    epoch = time_per_epoch(facts.view)
    if epoch is not None:
        yield _item("Per epoch", facts.duration("time.epoch", epoch.value, epoch.trials, "seconds"))
    thousand = time_per_thousand(facts.view, facts.record.facts)
    if thousand is not None:
        all_passes, one_pass = thousand
        thousand_fact = facts.plain("thousand", 1000, text="1,000")
        yield (
            Strong(("Per ", thousand_fact, " training examples")),
            ": ",
            facts.duration("time.thousand", all_passes.value, all_passes.trials, "seconds"),
            " for all passes over them, ",
            facts.duration("time.thousand.pass", one_pass.value, one_pass.trials, "seconds"),
            " for one pass (time of the whole trial, evaluation included, divided by the examples of "
            "one pass, or by all that were processed)",
        )
    hours = gpu_hours(facts.record.attempts)
    if hours:
        trials = [trial for trial in facts.view.trials if facts.record.attempts.get(trial.number)]
        yield _item(
            "GPU hours",
            facts.plain("time.gpu_hours", hours, trials, text=f"{hours:.2f}" if hours < 10 else f"{hours:,.0f}"),
            " over all attempts, failed ones included",
        )


def _cost_of_gain(facts: Teller) -> Iterator[Block]:
    """Yield what the best trial cost for its gain: against a cheaper one nearly as good, and the baseline."""
    best, baseline = facts.record.best, facts.view.baseline
    alternative = cheaper(facts.view)
    if (
        best is not None
        and alternative is not None
        and facts.shown("seconds", alternative.trial.seconds) != facts.shown("seconds", best.seconds)
    ):
        yield Paragraph(
            line(
                "{trial} comes close: {value}, {loss} worse than the best, in {share} of its time "
                "({short} against {long}).",
                trial=facts.trial(alternative.trial, capital=True),
                value=(facts.value(alternative.trial, facts.record.metric),),
                loss=facts.share("cheaper.loss", alternative.loss, [alternative.trial, best]),
                share=facts.share("cheaper.share", alternative.seconds, [alternative.trial, best], digits=0),
                short=(facts.value(alternative.trial, "seconds"),),
                long=(facts.value(best, "seconds"),),
            )
        )
    if best is None or baseline is None or best.number == baseline.number or baseline not in facts.record.order:
        return
    change = change_of(facts.view, facts.record.metric, value_of(facts.view, baseline), value_of(facts.view, best))
    extra_seconds = best.seconds - baseline.seconds
    if change.better and change.share is not None and extra_seconds > 0.05 * baseline.seconds > 0:
        yield Paragraph(
            line(
                "Against the baseline the best improved {metric} by {share} and took {more} longer: {per} per minute.",
                share=facts.share("worth.share", abs(change.share), [baseline, best]),
                metric=facts.name(facts.record.metric),
                more=facts.duration("worth.seconds", extra_seconds, [baseline, best]),
                per=facts.share("worth.per", abs(change.share) / (extra_seconds / 60), [baseline, best], digits=2),
            )
        )
    extra_gb = (best.peak_memory_gb or 0.0) - (baseline.peak_memory_gb or 0.0)
    if (
        change.better
        and change.share is not None
        and baseline.peak_memory_gb
        and extra_gb > 0.2 * baseline.peak_memory_gb
    ):
        yield Paragraph(
            line(
                "Against the baseline the best improved {metric} by {share} and needed {gb} more memory: {per} per GB.",
                metric=facts.name(facts.record.metric),
                share=facts.share("worth.share", abs(change.share), [baseline, best]),
                gb=facts.memory("worth.gb", extra_gb, [baseline, best]),
                per=facts.share("worth.per_gb", abs(change.share) / extra_gb, [baseline, best], digits=2),
            )
        )


def _memory_rows(facts: Teller) -> Iterator[tuple[Line, ...]]:
    recorded = memory(facts.view)
    if recorded is None:
        return
    labelled: list[tuple[str, Trial | None]] = [("Best", facts.record.best), ("Baseline", facts.view.baseline)]
    shown = set()
    for label, trial in labelled:
        if trial is None or trial.peak_memory_gb is None or trial.number in shown:
            continue
        shown.add(trial.number)
        mean = mean_memory(facts.record.attempts, trial)
        average: Line = (
            (NOTHING,)
            if mean is None
            else (facts.memory(f"trial.{trial.number}.mean_memory", mean[1], [trial], f"attempt.mean_{mean[0]}_gb"),)
        )
        yield (called(facts, label, trial), (facts.value(trial, "peak_memory_gb"),), average)
    having = [trial for trial in recorded.trials if trial.role is not Role.BASE]
    largest = max(having, key=lambda trial: (trial.peak_memory_gb or 0.0, -trial.number))
    if len(having) > 1:
        yield (called(facts, "Most", largest), (facts.value(largest, "peak_memory_gb"),), (NOTHING,))
        yield (
            ("Mean of ", facts.count("memory.n", having), " trials"),
            (facts.memory("memory.mean", recorded.value, recorded.trials, "peak_memory_gb"),),
            (NOTHING,),
        )


def _four_bit_blocks(facts: Teller) -> Iterator[Block]:
    comparison = four_bit(facts.view)
    if comparison is None or comparison.memory is None:
        return
    both = [*comparison.on, *comparison.off]
    on, off = comparison.memory
    yield Table(
        (("Configuration",), ("Trials",), ("Peak memory, mean",)),
        (
            (
                (facts.name(comparison.setting), " on"),
                (facts.count("fourbit.on.n", comparison.on),),
                (facts.memory("fourbit.on", on, comparison.on, "peak_memory_gb"),),
            ),
            (
                (facts.name(comparison.setting), " off"),
                (facts.count("fourbit.off.n", comparison.off),),
                (facts.memory("fourbit.off", off, comparison.off, "peak_memory_gb"),),
            ),
        ),
        frozenset({1, 2}),
    )
    yield Paragraph(
        line(
            "Loading in four bits changed peak memory by {share}; these trials may differ in other settings, too.",
            share=facts.share("fourbit.share", (on - off) / off, both, signed=True),
        )
    )
