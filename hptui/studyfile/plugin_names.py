"""Names of plug-ins in a study file: whether there is such a one, and the settings that are its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hptui import plugins
from hptui.core.errors import StudyError, Unsupported, UserError, did_you_mean
from hptui.core.keys import FROM_FIELD, Key
from hptui.core.plugin_specs import NOUNS, Group
from hptui.core.trial import Value
from hptui.studyfile.schema import join_location, missing_key_error


def require_plugin(
    group: Group, name: str, where: str, directory: str = "", *, besides: tuple[str, ...] = (), noun: str = ""
) -> str:
    """Return the name if it is a built-in one, among `besides`, or that of a plug-in that can be loaded.

    `directory` is the study file's. Raises: StudyError that names the nearest spelling; Unsupported for a plug-in that
    cannot be loaded.
    """
    if name in (*besides, *plugins.names(group)):
        return name
    if ":" not in name and name not in plugins.names(group, installed=True):
        text, known = noun or NOUNS[group], (*besides, *plugins.names(group, installed=True))
        raise StudyError(f"unknown {text} {name!r}", where=where, value=name, hint=did_you_mean(name, known))
    with located(where, name):
        plugins.spec(group, name, directory)
    return name


@contextmanager
def located(where: str, value: Value) -> Iterator[None]:
    """Let errors about a plug-in that are raised inside name the place in the study file."""
    try:
        yield
    except StudyError:
        raise
    except UserError as error:
        raise StudyError(error.message, where=where, value=value, hint=error.hint) from None
    except Unsupported as error:
        raise Unsupported(f"{where}: {error.message}", hint=error.hint) from None


def read_own_settings(keys: Iterable[Key], values: Mapping[str, Value], where: str, owner: str) -> dict[str, Value]:
    """Return the settings of a plug-in that a table holds, read as its keys say.

    `owner` is the plug-in in words. Raises: StudyError for unknown, missing and wrong ones.
    """
    by_name = {key.name: key for key in keys}
    for name, value in values.items():
        if name not in by_name:
            hint = did_you_mean(name, by_name) if by_name else "it has none of its own"
            raise StudyError(
                f"{owner} has no setting {name!r}", where=join_location(where, name), value=value, hint=hint
            )
    for name, key in by_name.items():
        if key.required and name not in values:
            raise missing_key_error(name, where, key.help)
    return {name: by_name[name].read(value, join_location(where, name)) for name, value in values.items()}


def default_of(key: Key) -> Any:
    """Return the value of a plug-in's setting that a file does not have."""
    return None if key.default is FROM_FIELD else key.default
