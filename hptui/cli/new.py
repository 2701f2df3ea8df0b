"""`hptui new`: write a study file to start from."""

from __future__ import annotations

from pathlib import Path

import click

from hptui.cli.common import Face, pass_face
from hptui.cli.text import say


@click.command(
    "new",
    help="""Write a study file for SOURCE: a training script, a W&B sweep.yaml, or one of our trainers by name.

    A script is read, never run: its parameters with their defaults, usual ranges as comments, and how they are said.
    """,
)
@click.argument("source")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the study file there.")
@pass_face
def new_(context: Face, source: str, output: Path | None) -> None:
    """Write a study file for a script, a sweep file or a built-in trainer."""
    from hptui.actions.new import new

    path, notes = new(source, output)
    for note in notes:
        say(f"note: {note}")
    say(f"wrote {path}: choose what to search in [space], then: hptui check {path}")
