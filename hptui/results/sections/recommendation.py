"""The sections `Recommendations`, `Future experiments`, `Rationale` and `Alternative configurations`."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from hptui.core.study import Preset
from hptui.core.trial import Trial, Value
from hptui.results.analysis.cohort import replicates
from hptui.results.document import Block, Bullets, CodeBlock, Heading, Paragraph
from hptui.results.fact_writer import FactWriter, given_title
from hptui.results.facts import Bold, Fact, Line, Name, UserText, line


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


MAX_ALTERNATIVES = 12
"""Number of trials listed."""


def alternatives(facts: FactWriter) -> Iterator[Block]:
    """Yield named trials with their settings, value and note; then the presets."""
    best = facts.data.best
    presets = {preset.name for preset in facts.study.presets}
    named = [
        trial
        for trial in facts.data.order
        if given_title(trial) and trial.name not in presets and (best is None or trial.number != best.number)
    ]
    if not named and not presets:
        return
    yield Heading(2, ("Alternative configurations",))
    for trial in sorted(named, key=lambda trial: trial.number)[:MAX_ALTERNATIVES]:
        yield Paragraph(_trial_text(facts, trial))
    for preset in facts.study.presets:
        yield from _preset_blocks(facts, preset)


def presets(facts: FactWriter) -> Iterator[Block]:
    """Yield the presets alone, for the style whose table of trials shows the rest."""
    if facts.study.presets:
        yield Heading(2, ("Alternative configurations",))
        for preset in facts.study.presets:
            yield from _preset_blocks(facts, preset)


def _trial_text(facts: FactWriter, trial: Trial) -> Line:
    changes = [
        line("{name} = {value}", name=Name(name, code=True), value=facts.setting(trial, name)) for name in trial.params
    ]
    text = line(
        "{trial}: {value}",
        trial=facts.trial(trial, capital=True),
        value=(facts.name(facts.data.metric), " ", facts.value(trial, facts.data.metric)),
    )
    for change in changes:
        text += ("; ", *change)
    return (*text, ". ", UserText(trial.note)) if trial.note else (*text, ".")


def _preset_blocks(facts: FactWriter, preset: Preset) -> Iterator[Block]:
    """Yield the changes of a preset, and its result or the command that runs it."""
    description: Line = (Bold((Name(preset.title or preset.name),)), ": ")
    runs = [trial for trial in facts.view.trials if trial.name == preset.name]
    if runs:
        value = facts.value(runs[0], facts.data.metric)
        result: Line = (
            (facts.name(facts.data.metric), " ", value) if isinstance(value, Fact) else (str(runs[0].status),)
        )
        description += ("trial ", facts.number(runs[0]), ", ", *result, ".")
    else:
        description += ("has not run.",)
    yield Paragraph((*description, " ", UserText(preset.note)) if preset.note else description)
    yield CodeBlock("python", tuple(_assignment(facts, preset, name, value) for name, value in preset.set.items()))
    if not runs:
        text = f"hptui add {quote(facts.view.row.name)} --preset {quote(preset.name)}"
        yield CodeBlock("sh", ((Fact(f"preset.{preset.name}.command", preset.name, text, (), "study.preset"),),))


def _assignment(facts: FactWriter, preset: Preset, name: str, value: Value) -> Line:
    key = f"preset.{preset.name}.{name}"
    assignment: Line = (Name(f"{name} = "), Fact(key, value, repr(value), (), "study.preset"))
    if name not in facts.view.base or facts.view.base[name] == value:
        return assignment
    default = facts.view.base[name]
    return (*assignment, "  # instead of ", Fact(f"{key}.usual", default, repr(default), (), f"trainer.{name}"))
