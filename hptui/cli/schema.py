"""`hptui schema`: the JSON Schema of study files, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from hptui.cli.common import complete_trainers
from hptui.cli.output import message, write


@click.command(
    "schema",
    help="""Print the JSON Schema of study files, by which an editor completes keys and marks mistakes.

    With --trainer also the settings of that trainer, and their names in [space]. A study file names its schema in the
    first line: #:schema ./hptui-sft.schema.json; `hptui new --schema` writes both.
    """,
)
@click.option(
    "--trainer", default="", metavar="KIND", help="For studies of this trainer.", shell_complete=complete_trainers
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the schema there.")
def schema_(trainer: str, output: Path | None) -> None:
    """Print or write the JSON Schema of study files."""
    from hptui.operations.study_schema import schema_text, write_schema

    directory = str(Path.cwd())
    if output is None:
        write(schema_text(trainer, directory).rstrip())
    else:
        write_schema(output, trainer, directory)
        message(f"wrote {output}")
