"""The schema of a trainer's settings: a dataclass whose fields have type, default, help, unit, category and range.

That dataclass is the schema of `[trainer]`. It is defined in a module without torch, so that a study file can be
checked and a form drawn without importing a training library.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from functools import cache
from typing import Any, TypeVar

from hptui.core.errors import UserError, did_you_mean
from hptui.core.trial import Value

S = TypeVar("S")

TYPE_NAMES: dict[str, str] = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "str": "a text",
    "list": "a list",
}
"""Name of each setting type in error messages."""


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting. `type` is float, int, bool, str, list or any; None is a value only where it is the default.

    `memory` marks a setting whose larger value needs more memory; `low` is the smallest valid number; `bound` marks one
    that a checkpoint depends on: a training that continues from the checkpoint must have the same value.
    """

    name: str
    type: str = "any"
    default: Value = None
    required: bool = False
    help: str = ""
    unit: str = ""
    category: str = ""
    typical: str = ""
    choices: tuple[Value, ...] = ()
    memory: bool = False
    low: float | None = None
    bound: bool = False

    def coerce(self, value: Value) -> Value:
        """Return `value` converted to the setting's type, e.g. a whole number to a float.

        Raises: UserError if the type, the choices or the lower bound do not allow it.
        """
        if value is None and self.default is None and not self.required:
            return None
        converted = _CONVERT[self.type](value)
        if converted is MISSING:
            raise UserError(f"{self.name} must be {TYPE_NAMES[self.type]}, got {value!r}")
        if self.choices and converted not in self.choices:
            names = [str(choice) for choice in self.choices]
            raise UserError(
                f"{self.name} must be one of {', '.join(names)}, got {value!r}",
                hint=did_you_mean(str(value), names),
            )
        if self.low is not None and converted < self.low:
            raise UserError(f"{self.name} must be at least {self.low:g}, got {value!r}")
        return converted  # type: ignore[no-any-return]  # _CONVERT returns Value or MISSING, which has no public type


def _as_float(value: Value) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return MISSING
    return float(value)


def _as_int(value: Value) -> Any:
    # 4.0 is accepted: an expression such as `model_dim / 32` evaluates to a float.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return MISSING
    if isinstance(value, float) and not value.is_integer():
        return MISSING
    return int(value)


def _only(kind: type) -> Callable[[Value], Any]:
    return lambda value: value if isinstance(value, kind) else MISSING


_CONVERT: dict[str, Callable[[Value], Any]] = {
    "float": _as_float,
    "int": _as_int,
    "bool": _only(bool),
    "str": _only(str),
    "list": lambda value: list(value) if isinstance(value, list | tuple) else MISSING,
    "any": lambda value: value,
}


def setting(
    default: Any = MISSING,
    help: str = "",
    *,
    unit: str = "",
    category: str = "",
    typical: str = "",
    choices: Sequence[Value] = (),
    memory: bool = False,
    low: float | None = None,
    bound: bool = False,
) -> Any:
    """Define a field of a `Settings` dataclass. Without a default the setting must be given."""
    metadata = {
        "help": help,
        "unit": unit,
        "category": category,
        "typical": typical,
        "choices": tuple(choices),
        "memory": memory,
        "low": low,
        "bound": bound,
    }
    if isinstance(default, list):
        return dataclasses.field(default_factory=default.copy, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def type_name(hint: Any) -> str:
    """Return the name of a Python type as a setting type; `X | None` counts as X, other types as any."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        members = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        return type_name(members[0]) if len(members) == 1 else "any"
    plain = typing.get_origin(hint) or hint
    names = {float: "float", int: "int", bool: "bool", str: "str", list: "list", tuple: "list"}
    return names.get(plain, "any")


@cache
def _schema(settings: type) -> dict[str, SettingInfo]:
    hints = typing.get_type_hints(settings)
    schema = {}
    for field in dataclasses.fields(settings):
        default: Any = field.default_factory() if field.default_factory is not MISSING else field.default
        required = default is MISSING
        schema[field.name] = SettingInfo(
            name=field.name,
            type=type_name(hints[field.name]),
            default=None if required else default,
            required=required,
            **field.metadata,
        )
    return schema


def describe(settings: type) -> dict[str, SettingInfo]:
    """Return the schema of a `Settings` dataclass, by name, in the order of its fields."""
    return dict(_schema(settings))


def coerce(schema: Mapping[str, SettingInfo], values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the given values converted by a schema.

    Raises: UserError for unknown, missing and mistyped values.
    """
    for name, value in values.items():
        if name not in schema:
            raise UserError(f"the trainer has no setting {name!r} (given {value!r})", hint=did_you_mean(name, schema))
    for name, info in schema.items():
        if info.required and name not in values:
            raise UserError(f"the trainer needs the setting {name!r}", hint=info.help)
    return {name: schema[name].coerce(value) for name, value in values.items()}


def build(settings: Callable[..., S], values: Mapping[str, Value]) -> S:
    """Build an instance of a `Settings` dataclass from plain values. Raises: UserError as `coerce` does."""
    return settings(**coerce(describe(typing.cast(type, settings)), values))
