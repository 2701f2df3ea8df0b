"""`hptui wait`: wait until a study rests, without output."""

from __future__ import annotations

import time

import click

from hptui.cli.common import Context, pass_context, study_argument
from hptui.cli.text import message

POLL_INTERVAL_S = 0.1
"""Seconds between two looks at the runner's lock: no event announces that a runner has gone."""


@click.command(
    "wait",
    help="""Wait until STUDY is done, paused or stopped. The exit code is that of `hptui run`: 3 without a
    usable trial.
    """,
)
@study_argument()
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Give up after so long: exit code 1.")
@pass_context
def wait_(context: Context, study: str, timeout: float | None) -> int:
    """Wait until a study rests; return the exit code of its state."""
    from hptui.actions.follow import exit_code, paused_by_machine, paused_itself
    from hptui.actions.run import runner_facts
    from hptui.results.view import read_view

    sd = context.study(study)
    deadline = None if timeout is None else time.monotonic() + timeout
    while runner_facts(sd)["alive"]:
        if deadline is not None and time.monotonic() > deadline:
            message(f"{sd.name} still runs after {timeout:g} s")
            return 1
        time.sleep(POLL_INTERVAL_S)
    view = read_view(sd)
    code = exit_code(view, aborted=paused_itself(sd), hindered=paused_by_machine(sd))
    message(f"{sd.name} is {view.row.state}{f': {view.row.message}' if view.row.message else ''}")
    return code
