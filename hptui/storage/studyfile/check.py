"""Validates what only shows when the parts of a study file are seen together."""

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
from hptui.storage.studyfile.mistakes import Problems
from hptui.storage.studyfile.rules import validate_rules
from hptui.storage.studyfile.samplers import validate_sampler
from hptui.storage.studyfile.schema import Settings, default_settings, find_setting, validate_parameter, validate_value
from hptui.storage.studyfile.staging import validate_stages

MAX_ENUMERATED_CONFIGURATIONS = 10_000
"""Largest space, in raw configurations, that is enumerated to find a feasible one."""

SAMPLED_CONFIGURATIONS = 30
"""Random configurations on which all expressions of the space are evaluated."""


def validate(study: Study, settings: Settings | None, problems: Problems) -> None:
    """Collect the problems of a study whose parts have been read.

    How the parts fit together is validated only when each is right by itself.
    """
    if settings is not None:
        _check_settings(study, settings, problems)
    with problems.collect():
        _check_trial_name(study, settings)
    if problems.errors:
        return
    with problems.collect():
        if not study.stages:
            validate_sampler(study)
        elif study.search.sampler == "list":
            hint = "[[trial]] tables run in the first stage anyway"
            raise StudyError("'list' does not go with [[stage]]", where="search.sampler", value="list", hint=hint)
    if problems.errors:
        return
    if study.stages:
        validate_stages(study, lambda view, stage_problems: _check_together(view, settings, stage_problems), problems)
    else:
        _check_together(study, settings, problems)


def _check_together(study: Study, settings: Settings | None, problems: Problems) -> None:
    """Collect problems of expressions, constraints and rules, over the settings that trials run with."""
    base = {**default_settings(settings), **study.trainer.settings}
    with problems.collect():
        _check_space_expressions(study.space, base)
        _check_constraints(study.space, base)
    validate_rules(study, settings, base, problems)


def _check_settings(study: Study, settings: Settings, problems: Problems) -> None:
    """Collect unknown and missing settings, and values that a setting cannot take."""
    locations = [("trainer", study.trainer.settings)]
    locations += [(f"stage[{index}].set", stage.set) for index, stage in enumerate(study.stages)]
    locations += [(f"trial[{index}].set", trial.set) for index, trial in enumerate(study.trials)]
    locations += [(f"preset[{index}].set", preset.set) for index, preset in enumerate(study.presets)]
    for location, values in locations:
        for name, value in values.items():
            with problems.collect():
                validate_value(find_setting(settings, name, f"{location}.{name}"), value, f"{location}.{name}")
    spaces = [("space", study.space)]
    spaces += [(f"stage[{n}].space", stage.space) for n, stage in enumerate(study.stages) if stage.space is not None]
    for location, space in spaces:
        for parameter in (*space.parameters, *space.derived):
            with problems.collect():
                where = f"{location}.{parameter.name}"
                validate_parameter(find_setting(settings, parameter.name, where), parameter, where)
    for name in study.notes.settings:
        with problems.collect():
            find_setting(settings, name, f"notes.{name}")
    for name, setting_info in settings.items():
        searched = name in study.space.names or name in [derived.name for derived in study.space.derived]
        if setting_info.required and name not in study.trainer.settings and (study.search.baseline or not searched):
            reason = f"the trainer {study.trainer.kind!r} needs it"
            reason += "; the baseline runs [trainer] as written" if searched else ""
            problems.errors.append(StudyError(f"missing: {reason}", where=f"trainer.{name}"))


def _check_trial_name(study: Study, settings: Settings | None) -> None:
    """Raise unless `trial_name` uses only what every trial has, in plain form.

    Allowed are `exp_lr{lr}` and `{lr:.0e}`, but no attributes and no indices.
    """
    names = {"number", *study.trainer.settings, *study.space.names, *(item.name for item in study.space.derived)}
    names |= set(settings or ())
    names |= {name for trial in study.trials for name in trial.set}
    names |= {name for preset in study.presets for name in preset.set}
    for stage in study.stages:
        stage_space = stage.space or Space()
        names |= {*stage.set, *stage_space.names, *(item.name for item in stage_space.derived)}
    try:
        fields = list(Formatter().parse(study.trial_name))
    except ValueError as error:
        raise StudyError(f"{error}: {study.trial_name!r}", where="trial_name", value=study.trial_name) from None
    for literal, name, spec, conversion in fields:
        if not re.fullmatch(r"[A-Za-z0-9._-]*", literal) or ".." in literal:
            hint = "names hold letters, digits, '.', '_' and '-'"
            raise StudyError(
                f"cannot make names with {literal!r}", where="trial_name", value=study.trial_name, hint=hint
            )
        if name is not None and name not in names:
            raise StudyError(
                f"unknown setting {name!r}", where="trial_name", value=name, hint=did_you_mean(name, names)
            )
        if conversion or "{" in (spec or ""):
            raise StudyError(f"too clever: {study.trial_name!r}", where="trial_name", value=study.trial_name)


def _check_space_expressions(space: Space, base: Mapping[str, Value]) -> None:
    """Raise unless derived settings, conditions and constraints can be evaluated on random configurations."""
    rng = random.Random(0)
    for _ in range(SAMPLED_CONFIGURATIONS):
        drawn = {parameter.name: parameter.sample(rng) for parameter in space.parameters}
        try:
            space.margin(base, space.settle(base, drawn))
        except ExpressionError as error:
            raise StudyError(error.message, where=_location_of_error(space, error), hint=error.hint) from None


def _location_of_error(space: Space, error: ExpressionError) -> str:
    """Return the location of the expression that the error quotes."""
    locations = [(item.expr, f"space.{item.name}.expr") for item in space.derived]
    locations += [(item.when, f"space.{item.name}.when") for item in space.parameters if item.when]
    locations += [(item, f"search.constraints[{index}]") for index, item in enumerate(space.constraints)]
    candidates = [(len(expr.text), location) for expr, location in locations if expr.text in error.message]
    return max(candidates)[1] if candidates else "space"


def _check_constraints(space: Space, base: Mapping[str, Value]) -> None:
    """Raise for a constraint that names no parameter, or that provably no configuration satisfies.

    The latter is checked for each constraint by itself, and for all together.
    """
    for index, constraint in enumerate(space.constraints):
        where = f"search.constraints[{index}]"
        names = {*space.names, *(item.name for item in space.derived)}
        if not constraint.names & names:
            hint = f"parameters: {', '.join(sorted(names))}" if names else "[space] is empty"
            message = f"{constraint.text!r} names no parameter of [space]"
            raise StudyError(message, where=where, value=constraint.text, hint=hint)
        if _proved_empty(_part_bound_by(space, constraint), base):
            message = f"{constraint.text!r} cannot hold: no configuration of [space] keeps it"
            raise StudyError(message, where=where, value=constraint.text)
    if len(space.constraints) > 1 and _proved_empty(space, base):
        raise StudyError("cannot hold together: no configuration of [space] keeps them all", where="search.constraints")


def _proved_empty(space: Space, base: Mapping[str, Value]) -> bool:
    """Return whether it is proved that no configuration is feasible.

    Most spaces yield a feasible sample at once, and are not enumerated.
    """
    return not space.feasible_share(base, 100) and space.enumerate(base, MAX_ENUMERATED_CONFIGURATIONS) == []


def _part_bound_by(space: Space, constraint: Expression) -> Space:
    """Return the part of the space on which one constraint depends.

    A continuous parameter elsewhere would prevent the proof by enumeration.
    """
    names: set[str] = set()
    pending = set(constraint.names)
    while pending:
        name = pending.pop()
        names.add(name)
        pending |= _names_mentioned(space, name) - names
    return Space(
        tuple(item for item in space.parameters if item.name in names),
        tuple(item for item in space.derived if item.name in names),
        (constraint,),
    )


def _names_mentioned(space: Space, name: str) -> set[str]:
    """Return the names in the expression or condition of `name`."""
    exprs: Iterable[Expression | None] = (
        *(item.expr for item in space.derived if item.name == name),
        *(item.when for item in space.parameters if item.name == name),
    )
    return {mentioned for expr in exprs if expr for mentioned in expr.names}
