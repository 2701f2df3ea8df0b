"""Other configurations, each by its own name: those that ran, and the study's presets, which a person may still run."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from hptui.model.study import Preset
from hptui.model.trial import Trial, Value
from hptui.results.document import Block, Code, Heading, Paragraph
from hptui.results.facts import Fact, Line, Name, Strong, Words, line
from hptui.results.teller import Teller, title_of

MOST = 12


def alternatives(t: Teller) -> Iterator[Block]:
    """Named trials that ran: what each changed, what it reached, what its author said; then the presets."""
    best = t.record.best
    presets = {preset.name for preset in t.study.presets}
    named = [
        trial
        for trial in t.record.order
        if title_of(trial) and trial.name not in presets and (best is None or trial.number != best.number)
    ]
    if not named and not presets:
        return
    yield Heading(2, ("Alternative configurations",))
    for trial in sorted(named, key=lambda trial: trial.number)[:MOST]:
        yield Paragraph(_ran(t, trial))
    for preset in t.study.presets:
        yield from _preset(t, preset)


def presets(t: Teller) -> Iterator[Block]:
    """The presets alone, where the table of trials has shown the rest."""
    if t.study.presets:
        yield Heading(2, ("Alternative configurations",))
        for preset in t.study.presets:
            yield from _preset(t, preset)


def _ran(t: Teller, trial: Trial) -> Line:
    what = [line("{name} = {value}", name=Name(name, code=True), value=t.setting(trial, name)) for name in trial.params]
    told = line(
        "{trial}: {value}",
        trial=t.trial(trial, capital=True),
        value=(t.name(t.record.metric), " ", t.value(trial, t.record.metric)),
    )
    for one in what:
        told += ("; ", *one)
    return (*told, ". ", Words(trial.note)) if trial.note else (*told, ".")


def _preset(t: Teller, preset: Preset) -> Iterator[Block]:
    """What it changes, as the study file says it; what came of it, or how to run it."""
    told: Line = (Strong((Name(preset.title or preset.name),)), ": ")
    runs = [trial for trial in t.view.trials if trial.name == preset.name]
    if runs:
        value = t.value(runs[0], t.record.metric)
        came: Line = (t.name(t.record.metric), " ", value) if isinstance(value, Fact) else (str(runs[0].status),)
        told += ("trial ", t.number(runs[0]), ", ", *came, ".")
    else:
        told += ("has not run.",)
    yield Paragraph((*told, " ", Words(preset.note)) if preset.note else told)
    yield Code("python", tuple(_changed(t, preset, name, value) for name, value in preset.set.items()))
    if not runs:
        text = f"hptui add {quote(t.view.row.name)} --preset {quote(preset.name)}"
        yield Code("sh", ((Fact(f"preset.{preset.name}.command", preset.name, text, (), "study.preset"),),))


def _changed(t: Teller, preset: Preset, name: str, value: Value) -> Line:
    key = f"preset.{preset.name}.{name}"
    told: Line = (Name(f"{name} = "), Fact(key, value, repr(value), (), "study.preset"))
    if name not in t.view.base or t.view.base[name] == value:
        return told
    usual = t.view.base[name]
    return (*told, "  # instead of ", Fact(f"{key}.usual", usual, repr(usual), (), f"trainer.{name}"))
