"""`hptui note`: attach a note to a trial."""

from __future__ import annotations

import click

from hptui.cli.common import Context, pass_context, study_argument, trial_argument, trial_numbers
from hptui.cli.text import message


@click.command(
    "note",
    help="""Write TEXT beside TRIAL of STUDY; '' takes the note away.""",
)
@study_argument()
@trial_argument()
@click.argument("text", nargs=-1, required=True)
@pass_context
def note_(context: Context, study: str, trial: str, text: tuple[str, ...]) -> None:
    """Set or remove the note of a trial."""
    from hptui.actions.steer import send_command

    sd = context.study(study)
    message(send_command(sd, "note", {"trial": trial_numbers(sd, (trial,))[0], "text": " ".join(text)}))
