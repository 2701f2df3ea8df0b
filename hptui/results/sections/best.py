"""The best trial: what it ran with and reached, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from hptui.model.counts import shown as visible
from hptui.model.outcome import hypervolumes
from hptui.model.trial import Reason, Role, Trial, TrialStatus
from hptui.results.analysis.bands import perplexity
from hptui.results.analysis.cohort import length_of, lengths, replicates, varied
from hptui.results.analysis.compare import ALPHA
from hptui.results.analysis.front import knee, pareto
from hptui.results.analysis.intervals import counts, of_trial
from hptui.results.document import Block, Bullets, Heading, Paragraph, Table
from hptui.results.facts import Fact, Line, Name, Strong, capital, joined, line, listed
from hptui.results.roles import effective_batch, setting_of
from hptui.results.sections.early import stopped_early
from hptui.results.teller import Teller


def best(t: Teller) -> Iterator[Block]:
    """The best, with everything that qualifies it."""
    if len(t.study.objectives) > 1:
        yield from _front(t)
        return
    yield Heading(2, ("Best trial",))
    trial = t.record.best
    if trial is None:
        yield Paragraph(("No trial is complete with a value, so none is the best.",))
        return
    yield Bullets(tuple(_lines(t, trial)))
    for told in qualified(t, trial):
        yield Paragraph(told)


def _lines(t: Teller, trial: Trial) -> Iterator[Line]:
    yield (
        Strong(("Trial",)),
        ": ",
        *((Name(t.called(trial)), ", number ") if t.called(trial) else ()),
        t.number(trial),
        *((" (", Name(trial.title), ")") if trial.title and not t.called(trial) else ()),
    )
    metric = t.record.metric
    yield (Strong((t.name(metric),)), ": ", t.value(trial, metric))
    field = t.record.order
    for name in varied(t.view, field) or list(trial.params):
        yield (Strong((t.name(name),)), ": ", *t.setting(trial, name))
    settings = t.view.settings(trial)
    times = setting_of(settings, "accumulation")
    whole = effective_batch(settings, trial.effective)
    if whole is not None and times:
        yield (
            Strong(("Effective batch size",)),
            ": ",
            t.plain(f"trial.{trial.number}.effective_batch", whole, [trial]),
        )
    others = [name for name in visible(trial.metrics) if name != metric and name in t.study.metrics]
    for name in others:
        yield (Strong((t.name(name),)), ": ", t.value(trial, name))
    if (told := _perplexity(t, trial)) is not None:
        yield told
    yield (Strong(("Training time",)), ": ", t.value(trial, "seconds"))
    if trial.peak_memory_gb is not None:
        yield (Strong(("Peak memory",)), ": ", t.value(trial, "peak_memory_gb"))


def _perplexity(t: Teller, trial: Trial) -> Line | None:
    """A perplexity and the word for it, where bands are known: `8.01, good (3 to 10)`."""
    found = perplexity(t.view, trial, t.record.facts)
    if found is None or not found.word:
        return None
    key = f"trial.{trial.number}.perplexity"
    low = None if found.low is None else t.plain(f"{key}.low", found.low)
    high = None if found.high is None else t.plain(f"{key}.high", found.high)
    bounds: Line = (low, " to ", high) if low and high else ("up to ", high) if high else ("above ", low) if low else ()
    value = t.of_metric(f"{key}.value", "perplexity", found.value, [trial])
    how = "" if found.source == "perplexity" else ", e to the power of "
    source: Line = (how, t.name(found.source)) if how else ()
    told: Line = (Strong(("Perplexity",)), ": ", value, *source, ": ", Name(found.word), " (", *bounds, ")")
    if found.vocabulary is not None:
        told += (
            "; a random guess has ",
            t.plain(f"{key}.random", found.vocabulary, [trial], text=f"{found.vocabulary:,.0f}"),
        )
    return told


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


def _front(t: Teller) -> Iterator[Block]:
    yield Heading(2, ("Best trials",))
    front = pareto(t.view)
    if not front:
        yield Paragraph(("No trial is complete with a value for every objective.",))
        return
    goals = listed((str(one.goal), " ", t.name(one.metric)) for one in t.study.objectives)
    yield Paragraph(
        line(
            "The Pareto front has {n}: no other is as good in every objective and better in one ({goals}).",
            n=t.many("front.n", front, "trial"),
            goals=goals,
        )
    )
    names = [*(one.metric for one in t.study.objectives), *varied(t.view, front), "seconds"]
    head: tuple[Line, ...] = (("Trial",), *((t.name(name),) for name in names))
    rows: tuple[tuple[Line, ...], ...] = tuple((t.trial(one), *(t.cell(one, name) for name in names)) for one in front)
    yield Table(head, rows, frozenset(range(1, len(names) + 1)))
    yield Bullets(tuple(_ends(t, front)))
    yield from _grown(t)
    if (middle := knee(t.view, front)) is not None:
        yield Paragraph(
            line("The knee of this front, nearest to the best of everything, is {trial}.", trial=t.trial(middle))
        )
    if t.record.best is not None and len(front) > 1:
        yield Paragraph(
            line("Where one of them has to stand for all below, it is {trial}.", trial=t.trial(t.record.best))
        )
    runs = len(replicates(t.view, front[0]))
    if runs < 2:
        yield Paragraph(("Not repeated: each configuration ran once, so small differences may be chance.",))


def _ends(t: Teller, front: list[Trial]) -> Iterator[Line]:
    """The best of each objective by itself: one end of the front."""
    for one in t.study.objectives:
        sign = 1 if one.goal == "minimize" else -1
        trial = min(front, key=lambda trial: (sign * (trial.values or {})[one.metric], trial.number))
        yield (Strong(("Best ", t.name(one.metric))), ": ", t.value(trial, one.metric), ", of ", *t.trial(trial))


def _grown(t: Teller) -> Iterator[Block]:
    """How far the front has come, and how long it has not moved."""
    steps = hypervolumes(t.study, t.view.trials)
    moved = [number for n, (number, value) in enumerate(steps) if n == 0 or value > steps[n - 1][1]]
    if len(steps) < 2:
        return
    order = [number for number, _ in steps]
    ended = [t.originals[number] for number in order]
    after = ended[order.index(moved[-1]) + 1 :]
    yield Paragraph(
        line(
            "The front has a hypervolume of {share} of what one trial would have that is the best in everything; "
            "{last} was the last to add to it, and {after} came later.",
            share=t.share("front.hypervolume", steps[-1][1], ended),
            last=t.trial(t.originals[moved[-1]]),
            after=t.many("front.after", after, "usable trial", "usable trials"),
        )
    )
