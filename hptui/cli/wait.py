"""`hptui wait`: wait until a study rests, without output."""

from __future__ import annotations

import time

import click

from hptui.cli.common import Face, pass_face, study_argument
from hptui.cli.text import say

POLL = 0.1
"""Seconds between two looks at the runner's lock: no event announces that a runner has gone."""


@click.command(
    "wait",
    help="""Wait until STUDY is done, paused or stopped. The exit code is that of `hptui run`: 3 without a
    usable trial.
    """,
)
@study_argument()
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Give up after so long: exit code 1.")
@pass_face
def wait_(context: Face, study: str, timeout: float | None) -> int:
    """Wait until a study rests; return the exit code of its state."""
    from hptui.actions.follow import exit_code, gave_up, was_hindered
    from hptui.actions.run import runner_alive
    from hptui.results.view import look

    sd = context.study(study)
    deadline = None if timeout is None else time.monotonic() + timeout
    while runner_alive(sd)["alive"]:
        if deadline is not None and time.monotonic() > deadline:
            say(f"{sd.name} still runs after {timeout:g} s")
            return 1
        time.sleep(POLL)
    view = look(sd)
    code = exit_code(view, aborted=gave_up(sd), hindered=was_hindered(sd))
    say(f"{sd.name} is {view.row.state}{f': {view.row.message}' if view.row.message else ''}")
    return code
