"""Reads `parameters:` of a sweep file, with all distributions of W&B, into entries of `[space]` and fixed settings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError, Unsupported, did_you_mean
from hptui.core.trial import Value
from hptui.core.values import canonical_json, is_number, number_text, show
from hptui.studyfile.wandb.naming import study_names_for

NAME_PATTERN = re.compile(r"[^\s=](?:[^\n=]*[^\s=])?")
"""Pattern of a parameter's name: W&B takes any text, but a name with `=` would run into its value."""
DISTRIBUTION_KEYS: Mapping[str, tuple[str, ...]] = {
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
"""Keys of each distribution. `mu`, `sigma`, `a`, `b` and `q` have W&B's defaults."""

DISTRIBUTION_DEFAULTS = {"mu": 0.0, "sigma": 1.0, "a": 1.0, "b": 1.0, "q": 1.0}
"""W&B's defaults."""
PARAMETER_KEYS = (
    "value", "values", "min", "max", "distribution", "probabilities", "mu", "sigma", "a", "b", "q", "parameters",
)  # fmt: skip
"""Keys of a parameter."""
TOLERATED_KEYS = ("log", "desc", "description")
"""Keys that W&B does not have: `log` has a meaning here, the others are comments."""

MAX_LISTED_MULTIPLES = 10_000
"""Maximum number of multiples of `q` that are listed."""
MAX_LINEAR_DECADES = 2.0
"""Decades of a linear range from which a note suggests a log scale."""
MAX_PLAUSIBLE_BOUND = 1e4
"""Upper bound beyond which exponents were probably not meant as such."""


@dataclass
class SweepParameters:
    """The parameters of a sweep.

    `space` and `fixed` settings are by dotted name; `tables` are the names that contain others; `notes` are for the
    user. `names` maps the sweep's name of a parameter to its name in `space` and `fixed`.
    """

    space: dict[str, dict[str, Value]] = field(default_factory=dict)
    fixed: dict[str, Value] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def read_parameters(value: Any, grid: bool) -> SweepParameters:
    """Return the `parameters:` of a sweep.

    A grid steps through values in W&B's order: by name. Raises: StudyError, Unsupported.
    """
    result = SweepParameters()
    _read_table(value, "parameters", "", grid, result)
    if grid:
        result.space = dict(sorted(result.space.items()))
    result.names = study_names_for([*result.space, *result.fixed])
    result.space = {result.names[name]: entry for name, entry in result.space.items()}
    result.fixed = {result.names[name]: value for name, value in result.fixed.items()}
    return result


def _read_table(value: Any, where: str, prefix: str, grid: bool, result: SweepParameters) -> None:
    if not isinstance(value, dict) or not value:
        raise StudyError(f"must be a table of parameters, got {show(value)}", where=where, value=value)
    for name, entry in value.items():
        location = f"{where}.{name}"
        if not NAME_PATTERN.fullmatch(name):
            raise StudyError(
                f"{name!r} is no name of a parameter", where=location, hint="a name has no = and no line break"
            )
        if not isinstance(entry, dict):
            hint = f"write {name}: {{ value{'s' if isinstance(entry, list) else ''}: {show(entry)} }}"
            raise StudyError(f"must be a table, got {show(entry)}", where=location, value=entry, hint=hint)
        if "parameters" in entry:
            if len(entry) > 1:
                other_key = next(key for key in entry if key != "parameters")
                raise StudyError(f"{other_key!r} does not go with parameters", where=f"{location}.{other_key}")
            result.tables.append(prefix + name)
            _read_table(entry["parameters"], f"{location}.parameters", f"{prefix}{name}.", grid, result)
        else:
            _read_parameter(prefix + name, entry, location, grid, result)


def _read_parameter(name: str, entry: dict[str, Any], where: str, grid: bool, result: SweepParameters) -> None:
    for key in entry:
        if key not in (*PARAMETER_KEYS, *TOLERATED_KEYS):
            hint = did_you_mean(key, PARAMETER_KEYS)
            if not hint.startswith("did you mean"):
                result.notes.append(f"{where}.{key}: no sweep file has this key; it is left out")
                continue
            raise StudyError(f"unknown key {key!r}", where=f"{where}.{key}", value=key, hint=hint)
    kind = _distribution(entry, where)
    for key in entry:
        if key in PARAMETER_KEYS and key not in (*DISTRIBUTION_KEYS[kind], "distribution"):
            raise StudyError(f"does not go with {kind}", where=f"{where}.{key}", value=entry[key])
    if entry.get("log"):
        if kind != "uniform":
            raise StudyError(f"does not go with {kind}", where=f"{where}.log", value=True)
        kind = "log_uniform_values"
        result.notes.append(f"{where}: log: true is understood as log_uniform_values")
    if kind == "constant":
        result.fixed[name] = entry.get("value")
        return
    entry_or_value = _ParameterReader(name, entry, where, grid, result.notes).make(kind)
    if isinstance(entry_or_value, dict):
        result.space[name] = entry_or_value
    else:
        result.fixed[name] = entry_or_value[0]


def _distribution(entry: dict[str, Any], where: str) -> str:
    """Return the distribution: the given one, else W&B's guess from the keys."""
    distribution = entry.get("distribution")
    if distribution is not None:
        if not isinstance(distribution, str) or distribution not in DISTRIBUTION_KEYS:
            hint = did_you_mean(str(distribution), DISTRIBUTION_KEYS)
            raise StudyError(
                f"unknown distribution {show(distribution)}",
                where=f"{where}.distribution",
                value=distribution,
                hint=hint,
            )
        return distribution
    if "value" in entry:
        return "constant"
    if "values" in entry:
        return "categorical_w_probabilities" if "probabilities" in entry else "categorical"
    if "min" in entry or "max" in entry:
        all_integers = all(
            isinstance(entry.get(key), int) and not isinstance(entry.get(key), bool) for key in ("min", "max")
        )
        return "int_uniform" if all_integers else "uniform"
    if "mu" in entry or "sigma" in entry:
        return "normal"
    hint = "value, values, or min and max"
    raise StudyError("says neither a value nor a range", where=where, value=show(entry), hint=hint)


@dataclass
class _ParameterReader:
    """Reads one parameter for `[space]`. One that can only have one value is returned as a list of it."""

    name: str
    entry: dict[str, Any]
    where: str
    grid: bool
    notes: list[str]

    def make(self, kind: str) -> dict[str, Value] | list[Value]:
        """Return the entry for `[space]`, or a list of the single value."""
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
        if not log and low > 0 and math.log10(high / low) >= MAX_LINEAR_DECADES:
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
        weighted_values: dict[str, tuple[Value, float]] = {}
        for value, weight in zip(values, weights or [1.0] * len(values), strict=True):
            key = canonical_json(value)
            if key in weighted_values:
                self.notes.append(f"{self.where}.values: {show(value)} stands there twice; it is tried once")
            weighted_values[key] = (
                value,
                weight + (weighted_values[key][1] if key in weighted_values and weights else 0.0),
            )
        choices: list[Value] = [value for value, _ in weighted_values.values()]
        if len(choices) == 1:
            return choices
        return {
            "choices": choices,
            **({"weights": [weight for _, weight in weighted_values.values()]} if weights else {}),
        }

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
        value = self.entry.get(key, DISTRIBUTION_DEFAULTS.get(key))
        where = f"{self.where}.{key}"
        if value is None:
            raise StudyError("missing", where=where)
        if not is_number(value):
            hint = f"write it without quotes: {value}" if isinstance(value, str) else ""
            raise StudyError(f"must be a number, got {show(value)}", where=where, value=value, hint=hint)
        return value

    def _bounds(self, kind: str) -> tuple[float, float]:
        """Return both bounds; those of the deprecated `log_uniform` are exponents of e."""
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
            bounds = (
                (math.exp(low), math.exp(high)) if not kind.startswith("inv") else (math.exp(-high), math.exp(-low))
            )
        except OverflowError:
            raise StudyError(
                f"e to the power of {show(high)} is no number",
                where=f"{self.where}.max",
                hint=f"{kind} takes exponents; {kind}_values takes the values themselves",
            ) from None
        bounds = (float(f"{bounds[0]:.12g}"), float(f"{bounds[1]:.12g}"))
        range_text = f"{bounds[0]:.3g} to {bounds[1]:.3g}"
        self.notes.append(f"{self.where}: the bounds of {kind} are exponents of e: the range is {range_text}")
        is_learning_rate = re.search(r"(?:^|[._-])lr(?:$|[._-])|learning_?rate", self.name.lower())
        if bounds[1] > MAX_PLAUSIBLE_BOUND or (is_learning_rate and bounds[1] > 1):
            self.notes.append(
                f"{self.where}: {range_text} is no usual range; {kind}_values takes the values themselves"
            )
        if bounds[0] > bounds[1]:
            raise StudyError(f"min <= max must hold, got {show(low)} and {show(high)}", where=f"{self.where}.min")
        return bounds

    def _stepped(self, kind: str, low: float, high: float) -> dict[str, Value] | list[Value]:
        """Return the multiples of `q`, equally likely or on a logarithmic scale."""
        q = self._number("q")
        if q <= 0:
            raise StudyError(f"must be more than 0, got {show(q)}", where=f"{self.where}.q", value=q)
        whole = float(q).is_integer()
        if "log" in kind:
            return self._log_stepped(low, high, q, whole)
        # A grid of W&B excludes the upper end; a random draw may round to it.
        last_index = math.ceil((high - low) / q - 1e-9) - 1 if self.grid else None
        if last_index is not None:
            if last_index + 1 > MAX_LISTED_MULTIPLES:
                raise Unsupported(f"{self.where}: a grid of {last_index + 1:,} values is too fine")
            all_integers = whole and float(low).is_integer()
            values: list[Value] = [_tidy(low + index * q, all_integers) for index in range(last_index + 1)]
            return {"choices": values} if len(values) > 1 else values
        first_value, last_value = round(low / q) * q, round(high / q) * q
        if first_value == last_value:
            return [_tidy(first_value, whole)]
        if whole:
            return {
                "low": int(first_value),
                "high": int(last_value),
                "int": True,
                **({"step": int(q)} if q != 1 else {}),
            }
        return {"low": _tidy(first_value, False), "high": _tidy(last_value, False), "step": float(q)}

    def _log_stepped(self, low: float, high: float, q: float, whole: bool) -> dict[str, Value] | list[Value]:
        first, last = max(1, round(low / q)), round(high / q)
        if q == 1 and last > first:
            return {"low": first, "high": last, "int": True, "log": True}
        if last - first >= MAX_LISTED_MULTIPLES:
            raise Unsupported(f"{self.where}: {last - first + 1:,} multiples of q are too many", hint="a larger q")
        multiples = range(first, last + 1)
        lower_edges = [max(low, (multiple - 0.5) * q) for multiple in multiples]
        upper_edges = [min(high, (multiple + 0.5) * q) for multiple in multiples]
        weights = [
            max(0.0, math.log(upper_edge / lower_edge))
            for lower_edge, upper_edge in zip(lower_edges, upper_edges, strict=True)
        ]
        values: list[Value] = [_tidy(multiple * q, whole) for multiple in multiples]
        if len(values) == 1:
            return values
        return {"choices": values, "weights": [float(f"{weight:.6g}") for weight in weights]}

    def _unbounded(self, kind: str) -> dict[str, Value]:
        if self.grid:
            raise StudyError(f"a grid cannot go through {kind}", where=self.where, value=kind, hint="give values")
        base_kind = kind.removeprefix("q_")
        texts = [number_text(self._number(key)) for key in (("a", "b") if base_kind == "beta" else ("mu", "sigma"))]
        text = f"{base_kind}({', '.join(texts)})"
        return {"distribution": text, **({"step": float(self._number("q"))} if kind.startswith("q_") else {})}


def _tidy(value: float, whole: bool) -> Value:
    """Return a value without rounding noise: 0.3 instead of 0.30000000000000004."""
    return int(value) if whole else float(f"{value:.12g}")
