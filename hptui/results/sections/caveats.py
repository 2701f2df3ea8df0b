"""Caveats of the best trial: its interval, trials that do not differ, other lengths, its origin, its best step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from hptui.core.trial import CURVE_INCOMPLETE, Reason, Role, Trial, TrialStatus
from hptui.results.analysis.cohort import replicates, training_length, trials_by_length
from hptui.results.analysis.significance import SIGNIFICANCE_LEVEL, rate_counts, trial_interval
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, capitalize_first, join_parts, line
from hptui.results.sections.curves import stopped_early


def caveats(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield all caveats of the best trial."""
    metric = facts.data.metric
    interval = trial_interval(facts.view, trial, metric)
    runs = replicates(facts.view, trial)
    counted = rate_counts(facts.view, trial, metric)
    if interval is not None and counted is not None:
        yield line(
            "{metric} counts {k} of {n}: the {confidence} interval is {interval} (Wilson).",
            metric=(facts.name(metric),),
            k=facts.of_value("best.k", counted[0], [trial]),
            n=facts.of_value("best.n", counted[1], [trial]),
            confidence=facts.confidence(),
            interval=facts.interval("best.interval", metric, interval, [trial]),
        )
    elif interval is not None:
        yield line(
            "Over {n} seeds the mean is {mean}, with a {confidence} interval of {interval} (Student).",
            n=facts.count("best.runs", runs),
            mean=facts.of_metric(
                "best.mean",
                metric,
                sum((run.values or {})[metric] for run in runs) / len(runs),
                runs,
                f"values.{metric}",
            ),
            confidence=facts.confidence(),
            interval=facts.interval("best.interval", metric, interval, runs),
        )
    elif len(facts.data.order) > 1:
        yield (
            "Not repeated: each configuration ran once, so the value has no interval, and small "
            "differences may be chance.",
        )
    else:
        yield ("Not repeated: it ran once, so the value has no interval.",)
    if trial.facts.get(CURVE_INCOMPLETE):
        yield (
            "Its curve is incomplete: an attempt was killed, and what it had reported last cannot be read again, so a "
            "better or a worse value may be missing.",
        )
    if trial.role is Role.IMPORTED:
        yield _import_caveat(trial)
    others = {trial.stage for trial in facts.view.trials if trial.status is TrialStatus.COMPLETE} - {trial.stage}
    if others and trial.stage:
        yield line(
            "It is of stage {stage}; trials of stages with other settings are not ranked with it.",
            stage=Name(trial.stage),
        )
    ties = [winner for winner in facts.data.best_trials if winner.number != trial.number]
    if ties:
        yield line("{ties} reached exactly the same value.", ties=capitalize_first(facts.trials(ties, "best.ties")))
    yield from comparison_caveats(facts)
    yield from length_caveats(facts, trial)
    yield from _step_caveat(facts, trial)
    yield from stopped_early(facts, trial)


def _import_caveat(trial: Trial) -> Line:
    """Return that the best trial was imported, and from where."""
    file, row = (str(trial.facts.get(f"imported_{fact}") or "") for fact in ("from", "place"))
    parts = [(Name(row),), (Name(PurePath(file).name, code=True),)] if file and row else []
    source: Line = (" from ", *join_parts(parts, " of ")) if parts else ()
    return ("It was imported", *source, ": only a person knows whether it was measured as the others were.")


def comparison_caveats(facts: FactWriter) -> Iterator[Line]:
    """Yield which other trials do not differ significantly from the best."""
    comparisons = facts.data.comparisons
    if comparisons is None or not comparisons.others:
        return
    others = [test.trial for test in comparisons.others]
    indistinguishable, uncorrected = comparisons.indistinguishable, comparisons.indistinguishable_uncorrected
    other_count = facts.count("alike.others", others)
    if len(others) == 1:
        text = line(
            "{other} cannot be told apart from it ({how})."
            if indistinguishable
            else "It differs from {other} by more than chance ({how}).",
            other=facts.trial(others[0], capital=bool(indistinguishable)),
            how=comparisons.how,
        )
    elif len(indistinguishable) == len(others):
        text = line(
            "None of the {n} others can be told apart from it ({how}, corrected for {n} comparisons).",
            n=other_count,
            how=comparisons.how,
        )
    elif indistinguishable:
        text = line(
            "It cannot be told apart from {same} ({how}, corrected for {n} comparisons).",
            same=facts.trials(indistinguishable, "alike.same"),
            how=comparisons.how,
            n=other_count,
        )
    else:
        text = line(
            "It differs from each of the {n} others by more than chance ({how}, corrected).",
            n=other_count,
            how=comparisons.how,
        )
    if len(uncorrected) not in (len(others), len(indistinguishable)):
        different = [test for test in comparisons.others if test.p < SIGNIFICANCE_LEVEL]
        text += line(
            " Even without the correction, {alone} cannot be told apart from it; only {apart} would "
            "differ ({p} at most).",
            alone=facts.trials(uncorrected, "alike.alone"),
            apart=facts.trials([test.trial for test in different], "alike.apart"),
            p=facts.p_value(
                "alike.apart.p",
                max(test.p for test in different),
                [comparisons.best, *(test.trial for test in different)],
            ),
        )
    yield text
    if uncorrected:
        closest = min((test for test in comparisons.others if test.p >= SIGNIFICANCE_LEVEL), key=lambda test: test.p)
        yield line(
            "For instance {value} against {other} of {trial} has {p}.",
            value=_compared_value(facts, comparisons.best),
            other=_compared_value(facts, closest.trial),
            trial=facts.trial(closest.trial),
            p=facts.p_value("alike.near.p", closest.p, [comparisons.best, closest.trial]),
        )


def _compared_value(facts: FactWriter, trial: Trial) -> Line:
    """Return the value that the comparison used of a trial: its own, or the mean of its runs."""
    runs, metric = replicates(facts.view, trial), facts.data.metric
    if len(runs) < 2:
        return (facts.value(trial, metric),)
    mean = sum((run.values or {})[metric] for run in runs) / len(runs)
    return (facts.of_metric(f"trial.{trial.number}.{metric}.runs", metric, mean, runs, f"values.{metric}"),)


def length_caveats(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield a caveat if the best trained for another length than most trials, or others did."""
    own_length, groups = training_length(facts.view, trial), trials_by_length(facts.view, facts.data.order)
    if own_length is None or len(groups) < 2:
        return
    common_length = next(length for length in groups)
    others = [length for length in groups if length != own_length]
    if common_length == own_length:
        other_trials = [other for length in others for other in groups[length]]
        yield line(
            "It trained for {amount} {unit}; {rest} trained for another length, so their values "
            "cannot simply be compared.",
            amount=_length_fact(facts, trial),
            unit=own_length.unit,
            rest=facts.trials(other_trials, "length.rest"),
        )
        return
    best_of_common = groups[common_length][0]
    yield line(
        "It trained for {amount} {unit}, most others for {usual}: part of its lead may be the {longer} training. "
        "Among those that trained for {usual} {unit}, {mate} is the best, with {value}.",
        amount=_length_fact(facts, trial),
        unit=own_length.unit,
        usual=_length_fact(facts, best_of_common),
        longer="longer" if own_length.amount > common_length.amount else "shorter",
        mate=facts.trial(best_of_common),
        value=(facts.value(best_of_common, facts.data.metric),),
    )


def _length_fact(facts: FactWriter, trial: Trial) -> Fact:
    length = training_length(facts.view, trial)
    assert length is not None
    return facts.of_value(f"trial.{trial.number}.length", length.amount, [trial], field=length.field)


def _step_caveat(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield the best step compared with the last and the planned one."""
    summary = facts.data.summaries.get(facts.data.metric, {}).get(trial.number)
    if summary is None or summary.n < 2:
        return
    is_minimized = facts.study.objective.goal == "minimize"
    step, last = (summary.low_step if is_minimized else summary.high_step), summary.step
    if step is None:
        return
    text = line(
        "Its best step was its last, {step}"
        if step == last
        else "Best at step {step}; it ended at step {last} with {value}",
        step=facts.of_value("best.step", step, [trial]),
        last=facts.of_value("best.last_step", last, [trial]),
        value=facts.of_metric("best.last", facts.data.metric, summary.value, [trial]),
    )
    if trial.reason is Reason.EARLY_STOP:
        text += (", where it was stopped early",)
    if trial.total_steps:
        text += line(
            ", of {planned} planned",
            planned=facts.of_value("best.planned", trial.total_steps, [trial], field="total_steps"),
        )
    yield (*text, ".")
