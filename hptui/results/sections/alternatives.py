"""The section `Alternative configurations`: named trials that ran, and the study's presets, which may still be run."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from hptui.model.study import Preset
from hptui.model.trial import Trial, Value
from hptui.results.document import Block, CodeBlock, Heading, Paragraph
from hptui.results.facts import Bold, Fact, Line, Name, UserText, line
from hptui.results.teller import FactWriter, given_title

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
