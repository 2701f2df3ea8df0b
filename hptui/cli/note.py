"""`hptui note`: a person's words beside a trial."""

from __future__ import annotations

import click

from hptui.cli.common import Face, numbers_of, pass_face, study_argument, trial_argument
from hptui.cli.text import say


@click.command("note")
@study_argument()
@trial_argument()
@click.argument("text", nargs=-1, required=True)
@pass_face
def note_(face: Face, study: str, trial: str, text: tuple[str, ...]) -> None:
    """Write TEXT beside TRIAL of STUDY; '' takes the note away."""
    from hptui.actions.steer import request

    sd = face.study(study)
    say(request(sd, "note", {"trial": numbers_of(sd, (trial,))[0], "text": " ".join(text)}))
