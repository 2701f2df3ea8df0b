"""A trainer's settings, as far as a study file depends on them: a protocol, so that no trainer is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from hptui.core.errors import StudyError, Unsupported, UserError, did_you_mean
from hptui.core.keys import show, wrong_type_error
from hptui.core.space import Choice, Derived, Float, Int, Parameter
from hptui.core.trial import Value
from hptui.core.values import is_number


class Setting(Protocol):
    """One setting of a trainer. `type` is float, int, bool, str, list or any; no sensible number is below `low`."""

    @property
    def name(self) -> str:
        """The name in `[trainer]`."""
        ...

    @property
    def type(self) -> str:
        """One of float, int, bool, str, list, any."""
        ...

    @property
    def default(self) -> Any:
        """The value where `[trainer]` has none."""
        ...

    @property
    def required(self) -> bool:
        """True if there is no default."""
        ...

    @property
    def choices(self) -> tuple[Any, ...]:
        """The allowed values; empty: any."""
        ...

    @property
    def low(self) -> float | None:
        """The lowest sensible number."""
        ...


Settings = Mapping[str, Setting]
"""Settings by name."""
Schema = Callable[[str, str], Settings | None]
"""(kind, directory of the study file) -> settings by name; None: all settings are accepted."""

TYPE_NAMES = {"float": "a number", "int": "a whole number", "bool": "true or false", "str": "text", "list": "a list"}
"""The name of each type in messages."""


@dataclass(frozen=True, slots=True)
class AnySetting:
    """A setting of which only the name is known."""

    name: str
    type: str = "any"
    default: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    low: float | None = None


def accepts_any_setting(settings: Settings | None) -> bool:
    """Return whether a trainer accepts settings that it does not name."""
    return settings is None or bool(getattr(settings, "open", False))


def look_up(schema: Schema | None, kind: str, directory: str) -> Settings | None:
    """Return the settings of the trainer `kind`, or None when they are not known.

    Raises: StudyError at `trainer.kind` for an unknown kind.
    """
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


def default_settings(settings: Settings | None) -> dict[str, Value]:
    """Return the values of settings for which `[trainer]` has none."""
    return {name: info.default for name, info in (settings or {}).items() if not info.required}


def find_setting(settings: Settings, name: str, where: str) -> Setting:
    """Return the setting `name`. Raises: StudyError if the trainer does not have it."""
    if name in settings:
        return settings[name]
    if accepts_any_setting(settings):
        return AnySetting(name)
    raise StudyError(f"the trainer has no setting {name!r}", where=where, value=name, hint=did_you_mean(name, settings))


def validate_value(info: Setting, value: Value, where: str) -> None:
    """Raise for a value that the setting cannot take."""
    if value is None and info.default is None:
        return
    if not _fits(info.type, value):
        raise wrong_type_error(value, TYPE_NAMES[info.type], where)
    if info.choices and value not in info.choices:
        choices = [str(choice) for choice in info.choices]
        raise StudyError(f"cannot be {show(value)}", where=where, value=value, hint=did_you_mean(str(value), choices))
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


def validate_parameter(info: Setting, parameter: Parameter | Derived, where: str) -> None:
    """Raise for a range or choices that the setting cannot take."""
    if isinstance(parameter, Choice):
        for index, choice in enumerate(parameter.choices):
            validate_value(info, choice, f"{where}.choices[{index}]")
    elif isinstance(parameter, Float | Int):
        _check_range(info, parameter, where)


def _check_range(info: Setting, parameter: Float | Int, where: str) -> None:
    value = parameter.describe()
    if info.type in ("str", "bool", "list") or info.choices:
        what = f"one of {show(list(info.choices))}" if info.choices else TYPE_NAMES[info.type]
        raise StudyError(
            f"takes {what}, not a range: {value}", where=where, value=value, hint="write { choices = […] }"
        )
    if info.type == "int" and isinstance(parameter, Float):
        hint = "write whole bounds, as in { low = 1, high = 8, int = true } or 1..8"
        raise StudyError(f"is a whole number, but its range is not: {value}", where=where, value=value, hint=hint)
    _check_low(info, parameter.low, f"{where}.low")
