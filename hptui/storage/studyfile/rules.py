"""Pruner, stop rules, outcome and `until`, held against the objectives, the settings and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from hptui.model.errors import ExpressionError, StudyError, did_you_mean
from hptui.model.expressions import Expression
from hptui.model.naming import identifier, metric_of
from hptui.model.outcome import MEASURED
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.storage.studyfile.lengths import check_timely
from hptui.storage.studyfile.mistakes import Mistakes
from hptui.storage.studyfile.schema import Settings
from hptui.storage.studyfile.values import show

ELSEWHERE = {"seconds": "[resources] timeout limits it", "peak_memory_gb": "search.outcome judges it"}
"""What is measured beside metrics is no matter for stop rules."""

ALIKE = 0.85
FAR = 1e12


def check_rules(study: Study, settings: Settings | None, base: Mapping[str, Value], mistakes: Mistakes) -> None:
    """Gather those of them that cannot be meant."""
    with mistakes.noted():
        _pruner(study)
    with mistakes.noted():
        _target(study)
    ours = _settings(study, settings)
    for where, expression in _conditions(study):
        with mistakes.noted():
            _names(study, expression, where, ours)
            _evaluates(expression, where)
    if settings is not None and ":" not in study.trainer.kind:
        with mistakes.noted():
            check_timely(study, base)


def _target(study: Study) -> None:
    if study.search.until.target is not None and len(study.objectives) > 1:
        hint = "no_improvement counts trials that add nothing to the Pareto set"
        what = "one number cannot be the target of several objectives"
        raise StudyError(what, where="search.until.target", value=study.search.until.target, hint=hint)


def _conditions(study: Study) -> Iterator[tuple[str, Expression]]:
    for index, rule in enumerate(study.search.stop):
        yield f"search.stop[{index}].when", rule.when
    for index, condition in enumerate(study.search.outcome):
        yield f"search.outcome[{index}]", condition


def _metrics(study: Study) -> list[str]:
    """Metrics that the file names; the trainer may report others."""
    return list(dict.fromkeys([*(objective.metric for objective in study.objectives), *study.metrics]))


def _settings(study: Study, settings: Settings | None) -> set[str]:
    return {*(settings or ()), *study.trainer.settings, *study.space.names, *(one.name for one in study.space.derived)}


def _pruner(study: Study) -> None:
    spec, metrics = study.search.pruner, [objective.metric for objective in study.objectives]
    if spec.on and spec.on not in metrics:
        hint = did_you_mean(spec.on, metrics)
        raise StudyError(f"{spec.on!r} is no objective", where="search.pruner.on", value=spec.on, hint=hint)
    if spec.kind == "threshold" and len(metrics) > 1 and not spec.on:
        hint = f"for instance on = {show(metrics[0])}"
        raise StudyError("missing: a threshold is one of one objective", where="search.pruner.on", hint=hint)


def _names(study: Study, expression: Expression, where: str, ours: set[str]) -> None:
    """A condition speaks of metrics: of one at least, and of no setting."""
    metrics = _metrics(study)
    if not expression.names:
        hint = f"metrics that the file names: {', '.join(map(identifier, metrics))}"
        raise StudyError(f"{expression.text!r} names no metric", where=where, value=expression.text, hint=hint)
    for name in sorted(expression.names):
        meant = [metric for metric in metrics if identifier(metric) == name]
        if len(meant) > 1 and metric_of(name, metrics) is None:
            what = f"{name!r} could be {' or '.join(map(repr, meant))}"
            raise StudyError(what, where=where, value=name, hint="give one of them another name")
        if not meant and name in MEASURED:
            if where.startswith("search.stop"):
                raise StudyError(f"{name!r} is no metric", where=where, value=name, hint=ELSEWHERE[name])
        elif not meant and name in ours:
            hint = "settings are bound by search.constraints; a metric of that name is declared in [metrics]"
            raise StudyError(f"{name!r} is a setting, not a metric", where=where, value=name, hint=hint)


def _evaluates(expression: Expression, where: str) -> None:
    """It can be worked out where all metrics are plain numbers, no two of them equal."""
    try:
        expression.evaluate({name: 0.37 + 0.61 * n for n, name in enumerate(sorted(expression.names))})
    except ExpressionError as error:
        raise StudyError(error.message, where=where, value=expression.text, hint=error.hint) from None


# -- what is allowed, but probably not meant


def doubts(study: Study) -> Iterator[str]:
    """Sentences, each naming its key."""
    yield from _idle(study)
    for where, expression in _conditions(study):
        known = [*map(identifier, _metrics(study)), *MEASURED]
        for name in sorted(expression.names - set(known)):
            if close := get_close_matches(name, known, n=1, cutoff=ALIKE):
                yield f"{where}: {name} is no metric that this file names; did you mean {close[0]!r}?"
    yield from _too_good(study)


def _idle(study: Study) -> Iterator[str]:
    """Settings of the search that can never come to bear."""
    search, pruner = study.search, study.search.pruner
    if pruner.kind != "none" and search.sampler == "list":
        yield "search.pruner: prunes nothing, because trials that the file lists are spared"
    elif _never_compared(study):
        yield (
            f"search.pruner: prunes nothing, because {pruner.startup} trials to compare with (startup) "
            f"must have finished before, and trials = {search.trials}"
        )
    if "hyperband" in (pruner.kind, pruner.wraps) and pruner.warmup * pruner.eta >= 1:
        most = 1 / pruner.eta
        yield f"search.pruner: hyperband has one bracket only, like asha; with warmup below {most:.2g} it has several"
    patience = search.until.no_improvement
    if patience is not None and search.trials is not None and patience >= search.trials:
        yield f"search.until.no_improvement: {patience} trials without improvement cannot be, with {search.trials}"


def _never_compared(study: Study) -> bool:
    """Whether even the last trial has too few others to be compared with."""
    search, kind = study.search, study.search.pruner.kind
    if kind in ("none", "threshold", "patient", "bands") or search.trials is None:
        return False
    return search.trials + len(study.trials) <= search.pruner.startup


def _too_good(study: Study) -> Iterator[str]:
    """A rule that stops a trial for being good is written the wrong way round."""
    for index, rule in enumerate(study.search.stop):
        for objective in study.objectives:
            name = identifier(objective.metric)
            good = -FAR if objective.goal == "minimize" else FAR
            if rule.when.names == {name} and _holds(rule.when, {name: good}) and not _holds(rule.when, {name: -good}):
                yield f"search.stop[{index}]: {rule.when.text} stops trials whose {objective.metric} is good"


def _holds(expression: Expression, values: Mapping[str, float]) -> bool:
    try:
        return expression.holds(values)
    except ExpressionError:
        return False
