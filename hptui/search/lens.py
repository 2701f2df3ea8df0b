"""Reads configurations of trials, whenever they were made, through the space as it is now.

A configuration fits when it can be said in today's space: every active parameter inside its range (one that was added
later stands at its baseline value), every other setting as `[trainer]` has it. So ranges can be narrowed and parameters
added, removed or changed while a study runs, and the trials that still fit go on informing the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from functools import cached_property
from itertools import product

from hptui.model.errors import ExpressionError
from hptui.model.space import Parameter, Space, key_of
from hptui.model.trial import Rejection, Value
from hptui.model.values import same
from hptui.search.cube import at

Point = dict[str, Value]
"""The values of the active searched parameters, without derived ones."""

DUPLICATE = "the same configuration as a trial before"
"""Why a feasible proposal is not run."""

UNKNOWN_MARGIN = 1.0
"""By how much a point misses a constraint that cannot be evaluated there (a division by zero, say)."""


class Lens:
    """A space over a baseline: `base` is `[trainer]` with the trainer's defaults."""

    def __init__(self, space: Space, base: Mapping[str, Value]) -> None:
        self.space, self.base = space, base
        self.parameters: dict[str, Parameter] = {parameter.name: parameter for parameter in space.parameters}
        self._derived = frozenset(derived.name for derived in space.derived)
        self.conditional = any(parameter.when is not None for parameter in space.parameters)
        """Whether some parameters mean something only beside certain values of others."""

    def active(self, params: Mapping[str, Value]) -> Set[str]:
        """Names of the parameters that mean something in this configuration."""
        return set(self.space.active(self.base, params)) if self.conditional else self.parameters.keys()

    def point(self, params: Mapping[str, Value]) -> Point | None:
        """The searched values of these overrides; None when they do not fit the space."""
        try:
            active = self.active(params)
            point = {name: params.get(name, self.base.get(name)) for name in self.parameters if name in active}
            fits = all(self.parameters[name].contains(value) for name, value in point.items())
            return point if fits and self._rest_fits(params, point) else None
        except ExpressionError:
            return None

    def base_point(self) -> Point:
        """The baseline's values of the parameters, where they are inside their ranges."""
        return {
            name: self.base[name]
            for name, parameter in self.parameters.items()
            if name in self.base and parameter.contains(self.base[name])
        }

    @cached_property
    def centre(self) -> Point:
        """The middle of every range, on its own scale."""
        return {name: at(parameter, 0.5) for name, parameter in self.parameters.items()}

    def whole(self, point: Mapping[str, Value]) -> Point:
        """The point with a value for inactive parameters, too, always the same: the baseline's, else the middle."""
        return {**self.centre, **self.base_point(), **point}

    def judge(self, point: Mapping[str, Value], seen: Set[str]) -> tuple[dict[str, Value], Rejection | None]:
        """The overrides of a trial at this point, and why it must not be run; `seen` are identities of trials."""
        try:
            settled = self.space.settle(self.base, point)
        except ExpressionError as error:
            return dict(point), Rejection(dict(point), error.message, UNKNOWN_MARGIN)
        margin = self.margin(settled)
        if margin > 0:
            return settled, Rejection(settled, self.why(settled), margin)
        if self.key(settled) in seen:
            return settled, Rejection(settled, DUPLICATE)
        return settled, None

    def grid(self) -> Iterator[Point]:
        """Every combination of values, the last parameter fastest; parameters must have values to go through."""
        columns = [parameter.values() or () for parameter in self.parameters.values()]
        return (dict(zip(self.parameters, row, strict=True)) for row in product(*columns))

    def feasible(self, limit: int, most: int | None = None) -> list[dict[str, Value]] | None:
        """Every feasible configuration once, settled.

        None: there are more than `limit` combinations to try, or more than `most` that are feasible.
        """
        if self.space.size is None or self.space.size > limit:
            return None
        found: dict[str, dict[str, Value]] = {}
        for point in self.grid():
            try:
                settled = self.space.settle(self.base, point)
            except ExpressionError:
                continue
            if self.margin(settled) <= 0:
                found.setdefault(self.key(settled), settled)
                if most is not None and len(found) > most:
                    return None
        return list(found.values())

    def key(self, params: Mapping[str, Value]) -> str:
        """The identity of a configuration: how it differs from the baseline. Inert parameters do not count."""
        inert = self.parameters.keys() - self._active_or_all(params)
        return key_of(
            {name: value for name, value in params.items() if name not in inert and not self._as_base(name, value)}
        )

    def margin(self, settled: Mapping[str, Value]) -> float:
        """By how much the worst constraint is missed by settled overrides, always finite; <= 0 is feasible."""
        try:
            margin = self.space.margin(self.base, settled)
        except ExpressionError:
            return UNKNOWN_MARGIN
        return UNKNOWN_MARGIN if math.isnan(margin) else min(max(margin, -1e9), 1e9)

    def why(self, settled: Mapping[str, Value]) -> str:
        """Which constraints are missed, in the user's own words."""
        try:
            return ", ".join(missed.text for missed in self.space.missed(self.base, settled))
        except ExpressionError as error:
            return error.message

    def _rest_fits(self, params: Mapping[str, Value], point: Point) -> bool:
        """Whether what is not searched is as the space would have it.

        The baseline evaluates no `expr`: a derived name that is absent makes no difference.
        """
        rest = params.keys() - self.parameters.keys()
        settled = self.space.settle(self.base, point) if rest & self._derived else {}
        return all(
            name in settled and same(settled[name], params[name])
            if name in self._derived
            else self._as_base(name, params[name])
            for name in rest
        )

    def _as_base(self, name: str, value: Value) -> bool:
        return name in self.base and same(self.base[name], value)

    def _active_or_all(self, params: Mapping[str, Value]) -> Set[str]:
        try:
            return self.active(params)
        except ExpressionError:
            return self.parameters.keys()
