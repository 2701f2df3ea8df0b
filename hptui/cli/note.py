"""`hptui note`: attach a note to a trial."""

from __future__ import annotations

import click

from hptui.cli.common import Face, numbers_of, pass_face, study_argument, trial_argument
from hptui.cli.text import say


@click.command(
    "note",
    help="""Write TEXT beside TRIAL of STUDY; '' takes the note away.""",
)
@study_argument()
@trial_argument()
@click.argument("text", nargs=-1, required=True)
@pass_face
def note_(context: Face, study: str, trial: str, text: tuple[str, ...]) -> None:
    """Set or remove the note of a trial."""
    from hptui.actions.steer import request

    sd = context.study(study)
    say(request(sd, "note", {"trial": numbers_of(sd, (trial,))[0], "text": " ".join(text)}))
