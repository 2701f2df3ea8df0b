"""`hptui log`: print the log of a trial; without a trial, that of the runner."""

from __future__ import annotations

import click

from hptui.cli.common import Face, pass_face, study_argument, trial_argument
from hptui.cli.text import say, tell


@click.command(
    "log",
    help="""What TRIAL (a number, a name, or `best`) of STUDY has printed; without TRIAL, what its runner has.""",
)
@study_argument()
@trial_argument(required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on printing what comes.")
@click.option("-n", "--lines", type=click.IntRange(min=0), default=50, show_default=True, help="How many lines.")
@click.option("--attempt", type=click.IntRange(min=1), help="Which attempt (default: the newest).")
@pass_face
def log_(context: Face, study: str, trial: str | None, follow: bool, lines: int, attempt: int | None) -> None:
    """Print the last lines of a trial's or the runner's log, and follow it on request."""
    from hptui.actions.logs import last_lines, lines_from, log_of, wait_for_log, writes
    from hptui.actions.run import runner_alive
    from hptui.actions.studies import find_trial
    from hptui.storage.reader import Reader

    sd = context.study(study)
    if trial is None:
        path = sd.runner_log
    else:
        with Reader(sd) as reader:
            row = find_trial(reader, trial)
        path = wait_for_log(sd, row.number, attempt, say) if follow else log_of(sd, row, attempt)
    say(f"{path}:")
    last, offset = last_lines(path, lines)
    for line in last:
        tell(line)
    if follow:
        alive = (lambda: writes(path)) if trial is not None else (lambda: bool(runner_alive(sd)["alive"]))
        for line in lines_from(path, offset, alive):
            tell(line)
