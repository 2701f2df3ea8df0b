"""What only shows when the parts of a study file are seen together: settings, names, samplers, constraints."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from string import Formatter

from hptui.model.errors import ExpressionError, StudyError, did_you_mean
from hptui.model.expressions import Expression
from hptui.model.space import Space
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.storage.studyfile.mistakes import Mistakes
from hptui.storage.studyfile.rules import check_rules
from hptui.storage.studyfile.samplers import check_sampler
from hptui.storage.studyfile.schema import Settings, check_parameter, check_value, defaults, setting
from hptui.storage.studyfile.staging import check_stages

ENUMERABLE = 10_000
"""A space with at most this many raw configurations is searched through for one that keeps the constraints."""

TRIED = 30


def check(study: Study, settings: Settings | None, mistakes: Mistakes) -> None:
    """Gather what cannot be right. How the parts fit together is looked at when each is right by itself."""
    if settings is not None:
        _settings(study, settings, mistakes)
    with mistakes.noted():
        _trial_name(study, settings)
    if mistakes.found:
        return
    with mistakes.noted():
        if not study.stages:
            check_sampler(study)
        elif study.search.sampler == "list":
            hint = "[[trial]] tables run in the first stage anyway"
            raise StudyError("'list' does not go with [[stage]]", where="search.sampler", value="list", hint=hint)
    if mistakes.found:
        return
    if study.stages:
        check_stages(study, lambda view, found: _together(view, settings, found), mistakes)
    else:
        _together(study, settings, mistakes)


def _together(study: Study, settings: Settings | None, mistakes: Mistakes) -> None:
    """Expressions, constraints and rules over the settings that trials run with."""
    base = {**defaults(settings), **study.trainer.settings}
    with mistakes.noted():
        _evaluates(study.space, base)
        _constraints(study.space, base)
    check_rules(study, settings, base, mistakes)


def _settings(study: Study, settings: Settings, mistakes: Mistakes) -> None:
    """Every name is a setting, every value one that it can take, and nothing is missing."""
    places = [("trainer", study.trainer.settings)]
    places += [(f"stage[{index}].set", stage.set) for index, stage in enumerate(study.stages)]
    places += [(f"trial[{index}].set", trial.set) for index, trial in enumerate(study.trials)]
    places += [(f"preset[{index}].set", preset.set) for index, preset in enumerate(study.presets)]
    for place, values in places:
        for name, value in values.items():
            with mistakes.noted():
                check_value(setting(settings, name, f"{place}.{name}"), value, f"{place}.{name}")
    spaces = [("space", study.space)]
    spaces += [(f"stage[{n}].space", stage.space) for n, stage in enumerate(study.stages) if stage.space is not None]
    for place, space in spaces:
        for parameter in (*space.parameters, *space.derived):
            with mistakes.noted():
                where = f"{place}.{parameter.name}"
                check_parameter(setting(settings, parameter.name, where), parameter, where)
    for name in study.notes.settings:
        with mistakes.noted():
            setting(settings, name, f"notes.{name}")
    for name, info in settings.items():
        searched = name in study.space.names or name in [derived.name for derived in study.space.derived]
        if info.required and name not in study.trainer.settings and (study.search.baseline or not searched):
            why = f"the trainer {study.trainer.kind!r} needs it"
            why += "; the baseline runs [trainer] as written" if searched else ""
            mistakes.found.append(StudyError(f"missing: {why}", where=f"trainer.{name}"))


def _trial_name(study: Study, settings: Settings | None) -> None:
    """`trial_name` mentions only what every trial has, plainly: `exp_lr{lr}`, `{lr:.0e}`; no attributes, no indices."""
    known = {"number", *study.trainer.settings, *study.space.names, *(item.name for item in study.space.derived)}
    known |= set(settings or ())
    known |= {name for trial in study.trials for name in trial.set}
    known |= {name for preset in study.presets for name in preset.set}
    for stage in study.stages:
        own = stage.space or Space()
        known |= {*stage.set, *own.names, *(item.name for item in own.derived)}
    try:
        parts = list(Formatter().parse(study.trial_name))
    except ValueError as error:
        raise StudyError(f"{error}: {study.trial_name!r}", where="trial_name", value=study.trial_name) from None
    for literal, name, spec, conversion in parts:
        if not re.fullmatch(r"[A-Za-z0-9._-]*", literal) or ".." in literal:
            hint = "names hold letters, digits, '.', '_' and '-'"
            raise StudyError(
                f"cannot make names with {literal!r}", where="trial_name", value=study.trial_name, hint=hint
            )
        if name is not None and name not in known:
            raise StudyError(
                f"unknown setting {name!r}", where="trial_name", value=name, hint=did_you_mean(name, known)
            )
        if conversion or "{" in (spec or ""):
            raise StudyError(f"too clever: {study.trial_name!r}", where="trial_name", value=study.trial_name)


def _evaluates(space: Space, base: Mapping[str, Value]) -> None:
    """Derived settings, conditions and constraints can be worked out on configurations drawn from the space."""
    rng = random.Random(0)
    for _ in range(TRIED):
        drawn = {parameter.name: parameter.sample(rng) for parameter in space.parameters}
        try:
            space.margin(base, space.settle(base, drawn))
        except ExpressionError as error:
            raise StudyError(error.message, where=_blame(space, error), hint=error.hint) from None


def _blame(space: Space, error: ExpressionError) -> str:
    """The place of the expression that the error quotes."""
    places = [(item.expr, f"space.{item.name}.expr") for item in space.derived]
    places += [(item.when, f"space.{item.name}.when") for item in space.parameters if item.when]
    places += [(item, f"search.constraints[{index}]") for index, item in enumerate(space.constraints)]
    quoted = [(len(expr.text), place) for expr, place in places if expr.text in error.message]
    return max(quoted)[1] if quoted else "space"


def _constraints(space: Space, base: Mapping[str, Value]) -> None:
    """Each constraint binds a parameter, and none leaves provably nothing, by itself or with the others."""
    for index, constraint in enumerate(space.constraints):
        where = f"search.constraints[{index}]"
        names = {*space.names, *(item.name for item in space.derived)}
        if not constraint.names & names:
            hint = f"parameters: {', '.join(sorted(names))}" if names else "[space] is empty"
            what = f"{constraint.text!r} names no parameter of [space]"
            raise StudyError(what, where=where, value=constraint.text, hint=hint)
        if _empty(_part(space, constraint), base):
            what = f"{constraint.text!r} cannot hold: no configuration of [space] keeps it"
            raise StudyError(what, where=where, value=constraint.text)
    if len(space.constraints) > 1 and _empty(space, base):
        raise StudyError("cannot hold together: no configuration of [space] keeps them all", where="search.constraints")


def _empty(space: Space, base: Mapping[str, Value]) -> bool:
    """Whether it is proved that no configuration is feasible. Most spaces show one at once, and are not searched."""
    return not space.feasible_share(base, 100) and space.enumerate(base, ENUMERABLE) == []


def _part(space: Space, constraint: Expression) -> Space:
    """The space as far as one constraint depends on it, so that a continuous parameter beside it hinders no proof."""
    needed: set[str] = set()
    todo = set(constraint.names)
    while todo:
        name = todo.pop()
        needed.add(name)
        todo |= _mentions(space, name) - needed
    return Space(
        tuple(item for item in space.parameters if item.name in needed),
        tuple(item for item in space.derived if item.name in needed),
        (constraint,),
    )


def _mentions(space: Space, name: str) -> set[str]:
    exprs: Iterable[Expression | None] = (
        *(item.expr for item in space.derived if item.name == name),
        *(item.when for item in space.parameters if item.name == name),
    )
    return {found for expr in exprs if expr for found in expr.names}
