"""The search space: parameters, values derived from them, and constraints between them.

A trial's settings are the base settings (the `[trainer]` table) with the parameters' values over them. A parameter
whose `when` does not hold is inactive: it keeps its base value and is not searched.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError
from hptui.core.expressions import Expression, parse
from hptui.core.parameters import Choice, Derived, Float, Int, Parameter
from hptui.core.shorthand import parse_parameter
from hptui.core.trial import Value
from hptui.core.values import configuration_key

__all__ = ["Space", "Parameter", "Float", "Int", "Choice", "Derived", "parse_parameter", "configuration_key"]

Params = Mapping[str, Value]
"""Settings by name."""


@dataclass(frozen=True, slots=True)
class Space:
    """What is searched. Names are unique; `when` and `expr` may refer to each other in any order, but not in a cycle.

    Raises: StudyError on construction.
    """

    parameters: tuple[Parameter, ...] = ()
    derived: tuple[Derived, ...] = ()
    constraints: tuple[Expression, ...] = ()
    _order: tuple[Parameter | Derived, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        entries = (*self.parameters, *self.derived)
        seen: set[str] = set()
        for entry in entries:
            if entry.name in seen:
                raise StudyError("this name stands there twice", where=f"space.{entry.name}", value=entry.name)
            seen.add(entry.name)
        object.__setattr__(self, "_order", _in_order(entries))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of definition."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def size(self) -> int | None:
        """Number of combinations before conditions and constraints; None if a parameter is continuous."""
        sizes = [parameter.size for parameter in self.parameters]
        return None if None in sizes else math.prod(size for size in sizes if size is not None)

    def get(self, name: str) -> Parameter | None:
        """Return the parameter with this name; None if there is none."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    # -- what a configuration means

    def active(self, base: Params, params: Params) -> tuple[str, ...]:
        """Return the names of the parameters whose `when` holds."""
        inactive = self._walk(base, params)[1]
        return tuple(name for name in self.names if name not in inactive)

    def settle(self, base: Params, params: Params) -> dict[str, Value]:
        """Return the overrides of a trial: `params` without inactive parameters, with derived values.

        A derived value is left out if it needs a name without a value (an inactive parameter that the base lacks).
        """
        return self._walk(base, params)[0]

    def _walk(self, base: Params, params: Params) -> tuple[dict[str, Value], set[str]]:
        """Return the settled configuration and the names of the inactive parameters."""
        settled = dict(params)
        inactive: set[str] = set()
        derived = {entry.name for entry in self.derived}
        for name in derived:
            settled.pop(name, None)
        env = {**base, **settled}
        for entry in self._order:
            if isinstance(entry, Derived):
                if entry.expr.names <= env.keys():
                    settled[entry.name] = env[entry.name] = entry.expr.evaluate(env)
            elif entry.when is not None and not (entry.when.names <= env.keys() and entry.when.holds(env)):
                inactive.add(entry.name)
                settled.pop(entry.name, None)
                env.pop(entry.name, None)
                if entry.name in base:
                    env[entry.name] = base[entry.name]
        return settled, inactive

    def contains(self, params: Params) -> bool:
        """Return whether each parameter has a value inside its range; a conditional one may be absent.

        Other names in `params`, and constraints, are ignored.
        """
        return all(
            parameter.contains(params[parameter.name]) if parameter.name in params else parameter.when is not None
            for parameter in self.parameters
        )

    # -- constraints

    def margin(self, base: Params, params: Params) -> float:
        """Return the largest margin of a constraint for a settled configuration; <= 0 if feasible."""
        return max((margin for _, margin in self._margins(base, params)), default=0.0)

    def violated(self, base: Params, params: Params) -> list[Expression]:
        """Return the constraints that a settled configuration violates."""
        return [constraint for constraint, margin in self._margins(base, params) if margin > 0]

    def _margins(self, base: Params, params: Params) -> Iterator[tuple[Expression, float]]:
        """Yield each constraint that applies, with its margin.

        One does not apply if it uses an inactive parameter, or a name without a value.
        """
        if not self.constraints:
            return
        env = {**base, **params}
        conditional = any(parameter.when is not None for parameter in self.parameters)
        inactive = self._walk(base, params)[1] if conditional else set()
        for constraint in self.constraints:
            if constraint.names <= env.keys() and not constraint.names & inactive:
                yield constraint, constraint.margin(env)

    def constrained_subspace(self) -> Space:
        """Return the sub-space of the parameters that the constraints depend on, directly or not.

        It can often be enumerated if the whole space cannot: the constraints are unsatisfiable if it has no feasible
        configuration.
        """
        entries = {entry.name: entry for entry in self._order}
        needed: set[str] = set()
        pending = {name for constraint in self.constraints for name in constraint.names}
        while pending:
            name = pending.pop()
            if name in entries and name not in needed:
                needed.add(name)
                pending |= _needs(entries[name])
        parameters = tuple(entry for entry in self.parameters if entry.name in needed)
        return Space(parameters, tuple(entry for entry in self.derived if entry.name in needed), self.constraints)

    # -- looking around

    def sample(self, base: Params, rng: random.Random) -> dict[str, Value]:
        """Draw a settled configuration at random, ignoring constraints."""
        return self.settle(base, {parameter.name: parameter.sample(rng) for parameter in self.parameters})

    def enumerate(self, base: Params, limit: int) -> list[dict[str, Value]] | None:
        """Return all distinct feasible configurations, the last parameter changing fastest.

        None if there are more than `limit` combinations to try.
        """
        if self.size is None or self.size > limit:
            return None
        columns = [parameter.values() for parameter in self.parameters]
        if any(column is None for column in columns):
            return None
        feasible: dict[str, dict[str, Value]] = {}
        for row in itertools.product(*[column for column in columns if column is not None]):
            settled = self.settle(base, dict(zip(self.names, row, strict=True)))
            if self.margin(base, settled) <= 0:
                feasible.setdefault(configuration_key(settled), settled)
        return list(feasible.values())

    def feasible_share(self, base: Params, n: int = 2000, seed: int = 0) -> float:
        """Return the proportion (0 to 1) of `n` random configurations that meet all constraints."""
        if not self.constraints:
            return 1.0
        rng = random.Random(seed)
        return sum(self.margin(base, self.sample(base, rng)) <= 0 for _ in range(n)) / n

    # -- JSON

    def to_json(self) -> dict[str, Any]:
        """Return the space as a JSON object; `from_json` is the inverse."""
        return {
            "parameters": [_parameter_json(parameter) for parameter in self.parameters],
            "derived": [{"name": entry.name, "expr": entry.expr.text, "note": entry.note} for entry in self.derived],
            "constraints": [constraint.text for constraint in self.constraints],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """Build a space from an object that `to_json` returned."""
        return cls(
            tuple(_parameter(entry) for entry in data.get("parameters", ())),
            tuple(
                Derived(entry["name"], parse(entry["expr"]), entry.get("note", "")) for entry in data.get("derived", ())
            ),
            tuple(parse(text) for text in data.get("constraints", ())),
        )


def _needs(entry: Parameter | Derived) -> frozenset[str]:
    if isinstance(entry, Derived):
        return entry.expr.names
    return entry.when.names if entry.when is not None else frozenset()


def _in_order(entries: tuple[Parameter | Derived, ...]) -> tuple[Parameter | Derived, ...]:
    """Sort the entries so that each comes after those it needs, else in the order of definition."""
    waiting = {entry.name: entry for entry in entries}
    order: list[Parameter | Derived] = []
    while waiting:
        next_entry = next((entry for entry in waiting.values() if not _needs(entry) & waiting.keys()), None)
        if next_entry is None:
            raise _cycle_error(waiting)
        order.append(waiting.pop(next_entry.name))
    return tuple(order)


def _cycle_error(waiting: Mapping[str, Parameter | Derived]) -> StudyError:
    """Return the error that names one cycle among entries that all need another."""
    path = [next(iter(waiting))]
    while path[-1] not in path[:-1]:
        path.append(min(_needs(waiting[path[-1]]) & waiting.keys()))
    circle = path[path.index(path[-1]) :]
    entry = waiting[circle[0]]
    key = "expr" if isinstance(entry, Derived) else "when"
    return StudyError(f"needs itself: {' -> '.join(circle)}", where=f"space.{entry.name}.{key}", value=entry.name)


def _parameter_json(parameter: Parameter) -> dict[str, Any]:
    when = parameter.when.text if parameter.when is not None else None
    shared = {"name": parameter.name, "when": when, "note": parameter.note}
    if isinstance(parameter, Choice):
        return {"kind": "choice", **shared, "choices": list(parameter.choices), "ordered": parameter.ordered}
    kind = "int" if isinstance(parameter, Int) else "float"
    numbers = {"low": parameter.low, "high": parameter.high, "log": parameter.log, "step": parameter.step}
    return {"kind": kind, **shared, **numbers}


def _parameter(data: Mapping[str, Any]) -> Parameter:
    fields = {key: value for key, value in data.items() if key not in ("kind", "when")}
    fields["when"] = parse(data["when"]) if data.get("when") is not None else None
    if data["kind"] == "choice":
        return Choice(**{**fields, "choices": tuple(fields["choices"])})
    return Int(**fields) if data["kind"] == "int" else Float(**fields)
