"""`[space]` and `[search] constraints`: each entry a short text, `"1e-5..1e-4 log"`, or a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from hptui.model.errors import ExpressionError, StudyError
from hptui.model.expressions import Expression, parse
from hptui.model.space import Choice, Derived, Float, Int, Parameter, Space, parse_short
from hptui.model.trial import Value
from hptui.storage.studyfile.keys import missing
from hptui.storage.studyfile.mistakes import Mistakes
from hptui.storage.studyfile.schema import Settings
from hptui.storage.studyfile.table import Table, mapping, number
from hptui.storage.studyfile.values import show, wrong

RANGE = ("low", "high", "log", "step", "int")
FORMS = (
    'for instance "1e-5..1e-4 log", { low = 1, high = 8, int = true }, { choices = [8, 16] } or { expr = "2 * rank" }'
)


def entries_of(space: Value, where: str = "space") -> dict[str, Value]:
    """`[space]` by name. JSON may hold it as a list, whose order no writer of JSON changes."""
    if not isinstance(space, list):
        return mapping({} if space is None else space, where)
    named = [dict(mapping(entry, where)) for entry in space]
    return {str(entry.pop("name")): entry for entry in named}


def read_space(
    entries: Mapping[str, Value],
    constraints: Sequence[str],
    settings: Settings | None,
    known: Collection[str] | None,
    within: str = "space",
    gathered: Mistakes | None = None,
) -> Space:
    """The space at the place `within`. `known` are the names that expressions may mention; None: any. `settings` decide
    what `1..8` is. With `gathered`, mistakes are kept there, and the space is what is right of it.
    """
    mistakes = Mistakes() if gathered is None else gathered
    found: list[Parameter | Derived] = []
    for name, value in entries.items():
        with mistakes.noted():
            found.append(_entry(name, value, settings, known, within))
    conditions: list[Expression] = []
    for n, item in enumerate(constraints):
        with mistakes.noted():
            conditions.append(condition(item, f"search.constraints[{n}]", known))
    if gathered is None:
        mistakes.tell()
    return Space(
        parameters=tuple(item for item in found if not isinstance(item, Derived)),
        derived=tuple(item for item in found if isinstance(item, Derived)),
        constraints=tuple(conditions),
    )


def expression(source: str, where: str, known: Collection[str] | None) -> Expression:
    """A parsed expression; its error names the place in the file."""
    try:
        return parse(source, known)
    except ExpressionError as error:
        raise StudyError(error.message, where=where, value=source, hint=error.hint) from None


def condition(source: str, where: str, known: Collection[str] | None) -> Expression:
    """An expression that can be true or false; `a - b` would always be true, and is meant otherwise."""
    found = expression(source, where, known)
    if found.condition:
        return found
    hint = "compare it with something: <=, <, ==, !=, in"
    raise StudyError(f"{source!r} is no condition", where=where, value=source, hint=hint)


def entry_of(name: str, value: Value, settings: Settings | None = None) -> Parameter | Derived:
    """What one entry of `[space]` says; `StudyError` names its place."""
    return _entry(name, value, settings, None, "space")


def _entry(
    name: str, value: Value, settings: Settings | None, known: Collection[str] | None, within: str
) -> Parameter | Derived:
    where = f"{within}.{name}"
    type_ = settings[name].type if settings and name in settings else "any"
    if isinstance(value, str):
        explicit = True if "int" in value.split() else None
        return _typed(_short(name, value, where), type_, explicit)
    if not isinstance(value, dict):
        hint = "a fixed value stands in [trainer]"
        if isinstance(value, list):
            rules = name == "constraints" and all(isinstance(one, str) for one in value)
            hint = "constraints stand in [search]" if rules else f"write {{ choices = {show(value)} }}"
        raise wrong(value, "a range, choices or an expression", where, hint=hint)
    table = Table.of(value, "space", where)
    forms = [
        form
        for form in ("expr", "choices", "distribution", "low")
        if table.has(form) or (form == "low" and table.has("high"))
    ]
    if not forms:
        raise StudyError("says no range, choices or expression", where=where, value=value, hint=FORMS)
    if len(forms) > 1:
        raise StudyError(f"says both {forms[0]} and {forms[1]}", where=where, value=value, hint="keep one of them")
    note = table.text("note")
    if forms == ["expr"]:
        _only(table, ("expr", "note"))
        return Derived(name, expression(table.need("expr"), table.at("expr"), known), note)
    when = condition(table.need("when"), table.at("when"), known) if table.has("when") else None
    if forms == ["choices"]:
        _only(table, ("choices", "ordered", "weights", "shape", "when", "note"))
        weights = tuple(number(item, table.at(f"weights[{n}]")) for n, item in enumerate(table.items("weights")))
        given = tuple(table.items("choices"))
        return Choice(name, given, table.flag("ordered", None), when, note, weights, table.text("shape"))
    if forms == ["distribution"]:
        _only(table, ("distribution", "step", "when", "note"))
        step = number(table.data["step"], table.at("step")) if table.has("step") else None
        return _drawn(name, table.need("distribution"), step, table.at("distribution"), when, note)
    _only(table, (*RANGE, "when", "note"))
    return _range(name, table, type_, when, note)


def _drawn(
    name: str, text: str, step: float | None, where: str, when: Expression | None = None, note: str = ""
) -> Choice:
    """A parameter without bounds: the values at equally likely places of its distribution."""
    from hptui.storage.studyfile.quantiles import levels

    values, weights = levels(text, step, where)
    shape = f"{text} step {show(step)}" if step is not None else text
    return Choice(name, values, True if len(values) > 1 else None, when, note, weights, shape)


def _short(name: str, source: str, where: str) -> Parameter:
    try:
        return parse_short(name, source)
    except StudyError as error:
        raise StudyError(error.problem, where=error.where or where, value=source, hint=error.hint or FORMS) from None


def _only(table: Table, allowed: Sequence[str]) -> None:
    """Refuse keys that do not go with the form that was chosen."""
    for key in table.data:
        if table.has(key) and key not in allowed:
            raise StudyError(f"does not go with {allowed[0]}", where=table.at(key), value=table.data[key])


def _range(name: str, table: Table, type_: str, when: Expression | None, note: str) -> Float | Int:
    for key, other in (("low", "high"), ("high", "low")):
        if not table.has(key):
            raise missing(key, table.where, f"a range has both bounds, and this one only {other}")
    low, high = (number(table.data[key], table.at(key)) for key in ("low", "high"))
    step = number(table.data["step"], table.at("step")) if table.has("step") else None
    log, explicit = table.flag("log", False), table.flag("int", None)
    whole = all(isinstance(bound, int) for bound in (low, high, step) if bound is not None)
    if explicit or (explicit is None and whole and type_ != "float"):
        low, high = _whole(low, table.at("low")), _whole(high, table.at("high"))
        return Int(name, low, high, log, _whole(step, table.at("step")) if step is not None else None, when, note)
    return Float(name, float(low), float(high), log, float(step) if step is not None else None, when, note)


def _whole(bound: float, where: str) -> int:
    """A bound of a range of whole numbers; `1e5` is one, though TOML reads it as a float."""
    if int(bound) == bound:
        return int(bound)
    raise wrong(bound, "a whole number", where, hint="the range says int = true")


def _typed(parameter: Parameter, type_: str, explicit: bool | None) -> Parameter:
    """`1..8` is a range of whole numbers, unless the trainer's setting is a float and the text does not say `int`."""
    if not isinstance(parameter, Int) or type_ != "float" or explicit:
        return parameter
    step = None if parameter.step is None else float(parameter.step)
    return Float(
        parameter.name, float(parameter.low), float(parameter.high), parameter.log, step, parameter.when, parameter.note
    )


def write_space_entries(space: Space) -> list[dict[str, Value]]:
    """The space as a list of entries, each with its `name`, complete and in order."""
    return [*(_parameter(item) for item in space.parameters), *(_derived(item) for item in space.derived)]


def _parameter(item: Parameter) -> dict[str, Value]:
    entry: dict[str, Value] = {"name": item.name}
    if isinstance(item, Choice):
        entry |= {"choices": list(item.choices), "ordered": item.ordered}
        entry |= {"weights": list(item.weights) or None, "shape": item.shape or None}
    else:
        entry |= {"low": item.low, "high": item.high, "log": item.log, "step": item.step, "int": isinstance(item, Int)}
    entry |= {"when": item.when.text if item.when else None, "note": item.note or None}
    return {key: value for key, value in entry.items() if value is not None}


def _derived(item: Derived) -> dict[str, Value]:
    entry: dict[str, Value] = {"name": item.name, "expr": item.expr.text}
    return entry | {"note": item.note} if item.note else entry


def short_entry(name: str, source: str, old: Value = None) -> dict[str, Value]:
    """The entry that the short text stands for, in place of `old`: a range of floats stays one when it gets `1..8`.

    `int` is written where the text or the old entry says it; else what `1..8` is is left to the trainer's setting.
    """
    explicit = "int" in source.split()
    parameter = _short(name, source, f"space.{name}")
    if not explicit and _is_float(name, old):
        parameter = _typed(parameter, "float", None)
    entry = {key: value for key, value in _parameter(parameter).items() if key != "name" and value is not False}
    if not explicit and not (isinstance(old, dict) and old.get("int")):
        entry.pop("int", None)
    return entry


def _is_float(name: str, entry: Value) -> bool:
    """Whether an entry says by itself that it is a range of floats."""
    if isinstance(entry, str):
        return isinstance(_short(name, entry, f"space.{name}"), Float)
    if not isinstance(entry, dict) or entry.get("int"):
        return False
    return any(isinstance(entry.get(key), float) for key in ("low", "high", "step"))
