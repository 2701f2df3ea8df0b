"""`hptui paths`: print the paths of HOME, a study, or a trial."""

from __future__ import annotations

import click

from hptui.cli.common import Context, json_option, pass_context, study_argument, trial_argument
from hptui.cli.text import write_facts, write_json


@click.command(
    "paths",
    help="""Where HOME is; where everything of STUDY is, or of one TRIAL.""",
)
@study_argument(required=False)
@trial_argument(required=False)
@json_option
@pass_context
def paths_(context: Context, study: str | None, trial: str | None, as_json: bool) -> None:
    """Print the paths of HOME, of a study, or of a trial."""
    from hptui.actions.places import path_table

    paths = {name: str(path) for name, path in path_table(context.home, study, trial).items()}
    if as_json:
        write_json(paths)
    else:
        write_facts(paths)
