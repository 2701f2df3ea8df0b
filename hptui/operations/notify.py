"""`[notify]` of a study file, merged with that of the user's configuration, and warnings about it."""

from __future__ import annotations

import logging
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hptui.core.errors import HptuiError, StudyError
from hptui.core.notify import Notify

if TYPE_CHECKING:
    from hptui.core.study import Study
    from hptui.store.store import Store

log = logging.getLogger(__name__)

MAX_SEND_S = 2.0
"""Seconds for which a command that found no runner sends what is still open."""


def config_path() -> Path:
    """Return the path of the user's configuration file, which need not exist."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "hptui" / "config.toml"


def user_notify(table: Any = None, path: Path | None = None) -> Notify:
    """Return `[notify]` of the user's configuration; `table` is its content, if `path` was read already.

    Raises: StudyError that names file and key.
    """
    from hptui.studyfile.notify import read_notify

    path = path or config_path()
    if table is None:
        try:
            table = tomllib.loads(path.read_text()).get("notify")
        except FileNotFoundError:
            return Notify()
        except (OSError, ValueError) as error:
            raise StudyError(f"cannot be read: {error}", file=str(path)) from None
    try:
        return read_notify(table)
    except StudyError as error:
        raise error.at(str(path)) from None


def runner_settings(study: Study) -> Notify:
    """Return the settings of a runner, whose log gets the warnings about them."""
    for warning in notify_warnings(study):
        log.warning("%s", warning)
    return notify_settings(study)


def notify_settings(study: Study) -> Notify:
    """Return `[notify]` of the study file, merged with the user's configuration if that can be read."""
    from hptui.results.masked_view import masked_study

    masked_study(study)  # from here on this process masks the study's secrets in its notices
    try:
        return study.notify.over(user_notify())
    except HptuiError:  # `notify_warnings` returns it
        return study.notify


def notify_warnings(study: Study) -> list[str]:
    """Return why notices may not be sent: a wrong user's configuration, variables that are not set."""
    from hptui.execution.notifier import missing_texts

    try:
        settings = study.notify.over(user_notify())
    except HptuiError as error:
        return [str(error), *missing_texts(study.notify.missing_variables(os.environ))]
    return missing_texts(settings.missing_variables(os.environ))


def send_open(store: Store, study: Study) -> None:
    """Send what a runner that has left could not send. The caller holds the study's lock."""
    from hptui.execution.notifier import Notifier

    try:
        Notifier(store, notify_settings, quiet=True).flush(study, MAX_SEND_S)
    except HptuiError as error:  # what the caller does is done, and stays done
        log.warning("notices are not sent: %s", error)
