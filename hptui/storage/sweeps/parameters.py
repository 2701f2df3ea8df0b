"""`parameters:` of a sweep file: every form and distribution of W&B, as entries of `[space]` and fixed settings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hptui.model.errors import StudyError, Unsupported, did_you_mean
from hptui.model.trial import Value
from hptui.model.values import canonical, is_number, number_text
from hptui.storage.studyfile.values import show
from hptui.storage.sweeps.names import ours

NAME = re.compile(r"[A-Za-z_+~@][A-Za-z0-9_./@+:-]*")
DISTRIBUTIONS: Mapping[str, tuple[str, ...]] = {
    "constant": ("value",),
    "categorical": ("values",),
    "categorical_w_probabilities": ("values", "probabilities"),
    "int_uniform": ("min", "max"),
    "uniform": ("min", "max"),
    "q_uniform": ("min", "max", "q"),
    "log_uniform": ("min", "max"),
    "q_log_uniform": ("min", "max", "q"),
    "log_uniform_values": ("min", "max"),
    "q_log_uniform_values": ("min", "max", "q"),
    "inv_log_uniform": ("min", "max"),
    "inv_log_uniform_values": ("min", "max"),
    "normal": ("mu", "sigma"),
    "q_normal": ("mu", "sigma", "q"),
    "log_normal": ("mu", "sigma"),
    "q_log_normal": ("mu", "sigma", "q"),
    "beta": ("a", "b"),
    "q_beta": ("a", "b", "q"),
}
"""Distribution -> its keys. `mu`, `sigma`, `a`, `b` and `q` have W&B's defaults."""

USUAL = {"mu": 0.0, "sigma": 1.0, "a": 1.0, "b": 1.0, "q": 1.0}
KEYS = ("value", "values", "min", "max", "distribution", "probabilities", "mu", "sigma", "a", "b", "q", "parameters")
FINE = ("log", "desc", "description")
"""Keys that W&B does not know: `log` has a meaning here, the others are somebody's words."""

MOST = 10_000
"""So many multiples of `q` are listed at most."""

DECADES = 2.0
PLAUSIBLE = 1e4


@dataclass
class Parameters:
    """`space` and `fixed` settings by dotted name; `tables` are the names that hold others; `notes` what to say.

    `names`: what the sweep file calls a parameter -> what it is called in `space` and `fixed`.
    """

    space: dict[str, dict[str, Value]] = field(default_factory=dict)
    fixed: dict[str, Value] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def read_parameters(value: Any, grid: bool) -> Parameters:
    """The `parameters:` of a sweep. A grid goes through values, in W&B's order: by name."""
    found = Parameters()
    _table(value, "parameters", "", grid, found)
    if grid:
        found.space = dict(sorted(found.space.items()))
    found.names = ours([*found.space, *found.fixed])
    found.space = {found.names[name]: entry for name, entry in found.space.items()}
    found.fixed = {found.names[name]: value for name, value in found.fixed.items()}
    return found


def _table(value: Any, where: str, above: str, grid: bool, found: Parameters) -> None:
    if not isinstance(value, dict) or not value:
        raise StudyError(f"must be a table of parameters, got {show(value)}", where=where, value=value)
    for name, entry in value.items():
        place = f"{where}.{name}"
        if not NAME.fullmatch(name):
            raise StudyError(
                f"{name!r} is no name of a parameter", where=place, hint="letters, digits, _ . - / @ + and :"
            )
        if not isinstance(entry, dict):
            hint = f"write {name}: {{ value{'s' if isinstance(entry, list) else ''}: {show(entry)} }}"
            raise StudyError(f"must be a table, got {show(entry)}", where=place, value=entry, hint=hint)
        if "parameters" in entry:
            if len(entry) > 1:
                odd = next(key for key in entry if key != "parameters")
                raise StudyError(f"{odd!r} does not go with parameters", where=f"{place}.{odd}")
            found.tables.append(above + name)
            _table(entry["parameters"], f"{place}.parameters", f"{above}{name}.", grid, found)
        else:
            _one(above + name, entry, place, grid, found)


def _one(name: str, entry: dict[str, Any], where: str, grid: bool, found: Parameters) -> None:
    for key in entry:
        if key not in (*KEYS, *FINE):
            hint = did_you_mean(key, KEYS)
            if not hint.startswith("did you mean"):
                found.notes.append(f"{where}.{key}: no sweep file has this key; it is left out")
                continue
            raise StudyError(f"unknown key {key!r}", where=f"{where}.{key}", value=key, hint=hint)
    kind = _kind(entry, where)
    for key in entry:
        if key in KEYS and key not in (*DISTRIBUTIONS[kind], "distribution"):
            raise StudyError(f"does not go with {kind}", where=f"{where}.{key}", value=entry[key])
    if entry.get("log"):
        if kind != "uniform":
            raise StudyError(f"does not go with {kind}", where=f"{where}.log", value=True)
        kind = "log_uniform_values"
        found.notes.append(f"{where}: log: true is understood as log_uniform_values")
    if kind == "constant":
        found.fixed[name] = entry.get("value")
        return
    made = _Maker(name, entry, where, grid, found.notes).make(kind)
    if isinstance(made, dict):
        found.space[name] = made
    else:
        found.fixed[name] = made[0]


def _kind(entry: dict[str, Any], where: str) -> str:
    """The distribution: as said, else as W&B guesses it from the keys."""
    said = entry.get("distribution")
    if said is not None:
        if said not in DISTRIBUTIONS:
            hint = did_you_mean(str(said), DISTRIBUTIONS)
            raise StudyError(f"unknown distribution {show(said)}", where=f"{where}.distribution", value=said, hint=hint)
        return str(said)
    if "value" in entry:
        return "constant"
    if "values" in entry:
        return "categorical_w_probabilities" if "probabilities" in entry else "categorical"
    if "min" in entry or "max" in entry:
        whole = all(isinstance(entry.get(key), int) and not isinstance(entry.get(key), bool) for key in ("min", "max"))
        return "int_uniform" if whole else "uniform"
    if "mu" in entry or "sigma" in entry:
        return "normal"
    hint = "value, values, or min and max"
    raise StudyError("says neither a value nor a range", where=where, value=show(entry), hint=hint)


@dataclass
class _Maker:
    """One parameter on its way into `[space]`. What can only have one value comes out as a list of that value."""

    name: str
    entry: dict[str, Any]
    where: str
    grid: bool
    notes: list[str]

    def make(self, kind: str) -> dict[str, Value] | list[Value]:
        """The entry for `[space]`."""
        if kind.startswith("categorical"):
            return self._choices()
        if kind.removeprefix("q_") in ("normal", "log_normal", "beta"):
            return self._unbounded(kind)
        low, high = self._bounds(kind)
        if low == high:
            return [int(low) if kind == "int_uniform" else low]
        if kind == "int_uniform":
            return {"low": int(low), "high": int(high), "int": True}
        if kind.startswith("q_"):
            return self._stepped(kind, low, high)
        if self.grid:
            hint = "give values, a q, or another method"
            raise StudyError(f"a grid cannot go through {kind}", where=self.where, value=kind, hint=hint)
        log = kind != "uniform"
        if not log and low > 0 and math.log10(high / low) >= DECADES:
            share = 100 * (1 - (low * 10 - low) / (high - low))
            text = f"{number_text(low)}..{number_text(high)}"
            self.notes.append(
                f"{self.where}: {text} is searched on a linear scale: {share:.0f} % of a random draw lies above "
                f"{number_text(float(f'{low * 10:.12g}'))}; distribution: log_uniform_values gives each decade the same"
            )
        return {"low": float(low), "high": float(high), "log": log}

    def _choices(self) -> dict[str, Value] | list[Value]:
        values = self.entry.get("values")
        if not isinstance(values, list) or not values:
            raise StudyError(f"must be a list, got {show(values)}", where=f"{self.where}.values", value=values)
        weights = self._weights(values)
        kept: dict[str, tuple[Value, float]] = {}
        for value, weight in zip(values, weights or [1.0] * len(values), strict=True):
            key = canonical(value)
            if key in kept:
                self.notes.append(f"{self.where}.values: {show(value)} stands there twice; it is tried once")
            kept[key] = (value, weight + (kept[key][1] if key in kept and weights else 0.0))
        choices: list[Value] = [value for value, _ in kept.values()]
        if len(choices) == 1:
            return choices
        return {"choices": choices, **({"weights": [weight for _, weight in kept.values()]} if weights else {})}

    def _weights(self, values: list[Any]) -> list[float]:
        weights = self.entry.get("probabilities")
        if weights is None:
            return []
        where = f"{self.where}.probabilities"
        if not isinstance(weights, list) or len(weights) != len(values):
            raise StudyError(f"each of the {len(values)} values needs its probability", where=where, value=weights)
        for weight in weights:
            if not is_number(weight) or weight < 0:
                raise StudyError(
                    f"a probability is a number from 0 to 1, got {show(weight)}", where=where, value=weight
                )
        if not math.isclose(sum(weights), 1.0, abs_tol=1e-6):
            raise StudyError(f"must add up to 1, got {sum(weights):g}", where=where, value=weights)
        return [float(weight) for weight in weights]

    def _number(self, key: str) -> float:
        value = self.entry.get(key, USUAL.get(key))
        where = f"{self.where}.{key}"
        if value is None:
            raise StudyError("missing", where=where)
        if not is_number(value):
            hint = f"write it without quotes: {value}" if isinstance(value, str) else ""
            raise StudyError(f"must be a number, got {show(value)}", where=where, value=value, hint=hint)
        return value

    def _bounds(self, kind: str) -> tuple[float, float]:
        """Both ends; of the deprecated `log_uniform` they are exponents of e."""
        low, high = self._number("min"), self._number("max")
        if kind in ("log_uniform", "q_log_uniform", "inv_log_uniform"):
            return self._exponents(kind, low, high)
        if low > high:
            raise StudyError(f"min <= max must hold, got {show(low)} and {show(high)}", where=f"{self.where}.min")
        if "log" in kind and low <= 0:
            raise StudyError(f"must be more than 0, got {show(low)}", where=f"{self.where}.min", value=low)
        return low, high

    def _exponents(self, kind: str, low: float, high: float) -> tuple[float, float]:
        try:
            real = (math.exp(low), math.exp(high)) if not kind.startswith("inv") else (math.exp(-high), math.exp(-low))
        except OverflowError:
            raise StudyError(
                f"e to the power of {show(high)} is no number",
                where=f"{self.where}.max",
                hint=f"{kind} takes exponents; {kind}_values takes the values themselves",
            ) from None
        real = (float(f"{real[0]:.12g}"), float(f"{real[1]:.12g}"))
        said = f"{real[0]:.3g} to {real[1]:.3g}"
        self.notes.append(f"{self.where}: the bounds of {kind} are exponents of e: the range is {said}")
        rate = re.search(r"(?:^|[._-])lr(?:$|[._-])|learning_?rate", self.name.lower())
        if real[1] > PLAUSIBLE or (rate and real[1] > 1):
            self.notes.append(f"{self.where}: {said} is no usual range; {kind}_values takes the values themselves")
        if real[0] > real[1]:
            raise StudyError(f"min <= max must hold, got {show(low)} and {show(high)}", where=f"{self.where}.min")
        return real

    def _stepped(self, kind: str, low: float, high: float) -> dict[str, Value] | list[Value]:
        """Multiples of `q`; evenly likely, or on a logarithmic scale."""
        q = self._number("q")
        if q <= 0:
            raise StudyError(f"must be more than 0, got {show(q)}", where=f"{self.where}.q", value=q)
        whole = float(q).is_integer()
        if "log" in kind:
            return self._log_stepped(low, high, q, whole)
        # A grid of W&B leaves the upper end out; a random draw may round to it.
        last = math.ceil((high - low) / q - 1e-9) - 1 if self.grid else None
        if last is not None:
            if last + 1 > MOST:
                raise Unsupported(f"{self.where}: a grid of {last + 1:,} values is too fine")
            kept = whole and float(low).is_integer()
            values: list[Value] = [_tidy(low + place * q, kept) for place in range(last + 1)]
            return {"choices": values} if len(values) > 1 else values
        first, end = round(low / q) * q, round(high / q) * q
        if first == end:
            return [_tidy(first, whole)]
        if whole:
            return {"low": int(first), "high": int(end), "int": True, **({"step": int(q)} if q != 1 else {})}
        return {"low": _tidy(first, False), "high": _tidy(end, False), "step": float(q)}

    def _log_stepped(self, low: float, high: float, q: float, whole: bool) -> dict[str, Value] | list[Value]:
        first, last = max(1, round(low / q)), round(high / q)
        if q == 1 and last > first:
            return {"low": first, "high": last, "int": True, "log": True}
        if last - first >= MOST:
            raise Unsupported(f"{self.where}: {last - first + 1:,} multiples of q are too many", hint="a larger q")
        places = range(first, last + 1)
        ends = [max(low, (place - 0.5) * q) for place in places]
        tops = [min(high, (place + 0.5) * q) for place in places]
        weights = [max(0.0, math.log(top / end)) for end, top in zip(ends, tops, strict=True)]
        values: list[Value] = [_tidy(place * q, whole) for place in places]
        if len(values) == 1:
            return values
        return {"choices": values, "weights": [float(f"{weight:.6g}") for weight in weights]}

    def _unbounded(self, kind: str) -> dict[str, Value]:
        if self.grid:
            raise StudyError(f"a grid cannot go through {kind}", where=self.where, value=kind, hint="give values")
        plain = kind.removeprefix("q_")
        one, two = ("a", "b") if plain == "beta" else ("mu", "sigma")
        text = f"{plain}({number_text(self._number(one))}, {number_text(self._number(two))})"
        return {"distribution": text, **({"step": float(self._number("q"))} if kind.startswith("q_") else {})}


def _tidy(value: float, whole: bool) -> Value:
    """0.3 and not 0.30000000000000004."""
    return int(value) if whole else float(f"{value:.12g}")
