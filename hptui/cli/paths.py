"""`hptui paths`: print the paths of HOME, a study, or a trial."""

from __future__ import annotations

import click

from hptui.cli.common import Face, json_option, pass_face, study_argument, trial_argument
from hptui.cli.text import tell_facts, tell_json


@click.command(
    "paths",
    help="""Where HOME is; where everything of STUDY is, or of one TRIAL.""",
)
@study_argument(required=False)
@trial_argument(required=False)
@json_option
@pass_face
def paths_(context: Face, study: str | None, trial: str | None, as_json: bool) -> None:
    """Print the paths of HOME, of a study, or of a trial."""
    from hptui.actions.places import places

    paths = {name: str(path) for name, path in places(context.home, study, trial).items()}
    if as_json:
        tell_json(paths)
    else:
        tell_facts(paths)
