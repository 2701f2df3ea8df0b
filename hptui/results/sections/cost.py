"""The sections `Training time` and `Memory`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import fsum
from statistics import fmean

from hptui.core.format import NO_VALUE
from hptui.core.trial import Role, Trial
from hptui.results.analysis.cohort import objective_value
from hptui.results.analysis.cost import (
    cheaper_trial,
    gpu_seconds,
    mean_memory,
    memory_by_loading,
    peak_memory,
    seconds_per_epoch,
    seconds_per_thousand,
    seconds_per_trial,
)
from hptui.results.analysis.reference import metric_change
from hptui.results.document import Block, Bullets, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Line, Name, Part, join_with_and, line
from hptui.results.packing import ALONE, seconds_alone, why_not_shared
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
    yield from _packing_lines(facts)
    attempts = list(chain.from_iterable(facts.data.attempts.values()))
    if seconds := gpu_seconds(attempts):
        trials = [trial for trial in facts.view.trials if facts.data.attempts.get(trial.number)]
        yield _item(
            "GPU hours",
            facts.gpu_hours("cost.gpu_hours", seconds, trials),
            " over all attempts, failed ones included; trials that shared a GPU count once",
        )


def _packing_lines(facts: FactWriter) -> Iterator[Line]:
    """Yield how many trials shared processes, at what cost of their own, and why others did not."""
    trials = facts.view.trials
    shared = [trial for trial in trials if seconds_alone(trial) is not None]
    if shared:
        attributed = [seconds_alone(trial) or 0.0 for trial in shared]
        yield _item(
            "Shared a process",
            *facts.count_with_noun("packing.n", shared, "trial"),
            "; the times above are from a trial's start to its end, with others in between; its own share of the "
            "computing is ",
            facts.duration("packing.mean", fmean(attributed), shared, f"facts.{ALONE}"),
            " on average, ",
            facts.duration("packing.total", fsum(attributed), shared, f"facts.{ALONE}"),
            " for all of them",
        )
        if chosen := facts.view.row.packing.get("why"):
            yield _item("Chosen by measured times", facts.of_value("packing.why", chosen, text=str(chosen)))
    reasons: dict[str, list[Trial]] = {}
    for trial in trials:
        if reason := why_not_shared(trial):
            reasons.setdefault(reason, []).append(trial)
    for n, (reason, alone) in enumerate(reasons.items()):
        yield _item(
            "In a process of its own", *facts.count_with_noun(f"packing.alone.{n}", alone, "trial"), ": ", Name(reason)
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
    old, new = objective_value(facts.view, baseline), objective_value(facts.view, best)
    change = metric_change(facts.view, facts.data.metric, old, new)
    extra_seconds = best.seconds - baseline.seconds
    extra_gb = (best.peak_memory_gb or 0.0) - (baseline.peak_memory_gb or 0.0)
    costs: list[Line] = []
    if extra_seconds > 0.05 * baseline.seconds > 0:
        costs.append(("took ", facts.duration("worth.seconds", extra_seconds, [baseline, best]), " longer"))
    if baseline.peak_memory_gb and extra_gb > 0.2 * baseline.peak_memory_gb:
        costs.append(("needed ", facts.memory("worth.gb", extra_gb, [baseline, best]), " more memory"))
    if not change.better or not costs:
        return
    difference = facts.change("worth.change", facts.data.metric, old, new, [baseline, best])
    yield Paragraph(
        line(
            "Against the baseline ({change} {metric}) the best {costs}.",
            change=difference,
            metric=facts.name(facts.data.metric),
            costs=join_with_and(costs),
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
    loading = memory_by_loading(facts.view)
    if loading is None:
        return
    name, trials_by_value = loading
    rows = []
    for value, trials in trials_by_value.items():
        mean = fmean(trial.peak_memory_gb or 0.0 for trial in trials)
        memory = facts.memory(f"loading.{value}", mean, trials, "peak_memory_gb")
        rows.append(((Name(value),), (facts.count(f"loading.{value}.n", trials),), (memory,)))
    yield ReportTable(((facts.name(name),), ("Trials",), ("Peak memory, mean",)), tuple(rows), frozenset({1, 2}))
    yield Paragraph(("These trials may differ in other settings, too.",))
