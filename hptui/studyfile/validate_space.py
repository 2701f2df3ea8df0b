"""Validates the expressions of a space: that they can be evaluated, and that a configuration keeps its constraints."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from hptui.core.errors import ExpressionError, StudyError
from hptui.core.expressions import Expression
from hptui.core.space import Space
from hptui.core.trial import Value

SAMPLED_CONFIGURATIONS = 30
"""Random configurations on which all expressions of the space are evaluated."""
MAX_ENUMERATED_CONFIGURATIONS = 10_000
"""Largest space, in raw configurations, that is enumerated to find a feasible one."""


def validate_space_expressions(space: Space, base: Mapping[str, Value]) -> None:
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


def validate_constraints(space: Space, base: Mapping[str, Value]) -> None:
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
