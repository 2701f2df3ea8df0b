"""What a trainer's settings are, as far as a study file must know: a shape, so that nothing here imports a trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from hptui.model.errors import StudyError, Unsupported, UserError, did_you_mean
from hptui.model.space import Choice, Derived, Float, Int, Parameter
from hptui.model.trial import Value
from hptui.model.values import is_number
from hptui.storage.studyfile.values import show, wrong


class Setting(Protocol):
    """One setting of a trainer. `type` is float, int, bool, str, list or any; no sensible number is below `low`."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def default(self) -> Any: ...
    @property
    def required(self) -> bool: ...
    @property
    def choices(self) -> tuple[Any, ...]: ...
    @property
    def low(self) -> float | None: ...


Settings = Mapping[str, Setting]
Schema = Callable[[str, str], Settings | None]
"""(kind, directory of the study file) -> settings by name; None: anything goes."""

WANTED = {"float": "a number", "int": "a whole number", "bool": "true or false", "str": "text", "list": "a list"}


@dataclass(frozen=True, slots=True)
class Any_:
    """A setting of which nothing is known."""

    name: str
    type: str = "any"
    default: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    low: float | None = None


def is_open(settings: Settings | None) -> bool:
    """Whether a trainer takes settings beside those that it names, or any at all."""
    return settings is None or bool(getattr(settings, "open", False))


def look_up(schema: Schema | None, kind: str, directory: str) -> Settings | None:
    """The settings of the trainer `kind`, or None when they are not known. An unknown kind is an error at its place."""
    if schema is None:
        return None
    try:
        return schema(kind, directory)
    except StudyError:
        raise
    except UserError as error:
        raise StudyError(error.message, where="trainer.kind", value=kind, hint=error.hint) from None
    except Unsupported as error:
        raise Unsupported(f"trainer.kind: {error.message}", hint=error.hint) from None


def defaults(settings: Settings | None) -> dict[str, Value]:
    """The values that hold where `[trainer]` says nothing."""
    return {name: info.default for name, info in (settings or {}).items() if not info.required}


def setting(settings: Settings, name: str, where: str) -> Setting:
    """The setting `name`, which must exist."""
    if name in settings:
        return settings[name]
    if is_open(settings):
        return Any_(name)
    raise StudyError(f"the trainer has no setting {name!r}", where=where, value=name, hint=did_you_mean(name, settings))


def check_value(info: Setting, value: Value, where: str) -> None:
    """Refuse a value that the setting cannot take."""
    if value is None and info.default is None:
        return
    if not _fits(info.type, value):
        raise wrong(value, WANTED[info.type], where)
    if info.choices and value not in info.choices:
        known = [str(choice) for choice in info.choices]
        raise StudyError(f"cannot be {show(value)}", where=where, value=value, hint=did_you_mean(str(value), known))
    _check_low(info, value, where)


def _check_low(info: Setting, value: Value, where: str) -> None:
    if info.low is not None and isinstance(value, int | float) and value < info.low:
        raise StudyError(f"must be at least {show(info.low)}, got {show(value)}", where=where, value=value)


def _fits(type_: str, value: Value) -> bool:
    if type_ == "bool":
        return isinstance(value, bool)
    if type_ in ("int", "float"):
        return is_number(value) and (type_ == "float" or float(cast(float, value)).is_integer())  # 1e5 is whole
    if type_ in ("str", "list"):
        return isinstance(value, str if type_ == "str" else list)
    return True


def check_parameter(info: Setting, parameter: Parameter | Derived, where: str) -> None:
    """Refuse a range or choices that the setting cannot take."""
    if isinstance(parameter, Choice):
        for index, choice in enumerate(parameter.choices):
            check_value(info, choice, f"{where}.choices[{index}]")
    elif isinstance(parameter, Float | Int):
        _check_range(info, parameter, where)


def _check_range(info: Setting, parameter: Float | Int, where: str) -> None:
    value = parameter.describe()
    if info.type in ("str", "bool", "list") or info.choices:
        what = f"one of {show(list(info.choices))}" if info.choices else WANTED[info.type]
        raise StudyError(
            f"takes {what}, not a range: {value}", where=where, value=value, hint="write { choices = […] }"
        )
    if info.type == "int" and isinstance(parameter, Float):
        hint = "write whole bounds, as in { low = 1, high = 8, int = true } or 1..8"
        raise StudyError(f"is a whole number, but its range is not: {value}", where=where, value=value, hint=hint)
    _check_low(info, parameter.low, f"{where}.low")
