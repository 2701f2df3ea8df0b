"""The sections `Recommendations`, `Future experiments` and `Rationale`."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from hptui.results.analysis.cohort import replicates
from hptui.results.document import Block, Bullets, CodeBlock, Heading, Paragraph
from hptui.results.facts import Fact, Line, UserText, line
from hptui.results.teller import FactWriter


def recommendations(facts: FactWriter) -> Iterator[Block]:
    """Yield recommendations that follow from findings above, with the command for the suggested ranges."""
    lines = [*_narrow(facts), *_edges(facts), *_avoid(facts), *_repeat(facts), *_more(facts), *_longer(facts)]
    if not lines:
        return
    yield Heading(2, ("Recommendations",))
    yield Bullets(tuple(lines), "1.")
    if facts.data.suggested_ranges:
        words = " ".join(f"{quote(item.setting)}={quote(item.then)}" for item in facts.data.suggested_ranges)
        trials = tuple(trial.number for trial in facts.data.suggested_ranges[0].trials)
        text = f"hptui space {facts.view.row.name} {words}"
        yield CodeBlock("sh", ((Fact("recommend.space", words, text, trials),),))


def _narrow(facts: FactWriter) -> Iterator[Line]:
    for suggestion in facts.data.suggested_ranges:
        yield line(
            "Search {name} in {then} next, instead of {now}: the best {n} trials lie there{wider}.",
            name=facts.name(suggestion.setting),
            then=Fact(
                f"recommend.{suggestion.setting}",
                suggestion.then,
                suggestion.then,
                tuple(trial.number for trial in suggestion.trials),
            ),
            now=Fact(
                f"space.{suggestion.setting}.now", suggestion.now, suggestion.now, (), f"space.{suggestion.setting}"
            ),
            n=facts.count(f"recommend.{suggestion.setting}.n", suggestion.trials),
            wider=", and the best of them at the edge of what was searched" if suggestion.wider else "",
        )


def _edges(facts: FactWriter) -> Iterator[Line]:
    already_suggested = {suggestion.setting for suggestion in facts.data.suggested_ranges}
    for edge in facts.data.edges:
        if edge.setting not in already_suggested and facts.data.best is not None:
            yield line(
                "Widen {name} {side} {value}: the best lies at that end, and trials got better towards it.",
                name=facts.name(edge.setting),
                side="below" if edge.low else "beyond",
                value=facts.setting(facts.data.best, edge.setting),
            )


def _avoid(facts: FactWriter) -> Iterator[Line]:
    outcomes = {"zero": "had nothing right", "oom": "ran out of memory", "nan": "diverged"}
    for region in facts.data.regions:
        if region.exceptions:
            continue
        trial = next(bad for bad in region.bad if facts.view.settings(bad).get(region.setting) == region.bound)
        yield line(
            "Avoid {name} {side} {bound}: {n} trials there {told}.",
            name=facts.name(region.setting),
            side="at or above" if region.above else "at or below",
            bound=facts.setting(trial, region.setting),
            told=outcomes[region.kind],  # language: placeholder
            n=(
                "both"
                if len(region.bad) == 2
                else ("all ", facts.count(f"region.{region.kind}.{region.setting}.bad", region.bad))
            ),
        )


def _repeat(facts: FactWriter) -> Iterator[Line]:
    comparisons, best = facts.data.comparisons, facts.data.best
    if comparisons is None or best is None:
        return
    if comparisons.others and comparisons.indistinguishable:
        yield line(
            "Before believing the best: evaluate it and its rivals on more examples or more seeds; "
            "{n} cannot be told apart from it.",
            n=facts.count_with_noun("alike.same.n", comparisons.indistinguishable, "other"),
        )
    elif not comparisons.others and len(replicates(facts.view, best)) < 2:
        yield ("Before believing the best: repeat it with other seeds; nothing is known of the noise between runs.",)


def _more(facts: FactWriter) -> Iterator[Line]:
    outlook = facts.data.expected_improvement
    if outlook is None or len(facts.study.objectives) > 1:
        return
    text = line(
        "The best came {when} of {n}. Were trials drawn at random, {more} more would hold a "
        "better one with a chance of {chance}",
        when=("as number ", facts.of_value("outlook.best_at", outlook.best_at, outlook.order)),
        n=facts.count_with_noun("outlook.n", outlook.order, "ranked trial"),
        more=facts.of_value("outlook.more", outlook.more, outlook.order),
        chance=facts.percentage("outlook.chance", outlook.chance, outlook.order, digits=0),
    )
    text += (
        ("; but noise hides the order already, so repeating says more than more trials.",)
        if outlook.noise
        else ("; a search that learns may do better.",)
    )
    yield text


def _longer(facts: FactWriter) -> Iterator[Line]:
    best = facts.data.best
    diagnosis = facts.data.diagnoses.get(best.number) if best else None
    if best is not None and diagnosis is not None and diagnosis.kind == "improving":
        yield line("Train longer: {trial} was {what}.", what=diagnosis.line, trial=facts.trial(best))


def future(facts: FactWriter) -> Iterator[Block]:
    """Yield the author's list of future experiments as check boxes."""
    planned = facts.study.notes.future
    if planned:
        yield Heading(2, ("Future experiments",))
        yield Paragraph(("As the author wrote them in the study file:",))
        yield Bullets(tuple((UserText(text),) for text in planned), "- [ ]")


def rationale(facts: FactWriter) -> Iterator[Block]:
    """Yield the author's rationale of the settings."""
    notes = facts.study.notes
    if not notes.rationale and not notes.settings:
        return
    yield Heading(2, ("Rationale",))
    yield Paragraph(("In the author's words, from the study file:",))
    lines: list[Line] = [(UserText(notes.rationale),)] if notes.rationale else []
    lines += [
        line("{name}: {text}", name=facts.name(name), text=UserText(text)) for name, text in notes.settings.items()
    ]
    yield Bullets(tuple(lines))
