"""Every key that a study file may hold, table by table: reading, writing, JSON Schema and documents derive from it.

`[trainer]`, `[space]`, `[metrics]`, `[notes]` and `set` hold names of the user's own; "space" and "metrics" here are
the keys of one entry."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from hptui.core.errors import Problems, StudyError, did_you_mean, nearest
from hptui.core.key_types import join_location as join_location
from hptui.core.keys import NONEMPTY, TEXT, Key, Table, list_of
from hptui.studyfile.notify_table import NOTIFY
from hptui.studyfile.ray_table import RAY
from hptui.studyfile.search_tables import SEARCH_TABLES
from hptui.studyfile.slurm_table import SLURM
from hptui.studyfile.space_table import SPACE_TABLE
from hptui.studyfile.ssh_table import SSH, SSH_HOST
from hptui.studyfile.study_tables import METRICS, OBJECTIVE, REFERENCE, REPORT, RESOURCES
from hptui.studyfile.study_tables import ROOT as ROOT

if TYPE_CHECKING:
    from hptui.core.trial import Value

TABLES: dict[str, Table] = {
    entry.name: entry
    for entry in (
        ROOT,
        OBJECTIVE,
        *SEARCH_TABLES,
        RESOURCES,
        METRICS,
        REPORT,
        REFERENCE,
        NOTIFY,
        SSH,
        SSH_HOST,
        SLURM,
        RAY,
        SPACE_TABLE,
    )
}
"""Tables by dotted name; '' is the top of the file. An unknown key is looked for in them in this order."""

TRAINER_KIND = Key("kind", NONEMPTY, "Which trainer to run", required=True, example='"toy"')
"""The key of `[trainer]` that is no setting of a trainer."""
NOTES_KEYS = (
    Key("rationale", TEXT, "Why the study is as it is", example='"We train one of these every night."'),
    Key("future", list_of(TEXT), "What could be tried next", example='["a longer context"]'),
)
"""Keys of `[notes]` that are no notes on a setting."""


def validate_keys(keys: Collection[str], table_name: str, where: str) -> None:
    """Raise for keys that a table does not have."""
    problems, names = Problems(), TABLES[table_name].names
    problems.errors += [unknown_key_error(key, table_name, where) for key in keys if key not in names]
    problems.raise_all()


def unknown_key_error(key: str, table_name: str, where: str) -> StudyError:
    """Return the error for an unknown key.

    Its hint is the nearest spelling, else the table to which the key belongs, else the allowed keys.
    """
    names = TABLES[table_name].names
    tables = [name for name in TABLES if key in TABLES[name].names and name not in (table_name, "space", "metrics")]
    hint = did_you_mean(key, names)
    if tables and not nearest(key, names):
        hint = (
            f"it belongs in [{tables[0]}]"
            if tables[0]
            else "it belongs at the top of the file, before the first [table]"
        )
    return StudyError(f"unknown key {key!r}", where=join_location(where, key), value=key, hint=hint)


def missing_key_error(key: str, where: str, why: str = "", value: Value = None) -> StudyError:
    """Return the error for a required key that is missing."""
    return StudyError(f"missing{f': {why}' if why else ''}", where=join_location(where, key), value=value)
