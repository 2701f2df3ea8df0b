"""Reads and writes `[space]` and `[search] constraints`: each entry is a short text, `"1e-5..1e-4 log"`, or a table.

Distributions without bounds become ordered lists of equally likely values, which every engine can search."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hptui.core.errors import ExpressionError, Problems, StudyError, did_you_mean
from hptui.core.expressions import Expression, parse
from hptui.core.key_types import FLOAT, VALUE, Type, require_table
from hptui.core.space import Choice, Derived, Float, Int, Parameter, Space, parse_parameter
from hptui.core.trial import Value
from hptui.core.values import show, wrong_type_error
from hptui.studyfile.schema import TABLES, missing_key_error
from hptui.studyfile.space_table import CHOICES, DERIVED, DISTRIBUTION, RANGE
from hptui.studyfile.table import TableReader
from hptui.studyfile.trainer_settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable


FORMS_HINT = (
    'for instance "1e-5..1e-4 log", { low = 1, high = 8, int = true }, { choices = [8, 16] } or { expr = "2 * rank" }'
)
"""Hint with an example of every form of an entry."""


def entries_by_name(space: Value, where: str = "space") -> dict[str, Value]:
    """Return the entries of `[space]` by name.

    JSON may hold them as a list, so that sorting keys does not change their order.
    """
    if not isinstance(space, list):
        return require_table({} if space is None else space, where)
    named = [dict(require_table(entry, where)) for entry in space]
    for index, entry in enumerate(named):
        if "name" not in entry:
            raise missing_key_error("name", f"{where}[{index}]", "which parameter this is")
    return {str(entry.pop("name")): entry for entry in named}


def read_space(
    entries: Mapping[str, Value],
    constraints: Sequence[str],
    settings: Settings | None,
    allowed_names: Collection[str] | None,
    within: str = "space",
    collect_into: Problems | None = None,
) -> Space:
    """Return the space at the location `within`.

    `allowed_names` are the names that expressions may mention (None: any); `settings` decide the type of `1..8`. With
    `collect_into`, problems are collected there, and the space has only the valid entries; without, they are raised.
    """
    problems = Problems() if collect_into is None else collect_into
    items: list[Parameter | Derived] = []
    for name, value in entries.items():
        with problems.collect():
            items.append(_read_entry(name, value, settings, allowed_names, within))
    conditions: list[Expression] = []
    for n, item in enumerate(constraints):
        with problems.collect():
            conditions.append(parse_condition(item, f"search.constraints[{n}]", allowed_names))
    if collect_into is None:
        problems.raise_all()
    return Space(
        parameters=tuple(item for item in items if not isinstance(item, Derived)),
        derived=tuple(item for item in items if isinstance(item, Derived)),
        constraints=tuple(conditions),
    )


def parse_expression(source: str, where: str, allowed_names: Collection[str] | None) -> Expression:
    """Return the parsed expression; its error names the location in the file."""
    try:
        return parse(source, allowed_names)
    except ExpressionError as error:
        raise StudyError(error.message, where=where, value=source, hint=error.hint) from None


def parse_condition(source: str, where: str, allowed_names: Collection[str] | None) -> Expression:
    """Return an expression that can be true or false.

    `a - b` would always count as true, and is refused.
    """
    parsed = parse_expression(source, where, allowed_names)
    if parsed.condition:
        return parsed
    hint = "compare it with something: <=, <, ==, !=, in"
    raise StudyError(f"{source!r} is no condition", where=where, value=source, hint=hint)


def read_entry(name: str, value: Value, settings: Settings | None = None) -> Parameter | Derived:
    """Return the parameter of one entry of `[space]`. Raises: StudyError, which names its location."""
    return _read_entry(name, value, settings, None, "space")


def _read_entry(
    name: str, value: Value, settings: Settings | None, allowed_names: Collection[str] | None, parent: str
) -> Parameter | Derived:
    where = f"{parent}.{name}"
    type_ = settings[name].type if settings and name in settings else VALUE
    if isinstance(value, str):
        explicit = True if "int" in value.split() else None
        return _with_setting_type(_parse_short_entry(name, value, where), type_, explicit)
    if not isinstance(value, dict):
        hint = "a fixed value stands in [trainer]"
        if isinstance(value, list):
            are_constraints = name == "constraints" and all(isinstance(element, str) for element in value)
            hint = "constraints stand in [search]" if are_constraints else f"write {{ choices = {show(value)} }}"
        raise wrong_type_error(value, "a range, choices or an expression", where, hint=hint)
    table = TableReader.of(value, "space", where)
    forms = [
        form
        for form in ("expr", "choices", "distribution", "low")
        if table.has(form) or (form == "low" and table.has("high"))
    ]
    if not forms:
        raise StudyError("says no range, choices or expression", where=where, value=value, hint=FORMS_HINT)
    if len(forms) > 1:
        raise StudyError(f"says both {forms[0]} and {forms[1]}", where=where, value=value, hint="keep one of them")
    note = table.get("note")
    if forms == ["expr"]:
        _refuse_other_keys(table, DERIVED)
        return Derived(name, parse_expression(table.get("expr"), table.location("expr"), allowed_names), note)
    when = parse_condition(table.get("when"), table.location("when"), allowed_names) if table.has("when") else None
    if forms == ["choices"]:
        _refuse_other_keys(table, CHOICES)
        weights = table.get("weights")
        choices = tuple(table.items("choices"))
        return Choice(name, choices, table.get("ordered"), when, note, weights, table.get("shape"))
    if forms == ["distribution"]:
        _refuse_other_keys(table, DISTRIBUTION)
        step = table.get("step")
        return _from_distribution(name, table.get("distribution"), step, table.location("distribution"), when, note)
    _refuse_other_keys(table, RANGE)
    return _read_range(name, table, type_, when, note)


def _from_distribution(
    name: str, text: str, step: float | None, where: str, when: Expression | None = None, note: str = ""
) -> Choice:
    """Return a parameter without bounds: values at equally likely points of its distribution."""
    values, weights = distribution_levels(text, step, where)
    shape = f"{text} step {show(step)}" if step is not None else text
    return Choice(name, values, True if len(values) > 1 else None, when, note, weights, shape)


def _parse_short_entry(name: str, source: str, where: str) -> Parameter:
    try:
        return parse_parameter(name, source)
    except StudyError as error:
        raise StudyError(
            error.problem, where=error.where or where, value=source, hint=error.hint or FORMS_HINT
        ) from None


def _refuse_other_keys(table: TableReader, form: str) -> None:
    """Raise for keys that do not go with the form of the entry."""
    first_key = "low" if form == RANGE else form
    for name in table.data:
        only_for = TABLES["space"][name].only_for
        if table.has(name) and only_for and form not in only_for:
            raise StudyError(f"does not go with {first_key}", where=table.location(name), value=table.data[name])


def _read_range(name: str, table: TableReader, type_: Type, when: Expression | None, note: str) -> Float | Int:
    for key, other in (("low", "high"), ("high", "low")):
        if not table.has(key):
            raise missing_key_error(key, table.where, f"a range has both bounds, and this one only {other}")
    low, high, step, log, explicit = (table.get(key) for key in ("low", "high", "step", "log", "int"))
    whole = all(isinstance(bound, int) for bound in (low, high, step) if bound is not None)
    if explicit or (explicit is None and whole and type_ is not FLOAT):
        low, high = _as_integer(low, table.location("low")), _as_integer(high, table.location("high"))
        return Int(
            name, low, high, log, _as_integer(step, table.location("step")) if step is not None else None, when, note
        )
    return Float(name, float(low), float(high), log, float(step) if step is not None else None, when, note)


def _as_integer(bound: float, where: str) -> int:
    """Return an integer bound; `1e5` is one, though TOML reads it as a float."""
    if int(bound) == bound:
        return int(bound)
    raise wrong_type_error(bound, "a whole number", where, hint="the range says int = true")


def _with_setting_type(parameter: Parameter, type_: Type, explicit: bool | None) -> Parameter:
    """Return a range of floats if the setting is a float and the text does not say `int`.

    Otherwise `1..8` is a range of integers.
    """
    if not isinstance(parameter, Int) or type_ is not FLOAT or explicit:
        return parameter
    step = None if parameter.step is None else float(parameter.step)
    return Float(
        parameter.name, float(parameter.low), float(parameter.high), parameter.log, step, parameter.when, parameter.note
    )


def dump_space(space: Space) -> list[dict[str, Value]]:
    """Return the space as a list of complete entries, each with its `name`, in order."""
    return [*(_dump_parameter(item) for item in space.parameters), *(_dump_derived(item) for item in space.derived)]


def _dump_parameter(item: Parameter) -> dict[str, Value]:
    entry: dict[str, Value] = {"name": item.name}
    if isinstance(item, Choice):
        entry |= {"choices": list(item.choices), "ordered": item.ordered}
        entry |= {"weights": list(item.weights) or None, "shape": item.shape or None}
    else:
        entry |= {"low": item.low, "high": item.high, "log": item.log, "step": item.step, "int": isinstance(item, Int)}
    entry |= {"when": item.when.text if item.when else None, "note": item.note or None}
    return {key: value for key, value in entry.items() if value is not None}


def _dump_derived(item: Derived) -> dict[str, Value]:
    entry: dict[str, Value] = {"name": item.name, "expr": item.expr.text}
    return entry | {"note": item.note} if item.note else entry


def expand_short_entry(name: str, source: str, old: Value = None) -> dict[str, Value]:
    """Return the table for a short text that replaces the entry `old`.

    A range of floats stays one when it gets `1..8`. `int` is written where the text or the old entry has it; otherwise
    the trainer's setting decides the type of `1..8`.
    """
    explicit = "int" in source.split()
    parameter = _parse_short_entry(name, source, f"space.{name}")
    if not explicit and _is_float(name, old):
        parameter = _with_setting_type(parameter, FLOAT, None)
    entry = {key: value for key, value in _dump_parameter(parameter).items() if key != "name" and value is not False}
    if not explicit and not (isinstance(old, dict) and old.get("int")):
        entry.pop("int", None)
    return entry


def _is_float(name: str, entry: Value) -> bool:
    """Return whether an entry by itself is a range of floats."""
    if isinstance(entry, str):
        return isinstance(_parse_short_entry(name, entry, f"space.{name}"), Float)
    if not isinstance(entry, dict) or entry.get("int"):
        return False
    return any(isinstance(entry.get(key), float) for key in ("low", "high", "step"))


QUANTILE_COUNT = 200
"""Number of values of a distribution; they are its quantiles at (i + 0.5) / COUNT."""

DISTRIBUTION_PATTERN = re.compile(r"\s*(\w+)\s*\(\s*([^,()]+?)\s*,\s*([^,()]+?)\s*\)\s*")
"""Pattern of a distribution with two parameters."""
DISTRIBUTION_KINDS = ("normal", "log_normal", "beta")
"""Names of the distributions."""


def distribution_levels(text: str, step: float | None, where: str) -> tuple[tuple[Value, ...], tuple[float, ...]]:
    """Return values and weights of `normal(mean, sd)`, `log_normal(mean, sd)` or `beta(a, b)`.

    With `step`, values are rounded to its multiples, which get the weight of all values that round to them; without,
    the weights are empty: all values are equally likely.
    """
    quantile = _quantile(text, where)
    values = [float(quantile((index + 0.5) / QUANTILE_COUNT)) for index in range(QUANTILE_COUNT)]
    if not all(map(math.isfinite, values)):
        raise StudyError(f"reaches beyond what numbers can say: {text!r}", where=where, value=text)
    if step is None:
        return tuple(dict.fromkeys(_six_digits(value) for value in values)), ()
    if step <= 0:
        raise StudyError(f"must be more than 0, got {show(step)}", where=f"{where}.step", value=step)
    counts = Counter(_rounded(value, step) for value in values)
    return tuple(counts), tuple(float(count) for count in counts.values())


def _quantile(text: str, where: str) -> Callable[[float], Any]:
    match = DISTRIBUTION_PATTERN.fullmatch(text)
    hint = "for instance normal(0, 1), log_normal(-7, 1) or beta(2, 5)"
    if match is None:
        raise StudyError(f"is no distribution: {text!r}", where=where, value=text, hint=hint)
    kind, *raw = match.groups()
    if kind not in DISTRIBUTION_KINDS:
        raise StudyError(
            f"unknown distribution {kind!r}", where=where, value=text, hint=did_you_mean(kind, DISTRIBUTION_KINDS)
        )
    try:
        first, second = (float(part) for part in raw)
    except ValueError:
        raise StudyError(f"needs two numbers, got {text!r}", where=where, value=text, hint=hint) from None
    if not (math.isfinite(first) and math.isfinite(second)) or second <= 0 or (kind == "beta" and first <= 0):
        which = "both parameters" if kind == "beta" else "the second parameter"
        raise StudyError(f"{which} must be more than 0, got {text!r}", where=where, value=text, hint=hint)
    from scipy import stats

    if kind == "beta":
        return lambda share: stats.beta.ppf(share, first, second)
    transform = math.exp if kind == "log_normal" else float
    return lambda share: _transformed(transform, stats.norm.ppf(share, first, second))


def _transformed(transform: Callable[[float], float], value: Any) -> float:
    try:
        return transform(float(value))
    except OverflowError:
        return math.inf


def _six_digits(value: float) -> float:
    """Return the value with six digits: readable, and precise enough for a quantile."""
    return float(f"{value:.6g}")


def _rounded(value: float, step: float) -> Value:
    multiple = round(value / step) * step
    return int(multiple) if float(step).is_integer() else float(f"{multiple:.12g}")
