"""`hptui import`: record earlier experiments as trials of a study; convert a sweep file to a study file."""

from __future__ import annotations

from pathlib import Path

import click

from hptui.cli.common import Context, complete_studies, pass_context
from hptui.cli.text import OutputColumn, message, write_rows

MAX_PREVIEW_ROWS = 20
"""Rows that `--dry-run` prints."""


def _sweep(file: Path, output: Path | None, study: str) -> None:
    """Write a sweep file as a study file in TOML."""
    from hptui.actions.new import write_study_file

    if study:
        raise click.UsageError("a sweep file becomes a study file: --into does not go with it")
    path, notes = write_study_file(str(file), output)
    for note in notes:
        message(f"note: {note}")
    message(f"wrote {path}; hptui run {path}")


@click.command(
    "import",
    help="""Record the experiments in FILE, an Optuna study (SQLite) or a CSV, as trials of a study that has
    been started.

    They are marked as imported, with the file, its hash and the row that each is from. They inform the sampler where
    all searched settings are known, and do not count against the number of trials. What FILE does not say stays
    unknown. FILE may be imported again: what is there already is left out.

    A W&B sweep file (.yaml) becomes a study file instead, with everything that was understood otherwise as comments.
    """,
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--into", "study", default="", metavar="STUDY", shell_complete=complete_studies, help="Which study gets them."
)
@click.option(
    "--map", "mapping", multiple=True, metavar="COLUMN=NAME", help="What a column is: lr=learning_rate. Repeatable."
)
@click.option(
    "--objective", multiple=True, metavar="COLUMN", help="Which column holds the objective; one for each there is."
)
@click.option("--study", "theirs", default="", metavar="NAME", help="Which study of an Optuna file that holds several.")
@click.option("--dry-run", is_flag=True, help="Only say what would be recorded.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Of a sweep: the file to write.")
@pass_context
def import_(
    context: Context,
    file: Path,
    study: str,
    mapping: tuple[str, ...],
    objective: tuple[str, ...],
    theirs: str,
    dry_run: bool,
    output: Path | None,
) -> None:
    """Record experiments from a file as trials of a study, or convert a sweep file."""
    if file.suffix in (".yaml", ".yml"):
        _sweep(file, output, study)
        return
    if not study:
        raise click.UsageError("--into STUDY is needed: which study gets the experiments?")
    from hptui.actions.imports import plan_import, run_import
    from hptui.model.errors import UserError

    names = {}
    for word in mapping:
        column, equals, name = word.rpartition("=")
        if not equals or not column:
            raise UserError(f"--map {word!r} is not of the form COLUMN=NAME", hint="--map lr=learning_rate")
        names[column.strip()] = name.strip()
    sd = context.study(study)
    planned = plan_import(sd, file, names=names, objectives=objective, study=theirs)
    if dry_run:
        keys = dict.fromkeys(name for row in planned.rows for name in (*row.params, *(row.values or {})))
        columns = [OutputColumn("from", "from"), OutputColumn("status", "status")]
        columns += [OutputColumn(name, name) for name in keys]
        rows = [
            {"from": row.location, "status": row.status, **row.params, **(row.values or {})} for row in planned.rows
        ]
        write_rows(columns, rows[:MAX_PREVIEW_ROWS])
        if len(planned.rows) > MAX_PREVIEW_ROWS:
            message(f"… and {len(planned.rows) - MAX_PREVIEW_ROWS} more")
        message(
            f"would record {len(planned.rows)} ({planned.counts}); {planned.informs} of them would inform the sampler"
        )
    else:
        message(run_import(sd, planned))
    if planned.left_out:
        message(f"columns left out: {', '.join(planned.left_out)}  (--map COLUMN=NAME takes one)")
    for note in planned.notes:
        message(note)
