"""Validates pruner, stop rules, outcome and `until` against the objectives, the settings and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from hptui.model.errors import ExpressionError, StudyError, did_you_mean
from hptui.model.expressions import Expression
from hptui.model.naming import identifier, metric_named
from hptui.model.outcome import MEASURED_QUANTITIES
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.storage.studyfile.lengths import validate_lengths
from hptui.storage.studyfile.mistakes import Problems
from hptui.storage.studyfile.schema import Settings
from hptui.storage.studyfile.values import show

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
    spec, metrics = study.search.pruner, [objective.metric for objective in study.objectives]
    if spec.on and spec.on not in metrics:
        hint = did_you_mean(spec.on, metrics)
        raise StudyError(f"{spec.on!r} is no objective", where="search.pruner.on", value=spec.on, hint=hint)
    if spec.kind == "threshold" and len(metrics) > 1 and not spec.on:
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
    if "hyperband" in (pruner.kind, pruner.wraps) and pruner.warmup * pruner.eta >= 1:
        limit = 1 / pruner.eta
        yield f"search.pruner: hyperband has one bracket only, like asha; with warmup below {limit:.2g} it has several"
    window = search.until.no_improvement
    if window is not None and search.trials is not None and window >= search.trials:
        yield f"search.until.no_improvement: {window} trials without improvement cannot be, with {search.trials}"


def _never_compared(study: Study) -> bool:
    """Return whether even the last trial has too few others to be compared with."""
    search, kind = study.search, study.search.pruner.kind
    if kind in ("none", "threshold", "patient", "bands") or search.trials is None:
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
