"""`hptui rm` and `hptui gc`: free disk space."""

from __future__ import annotations

import sys

import click

from hptui.cli.common import Face, json_option, pass_face, study_argument
from hptui.cli.text import Column, say, tell_json, tell_rows
from hptui.model.format import size


@click.command(
    "rm",
    help="""Remove STUDY with all its trials, logs and checkpoints. Not while it runs. The study file stays.""",
)
@study_argument()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_face
def rm_(context: Face, study: str, yes: bool) -> int:
    """Remove a study's directory, after a confirmation."""
    from hptui.actions.housekeeping import removable, remove

    sd = context.study(study)
    bytes_ = removable(sd)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"this would delete {sd.root} ({size(bytes_)}) for good; say --yes to do so")
        if not click.confirm(f"Delete {sd.root} ({size(bytes_)}) for good?", err=True):
            say("nothing was removed")
            return 1
    say(f"removed {sd.name}: {size(remove(sd))}")
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
@pass_face
def gc_(context: Face, study: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete the checkpoints that no trial needs, of one study or of all."""
    from hptui.actions.housekeeping import Garbage, collect
    from hptui.model.errors import HptuiError
    from hptui.storage.paths import studies_in

    study_dirs = [context.study(study)] if study else studies_in(context.home)
    checkpoints: list[Garbage] = []
    for sd in study_dirs:
        try:
            checkpoints += collect(sd, dry_run=dry_run)
        except HptuiError as error:
            if study:
                raise
            say(f"hptui: {sd.name}: {error}")  # a damaged study must not keep the others from being cleaned
    rows = [
        {"study": checkpoint.study, "trial": checkpoint.trial, "path": str(checkpoint.path), "bytes": checkpoint.bytes}
        for checkpoint in checkpoints
    ]
    if as_json:
        tell_json(rows)
        return
    if rows:
        sizes = Column("bytes", "size", size, right=True)
        tell_rows([Column("study"), Column("trial", right=True), Column("path"), sizes], rows)
    total = size(sum(checkpoint.bytes for checkpoint in checkpoints))
    say(
        f"{total} in {len(checkpoints)} trials{' would be' if dry_run else ''} given back"
        if checkpoints
        else "nothing to delete"
    )
