"""`hptui places`: the machines on which a study's trials run."""

from __future__ import annotations

import time

import click

from hptui.cli.common import Context, json_option, pass_context, study_argument
from hptui.cli.output import OutputColumn, message, write_json, write_rows
from hptui.core.format import duration


@click.command(
    "places",
    help="""The machines on which trials of STUDY run: what each does, which trials it has, and why it has none.""",
)
@study_argument()
@json_option
@pass_context
def places_(context: Context, study: str, as_json: bool) -> None:
    """Print the machines of a study."""
    from hptui.operations.places import places_json

    document = places_json(context.study(study))
    if as_json:
        write_json(document)
        return
    if not document["places"]:
        name, executor = document["study"], document["executor"]
        where = "run on this machine" if executor == "local" else f"have no place by {executor} now"
        message(f"trials of {name} {where}: hptui doctor {name}")
        return
    if not document["runner"]:
        message("no runner lives: this is what it last knew")
    now = time.time()
    rows = [
        {
            **place,
            "trials": " ".join(map(str, place["trials"])),
            "since:shown": duration(max(0.0, now - place["since"])) if document["runner"] and place["since"] else "",
        }
        for place in document["places"]
    ]
    columns = [
        OutputColumn("name", "place"),
        OutputColumn("state"),
        OutputColumn("since", "for", right=True),
        OutputColumn("running", right=True),
        OutputColumn("slots", right=True),
        OutputColumn("trials"),
        OutputColumn("why"),
    ]
    write_rows(columns, rows)
