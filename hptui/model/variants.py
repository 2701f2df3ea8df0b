"""What a study will run, as far as it is known before it does: settings that stand for its trials.

A preparation looks at them, so that a value that cannot work is found before the trial that draws it. Finite choices
are all there, ranges by their ends.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from hptui.model.format import settings as told
from hptui.model.parameters import Choice, Parameter
from hptui.model.space import Space
from hptui.model.stages import staged
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.model.values import key_of

MOST = 64
"""Combinations that are looked at; where there are more, each value is looked at by itself."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Whole settings of a trial to come. `runs`: by itself, and not only when a person queues it."""

    settings: Mapping[str, Value]
    where: str
    runs: bool = True


def representative(study: Study, defaults: Mapping[str, Value]) -> dict[str, Value]:
    """Settings that stand for all: the trainer's table, and where no trial takes that, the first value of the space.

    `defaults` are what the trainer uses where the table is silent; expressions may need them.
    """
    table, follows = study.trainer.settings, {one.name for one in study.space.derived}
    settled = study.space.settle({**defaults, **table}, _usual(study, defaults))
    written = {name for name in follows & table.keys() if _as_written(study)}
    return {**table, **{name: value for name, value in settled.items() if name not in written}}


def _as_written(study: Study) -> bool:
    return study.search.baseline or study.search.evaluate_base


def _usual(study: Study, defaults: Mapping[str, Value]) -> dict[str, Value]:
    """A value for each parameter: as the table or the trainer has it, if that is run or could be drawn; else the first
    of all.
    """
    kept = _as_written(study)
    table = {**defaults, **study.trainer.settings} if kept else study.trainer.settings
    return {
        one.name: table[one.name] if one.name in table and (kept or one.contains(table[one.name])) else _ends(one)[0]
        for one in study.space.parameters
    }


def variants(study: Study, names: Collection[str], defaults: Mapping[str, Value]) -> list[Variant]:
    """What differs from the representative settings in one of `names`, each difference once."""
    found: list[Variant] = []
    for stage in study.stages or (None,):
        view = staged(study, stage)
        place = f"stage {stage.name}: " if stage is not None else ""
        if stage is not None:
            found.append(Variant(representative(view, defaults), f"stage {stage.name}"))
        if stage is None or stage.searches:
            found += [Variant(settings, place + label) for settings, label in _searched(view, names, defaults)]
    onto = staged(study, study.stages[0] if study.stages else None).trainer.settings
    for n, listed in enumerate(study.trials):
        label = listed.name or listed.title or str(n + 1)
        found.append(Variant(_by_hand(study.space, onto, listed.set, defaults), f"[[trial]] {label}"))
    for preset in study.presets:
        found.append(
            Variant(_by_hand(study.space, onto, preset.set, defaults), f"[[preset]] {preset.name}", runs=False)
        )
    known, kept = {_key(representative(study, defaults), names)}, list[Variant]()
    for one in found:
        if (key := _key(one.settings, names)) not in known:
            known.add(key)
            kept.append(one)
    return kept


def _by_hand(
    space: Space, base: Mapping[str, Value], given: Mapping[str, Value], defaults: Mapping[str, Value]
) -> dict[str, Value]:
    env = {**defaults, **base}
    follows = {one.name for one in space.derived}
    settled = {name: value for name, value in space.settle(env, given).items() if name in follows}
    return {**base, **settled, **given}


def _key(settings: Mapping[str, Value], names: Collection[str]) -> str:
    return str(key_of({name: settings[name] for name in names if name in settings}))


def _searched(
    study: Study, names: Collection[str], defaults: Mapping[str, Value]
) -> Iterator[tuple[dict[str, Value], str]]:
    """Feasible settings: every combination of the parameters that matter, or, if those are many, one at a time."""
    space, base, usual = study.space, study.trainer.settings, _usual(study, defaults)
    env = {**defaults, **base}
    ends = {one.name: _ends(one) for one in space.parameters if one.name in _bearing(space, names)}
    if math.prod(map(len, ends.values())) <= MOST:
        drawn = [dict(zip(ends, values, strict=True)) for values in itertools.product(*ends.values())]
    else:
        drawn = [{name: value} for name, values in ends.items() for value in values]
    shown = {*names, *ends}
    for one in drawn:
        settled = space.settle(env, {**usual, **one})
        if space.margin(env, settled) <= 0:
            changed = {name: value for name, value in settled.items() if name in shown and usual.get(name) != value}
            yield {**base, **settled}, told(changed or one)


def _bearing(space: Space, names: Collection[str]) -> set[str]:
    """The names, and whatever they follow from or depend on."""
    found, todo = set[str](), list(names)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for derived in space.derived:
            todo += derived.expr.names if derived.name == name else ()
        for parameter in space.parameters:
            todo += parameter.when.names if parameter.name == name and parameter.when is not None else ()
    return found


def _ends(parameter: Parameter) -> tuple[Value, ...]:
    """All values of a choice; the ends of a range."""
    if isinstance(parameter, Choice):
        return parameter.choices
    every = parameter.values() if parameter.step is not None else None
    return (every[0], every[-1]) if every else (parameter.low, parameter.high)
