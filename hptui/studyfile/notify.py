"""Reads `[notify]`, of a study file or of the user's configuration."""

from __future__ import annotations

import re

from hptui.core.errors import StudyError
from hptui.core.key_types import TEXT
from hptui.core.notify import Notify
from hptui.core.trial import Value
from hptui.studyfile.notify_table import ADDRESS_PATTERN, VARIABLE_PATTERN
from hptui.studyfile.table import TableReader


def read_notify(value: Value) -> Notify:
    """Return `[notify]`; nothing is given where the file has none. Raises: StudyError."""
    return Notify() if value is None else Notify(**TableReader.of(value, "notify").fields())


def read_variable(value: Value, where: str) -> str:
    """Return the name of an environment variable.

    An error does not quote the value, which may be the secret itself.
    """
    name = str(TEXT.read(value, where))
    if re.match(VARIABLE_PATTERN, name):
        return name
    key = where.rpartition(".")[2]
    hint = f'export TEAM_{key.upper()}=… in the shell that starts the study, and write {key} = "TEAM_{key.upper()}"'
    raise StudyError("must be the name of an environment variable: no secret stands here", where=where, hint=hint)


def read_address(value: Value, where: str) -> str:
    """Return one e-mail address."""
    address = str(TEXT.read(value, where))
    if re.match(ADDRESS_PATTERN, address):
        return address
    raise StudyError("must be one address, such as me@example.org", where=where, value=value)
