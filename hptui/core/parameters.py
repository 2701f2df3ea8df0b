"""The kinds of parameters: a range of floats, a range of whole numbers, a choice; and values derived from others.

Constructors raise StudyError for what cannot be searched. Nothing here depends on an engine.
"""

from __future__ import annotations

import math
import random
from decimal import Decimal

from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError
from hptui.core.expressions import Expression
from hptui.core.trial import Value
from hptui.core.values import WHOLE_NUMBER, canonical_json, is_number, number_text, value_text, values_equal

MAX_LISTED_VALUES = 1_000_000
"""Most values that `values()` lists."""

MAX_STEPS = 1e12
"""Most steps of a stepped range; a finer grid is refused."""


def _invalid(name: str, key: str, message: str, value: object = None, hint: str = "") -> StudyError:
    return StudyError(message, where=f"space.{name}.{key}" if key else f"space.{name}", value=value, hint=hint)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise StudyError(f"a parameter needs a name, got {name!r}", where="space", value=name)


def _check_range(name: str, low: float, high: float, log: bool, step: float | None) -> None:
    """Check a range whose bounds are known to be numbers."""
    if not isinstance(log, bool):
        raise _invalid(name, "log", f"true or false is needed, got {log!r}", log)
    quoted = f"got low={number_text(low)}, high={number_text(high)}"
    if low == high:
        hint = f"a value that stays the same belongs in [trainer]: {name} = {number_text(low)}"
        raise _invalid(name, "low", f"low < high must hold, {quoted}", low, hint)
    if low > high:
        raise _invalid(name, "low", f"low < high must hold, {quoted}", low)
    if log and low <= 0:
        raise _invalid(name, "low", f"log = true needs low > 0, got low={number_text(low)}", low)
    if step is None:
        return
    if log:
        raise _invalid(name, "step", f"log and step exclude each other, got step={number_text(step)}", step)
    if step <= 0:
        raise _invalid(name, "step", f"step > 0 must hold, got step={number_text(step)}", step)
    if _exact(step) > _exact(high) - _exact(low):
        raise _invalid(name, "step", f"step <= high - low must hold, {quoted}, step={number_text(step)}", step)
    if isinstance(step, float) and high - low > MAX_STEPS * step:
        raise _invalid(name, "step", f"there are too many steps, {quoted}, step={number_text(step)}", step)
    if isinstance(step, float) and step < 2 * math.ulp(max(abs(low), abs(high))):
        raise _invalid(name, "step", f"such numbers lie further apart, {quoted}, step={number_text(step)}", step)


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


def _steps(low: float, high: float, step: float) -> int:
    """Return how many whole steps fit, computed in decimal: from 0 to 0.3 there are three of 0.1."""
    return int((_exact(high) - _exact(low)) // _exact(step))


@dataclass(frozen=True, slots=True)
class Float:
    """A range of floats, both ends included; on a grid from `low` if it has a `step`."""

    name: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    when: Expression | None = None
    note: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        for key in ("low", "high", "step"):
            value = getattr(self, key)
            if key == "step" and value is None:
                continue
            if not is_number(value):
                raise _invalid(self.name, key, f"a finite number is needed, got {value!r}", value)
            object.__setattr__(self, key, float(value))
        _check_range(self.name, self.low, self.high, self.log, self.step)

    @property
    def size(self) -> int | None:
        """Number of values; None for a continuous range."""
        return None if self.step is None else _steps(self.low, self.high, self.step) + 1

    @property
    def highest(self) -> float:
        """Largest value: `high`, or the last step below it."""
        return self.high if self.step is None else self._at(_steps(self.low, self.high, self.step))

    def _at(self, index: int) -> float:
        assert self.step is not None
        return float(_exact(self.low) + index * _exact(self.step))  # in decimal: 0.3, not 0.30000000000000004

    def contains(self, value: Value) -> bool:
        """Return whether a value is a number inside the range, and on the grid up to rounding."""
        if not is_number(value):
            return False
        if self.step is None:
            return self.low <= value <= self.high
        index = (value - self.low) / self.step
        return -0.5 < index < (self.size or 0) and math.isclose(value, self._at(round(index)), abs_tol=self.step * 1e-9)

    def values(self) -> tuple[Value, ...] | None:
        """Return all values, ascending; None if there are too many to list."""
        size = self.size
        return None if size is None or size > MAX_LISTED_VALUES else tuple(self._at(index) for index in range(size))

    def clamp(self, value: float) -> float:
        """Return the nearest value inside the range.

        A value that misses an end by rounding, as results of logarithms do, becomes that end.
        """
        tolerance = 0.0 if self.log else 1e-12 * (self.high - self.low)
        for end in (self.low, self.high):
            if math.isclose(value, end, rel_tol=1e-12, abs_tol=tolerance):
                return end
        return min(max(value, self.low), self.high)

    def sample(self, rng: random.Random) -> float:
        """Draw a value, uniform on the scale of the range."""
        if self.size is not None:
            return self._at(rng.randrange(self.size))
        if self.log:
            drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        else:
            drawn = self.low + (self.high - self.low) * rng.random()
        return self.clamp(drawn)

    def describe(self) -> str:
        """Return the range in one line: `5e-6..1e-4 log`."""
        texts = [number_text(bound) for bound in (self.low, self.high, self.step) if bound is not None]
        if all(WHOLE_NUMBER.fullmatch(text) for text in texts):
            texts = [f"{text}.0" for text in texts]  # 0..1 would be read back as a range of whole numbers
        words = [f"{texts[0]}..{texts[1]}", "log" if self.log else "", f"step {texts[2]}" if len(texts) > 2 else ""]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Int:
    """A range of whole numbers, both ends included; every `step`th from `low`."""

    name: str
    low: int
    high: int
    log: bool = False
    step: int | None = None
    when: Expression | None = None
    note: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        for key in ("low", "high", "step"):
            value = getattr(self, key)
            if key == "step" and value is None:
                continue
            if not is_number(value) or value != int(value):
                hint = "a range of floats is written without int" if is_number(value) else ""
                raise _invalid(self.name, key, f"a whole number is needed, got {value!r}", value, hint)
            object.__setattr__(self, key, int(value))
        _check_range(self.name, self.low, self.high, self.log, self.step)

    @property
    def size(self) -> int:
        """Number of values."""
        return (self.high - self.low) // (self.step or 1) + 1

    @property
    def highest(self) -> int:
        """Largest value: `high`, or the last step below it."""
        return self.low + (self.size - 1) * (self.step or 1)

    def contains(self, value: Value) -> bool:
        """Return whether a value is a whole number (5.0 is) inside the range and on the grid."""
        if not is_number(value):
            return False
        return self.low <= value <= self.high and (value - self.low) % (self.step or 1) == 0

    def values(self) -> tuple[Value, ...] | None:
        """Return all values, ascending; None if there are too many to list."""
        return None if self.size > MAX_LISTED_VALUES else tuple(range(self.low, self.high + 1, self.step or 1))

    def clamp(self, value: float) -> int:
        """Return the nearest whole number inside the range."""
        return min(max(round(value), self.low), self.high)

    def sample(self, rng: random.Random) -> int:
        """Draw a value, uniform on the scale of the range."""
        if not self.log:
            return self.low + rng.randrange(self.size) * (self.step or 1)
        # Draw from half a unit beyond both ends: rounding then gives each end its full width on the log scale.
        drawn = math.exp(rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5)))
        return self.clamp(drawn)

    def describe(self) -> str:
        """Return the range in one line: `2..24 int`."""
        words = [f"{self.low}..{self.high} int", "log" if self.log else "", f"step {self.step}" if self.step else ""]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Choice:
    """A set of values, each exactly as given. Numbers have an order unless `ordered` is False.

    `weights` are proportional to the probability of each choice in a random draw, in the order of `choices`; () if all
    are equal. `shape` names the distribution that the values were computed from, such as `normal(0, 1)`; '' if they
    were listed.
    """

    name: str
    choices: tuple[Value, ...]
    ordered: bool | None = None
    when: Expression | None = None
    note: str = ""
    weights: tuple[float, ...] = ()
    shape: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        if isinstance(self.choices, str | bytes) or not isinstance(self.choices, tuple | list):
            raise _invalid(self.name, "choices", f"a list is needed, got {self.choices!r}", self.choices)
        object.__setattr__(self, "choices", tuple(self.choices))
        if not self.choices:
            raise _invalid(self.name, "choices", "at least one choice is needed, got []", [])
        seen: set[str] = set()
        for choice in self.choices:
            if isinstance(choice, float) and not math.isfinite(choice):
                raise _invalid(self.name, "choices", f"a finite number is needed, got {choice!r}", choice)
            if canonical_json(choice) in seen:
                raise _invalid(
                    self.name, "choices", f"{value_text(choice)} stands there twice, got {self._list()}", choice
                )
            seen.add(canonical_json(choice))
        if self.ordered not in (None, True, False):
            raise _invalid(self.name, "ordered", f"true or false is needed, got {self.ordered!r}", self.ordered)
        if self.ordered and not self._numeric:
            raise _invalid(self.name, "ordered", f"only numbers have an order, got {self._list()}", self.ordered)
        self._check_weights()

    def _check_weights(self) -> None:
        object.__setattr__(self, "weights", tuple(self.weights))
        if not self.weights:
            return
        if len(self.weights) != len(self.choices):
            got = f"got {len(self.weights)} for {len(self.choices)} choices"
            raise _invalid(self.name, "weights", f"each choice needs its weight, {got}", list(self.weights))
        for weight in self.weights:
            if not is_number(weight) or weight < 0:
                raise _invalid(self.name, "weights", f"a weight is a number from 0 on, got {weight!r}", weight)
        if not any(self.weights):
            raise _invalid(self.name, "weights", "one weight at least must be more than 0", list(self.weights))

    @property
    def _numeric(self) -> bool:
        return all(is_number(choice) for choice in self.choices)

    @property
    def ordinal(self) -> bool:
        """Whether engines see an ordered scale (indices into `levels`) rather than categories."""
        return self._numeric and self.ordered is not False

    @property
    def levels(self) -> tuple[Value, ...]:
        """Choices in the order in which engines index them: sorted if they have an order."""
        return tuple(sorted(self.choices, key=_magnitude)) if self.ordinal else self.choices

    @property
    def size(self) -> int:
        """Number of values."""
        return len(self.choices)

    def index(self, value: Value) -> int:
        """Return the index of a value in `levels`.

        Raises: ValueError if it is not a choice.
        """
        for index, level in enumerate(self.levels):
            if values_equal(level, value):
                return index
        raise ValueError(f"{value!r} is none of {self._list()}")

    def contains(self, value: Value) -> bool:
        """Return whether a value is one of the choices; 8.0 equals 8, true does not equal 1."""
        return any(values_equal(choice, value) for choice in self.choices)

    def values(self) -> tuple[Value, ...] | None:
        """Return all values, as listed."""
        return self.choices

    def sample(self, rng: random.Random) -> Value:
        """Draw one of the choices according to the weights."""
        if self.weights:
            return rng.choices(self.choices, self.weights)[0]
        return self.choices[rng.randrange(len(self.choices))]

    @property
    def level_weights(self) -> tuple[float, ...]:
        """Weights in the order of `levels`; () if all are equal."""
        if not self.weights or not self.ordinal:
            return self.weights
        order = sorted(range(len(self.choices)), key=lambda index: _magnitude(self.choices[index]))
        return tuple(self.weights[index] for index in order)

    def describe(self) -> str:
        """Return the choices in one line, `{128, 256, 512}`, or the distribution that they stand for."""
        return self.shape or self._list()

    def _list(self) -> str:
        return "{" + ", ".join(value_text(choice) for choice in self.choices) + "}"


def _magnitude(value: Value) -> float:
    assert isinstance(value, int | float)
    return value


@dataclass(frozen=True, slots=True)
class Derived:
    """A value computed from others: recorded, not searched."""

    name: str
    expr: Expression
    note: str = ""

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.name in self.expr.names:
            raise _invalid(
                self.name, "expr", f"a derived value cannot need itself, got {self.expr.text!r}", self.expr.text
            )

    def describe(self) -> str:
        """Return the expression in one line: `= 2 * lora_rank`."""
        return f"= {self.expr.text}"


Parameter = Float | Int | Choice
