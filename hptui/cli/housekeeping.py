"""`hptui rm` and `hptui gc`: give disk space back."""

from __future__ import annotations

import sys

import click

from hptui.cli.common import Face, json_option, pass_face, study_argument
from hptui.cli.text import Column, say, tell_json, tell_rows
from hptui.model.format import size


@click.command("rm")
@study_argument()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_face
def rm_(face: Face, study: str, yes: bool) -> int:
    """Remove STUDY with all its trials, logs and checkpoints. Not while it runs. The study file stays."""
    from hptui.actions.housekeeping import removable, remove

    sd = face.study(study)
    bytes_ = removable(sd)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"this would delete {sd.root} ({size(bytes_)}) for good; say --yes to do so")
        if not click.confirm(f"Delete {sd.root} ({size(bytes_)}) for good?", err=True):
            say("nothing was removed")
            return 1
    say(f"removed {sd.name}: {size(remove(sd))}")
    return 0


@click.command("gc")
@study_argument(required=False)
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@json_option
@pass_face
def gc_(face: Face, study: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete checkpoints of STUDY, or of all studies, that nobody needs: of trials that have ended, except the best.

    While a study runs only those of complete trials; paused and stopped trials always keep theirs.
    """
    from hptui.actions.housekeeping import Garbage, collect
    from hptui.model.errors import HptuiError
    from hptui.storage.paths import studies_in

    chosen = [face.study(study)] if study else studies_in(face.home)
    found: list[Garbage] = []
    for sd in chosen:
        try:
            found += collect(sd, dry_run=dry_run)
        except HptuiError as error:
            if study:
                raise
            say(f"hptui: {sd.name}: {error}")  # one damaged study is no reason to leave out the others
    rows = [{"study": one.study, "trial": one.trial, "path": str(one.path), "bytes": one.bytes} for one in found]
    if as_json:
        tell_json(rows)
        return
    if rows:
        sizes = Column("bytes", "size", size, right=True)
        tell_rows([Column("study"), Column("trial", right=True), Column("path"), sizes], rows)
    total = size(sum(one.bytes for one in found))
    say(f"{total} in {len(found)} trials{' would be' if dry_run else ''} given back" if found else "nothing to delete")
