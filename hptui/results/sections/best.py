"""The section `Best trial`, or the Pareto front of several objectives."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.model.counts import visible_metrics as visible
from hptui.model.outcome import hypervolumes
from hptui.model.trial import Trial
from hptui.results.analysis.bands import perplexity_band
from hptui.results.analysis.cohort import replicates, varying_settings
from hptui.results.analysis.front import knee_of_front, pareto_front
from hptui.results.document import Block, Bullets, Heading, Paragraph, ReportTable
from hptui.results.facts import Bold, Line, Name, join_with_and, line
from hptui.results.roles import effective_batch, setting_with_role
from hptui.results.sections.doubts import caveats
from hptui.results.teller import FactWriter


def best(facts: FactWriter) -> Iterator[Block]:
    """Yield the best trial with its caveats, or the Pareto front."""
    if len(facts.study.objectives) > 1:
        yield from _front(facts)
        return
    yield Heading(2, ("Best trial",))
    trial = facts.data.best
    if trial is None:
        yield Paragraph(("No trial is complete with a value, so none is the best.",))
        return
    yield Bullets(tuple(_best_lines(facts, trial)))
    for text in caveats(facts, trial):
        yield Paragraph(text)


def _best_lines(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    yield (
        Bold(("Trial",)),
        ": ",
        *((Name(facts.given_name(trial)), ", number ") if facts.given_name(trial) else ()),
        facts.number(trial),
        *((" (", Name(trial.title), ")") if trial.title and not facts.given_name(trial) else ()),
    )
    metric = facts.data.metric
    yield (Bold((facts.name(metric),)), ": ", facts.value(trial, metric))
    trials = facts.data.order
    for name in varying_settings(facts.view, trials) or list(trial.params):
        yield (Bold((facts.name(name),)), ": ", *facts.setting(trial, name))
    settings = facts.view.settings(trial)
    accumulation = setting_with_role(settings, "accumulation")
    effective = effective_batch(settings, trial.effective)
    if effective is not None and accumulation:
        yield (
            Bold(("Effective batch size",)),
            ": ",
            facts.of_value(f"trial.{trial.number}.effective_batch", effective, [trial]),
        )
    others = [name for name in visible(trial.metrics) if name != metric and name in facts.study.metrics]
    for name in others:
        yield (Bold((facts.name(name),)), ": ", facts.value(trial, name))
    if (text := _perplexity(facts, trial)) is not None:
        yield text
    yield (Bold(("Training time",)), ": ", facts.value(trial, "seconds"))
    if trial.peak_memory_gb is not None:
        yield (Bold(("Peak memory",)), ": ", facts.value(trial, "peak_memory_gb"))


def _perplexity(facts: FactWriter, trial: Trial) -> Line | None:
    """Return a perplexity and the word for it: `8.01, good (3 to 10)`; None without bands."""
    band = perplexity_band(facts.view, trial, facts.data.facts)
    if band is None or not band.word:
        return None
    key = f"trial.{trial.number}.perplexity"
    low = None if band.low is None else facts.of_value(f"{key}.low", band.low)
    high = None if band.high is None else facts.of_value(f"{key}.high", band.high)
    bounds: Line = (low, " to ", high) if low and high else ("up to ", high) if high else ("above ", low) if low else ()
    value = facts.of_metric(f"{key}.value", "perplexity", band.value, [trial])
    relation = "" if band.source == "perplexity" else ", e to the power of "
    source: Line = (relation, facts.name(band.source)) if relation else ()
    text: Line = (Bold(("Perplexity",)), ": ", value, *source, ": ", Name(band.word), " (", *bounds, ")")
    if band.vocabulary is not None:
        text += (
            "; a random guess has ",
            facts.of_value(f"{key}.random", band.vocabulary, [trial], text=f"{band.vocabulary:,.0f}"),
        )
    return text


def _front(facts: FactWriter) -> Iterator[Block]:
    yield Heading(2, ("Best trials",))
    front = pareto_front(facts.view)
    if not front:
        yield Paragraph(("No trial is complete with a value for every objective.",))
        return
    goals = join_with_and((str(goal.goal), " ", facts.name(goal.metric)) for goal in facts.study.objectives)
    yield Paragraph(
        line(
            "The Pareto front has {n}: no other is as good in every objective and better in one ({goals}).",
            n=facts.count_with_noun("front.n", front, "trial"),
            goals=goals,
        )
    )
    names = [*(goal.metric for goal in facts.study.objectives), *varying_settings(facts.view, front), "seconds"]
    head: tuple[Line, ...] = (("Trial",), *((facts.name(name),) for name in names))
    rows: tuple[tuple[Line, ...], ...] = tuple(
        (facts.trial(row), *(facts.cell(row, name) for name in names)) for row in front
    )
    yield ReportTable(head, rows, frozenset(range(1, len(names) + 1)))
    yield Bullets(tuple(_front_ends(facts, front)))
    yield from _hypervolume(facts)
    if (knee_trial := knee_of_front(facts.view, front)) is not None:
        yield Paragraph(
            line(
                "The knee of this front, nearest to the best of everything, is {trial}.", trial=facts.trial(knee_trial)
            )
        )
    if facts.data.best is not None and len(front) > 1:
        yield Paragraph(
            line("Where one of them has to stand for all below, it is {trial}.", trial=facts.trial(facts.data.best))
        )
    runs = len(replicates(facts.view, front[0]))
    if runs < 2:
        yield Paragraph(("Not repeated: each configuration ran once, so small differences may be chance.",))


def _front_ends(facts: FactWriter, front: list[Trial]) -> Iterator[Line]:
    """Yield the trial that is best in each objective: an end of the front."""
    for objective in facts.study.objectives:
        sign = 1 if objective.goal == "minimize" else -1
        trial = min(front, key=lambda trial: (sign * (trial.values or {})[objective.metric], trial.number))
        yield (
            Bold(("Best ", facts.name(objective.metric))),
            ": ",
            facts.value(trial, objective.metric),
            ", of ",
            *facts.trial(trial),
        )


def _hypervolume(facts: FactWriter) -> Iterator[Block]:
    """Yield the hypervolume of the front, and the trials since it last grew."""
    steps = hypervolumes(facts.study, facts.view.trials)
    improving = [number for n, (number, value) in enumerate(steps) if n == 0 or value > steps[n - 1][1]]
    if len(steps) < 2:
        return
    numbers = [number for number, _ in steps]
    trials = [facts.originals[number] for number in numbers]
    later = trials[numbers.index(improving[-1]) + 1 :]
    yield Paragraph(
        line(
            "The front has a hypervolume of {share} of what one trial would have that is the best in everything; "
            "{last} was the last to add to it, and {after} came later.",
            share=facts.percentage("front.hypervolume", steps[-1][1], trials),
            last=facts.trial(facts.originals[improving[-1]]),
            after=facts.count_with_noun("front.after", later, "usable trial", "usable trials"),
        )
    )
