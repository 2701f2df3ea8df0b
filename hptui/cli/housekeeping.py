"""`hptui rm` and `hptui gc`: free disk space."""

from __future__ import annotations

import sys

import click

from hptui.cli.common import Context, json_option, pass_context, study_argument
from hptui.cli.output import OutputColumn, message, write_json, write_rows
from hptui.core.format import size


@click.command(
    "rm",
    help="""Remove STUDY with all its trials, logs and checkpoints. Not while it runs. The study file stays.""",
)
@study_argument()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_context
def rm_(context: Context, study: str, yes: bool) -> int:
    """Remove a study's directory, after a confirmation."""
    from hptui.operations.housekeeping import removable_bytes, remove

    sd = context.study(study)
    bytes_ = removable_bytes(sd)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"this would delete {sd.root} ({size(bytes_)}) for good; say --yes to do so")
        if not click.confirm(f"Delete {sd.root} ({size(bytes_)}) for good?", err=True):
            message("nothing was removed")
            return 1
    message(f"removed {sd.name}: {size(remove(sd))}")
    return 0


@click.command(
    "gc",
    help="""Delete checkpoints of STUDY, or of all studies, that nobody needs: of trials that have ended,
    except the best.

    While a study runs only those of complete trials; paused and stopped trials always keep theirs.
    """,
)
@study_argument(required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@json_option
@pass_context
def gc_(context: Context, study: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete the checkpoints that no trial needs, of one study or of all."""
    from hptui.core.errors import HptuiError
    from hptui.operations.housekeeping import UnneededCheckpoints, delete_checkpoints
    from hptui.store.paths import list_studies

    study_dirs = [context.study(study)] if study else list_studies(context.home)
    checkpoints: list[UnneededCheckpoints] = []
    for sd in study_dirs:
        try:
            checkpoints += delete_checkpoints(sd, dry_run=dry_run)
        except HptuiError as error:
            if study:
                raise
            message(f"hptui: {sd.name}: {error}")  # a damaged study must not keep the others from being cleaned
    rows = [
        {"study": checkpoint.study, "trial": checkpoint.trial, "path": str(checkpoint.path), "bytes": checkpoint.bytes}
        for checkpoint in checkpoints
    ]
    if as_json:
        write_json(rows)
        return
    if rows:
        sizes = OutputColumn("bytes", "size", size, right=True)
        write_rows([OutputColumn("study"), OutputColumn("trial", right=True), OutputColumn("path"), sizes], rows)
    total = size(sum(checkpoint.bytes for checkpoint in checkpoints))
    message(
        f"{total} in {len(checkpoints)} trials{' would be' if dry_run else ''} given back"
        if checkpoints
        else "nothing to delete"
    )
