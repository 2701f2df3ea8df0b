"""How sure the best is: its interval, its rivals, another length of training, where it came from, its best step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from hptui.model.trial import Reason, Role, Trial, TrialStatus
from hptui.results.analysis.cohort import length_of, lengths, replicates
from hptui.results.analysis.compare import ALPHA
from hptui.results.analysis.intervals import counts, of_trial
from hptui.results.facts import Fact, Line, Name, capital, joined, line
from hptui.results.sections.early import stopped_early
from hptui.results.teller import Teller


def qualified(t: Teller, trial: Trial) -> Iterator[Line]:
    """How sure the best is: interval, ties, what cannot be told apart, another length of training, best step."""
    metric = t.record.metric
    interval = of_trial(t.view, trial, metric)
    runs = replicates(t.view, trial)
    counted = counts(t.view, trial, metric)
    if interval is not None and counted is not None:
        yield line(
            "{metric} counts {k} of {n}: the {confidence} interval is {interval} (Wilson).",
            metric=(t.name(metric),),
            k=t.plain("best.k", counted[0], [trial]),
            n=t.plain("best.n", counted[1], [trial]),
            confidence=t.confidence(),
            interval=t.interval("best.interval", metric, interval, [trial]),
        )
    elif interval is not None:
        yield line(
            "Over {n} seeds the mean is {mean}, with a {confidence} interval of {interval} (Student).",
            n=t.count("best.runs", runs),
            mean=t.of_metric(
                "best.mean",
                metric,
                sum((one.values or {})[metric] for one in runs) / len(runs),
                runs,
                f"values.{metric}",
            ),
            confidence=t.confidence(),
            interval=t.interval("best.interval", metric, interval, runs),
        )
    elif len(t.record.order) > 1:
        yield (
            "Not repeated: each configuration ran once, so the value has no interval, and small "
            "differences may be chance.",
        )
    else:
        yield ("Not repeated: it ran once, so the value has no interval.",)
    if trial.role is Role.IMPORTED:
        yield _imported(trial)
    others = {trial.stage for trial in t.view.trials if trial.status is TrialStatus.COMPLETE} - {trial.stage}
    if others and trial.stage:
        yield line(
            "It is of stage {stage}; trials of stages with other settings are not ranked with it.",
            stage=Name(trial.stage),
        )
    ties = [one for one in t.record.winners if one.number != trial.number]
    if ties:
        yield line("{ties} reached exactly the same value.", ties=capital(t.trials(ties, "best.ties")))
    yield from alike(t)
    yield from longer(t, trial)
    yield from _steps(t, trial)
    yield from stopped_early(t, trial)


def _imported(trial: Trial) -> Line:
    """That the best did not run here, and where it is from."""
    file, place = (str(trial.facts.get(f"imported_{what}") or "") for what in ("from", "place"))
    parts = [(Name(place),), (Name(PurePath(file).name, code=True),)] if file and place else []
    source: Line = (" from ", *joined(parts, " of ")) if parts else ()
    return ("It was imported", *source, ": only a person knows whether it was measured as the others were.")


def alike(t: Teller) -> Iterator[Line]:
    """Which others cannot be told apart from the best."""
    found = t.record.comparisons
    if found is None or not found.others:
        return
    others = [one.trial for one in found.others]
    same, alone = found.alike, found.alike_alone
    n = t.count("alike.others", others)
    if len(others) == 1:
        told = line(
            "{other} cannot be told apart from it ({how})."
            if same
            else "It differs from {other} by more than chance ({how}).",
            other=t.trial(others[0], capital=bool(same)),
            how=found.how,
        )
    elif len(same) == len(others):
        told = line(
            "None of the {n} others can be told apart from it ({how}, corrected for {n} comparisons).",
            n=n,
            how=found.how,
        )
    elif same:
        told = line(
            "It cannot be told apart from {same} ({how}, corrected for {n} comparisons).",
            same=t.trials(same, "alike.same"),
            how=found.how,
            n=n,
        )
    else:
        told = line(
            "It differs from each of the {n} others by more than chance ({how}, corrected).", n=n, how=found.how
        )
    if len(alone) not in (len(others), len(same)):
        apart = [one for one in found.others if one.p < ALPHA]
        told += line(
            " Even without the correction, {alone} cannot be told apart from it; only {apart} would "
            "differ ({p} at most).",
            alone=t.trials(alone, "alike.alone"),
            apart=t.trials([one.trial for one in apart], "alike.apart"),
            p=t.p("alike.apart.p", max(one.p for one in apart), [found.best, *(one.trial for one in apart)]),
        )
    yield told
    if alone:
        near = min((one for one in found.others if one.p >= ALPHA), key=lambda one: one.p)
        yield line(
            "For instance {value} against {other} of {trial} has {p}.",
            value=_stands(t, found.best),
            other=_stands(t, near.trial),
            trial=t.trial(near.trial),
            p=t.p("alike.near.p", near.p, [found.best, near.trial]),
        )


def _stands(t: Teller, trial: Trial) -> Line:
    """What the comparison used of a trial: its value, or the mean of its runs."""
    runs, metric = replicates(t.view, trial), t.record.metric
    if len(runs) < 2:
        return (t.value(trial, metric),)
    mean = sum((one.values or {})[metric] for one in runs) / len(runs)
    return (t.of_metric(f"trial.{trial.number}.{metric}.runs", metric, mean, runs, f"values.{metric}"),)


def longer(t: Teller, trial: Trial) -> Iterator[Line]:
    """The best trained for another length than most: said, with the best of the usual length."""
    own, groups = length_of(t.view, trial), lengths(t.view, t.record.order)
    if own is None or len(groups) < 2:
        return
    usual = next(length for length in groups)
    others = [length for length in groups if length != own]
    if usual == own:
        rest = [one for length in others for one in groups[length]]
        yield line(
            "It trained for {amount} {unit}; {rest} trained for another length, so their values "
            "cannot simply be compared.",
            amount=_amount(t, trial),
            unit=own.unit,
            rest=t.trials(rest, "length.rest"),
        )
        return
    mate = groups[usual][0]
    yield line(
        "It trained for {amount} {unit}, most others for {usual}: part of its lead may be the {longer} training. "
        "Among those that trained for {usual} {unit}, {mate} is the best, with {value}.",
        amount=_amount(t, trial),
        unit=own.unit,
        usual=_amount(t, mate),
        longer="longer" if own.amount > usual.amount else "shorter",
        mate=t.trial(mate),
        value=(t.value(mate, t.record.metric),),
    )


def _amount(t: Teller, trial: Trial) -> Fact:
    length = length_of(t.view, trial)
    assert length is not None
    return t.plain(f"trial.{trial.number}.length", length.amount, [trial], field=length.field)


def _steps(t: Teller, trial: Trial) -> Iterator[Line]:
    """Best step against the last, and against what was planned."""
    summary = t.record.summaries.get(t.record.metric, {}).get(trial.number)
    if summary is None or summary.n < 2:
        return
    down = t.study.objective.goal == "minimize"
    step, last = (summary.low_step if down else summary.high_step), summary.step
    if step is None:
        return
    told = line(
        "Its best step was its last, {step}"
        if step == last
        else "Best at step {step}; it ended at step {last} with {value}",
        step=t.plain("best.step", step, [trial]),
        last=t.plain("best.last_step", last, [trial]),
        value=t.of_metric("best.last", t.record.metric, summary.value, [trial]),
    )
    if trial.reason is Reason.EARLY_STOP:
        told += (", where it was stopped early",)
    if trial.total_steps:
        told += line(
            ", of {planned} planned", planned=t.plain("best.planned", trial.total_steps, [trial], field="total_steps")
        )
    yield (*told, ".")
