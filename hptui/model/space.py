"""A search space: parameters, the values derived from them, and the constraints between them.

A trial is the base (the `[trainer]` table) plus what the space says: a parameter whose `when` does not hold is left
at its base value, and takes part in nothing.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hptui.model.errors import StudyError
from hptui.model.expressions import Expression, parse
from hptui.model.parameters import Choice, Derived, Float, Int, Parameter
from hptui.model.shorthand import parse_short
from hptui.model.trial import Value
from hptui.model.values import key_of

__all__ = ["Space", "Parameter", "Float", "Int", "Choice", "Derived", "parse_short", "key_of"]

Params = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Space:
    """What is searched. Names are unique; `when` and `expr` may need each other in any order, but not in a circle."""

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
        """The parameters' names, in order of definition."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def size(self) -> int | None:
        """How many combinations there are before conditions and constraints; None: a continuum."""
        sizes = [parameter.size for parameter in self.parameters]
        return None if None in sizes else math.prod(size for size in sizes if size is not None)

    def get(self, name: str) -> Parameter | None:
        """The parameter of this name."""
        return next((one for one in self.parameters if one.name == name), None)

    # -- what a configuration means

    def active(self, base: Params, params: Params) -> tuple[str, ...]:
        """The parameters whose `when` holds; the others stay as the base has them."""
        inactive = self._walk(base, params)[1]
        return tuple(name for name in self.names if name not in inactive)

    def settle(self, base: Params, params: Params) -> dict[str, Value]:
        """The overrides of a trial: inactive parameters dropped, derived values added.

        A derived value that needs a name without a value (an inactive parameter that the base lacks) is left out.
        """
        return self._walk(base, params)[0]

    def _walk(self, base: Params, params: Params) -> tuple[dict[str, Value], set[str]]:
        """The settled configuration and the names of its inactive parameters."""
        settled = dict(params)
        inactive: set[str] = set()
        derived = {one.name for one in self.derived}
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
        """Whether each parameter has a value inside its range; a conditional one may be absent.

        Names that the space does not know are not looked at, nor are constraints.
        """
        return all(
            parameter.contains(params[parameter.name]) if parameter.name in params else parameter.when is not None
            for parameter in self.parameters
        )

    # -- constraints

    def margin(self, base: Params, params: Params) -> float:
        """By how much the worst constraint is missed by a settled configuration; <= 0: feasible."""
        return max((margin for _, margin in self._margins(base, params)), default=0.0)

    def missed(self, base: Params, params: Params) -> list[Expression]:
        """The constraints that a settled configuration does not meet."""
        return [constraint for constraint, margin in self._margins(base, params) if margin > 0]

    def _margins(self, base: Params, params: Params) -> Iterator[tuple[Expression, float]]:
        """The constraints that apply: one about an inactive parameter, or a name without a value, does not."""
        if not self.constraints:
            return
        env = {**base, **params}
        conditional = any(parameter.when is not None for parameter in self.parameters)
        inactive = self._walk(base, params)[1] if conditional else set()
        for constraint in self.constraints:
            if constraint.names <= env.keys() and not constraint.names & inactive:
                yield constraint, constraint.margin(env)

    def bearing(self) -> Space:
        """The part of the space that decides its constraints: the parameters that they need, however indirectly.

        It is often enumerable where the whole is not: `constraints` cannot hold if `bearing().enumerate(…)` is empty.
        """
        entries = {entry.name: entry for entry in self._order}
        found: set[str] = set()
        wanted = {name for constraint in self.constraints for name in constraint.names}
        while wanted:
            name = wanted.pop()
            if name in entries and name not in found:
                found.add(name)
                wanted |= _needs(entries[name])
        kept = tuple(one for one in self.parameters if one.name in found)
        return Space(kept, tuple(one for one in self.derived if one.name in found), self.constraints)

    # -- looking around

    def sample(self, base: Params, rng: random.Random) -> dict[str, Value]:
        """A settled configuration drawn at random; constraints are not looked at."""
        return self.settle(base, {parameter.name: parameter.sample(rng) for parameter in self.parameters})

    def enumerate(self, base: Params, limit: int) -> list[dict[str, Value]] | None:
        """All feasible configurations, each once, the last parameter changing fastest; None: over `limit` to try."""
        if self.size is None or self.size > limit:
            return None
        columns = [parameter.values() for parameter in self.parameters]
        if any(column is None for column in columns):
            return None
        found: dict[str, dict[str, Value]] = {}
        for row in itertools.product(*[column for column in columns if column is not None]):
            settled = self.settle(base, dict(zip(self.names, row, strict=True)))
            if self.margin(base, settled) <= 0:
                found.setdefault(key_of(settled), settled)
        return list(found.values())

    def feasible_share(self, base: Params, n: int = 2000, seed: int = 0) -> float:
        """The share of random configurations that meet all constraints, from `n` drawn."""
        if not self.constraints:
            return 1.0
        rng = random.Random(seed)
        return sum(self.margin(base, self.sample(base, rng)) <= 0 for _ in range(n)) / n

    # -- JSON

    def to_json(self) -> dict[str, Any]:
        """As JSON can say it; `from_json` gives the same space back."""
        return {
            "parameters": [_parameter_json(parameter) for parameter in self.parameters],
            "derived": [{"name": one.name, "expr": one.expr.text, "note": one.note} for one in self.derived],
            "constraints": [constraint.text for constraint in self.constraints],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Space:
        """A space as `to_json` wrote it."""
        return cls(
            tuple(_parameter(entry) for entry in data.get("parameters", ())),
            tuple(Derived(one["name"], parse(one["expr"]), one.get("note", "")) for one in data.get("derived", ())),
            tuple(parse(text) for text in data.get("constraints", ())),
        )


def _needs(entry: Parameter | Derived) -> frozenset[str]:
    if isinstance(entry, Derived):
        return entry.expr.names
    return entry.when.names if entry.when is not None else frozenset()


def _in_order(entries: tuple[Parameter | Derived, ...]) -> tuple[Parameter | Derived, ...]:
    """The entries so that each comes after those it needs, else as defined."""
    waiting = {entry.name: entry for entry in entries}
    order: list[Parameter | Derived] = []
    while waiting:
        ready = next((entry for entry in waiting.values() if not _needs(entry) & waiting.keys()), None)
        if ready is None:
            raise _circle(waiting)
        order.append(waiting.pop(ready.name))
    return tuple(order)


def _circle(waiting: Mapping[str, Parameter | Derived]) -> StudyError:
    """The error that names one circle among entries that all need another."""
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
