"""The section `Best trial`, or the Pareto front of several objectives; words for a perplexity."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hptui.core.dataclass import dataclass
from hptui.core.format import NO_VALUE, share_text
from hptui.core.format import visible_metrics as visible
from hptui.core.ranking import hypervolumes
from hptui.core.trial import SECONDS_ALONE, Role, Trial, Value
from hptui.core.values import is_number
from hptui.results.analysis.cohort import (
    has_finite_values,
    knee_of_front,
    measured_value,
    pareto_front,
    varying_settings,
)
from hptui.results.claims.knee import knee_text
from hptui.results.columns import setting_column
from hptui.results.document import Block, Bullets, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Line, Name, join_parts, join_with_and, line
from hptui.results.packing import has_shares, seconds_alone
from hptui.results.sections.caveats import caveats
from hptui.results.sections.trials import is_used, unused_text
from hptui.results.view import View

CHARACTER_TRAINERS = ("charlm",)
"""Trainers whose loss is in nats per character."""
NEAR_GUESS = 0.9
"""Share of the vocabulary's size from which a perplexity is near that of a guess."""
VOCABULARY_FACTS = ("vocabulary", "vocab_size", "vocabulary_size")
"""Facts that state the size of the vocabulary."""
VALIDATION_LOSSES = ("val_loss", "eval_loss", "validation_loss")
"""Validation losses from which a perplexity is computed."""


@dataclass(frozen=True, slots=True)
class PerplexityBand:
    """A perplexity, the metric it comes from, and the study file's word with bounds; `word` is '' if it has none."""

    value: float
    source: str
    word: str
    low: float | None
    high: float | None
    vocabulary: float | None

    @property
    def is_near_guess(self) -> bool:
        """Whether it is near that of a guess among the whole vocabulary."""
        return self.vocabulary is not None and self.value >= NEAR_GUESS * self.vocabulary


HYPERVOLUME_FROM = ", counted up to a tenth of each objective's range beyond its worst value"
"""Where the volume of a front ends: without it nobody could compute it again."""


def perplexity_band(view: View, trial: Trial, facts: Mapping[str, Value]) -> PerplexityBand | None:
    """Return a trial's perplexity and the word for it; None if there is none.

    It is as reported, or exp(validation loss) for a character model. Only the author of a study file has words for
    it: what is good per character is not what is good per word or token, and both depend on the text.
    """
    source = next(
        (
            name
            for name in ("perplexity", "eval_perplexity", "val_perplexity")
            if measured_value(trial, name) is not None
        ),
        "",
    )
    if source:
        value = measured_value(trial, source)
    elif view.study.trainer.kind in CHARACTER_TRAINERS:
        source = next((name for name in VALIDATION_LOSSES if measured_value(trial, name) is not None), "")
        loss = measured_value(trial, source) if source else None
        # exp of a diverged loss overflows a float.
        value = math.exp(loss) if loss is not None and loss < 50 else None
    else:
        value = None
    if value is None:
        return None
    spec = view.study.metrics.get("perplexity")
    bands = dict(spec.bands) if spec and spec.bands else {}
    size = next(
        (
            vocabulary
            for facts_of_source in (trial.facts, facts)
            for name in VOCABULARY_FACTS
            if is_number(vocabulary := facts_of_source.get(name))
        ),
        None,
    )
    word, low, high = _word(value, bands)
    return PerplexityBand(value, source, word, low, high, size)


def _word(value: float, bands: Mapping[str, float]) -> tuple[str, float | None, float | None]:
    """Return the word and the bounds of the narrowest band; '' above the highest."""
    low: float | None = None
    for word, bound in sorted(bands.items(), key=lambda band: band[1]):
        if value <= bound:
            return word, low, bound
        low = bound
    return "", low, None


def best(facts: FactWriter) -> Iterator[Block]:
    """Yield the best trial with its caveats, or the Pareto front."""
    if len(facts.study.objectives) > 1:
        yield from _front(facts)
        return
    trial = facts.data.best
    if trial is None:  # the first screen says so
        return
    yield Heading(2, ("The best trial",))
    yield Bullets((*_best_lines(facts, trial), *caveats(facts, trial)))


def _best_lines(facts: FactWriter, trial: Trial) -> Iterator[Line]:
    """Yield what was measured of the trial besides the objective, which the first screen has."""
    metric = facts.data.metric
    measured = [
        (facts.name(name), " ", facts.value(trial, name))
        for name in visible(trial.metrics)
        if name != metric and name in facts.study.metrics
    ]
    if measured:
        yield (Bold(("Also measured",)), ": ", *join_parts(measured))
    if (text := _perplexity(facts, trial)) is not None:
        yield text
    costs: list[Line] = [(facts.value(trial, "seconds"),)] if trial.seconds > 0 else []
    if seconds_alone(trial) is not None:
        costs.append((facts.value(trial, SECONDS_ALONE), " of it its own share of the computing"))
    if trial.peak_memory_gb is not None:
        costs.append((facts.value(trial, "peak_memory_gb"), " at its peak"))
    if costs:
        yield (Bold(("Cost of this trial",)), ": ", *join_parts(costs))


def _perplexity(facts: FactWriter, trial: Trial) -> Line | None:
    """Return a perplexity with the study file's word for it, or what a guess has; None without both.

    `8.01: good (3 to 10 in the study file); a guess has 65`.
    """
    band = perplexity_band(facts.view, trial, facts.data.facts)
    if band is None or (not band.word and band.low is None and band.vocabulary is None):
        return None
    key = f"trial.{trial.number}.perplexity"
    text: Line = (
        Bold(("Perplexity",)),
        ": ",
        facts.of_metric(f"{key}.value", "perplexity", band.value, [trial]),
    )
    if band.source != "perplexity":
        text += (", e to the power of ", facts.name(band.source))
    low = None if band.low is None else facts.of_value(f"{key}.low", band.low)
    high = None if band.high is None else facts.of_value(f"{key}.high", band.high)
    if high:
        bounds: Line = (low, " to ", high) if low else ("up to ", high)
        text += (": ", Name(band.word), " (", *bounds, " in the study file)")
    elif low:
        text += (", above the highest bound of the study file, ", low)
    if band.vocabulary is not None:
        guess = facts.of_value(f"{key}.random", band.vocabulary, [trial], text=f"{band.vocabulary:,.0f}")
        text += ("; near that of a guess among all tokens, " if band.is_near_guess else "; a guess has ", guess)
    return text


def _front(facts: FactWriter) -> Iterator[Block]:
    yield Heading(2, ("The best trials",))
    front = pareto_front(facts.view)
    if not front and facts.data.order:
        yield Paragraph(("No trial keeps the study's conditions.",))
        return
    if not front:
        yield Paragraph(("No trial is complete with a value for every objective.",))
        return
    goals = join_with_and((str(goal.goal), " ", facts.name(goal.metric)) for goal in facts.study.objectives)
    yield Paragraph(
        line(
            "The Pareto front{stage} has {n}: no {which} is as good as {it} in every objective and better in "
            "one ({goals}).",
            it="it" if len(front) == 1 else "one of them",
            stage=stage_of_front(front),
            n=facts.count_with_noun("front.n", front, "trial"),
            which=compared_with_front(facts),
            goals=goals,
        )
    )
    if any(trial.number not in {other.number for other in facts.data.order} for trial in _usable(facts)):
        text = "Trials of stages with other settings, repeats and what began from a checkpoint are not ranked."
        yield Paragraph((text,))
    settings = [setting_column(facts.view, name) for name in varying_settings(facts.view, front)]
    names = [*(goal.metric for goal in facts.study.objectives), *settings, "seconds"]
    names += [SECONDS_ALONE] if has_shares(front) else []
    head: tuple[Line, ...] = (("Trial",), *((facts.column_name(name),) for name in names))
    rows: tuple[tuple[Line, ...], ...] = tuple(
        (
            (*facts.trial(row), " (imported)" if row.role is Role.IMPORTED else ""),
            *(facts.cell(row, name) if is_used(facts, row, name) else (NO_VALUE,) for name in names),
        )
        for row in front
    )
    yield ReportTable(head, rows, frozenset(range(1, len(names) + 1)))
    if text := unused_text(facts, front, names):
        yield Paragraph((text,))
    yield Bullets(tuple(_front_ends(facts, front)))
    yield from _hypervolume(facts)
    if (knee_trial := knee_of_front(facts.view, front)) is not None:
        yield Paragraph(
            line(
                "The knee of this front, nearest to the best of everything, is {trial}.{fresh}",
                trial=facts.trial(knee_trial),
                fresh=knee_text(facts, front, knee_trial),
            )
        )
    if facts.data.best is not None and len(front) > 1:
        yield Paragraph(
            line("Where one of them has to stand for all below, it is {trial}.", trial=facts.trial(facts.data.best))
        )


def stage_of_front(front: Sequence[Trial]) -> Line:
    """Return ` of stage fine`, where all trials of a front are of one."""
    stages = {trial.stage for trial in front}
    return (" of stage ", Name(front[0].stage)) if len(stages) == 1 and front[0].stage else ()


def _usable(facts: FactWriter) -> list[Trial]:
    """Return the trials with a value for every objective, ranked or not."""
    return [t for t in facts.view.trials if t.role is not Role.BASE and has_finite_values(facts.view, t)]


def compared_with_front(facts: FactWriter) -> str:
    """Return `trial`, or `ranked trial that keeps the conditions` where others are not compared."""
    ranked = {trial.number for trial in facts.data.order}
    word = "trial" if all(trial.number in ranked for trial in _usable(facts)) else "ranked trial"
    return word if len(facts.data.candidates) == len(facts.data.order) else f"{word} that keeps the conditions"


def _front_ends(facts: FactWriter, front: list[Trial]) -> Iterator[Line]:
    """Yield the trial that is best in each objective: an end of the front."""
    for objective in facts.study.objectives:
        sign = 1 if objective.goal == "minimize" else -1
        ends = {trial.number: sign * (trial.values or {})[objective.metric] for trial in front}
        ties = [trial for trial in front if ends[trial.number] == min(ends.values())]
        trial = min(ties, key=lambda trial: trial.number)
        yield (
            Bold(("Best ", facts.name(objective.metric))),
            ": ",
            facts.value(trial, objective.metric),
            ", of ",
            *facts.trials(sorted(ties, key=lambda trial: trial.number), f"front.{objective.metric}"),
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
    share = facts.percentage("front.hypervolume", steps[-1][1], trials)
    share = replace(share, text=share_text(steps[-1][1], 1))
    if any(trial.role is Role.IMPORTED for trial in trials):  # nobody knows when they ended
        text = (
            "The front has a hypervolume of {share} of what one trial would have that is the best in everything{ref}."
        )
        yield Paragraph(line(text, share=share, ref=HYPERVOLUME_FROM))
        return
    yield Paragraph(
        line(
            "The front has a hypervolume of {share} of what one trial would have that is the best in everything{ref}; "
            "{last} was the last to add to it, and {after} came later.",
            share=share,
            ref=HYPERVOLUME_FROM,
            last=facts.trial(facts.originals[improving[-1]]),
            after=facts.count_with_noun("front.after", later, "usable trial", "usable trials") if later else "none",
        )
    )
