"""`hptui add`: queue a trial that a person has picked."""

from __future__ import annotations

import click

from hptui.cli.common import Face, pairs, pass_face, study_argument
from hptui.cli.text import say


@click.command("add")
@study_argument()
@click.argument("settings", nargs=-1, metavar="KEY=VALUE...")
@click.option("--name", default="", help="A name for the trial.")
@click.option("--title", default="", help="A title, for tables and reports.")
@click.option("--note", default="", help="A note beside it.")
@pass_face
def add_(face: Face, study: str, settings: tuple[str, ...], name: str, title: str, note: str) -> None:
    """Queue a trial of STUDY that runs the trainer's settings with KEY=VALUE put over them.

    Values are read as in a study file: 1e-4, true, [8, 16], text.
    """
    from hptui.actions.byhand import read_settings
    from hptui.actions.steer import request
    from hptui.model.errors import UserError

    given = pairs(settings, "learning_rate=1e-4")
    if not given:
        raise UserError("a trial without a setting would be the baseline", hint="for instance learning_rate=1e-4")
    sd = face.study(study)
    params = read_settings(sd, given)
    say(request(sd, "add", {"params": params, "name": name, "title": title, "note": note}))
