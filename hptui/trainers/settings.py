"""The schema of a trainer's settings: a dataclass whose fields have type, default, help, unit, category and range.

Each field becomes a `Key` of `[trainer]`. It is defined in a module without torch, so that a study file can be
checked and a form drawn without importing a training library.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from functools import cache
from typing import Any, TypeVar

from hptui.core.errors import StudyError, UserError, did_you_mean
from hptui.core.keys import FLAG, FLOAT, PLAIN_LIST, TEXT, VALUE, WHOLE_FLOAT, Key, Type
from hptui.core.trial import Value

S = TypeVar("S")

TYPES: Mapping[str, Type] = {
    "float": FLOAT,
    "int": WHOLE_FLOAT,
    "bool": FLAG,
    "str": TEXT,
    "list": PLAIN_LIST,
    "tuple": PLAIN_LIST,
}
"""Type of a setting by the name of the Python type; that of every other one is `VALUE`."""


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
    """Define a field of a `Settings` dataclass. Without a default the setting must be given.

    A larger value of a setting with `memory` needs more memory; one that is `bound` must have the same value in a
    training that continues from a checkpoint. `low` is the smallest valid number.
    """
    key = Key(
        "",
        help=help,
        unit=unit,
        category=category,
        typical=typical,
        choices=tuple(choices),
        low=low,
        affects_memory=memory,
        tied_to_checkpoint=bound,
    )
    if isinstance(default, list):
        return dataclasses.field(default_factory=default.copy, metadata={"key": key})
    return dataclasses.field(default=default, metadata={"key": key})


def setting_type(hint: Any) -> Type:
    """Return the type of a setting with this Python type; `X | None` counts as X."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        members = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        return setting_type(members[0]) if len(members) == 1 else VALUE
    plain = typing.get_origin(hint) or hint
    return TYPES.get(plain.__name__, VALUE) if isinstance(plain, type) and plain.__module__ == "builtins" else VALUE


@cache
def _keys(settings: type) -> dict[str, Key]:
    hints = typing.get_type_hints(settings)
    keys = {}
    for field in dataclasses.fields(settings):
        default: Any = field.default_factory() if field.default_factory is not MISSING else field.default
        required = default is MISSING
        keys[field.name] = dataclasses.replace(
            field.metadata.get("key", Key("")),
            name=field.name,
            type=setting_type(hints[field.name]),
            default=None if required else default,
            required=required,
        )
    return keys


def describe(settings: type) -> dict[str, Key]:
    """Return the settings of a `Settings` dataclass, by name, in the order of its fields."""
    return dict(_keys(settings))


def key_to_json(key: Key) -> dict[str, Any]:
    """Return a setting as JSON, for another process of the same version; `key_from_json` is the inverse."""
    values = {field.name: getattr(key, field.name) for field in dataclasses.fields(key)}
    return {**values, "type": next((name for name, type_ in TYPES.items() if type_ is key.type), "")}


def key_from_json(document: Mapping[str, Any]) -> Key:
    """Return the setting that `key_to_json` wrote."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}
    return Key(**{**values, "default": document["default"], "type": TYPES.get(document["type"], VALUE)})


def _coerce(key: Key, value: Value) -> Value:
    """Return `value` converted to the setting's type, e.g. a whole number to a float. Raises: UserError."""
    if value is None and key.default is None and not key.required:
        return None
    try:
        converted: Value = key.type.read(value, key.name)
    except StudyError:
        word = "a text" if key.type is TEXT else key.type.word
        raise UserError(f"{key.name} must be {word}, got {value!r}") from None
    if key.choices and converted not in key.choices:
        names = [str(choice) for choice in key.choices]
        message = f"{key.name} must be one of {', '.join(names)}, got {value!r}"
        raise UserError(message, hint=did_you_mean(str(value), names))
    if key.low is not None and isinstance(converted, int | float) and converted < key.low:
        raise UserError(f"{key.name} must be at least {key.low:g}, got {value!r}")
    return converted


def coerce(schema: Mapping[str, Key], values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the given values converted by a schema.

    Raises: UserError for unknown, missing and mistyped values.
    """
    for name, value in values.items():
        if name not in schema:
            raise UserError(f"the trainer has no setting {name!r} (given {value!r})", hint=did_you_mean(name, schema))
    for name, info in schema.items():
        if info.required and name not in values:
            raise UserError(f"the trainer needs the setting {name!r}", hint=info.help)
    return {name: _coerce(schema[name], value) for name, value in values.items()}


def build(settings: Callable[..., S], values: Mapping[str, Value]) -> S:
    """Build an instance of a `Settings` dataclass from plain values. Raises: UserError as `coerce` does."""
    return settings(**coerce(describe(typing.cast(type, settings)), values))
