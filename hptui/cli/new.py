"""`hptui new`: write a study file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from hptui.cli.common import Context, pass_context
from hptui.cli.text import message


@click.command(
    "new",
    help="""Write a study file for SOURCE: a training script, a W&B sweep.yaml, or one of our trainers by name.

    A script is read, never run: its parameters with their defaults, usual ranges as comments, and how they are said.
    """,
)
@click.argument("source")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the study file there.")
@pass_context
def new_(context: Context, source: str, output: Path | None) -> None:
    """Write a study file for a script, a sweep file or a built-in trainer."""
    from hptui.actions.new import write_study_file

    path, notes = write_study_file(source, output)
    for note in notes:
        message(f"note: {note}")
    message(f"wrote {path}: choose what to search in [space], then: hptui check {path}")
