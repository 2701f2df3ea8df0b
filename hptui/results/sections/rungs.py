"""The section `Rungs`: where trials paused, who went on, and whether early values agree with the end."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.format import NO_VALUE
from hptui.core.rungs import RungSummary
from hptui.core.trial import Trial
from hptui.results.analysis.rungs import deciding_objective, without_pauses
from hptui.results.document import Block, Heading, Paragraph, ReportTable
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Fact, Line, Name, line

HEADINGS = ("Rung", "Training", "Trials", "Best there", "Median there", "Went on", "Rank correlation with the end")
"""Headings of the table."""


def rungs(facts: FactWriter) -> Iterator[Block]:
    """Yield a table of the rungs, and a warning where early values mislead."""
    summaries = facts.data.rungs
    if not summaries:
        return
    yield Heading(2, ("Rungs",))
    rows = tuple(_row(facts, summary) for summary in summaries)
    numbers = frozenset(range(1, len(HEADINGS)))
    yield ReportTable(tuple((heading,) for heading in HEADINGS), rows, numbers)
    yield Paragraph(
        (
            "Values at rungs are the best that trials had shown by their first report there; none is ranked with "
            "trials that were trained to the end. The rank correlation is over those of a rung's trials that were.",
        )
    )
    for trials, paused in zip(
        without_pauses(facts.view, facts.data.rung_results), ("paused at no", "did not pause at every"), strict=True
    ):
        if trials:
            yield Paragraph(
                line(
                    "{trials} ran to {their} end and {paused} rung: a row counts only the trials that paused there.",
                    trials=facts.trials(trials, f"rung.{paused.replace(' ', '_')}", capital=True),
                    their="its" if len(trials) == 1 else "their",
                    paused=paused,
                )
            )
    for summary in summaries:
        if summary.misleads and summary.correlation is not None:
            yield Paragraph(
                line(
                    "At {share} of the training, values say little about the end here (rank correlation "
                    "{correlation} over {n} trials): a later first rung (warmup) may be better.",
                    share=_share(facts, summary),
                    correlation=_correlation(facts, summary),
                    n=facts.of_value(f"{_key(summary)}.completed", summary.completed, _trials(facts, summary)),
                )
            )


def _key(summary: RungSummary) -> str:
    stage = f"{summary.stage}." if summary.stage else ""
    return f"rung.{stage}{summary.bracket}.{summary.rung}"


def _trials(facts: FactWriter, summary: RungSummary) -> list[Trial]:
    return [facts.view.by_number[number] for number in summary.trials if number in facts.view.by_number]


def _share(facts: FactWriter, summary: RungSummary) -> Fact:
    return facts.percentage(f"{_key(summary)}.progress", summary.progress, _trials(facts, summary), digits=0)


def _correlation(facts: FactWriter, summary: RungSummary) -> Fact | str:
    if summary.correlation is None:
        return NO_VALUE
    text = f"{summary.correlation:.2f}".replace("-", "−")
    return facts.of_value(f"{_key(summary)}.correlation", summary.correlation, _trials(facts, summary), text=text)


def _correlation_of(facts: FactWriter, summary: RungSummary) -> Line:
    """Return `0.62 (8 trials)`; of a few the number alone, as nothing is known from them."""
    completed = facts.of_value(f"{_key(summary)}.completed", summary.completed, _trials(facts, summary))
    noun = "trial" if summary.completed == 1 else "trials"
    return line("{correlation} ({n} {noun})", correlation=_correlation(facts, summary), n=completed, noun=noun)


def _row(facts: FactWriter, summary: RungSummary) -> tuple[Line, ...]:
    key, trials, metric = _key(summary), _trials(facts, summary), deciding_objective(facts.view).metric
    name: Line = line(
        "{rung} of {of}",
        rung=facts.of_value(f"{key}.number", summary.rung, trials),
        of=facts.of_value(f"{key}.of", summary.of, trials),
    )
    if summary.bracket:
        name += line(" (bracket {n})", n=facts.of_value(f"{key}.bracket", summary.bracket + 1, trials))
    if summary.stage:
        name += (" of ", Name(summary.stage))
    shown = [
        NO_VALUE if value is None else facts.of_metric(f"{key}.{word}", metric, value, trials)
        for word, value in (("best", summary.best), ("median", summary.median))
    ]
    return (
        name,
        (_share(facts, summary),),
        (facts.count(f"{key}.trials", trials),),
        (shown[0],),
        (shown[1],),
        (facts.of_value(f"{key}.promoted", summary.promoted, trials),),
        _correlation_of(facts, summary),
    )
