"""Metrics that a study file names, and their check against the metrics that trials will report."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean, nearest
from hptui.core.metric_names import identifier
from hptui.core.ranking import MEASURED_QUANTITIES
from hptui.core.study import Study

OBJECTIVE, CONDITION, SHOWN = "objective", "condition", "shown"
"""Uses of a metric."""


@dataclass(frozen=True, slots=True)
class RequiredMetric:
    """A metric that the study file names at `where`.

    `use` says what needs it: an OBJECTIVE (a trial has no value without it), a CONDITION (a rule), or a table (SHOWN).
    """

    name: str
    where: str
    use: str


def required_metrics(study: Study) -> list[RequiredMetric]:
    """Return the metrics that a study file names, in the order of the file."""
    several = len(study.objectives) > 1
    metrics = [
        RequiredMetric(objective.metric, f"objective[{n}].metric" if several else "objective.metric", OBJECTIVE)
        for n, objective in enumerate(study.objectives)
    ]
    for n, rule in enumerate(study.search.stop):
        metrics += [RequiredMetric(name, f"search.stop[{n}].when", CONDITION) for name in sorted(rule.when.names)]
    for n, condition in enumerate(study.search.outcome):
        names = sorted(condition.names - set(MEASURED_QUANTITIES))
        metrics += [RequiredMetric(name, f"search.outcome[{n}]", CONDITION) for name in names]
    metrics += [RequiredMetric(name, f"metrics.{name}", SHOWN) for name in study.metrics]
    metrics += [RequiredMetric(name, "report.columns", SHOWN) for name in study.report.columns]
    return metrics


def require_measured(asked: Iterable[RequiredMetric], known: Collection[str], uses: Collection[str]) -> None:
    """Raise UserError for the first metric, of those with these uses, that no trial will report."""
    names = {*known, *map(identifier, known)}
    for metric in asked:
        if metric.use in uses and metric.name not in names:
            hint = did_you_mean(metric.name, known)
            raise UserError(f"{metric.where}: no trial measures {metric.name!r}", hint=hint)


def misspelling_warnings(asked: Iterable[RequiredMetric], known: Collection[str], others: Collection[str]) -> list[str]:
    """Return a warning for each shown metric whose name is probably misspelled.

    `others` are further valid names that are not metrics.
    """
    names = {*known, *others}
    return [
        f"{metric.where}: nothing is called {metric.name!r}; did you mean {suggestion!r}?"
        for metric in asked
        if metric.use == SHOWN and metric.name not in names and (suggestion := nearest(metric.name, names))
    ]
