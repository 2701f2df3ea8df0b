"""`hptui import`: record trials that ran elsewhere as trials of a study."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.core.format import setting
from hptui.core.trial import Role, Trial, TrialStatus, Value
from hptui.core.values import values_equal
from hptui.operations.steer import send_command as ask
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir

if TYPE_CHECKING:
    from hptui.search.exchange.imported import ImportedTrial

MAX_WAIT_S = 60.0
"""Seconds that a runner may take to record them: there may be thousands."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do.

    `rows` are the trials, `columns` what was understood of each column, `left_out` the columns that are not used,
    `informs` the number of trials that the sampler can learn from, `notes` sentences for the user.
    """

    source: Path
    sha256: str
    rows: list[ImportedTrial]
    columns: Mapping[str, str]
    left_out: Sequence[str]
    informs: int
    notes: list[str]

    @property
    def counts(self) -> str:
        """Number of trials by status: `12 complete, 1 failed`."""
        counts = Counter(str(row.status) for row in self.rows)
        return ", ".join(f"{count} {status}" for status, count in counts.items())


def plan_import(
    sd: StudyDir, path: Path, *, names: Mapping[str, str], objectives: Sequence[str] = (), study: str = ""
) -> ImportPlan:
    """Read a file and return what would be recorded; nothing is written.

    `names` maps the file's names to the study's. A file is an Optuna store, or a table (CSV or JSON).

    Raises: `UserError` when the file cannot be read or holds no trial that has ended.
    """
    view = read_view(sd, secrets=True)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    digest = hashlib.sha256(data).hexdigest()
    if data[:16] == b"SQLite format 3\x00":
        from hptui.search.exchange.read_optuna import read_optuna

        if objectives:
            raise UserError("an Optuna study says itself what its objectives are", hint="leave --objective out")
        rows, columns, left_out = read_optuna(view.study, path, study, names), {}, list[str]()
    elif path.suffix.lower() in (".yaml", ".yml", ".toml"):
        raise UserError(f"{path} holds no experiments", hint=f"a study file or a sweep is run: hptui run {path}")
    else:
        from hptui.search.exchange.read_csv import read_csv

        table = read_csv(view.study, view.base, path, names, objectives)
        rows, columns, left_out = table.trials, dict(table.columns), list(table.left_out)
    if not rows:
        raise UserError(f"{path} holds no experiment that has ended")
    for row in rows:
        _check_recordable(path, row)
    informs = sum(is_in_space(view, row.params) for row in rows if row.status is not TrialStatus.FAILED)
    return ImportPlan(path.absolute(), digest, rows, columns, left_out, informs, _notes(view, rows, informs))


def _check_recordable(path: Path, row: ImportedTrial) -> None:
    """Check that a trial can be recorded, so that a dry run says what the import would say.

    Raises: `UserError` that names the row.
    """
    from hptui.search.exchange.imported import to_command

    try:
        json.dumps(to_command(row), allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{path}, {row.location}: cannot be recorded: {error}") from None


def run_import(sd: StudyDir, import_plan: ImportPlan) -> str:
    """Record what was planned, through the runner if one lives; return a sentence for the user."""
    from hptui.search.exchange.imported import to_command

    trials = [to_command(row) for row in import_plan.rows]
    answer = ask(
        sd,
        "import",
        {"source": str(import_plan.source), "sha256": import_plan.sha256, "trials": trials},
        wait=MAX_WAIT_S,
    )
    return f"{answer}; {import_plan.informs} of them inform the sampler"


def is_in_space(view: View, params: Mapping[str, Value]) -> bool:
    """Return True when a configuration is a point of the study's space: a sampler learns only from those."""
    from hptui.search.history import has_unrecorded_setting
    from hptui.search.projection import SpaceProjection

    projection = SpaceProjection(view.study.space, view.base)
    trial = Trial(number=0, name="", status=TrialStatus.COMPLETE, role=Role.IMPORTED, params=params)
    return (
        bool(projection.parameters)
        and projection.point(params) is not None
        and not has_unrecorded_setting(projection, trial)
    )


def _notes(view: View, rows: Sequence[ImportedTrial], informs: int) -> list[str]:
    """Return what a person should know before they believe a comparison."""
    notes = []
    searched = [parameter.name for parameter in view.study.space.parameters if parameter.when is None]
    missing = [name for name in searched if not any(name in row.params for row in rows)]
    if missing:
        notes.append(f"nothing says what {', '.join(missing)} was: trials without it inform no sampler")
    elif informs < len(rows):
        notes.append(f"{len(rows) - informs} have no value, or lie outside the space: they inform no sampler")
    space = {*view.study.space.names, *(derived.name for derived in view.study.space.derived)}
    for name in dict.fromkeys(name for row in rows for name in row.params if name in view.base and name not in space):
        ours, theirs = view.base[name], [row.params[name] for row in rows if name in row.params]
        if not all(values_equal(value, ours) for value in theirs):
            notes.append(f"{name} is {setting(ours)} here, and something else in some of them")
    names = {*view.base, *view.study.space.names, *(derived.name for derived in view.study.space.derived)}
    unknown = sorted({name for row in rows for name in row.params} - names)
    if unknown:
        notes.append(
            f"{', '.join(unknown)}: no setting of this study's trainer (--map {unknown[0]}=NAME says what it is)"
        )
    notes.append("whether they were measured as this study measures, only you know: they are marked as imported")
    return notes
