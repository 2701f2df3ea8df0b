"""The metrics that a study file asks for by name, each with its place, held against those that trials will report."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hptui.model.errors import UserError, did_you_mean, nearest
from hptui.model.naming import identifier
from hptui.model.outcome import MEASURED
from hptui.model.study import Study

OBJECTIVE, CONDITION, SHOWN = "objective", "condition", "shown"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A metric that stands at `where`. By `use`, a trial has no value without it, a rule needs it, a table shows it."""

    name: str
    where: str
    use: str


def wanted(study: Study) -> list[Wanted]:
    """All of them, in the order of the file."""
    several = len(study.objectives) > 1
    found = [
        Wanted(one.metric, f"objective[{n}].metric" if several else "objective.metric", OBJECTIVE)
        for n, one in enumerate(study.objectives)
    ]
    for n, rule in enumerate(study.search.stop):
        found += [Wanted(name, f"search.stop[{n}].when", CONDITION) for name in sorted(rule.when.names)]
    for n, condition in enumerate(study.search.outcome):
        names = sorted(condition.names - set(MEASURED))
        found += [Wanted(name, f"search.outcome[{n}]", CONDITION) for name in names]
    found += [Wanted(name, f"metrics.{name}", SHOWN) for name in study.metrics]
    found += [Wanted(name, "report.columns", SHOWN) for name in study.report.columns]
    return found


def refuse_unmeasured(asked: Iterable[Wanted], known: Collection[str], uses: Collection[str]) -> None:
    """A `UserError` for the first metric, of those with these uses, that no trial would report."""
    names = {*known, *map(identifier, known)}
    for one in asked:
        if one.use in uses and one.name not in names:
            hint = did_you_mean(one.name, known)
            raise UserError(f"{one.where}: no trial measures {one.name!r}", hint=hint)


def doubtful(asked: Iterable[Wanted], known: Collection[str], others: Collection[str]) -> list[str]:
    """A sentence for each name that is shown and looks like a slip. `others` are names that no metric has."""
    names = {*known, *others}
    return [
        f"{one.where}: nothing is called {one.name!r}; did you mean {near!r}?"
        for one in asked
        if one.use == SHOWN and one.name not in names and (near := nearest(one.name, names))
    ]
