"""`hptui paths`: where everything is."""

from __future__ import annotations

import click

from hptui.cli.common import Face, json_option, pass_face, study_argument, trial_argument
from hptui.cli.text import tell_facts, tell_json


@click.command("paths")
@study_argument(required=False)
@trial_argument(required=False)
@json_option
@pass_face
def paths_(face: Face, study: str | None, trial: str | None, as_json: bool) -> None:
    """Where HOME is; where everything of STUDY is, or of one TRIAL."""
    from hptui.actions.places import places

    found = {name: str(path) for name, path in places(face.home, study, trial).items()}
    if as_json:
        tell_json(found)
    else:
        tell_facts(found)
