"""The sections `Training time` and `Memory`."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.format import NO_VALUE
from hptui.core.trial import Role, Trial
from hptui.results.analysis.cohort import objective_value
from hptui.results.analysis.cost import (
    cheaper_trial,
    four_bit_cost,
    gpu_hours,
    mean_memory,
    peak_memory,
    seconds_per_epoch,
    seconds_per_thousand,
    seconds_per_trial,
)
from hptui.results.analysis.reference import metric_change
from hptui.results.document import Block, Bullets, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Line, Part, line
from hptui.results.sections.comparison import labelled_trial


def cost(facts: FactWriter) -> Iterator[Block]:
    """Yield time, then memory."""
    lines = list(_time_lines(facts))
    if lines:
        yield Heading(2, ("Training time",))
        yield Bullets(tuple(lines))
        yield from _cost_of_gain(facts)
    rows = list(_memory_rows(facts))
    if rows:
        yield Heading(2, ("Memory",))
        yield ReportTable((("Trial",), ("Peak",), ("Average",)), tuple(rows), frozenset({1, 2}))
        yield from _four_bit_blocks(facts)


def _item(label: str, *parts: Part) -> Line:
    return (Bold((label,)), ": ", *parts)


def _time_lines(facts: FactWriter) -> Iterator[Line]:
    per_trial = seconds_per_trial(facts.view)
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
            *facts.count_with_noun("time.n", per_trial.trials, "complete trial"),
        )
        yield _item(
            "All complete trials together", facts.duration("time.total", per_trial.total, per_trial.trials, "seconds")
        )
    epoch = seconds_per_epoch(facts.view)
    if epoch is not None:
        yield _item("Per epoch", facts.duration("time.epoch", epoch.value, epoch.trials, "seconds"))
    thousand = seconds_per_thousand(facts.view, facts.data.facts)
    if thousand is not None:
        all_passes, one_pass = thousand
        thousand_fact = facts.of_value("thousand", 1000, text="1,000")
        yield (
            Bold(("Per ", thousand_fact, " training examples")),
            ": ",
            facts.duration("time.thousand", all_passes.value, all_passes.trials, "seconds"),
            " for all passes over them, ",
            facts.duration("time.thousand.pass", one_pass.value, one_pass.trials, "seconds"),
            " for one pass (time of the whole trial, evaluation included, divided by the examples of "
            "one pass, or by all that were processed)",
        )
    hours = gpu_hours(facts.data.attempts)
    if hours:
        trials = [trial for trial in facts.view.trials if facts.data.attempts.get(trial.number)]
        yield _item(
            "GPU hours",
            facts.of_value("time.gpu_hours", hours, trials, text=f"{hours:.2f}" if hours < 10 else f"{hours:,.0f}"),
            " over all attempts, failed ones included",
        )


def _cost_of_gain(facts: FactWriter) -> Iterator[Block]:
    """Yield what the best trial cost for its gain: against a cheaper one nearly as good, and the baseline."""
    best, baseline = facts.data.best, facts.view.baseline
    alternative = cheaper_trial(facts.view)
    if (
        best is not None
        and alternative is not None
        and facts.format_value("seconds", alternative.trial.seconds) != facts.format_value("seconds", best.seconds)
    ):
        yield Paragraph(
            line(
                "{trial} comes close: {value}, {loss} worse than the best, in {share} of its time "
                "({short} against {long}).",
                trial=facts.trial(alternative.trial, capital=True),
                value=(facts.value(alternative.trial, facts.data.metric),),
                loss=facts.percentage("cheaper.loss", alternative.loss, [alternative.trial, best]),
                share=facts.percentage("cheaper.share", alternative.seconds, [alternative.trial, best], digits=0),
                short=(facts.value(alternative.trial, "seconds"),),
                long=(facts.value(best, "seconds"),),
            )
        )
    if best is None or baseline is None or best.number == baseline.number or baseline not in facts.data.order:
        return
    change = metric_change(
        facts.view, facts.data.metric, objective_value(facts.view, baseline), objective_value(facts.view, best)
    )
    extra_seconds = best.seconds - baseline.seconds
    if change.better and change.share is not None and extra_seconds > 0.05 * baseline.seconds > 0:
        yield Paragraph(
            line(
                "Against the baseline the best improved {metric} by {share} and took {more} longer: {per} per minute.",
                share=facts.percentage("worth.share", abs(change.share), [baseline, best]),
                metric=facts.name(facts.data.metric),
                more=facts.duration("worth.seconds", extra_seconds, [baseline, best]),
                per=facts.percentage("worth.per", abs(change.share) / (extra_seconds / 60), [baseline, best], digits=2),
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
                metric=facts.name(facts.data.metric),
                share=facts.percentage("worth.share", abs(change.share), [baseline, best]),
                gb=facts.memory("worth.gb", extra_gb, [baseline, best]),
                per=facts.percentage("worth.per_gb", abs(change.share) / extra_gb, [baseline, best], digits=2),
            )
        )


def _memory_rows(facts: FactWriter) -> Iterator[tuple[Line, ...]]:
    recorded = peak_memory(facts.view)
    if recorded is None:
        return
    labelled: list[tuple[str, Trial | None]] = [("Best", facts.data.best), ("Baseline", facts.view.baseline)]
    shown = set()
    for label, trial in labelled:
        if trial is None or trial.peak_memory_gb is None or trial.number in shown:
            continue
        shown.add(trial.number)
        mean = mean_memory(facts.data.attempts, trial)
        average: Line = (
            (NO_VALUE,)
            if mean is None
            else (facts.memory(f"trial.{trial.number}.mean_memory", mean[1], [trial], f"attempt.mean_{mean[0]}_gb"),)
        )
        yield (labelled_trial(facts, label, trial), (facts.value(trial, "peak_memory_gb"),), average)
    having = [trial for trial in recorded.trials if trial.role is not Role.BASE]
    largest = max(having, key=lambda trial: (trial.peak_memory_gb or 0.0, -trial.number))
    if len(having) > 1:
        yield (labelled_trial(facts, "Most", largest), (facts.value(largest, "peak_memory_gb"),), (NO_VALUE,))
        yield (
            ("Mean of ", facts.count("memory.n", having), " trials"),
            (facts.memory("memory.mean", recorded.value, recorded.trials, "peak_memory_gb"),),
            (NO_VALUE,),
        )


def _four_bit_blocks(facts: FactWriter) -> Iterator[Block]:
    comparison = four_bit_cost(facts.view)
    if comparison is None or comparison.memory is None:
        return
    both = [*comparison.on, *comparison.off]
    on, off = comparison.memory
    yield ReportTable(
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
            share=facts.percentage("fourbit.share", (on - off) / off, both, signed=True),
        )
    )
