"""Validates what only shows when the parts of a study file are seen together, such as names and constraints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from string import Formatter

from hptui import plugins
from hptui.core.errors import ExpressionError, Problems, StudyError, did_you_mean
from hptui.core.expressions import Expression
from hptui.core.metric_names import identifier, metric_named
from hptui.core.ranking import MEASURED_QUANTITIES
from hptui.core.space import Space
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import show
from hptui.studyfile.trainer_settings import Settings, default_settings, find_setting, validate_parameter
from hptui.studyfile.validate_search import (
    validate_lengths,
    validate_names,
    validate_sampler,
    validate_stages,
    validate_unranked,
)
from hptui.studyfile.validate_space import validate_constraints, validate_space_expressions

LIMITED_ELSEWHERE = {"seconds": "[resources] timeout limits it", "peak_memory_gb": "search.outcome judges it"}
"""Measurements that are not metrics, so that stop rules cannot use them, and where they are limited instead."""

MIN_NAME_SIMILARITY = 0.85
"""Similarity (0 to 1) from which an unknown name is taken for a misspelling."""
EXTREME_VALUE = 1e12
"""Value that is better, or worse, than any that is measured."""


def validate_rules(study: Study, settings: Settings | None, base: Mapping[str, Value], problems: Problems) -> None:
    """Collect the problems of pruner, stop rules, outcome and `until`."""
    with problems.collect():
        _check_pruner(study)
    with problems.collect():
        _check_target(study)
    setting_names = _setting_names(study, settings)
    for where, expression in _conditions(study):
        with problems.collect():
            _check_names(study, expression, where, setting_names)
            _check_evaluates(expression, where)
    if settings is not None and ":" not in study.trainer.kind:
        with problems.collect():
            validate_lengths(study, base)


def _check_target(study: Study) -> None:
    if study.search.until.target is not None and len(study.objectives) > 1:
        hint = "no_improvement counts trials that add nothing to the Pareto set"
        message = "one number cannot be the target of several objectives"
        raise StudyError(message, where="search.until.target", value=study.search.until.target, hint=hint)


def _conditions(study: Study) -> Iterator[tuple[str, Expression]]:
    for index, rule in enumerate(study.search.stop):
        yield f"search.stop[{index}].when", rule.when
    for index, condition in enumerate(study.search.outcome):
        yield f"search.outcome[{index}]", condition


def _metrics(study: Study) -> list[str]:
    """Return the metrics that the file names; the trainer may report others."""
    return list(dict.fromkeys([*(objective.metric for objective in study.objectives), *study.metrics]))


def _setting_names(study: Study, settings: Settings | None) -> set[str]:
    return {
        *(settings or ()),
        *study.trainer.settings,
        *study.space.names,
        *(derived.name for derived in study.space.derived),
    }


def _check_pruner(study: Study) -> None:
    pruner, metrics = study.search.pruner, [objective.metric for objective in study.objectives]
    if pruner.on and pruner.on not in metrics:
        hint = did_you_mean(pruner.on, metrics)
        raise StudyError(f"{pruner.on!r} is no objective", where="search.pruner.on", value=pruner.on, hint=hint)
    if pruner.kind == "threshold" and len(metrics) > 1 and not pruner.on:
        hint = f"for instance on = {show(metrics[0])}"
        raise StudyError("missing: a threshold is one of one objective", where="search.pruner.on", hint=hint)


def _check_names(study: Study, expression: Expression, where: str, setting_names: set[str]) -> None:
    """Raise unless a condition names metrics: at least one, and no setting."""
    metrics = _metrics(study)
    if not expression.names:
        hint = f"metrics that the file names: {', '.join(map(identifier, metrics))}"
        raise StudyError(f"{expression.text!r} names no metric", where=where, value=expression.text, hint=hint)
    for name in sorted(expression.names):
        matches = [metric for metric in metrics if identifier(metric) == name]
        if len(matches) > 1 and metric_named(name, metrics) is None:
            message = f"{name!r} could be {' or '.join(map(repr, matches))}"
            raise StudyError(message, where=where, value=name, hint="give one of them another name")
        if not matches and name in MEASURED_QUANTITIES:
            if where.startswith("search.stop"):
                raise StudyError(f"{name!r} is no metric", where=where, value=name, hint=LIMITED_ELSEWHERE[name])
        elif not matches and name in setting_names:
            hint = "settings are bound by search.constraints; a metric of that name is declared in [metrics]"
            raise StudyError(f"{name!r} is a setting, not a metric", where=where, value=name, hint=hint)


def _check_evaluates(expression: Expression, where: str) -> None:
    """Raise unless the condition can be evaluated where all metrics are plain numbers, no two equal."""
    try:
        expression.evaluate({name: 0.37 + 0.61 * n for n, name in enumerate(sorted(expression.names))})
    except ExpressionError as error:
        raise StudyError(error.message, where=where, value=expression.text, hint=error.hint) from None


# -- what is allowed, but probably not meant


def rule_warnings(study: Study) -> Iterator[str]:
    """Yield sentences about what is allowed but probably not meant, each naming its key."""
    yield from _ineffective_settings(study)
    for where, expression in _conditions(study):
        known_names = [*map(identifier, _metrics(study)), *MEASURED_QUANTITIES]
        for name in sorted(expression.names - set(known_names)):
            if similar := get_close_matches(name, known_names, n=1, cutoff=MIN_NAME_SIMILARITY):
                yield f"{where}: {name} is no metric that this file names; did you mean {similar[0]!r}?"
    yield from _reversed_rules(study)


def _ineffective_settings(study: Study) -> Iterator[str]:
    """Yield warnings about settings of the search that can never have an effect."""
    search, pruner = study.search, study.search.pruner
    if pruner.kind != "none" and search.sampler == "list":
        yield "search.pruner: prunes nothing, because trials that the file lists are spared"
    elif _never_compared(study):
        yield (
            f"search.pruner: prunes nothing, because {pruner.startup} trials to compare with (startup) "
            f"must have finished before, and trials = {search.trials}"
        )
    eta = pruner.values.get("eta", 1)
    if "hyperband" in (pruner.kind, pruner.values.get("wraps")) and pruner.warmup * eta >= 1:
        limit = 1 / eta
        yield f"search.pruner: hyperband has one bracket only, like asha; with warmup below {limit:.2g} it has several"
    window = search.until.no_improvement
    if window is not None and search.trials is not None and window >= search.trials:
        yield f"search.until.no_improvement: {window} trials without improvement cannot be, with {search.trials}"


def _never_compared(study: Study) -> bool:
    """Return whether even the last trial has too few others to be compared with."""
    search, kind = study.search, study.search.pruner.kind
    if search.trials is None or kind == "none" or not plugins.spec("pruners", kind, study.directory).compares:
        return False
    return search.trials + len(study.trials) <= search.pruner.startup


def _reversed_rules(study: Study) -> Iterator[str]:
    """Yield warnings about rules that stop a trial for being good: they are written the wrong way round."""
    for index, rule in enumerate(study.search.stop):
        for objective in study.objectives:
            name = identifier(objective.metric)
            best_value = -EXTREME_VALUE if objective.goal == "minimize" else EXTREME_VALUE
            if (
                rule.when.names == {name}
                and _holds(rule.when, {name: best_value})
                and not _holds(rule.when, {name: -best_value})
            ):
                yield f"search.stop[{index}]: {rule.when.text} stops trials whose {objective.metric} is good"


def _holds(expression: Expression, values: Mapping[str, float]) -> bool:
    try:
        return expression.holds(values)
    except ExpressionError:
        return False


def validate(study: Study, settings: Settings | None, problems: Problems) -> None:
    """Collect the problems of a study whose parts have been read.

    How the parts fit together is validated only when each is right by itself.
    """
    if settings is not None:
        _check_settings(study, settings, problems)
    with problems.collect():
        _check_trial_name(study, settings)
    with problems.collect():
        validate_names(study)
    if problems.errors:
        return
    with problems.collect():
        validate_unranked(study)
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
        validate_space_expressions(study.space, base)
        validate_constraints(study.space, base)
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
                find_setting(settings, name, f"{location}.{name}").read(value, f"{location}.{name}")
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
    names |= {*(settings or ()), *(name for trial in study.trials for name in trial.set)}
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
