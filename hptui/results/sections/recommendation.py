"""The sections `Recommendations`, `Future experiments`, `Rationale` and `Alternative configurations`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from shlex import quote

from hptui.core.study import Preset
from hptui.core.trial import Trial, Value
from hptui.core.values import value_text, values_equal
from hptui.results import claims
from hptui.results.analysis.cohort import measured_value, searched_space
from hptui.results.analysis.effects import OneFactorStep
from hptui.results.analysis.reference import metric_change
from hptui.results.analysis.turn import scatter_for
from hptui.results.columns import given_title
from hptui.results.document import Block, Bullets, CodeBlock, Heading, Paragraph
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import Bold, Fact, Line, Name, UserText, join_with_and, line


def recommendations(facts: FactWriter) -> Iterator[Block]:
    """Yield what the claims above recommend, with the command for the ranges, and steps to combine."""
    proposals = [*claims.edge_claims(facts), *claims.range_claims(facts), *claims.avoid_claims(facts)]
    proposals += claims.outlook(facts)
    combination = _combination(facts)
    lines = [*(claim.line for claim in proposals), *([combination[0]] if combination else [])]
    if not lines:
        return
    yield Heading(2, ("Recommendations",))
    yield Bullets(tuple(lines), "1.")
    commands: list[Line] = [(command,) for command in (claims.range_command(facts),) if command is not None]
    commands += [(combination[1],)] if combination else []
    if commands:
        yield CodeBlock("sh", tuple(commands))


def _combination(facts: FactWriter) -> tuple[Line, Fact] | None:
    """Return steps from the baseline that were better alone and never together, and the command."""
    rank = {trial.number: position for position, trial in enumerate(facts.data.order)}
    best_steps: dict[str, OneFactorStep] = {}
    for step in facts.data.steps:
        name = next(iter(step.changed))
        rival = best_steps.get(name)
        if _is_better(facts, step) and (rival is None or rank[step.trial.number] < rank[rival.trial.number]):
            best_steps[name] = step
    steps = list(best_steps.values())
    derived = {item.name for item in searched_space(facts.view).derived}
    changes = {name: new for step in steps for name, (_, new) in step.changed.items() if name not in derived}
    if len(steps) < 2 or _has_run(facts, changes) or not _has_all(facts, changes):
        return None
    names = join_with_and(
        (facts.name(name), " = ", *facts.setting(step.trial, name)) for step in steps for name in step.changed
    )
    trials = tuple(step.trial.number for step in steps)
    words = " ".join(f"{quote(name)}={quote(value_text(value))}" for name, value in changes.items())
    command = Fact("recommend.combine", changes, f"hptui add {quote(facts.view.row.name)} {words}", trials)
    better: Line = ("a better value",)
    if len(facts.study.objectives) > 1:
        better = ("a better ", facts.name(facts.data.metric))
    text = "Each of these alone had {better} than the baseline in its run, and they have not run together: {names}."
    return line(text, better=better, names=names), command


def _is_better(facts: FactWriter, step: OneFactorStep) -> bool:
    metric = facts.data.metric
    old, new = (measured_value(trial, metric) for trial in (step.base, step.trial))
    if old is None or new is None or facts.format_value(metric, old) == facts.format_value(metric, new):
        return False
    curves = [facts.data.curves.get(trial.number, {}).get(metric, ()) for trial in (step.base, step.trial)]
    scatters = [scatter_for([point[1] for point in curve if math.isfinite(point[1])], None) for curve in curves]
    scatter = max((single.deviation for single in scatters if single is not None), default=0.0)
    if abs(new - old) <= math.sqrt(2) * scatter:  # a single evaluation is as far from the next one
        return False
    noise = facts.data.noise
    if noise is not None and abs(new - old) <= 2 * math.sqrt(2) * noise.deviation:
        return False
    return bool(metric_change(facts.view, metric, old, new).better)


def _has_all(facts: FactWriter, changes: Mapping[str, Value]) -> bool:
    """Return whether all these changes have a part in the configuration that they make together."""
    space = searched_space(facts.view)
    active = space.active(facts.view.base, {**facts.view.base, **changes})
    return all(name in active for name in changes if name in space.names)


def _has_run(facts: FactWriter, changes: Mapping[str, Value]) -> bool:
    """Return whether a trial ran with all these changes and nothing else changed."""
    wanted = {**facts.view.base, **changes}
    return any(
        all(values_equal(value, settings.get(name)) for name, value in wanted.items())
        for settings in map(facts.view.settings, facts.view.trials)
    )


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
        trial=facts.trial(trial, capital=not facts.given_name(trial)),
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
