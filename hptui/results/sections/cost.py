"""The sections `Training time` and `Memory`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from math import fsum
from statistics import fmean

from hptui.core.format import NO_VALUE
from hptui.core.trial import SECONDS_ALONE, Role, Trial
from hptui.results.analysis.cohort import objective_value
from hptui.results.analysis.cost import (
    TrialMean,
    busy_intervals,
    cheaper_trial,
    gpu_seconds,
    is_trained_once,
    mean_memory,
    memory_by_loading,
    own_seconds_per_trial,
    peak_memory,
    seconds_from_start_to_end,
    seconds_per_epoch,
    seconds_per_thousand,
    seconds_per_trial,
    union_seconds,
)
from hptui.results.analysis.fresh import mean_of_runs
from hptui.results.analysis.reference import metric_change
from hptui.results.document import Block, Bullets, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, Part, join_with_and, line
from hptui.results.packing import (
    has_shares,
    own_memory,
    own_seconds,
    seconds_alone,
    time_column,
    why_not_shared,
)
from hptui.results.sections.comparison import labelled_trial


def cost(facts: FactWriter) -> Iterator[Block]:
    """Yield time, then memory."""
    table, lines = _shared_times(facts), list(_time_lines(facts))
    if table or lines:
        yield Heading(2, ("Training time",))
        yield from table
        if lines:
            yield Bullets(tuple(lines))
        yield from _cost_of_gain(facts)
    rows, shared = list(_memory_rows(facts)), list(_shared_memory(facts))
    if rows or shared:
        yield Heading(2, ("Memory",))
        if rows:
            yield ReportTable((("Trial",), ("Peak",), ("Average",)), tuple(rows), frozenset({1, 2}))
        yield from shared
        yield from _four_bit_blocks(facts)


def _item(label: str, *parts: Part) -> Line:
    return (Bold((label,)), ": ", *parts)


def _shared_times(facts: FactWriter) -> tuple[Block, ...]:
    """Return the table of times where trials shared a process: own shares, and from start to end."""
    own, whole = own_seconds_per_trial(facts.view), seconds_per_trial(facts.view)
    if own is None or whole is None:
        return ()
    attempts = chain.from_iterable(facts.data.attempts.get(trial.number, ()) for trial in whole.trials)
    at_work = union_seconds(busy_intervals(attempts))
    head: tuple[Line, ...] = (
        ("Time of ", *facts.count_with_noun("time.n", own.trials, "complete trial")),
        ("Mean",),
        ("Median",),
        ("Together",),
    )
    rows: tuple[tuple[Line, ...], ...] = (
        (
            ("Own share of the computing",),
            (facts.duration("time.own.mean", own.value, own.trials),),
            (facts.duration("time.own.median", own.middle, own.trials),),
            (facts.duration("time.own.total", own.total, own.trials),),
        ),
        (
            ("From start to end, others in between",),
            (facts.duration("time.mean", whole.value, whole.trials, "seconds"),),
            (facts.duration("time.median", whole.middle, whole.trials),),
            (facts.duration("time.at_work", at_work, whole.trials) if at_work else NO_VALUE,),
        ),
    )
    note = "Together: the sum of the shares; and the time in which at least one of the trials ran."
    return ReportTable(head, rows, frozenset({1, 2, 3})), Paragraph((note,))


def _time_lines(facts: FactWriter) -> Iterator[Line]:
    per_trial = seconds_per_trial(facts.view)
    if per_trial is None:
        return
    shared = has_shares(per_trial.trials)
    field, what = ("", "own share of the computing") if shared else ("seconds", "time of the whole trial")
    if not shared:
        yield from _whole_times(facts, per_trial)
    epoch = seconds_per_epoch(facts.view)
    if epoch is not None:
        share = f" ({what}, starting and evaluating included, divided by its epochs)"
        yield _item("Per epoch", facts.duration("time.epoch", epoch.value, epoch.trials, field), share)
    thousand = seconds_per_thousand(facts.view, facts.data.facts)
    if thousand is not None:
        all_passes, one_pass = thousand
        thousand_fact = facts.of_value("thousand", 1000, text="1,000")
        yield (
            Bold(("Per ", thousand_fact, " training examples")),
            ": ",
            facts.duration("time.thousand", all_passes.value, all_passes.trials, field),
            " for all passes over them, ",
            facts.duration("time.thousand.pass", one_pass.value, one_pass.trials, field),
            f" for one pass ({what}, starting and evaluating included, divided by the examples of "
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


def _whole_times(facts: FactWriter, per_trial: TrialMean) -> Iterator[Line]:
    """Yield the times of trials in processes of their own."""
    if len(per_trial.trials) == 1:
        yield _item(
            "Per trial",
            facts.duration("time.mean", per_trial.value, per_trial.trials, "seconds"),
            " (one complete trial)",
        )
        return
    yield _item(
        "Per trial",
        facts.duration("time.mean", per_trial.value, per_trial.trials, "seconds"),
        " on average (median ",
        facts.duration("time.median", per_trial.middle, per_trial.trials),
        ") over ",
        *facts.count_with_noun("time.n", per_trial.trials, "complete trial"),
        *((" that ran here",) if any(trial.role is Role.IMPORTED for trial in facts.view.trials) else ()),
    )
    total = facts.duration("time.total", per_trial.total, per_trial.trials, "seconds")
    runs = [facts.data.attempts.get(trial.number, ()) for trial in per_trial.trials]
    whole = seconds_from_start_to_end(list(chain.from_iterable(runs))) if all(runs) else None
    around: Line = ()
    if whole is not None:
        around = (" at work, ", facts.duration("time.whole", whole, per_trial.trials), " from start to end")
    yield _item("All complete trials together", total, *around)


def _packing_lines(facts: FactWriter) -> Iterator[Line]:
    """Yield how many trials shared processes, by what choice, and why others did not."""
    trials = facts.view.trials
    shared = [trial for trial in trials if seconds_alone(trial) is not None]
    if shared:
        attributed = fsum(seconds_alone(trial) or 0.0 for trial in shared)
        yield _item(
            "Shared a process",
            *facts.count_with_noun("packing.n", shared, "trial"),
            ", with ",
            facts.duration("packing.total", attributed, shared, f"facts.{SECONDS_ALONE}"),
            " of computing in all",
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


def _shared_memory(facts: FactWriter) -> Iterator[Block]:
    """Yield what is known of the memory of trials whose process had others, too."""
    sizes = {trial.number: size for trial in facts.view.trials if (size := own_memory(trial)) is not None}
    if not sizes:
        return
    trials = [trial for trial in facts.view.trials if trial.number in sizes]
    most = max(trials, key=lambda trial: (sizes[trial.number], -trial.number))
    yield Paragraph(
        (
            *facts.count_with_noun("memory.shared.n", trials, "trial"),
            " shared a process, whose peak is that of all. Model, optimizer, gradients and activations of one come to ",
            facts.memory("memory.shared.mean", fmean(sizes.values()), trials),
            " on average; the most is ",
            facts.memory("memory.shared.most", sizes[most.number], [most]),
            ", of ",
            *facts.trial(most),
            ". Trials that ran at once had one model.",
        )
    )


def _is_better(facts: FactWriter, value: float, than: float) -> bool:
    return facts.study.objective.better(value, than)


def _cost_of_gain(facts: FactWriter) -> Iterator[Block]:
    """Yield what the best trial cost for its gain: against a cheaper one nearly as good, and the baseline."""
    best, baseline = facts.data.best, facts.view.baseline
    shared = has_shares([trial for trial in (best, baseline) if trial is not None])
    alternative = cheaper_trial(facts.view, facts.data.attempts)
    fresh = facts.data.fresh(best) if best is not None and len(facts.study.objectives) == 1 else None
    if (
        best is not None
        and alternative is not None
        and (fresh is None or not _is_better(facts, objective_value(facts.view, alternative.trial), fresh.mean))
        and facts.format_value("seconds", own_seconds(alternative.trial))
        != facts.format_value("seconds", own_seconds(best))
    ):
        metric, trials = facts.data.metric, [best, alternative.trial]
        value, other = objective_value(facts.view, best), objective_value(facts.view, alternative.trial)
        if fresh is not None:  # the run that was ranked is likely to look better than it is
            value, trials = fresh.mean, [alternative.trial, *fresh.runs]
        share = facts.share("cheaper.loss", metric, value, other, trials)
        size = share or facts.change("cheaper.loss", metric, value, other, trials)
        yield Paragraph(
            line(
                "{trial} is as good, {value}, in {short}{own} instead of {long}."
                if other == value
                else "{trial} comes close: {value}, equal in these digits, in {short}{own} instead of {long}."
                if size == "equal"
                else "{trial} comes close: {value}, {size} against {best}, in {short}{own} instead of {long}.",
                trial=facts.trial(alternative.trial, capital=True),
                value=(facts.value(alternative.trial, metric),),
                size=size,
                short=(facts.value(alternative.trial, time_column(alternative.trial)),),
                long=(facts.value(best, time_column(best)),),
                own=" of its own computing" if shared else "",
                best="the best" if fresh is None else "the mean of fresh runs of the best",
            )
        )
    if best is None or baseline is None or best.number == baseline.number or baseline not in facts.data.order:
        return
    old, runs = mean_of_runs(facts.view, baseline, facts.data.dead, best)
    new = objective_value(facts.view, best) if fresh is None else fresh.mean
    change = metric_change(facts.view, facts.data.metric, old, new)
    extra_seconds, usual_seconds = own_seconds(best) - own_seconds(baseline), own_seconds(baseline)
    extra_gb = (best.peak_memory_gb or 0.0) - (baseline.peak_memory_gb or 0.0)
    costs: list[Line] = []
    extra = facts.change("worth.seconds", "seconds", usual_seconds, own_seconds(best), [baseline, best])
    # The time on another machine is no cost of a setting, nor is that of an attempt whose work was lost.
    is_own = all(t.role is not Role.IMPORTED and is_trained_once(facts.data.attempts, t) for t in (best, baseline))
    if is_own and isinstance(extra, Fact) and extra_seconds > 0.05 * usual_seconds > 0:
        extra = replace(extra, text=extra.text.removeprefix("+"))
        costs.append(("took ", extra, " more of computing of its own" if shared else " longer"))
    if baseline.peak_memory_gb and extra_gb > 0.2 * baseline.peak_memory_gb:
        costs.append(("needed ", facts.memory("worth.gb", extra_gb, [baseline, best]), " more memory"))
    if not change.better or not costs:
        return
    behind = [*runs, best, *(fresh.runs if fresh is not None else ())]
    difference = facts.change("worth.change", facts.data.metric, old, new, behind)
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
