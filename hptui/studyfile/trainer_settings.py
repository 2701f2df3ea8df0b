"""A trainer's settings, as far as a study file depends on them. No trainer is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hptui.core.errors import StudyError, Unsupported, UserError, did_you_mean
from hptui.core.keys import FLAG, PLAIN_LIST, TEXT, WHOLE_FLOAT, Key
from hptui.core.space import Choice, Derived, Float, Int, Parameter
from hptui.core.trial import Value
from hptui.core.values import show

Settings = Mapping[str, Key]
"""Settings of a trainer by name."""
Schema = Callable[[str, str], Settings | None]
"""(kind, directory of the study file) -> settings by name; None: all settings are accepted."""


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


def find_setting(settings: Settings, name: str, where: str) -> Key:
    """Return the setting `name`. Raises: StudyError if the trainer does not have it."""
    if name in settings:
        return settings[name]
    if accepts_any_setting(settings):
        return Key(name, default=None)
    raise StudyError(f"the trainer has no setting {name!r}", where=where, value=name, hint=did_you_mean(name, settings))


def validate_parameter(key: Key, parameter: Parameter | Derived, where: str) -> None:
    """Raise for a range or choices that the setting cannot take."""
    if isinstance(parameter, Choice):
        for index, choice in enumerate(parameter.choices):
            key.read(choice, f"{where}.choices[{index}]")
    elif isinstance(parameter, Float | Int):
        _check_range(key, parameter, where)


def _check_range(key: Key, parameter: Float | Int, where: str) -> None:
    value = parameter.describe()
    if key.type in (TEXT, FLAG, PLAIN_LIST) or key.choices:
        what = f"one of {show(list(key.choices))}" if key.choices else key.type.word
        raise StudyError(
            f"takes {what}, not a range: {value}", where=where, value=value, hint="write { choices = […] }"
        )
    if key.type is WHOLE_FLOAT and isinstance(parameter, Float):
        hint = "write whole bounds, as in { low = 1, high = 8, int = true } or 1..8"
        raise StudyError(f"is a whole number, but its range is not: {value}", where=where, value=value, hint=hint)
    key.check_range(parameter.low, parameter.low, f"{where}.low")
