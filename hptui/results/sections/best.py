"""The best trial: what it ran with and reached, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.counts import shown as visible
from hptui.model.outcome import hypervolumes
from hptui.model.trial import Trial
from hptui.results.analysis.bands import perplexity
from hptui.results.analysis.cohort import replicates, varied
from hptui.results.analysis.front import knee, pareto
from hptui.results.document import Block, Bullets, Heading, Paragraph, Table
from hptui.results.facts import Line, Name, Strong, line, listed
from hptui.results.roles import effective_batch, setting_of
from hptui.results.sections.doubts import qualified
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
