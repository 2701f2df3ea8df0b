"""`hptui log`: print the log of a trial; without a trial, that of the runner."""

from __future__ import annotations

import click

from hptui.cli.common import Context, pass_context, refuse, study_argument, trial_argument
from hptui.cli.output import message, write


@click.command(
    "log",
    help="""What TRIAL (a number, a name, or `best`) of STUDY has printed; without TRIAL, what its runner has.""",
)
@study_argument()
@trial_argument(required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on printing what comes.")
@click.option("-n", "--lines", type=click.IntRange(min=0), default=50, show_default=True, help="How many lines.")
@click.option("--attempt", type=click.IntRange(min=1), help="Which attempt (default: the newest).")
@pass_context
def log_(context: Context, study: str, trial: str | None, follow: bool, lines: int, attempt: int | None) -> None:
    """Print the last lines of a trial's or the runner's log, and follow it on request."""
    from hptui.operations.find import find_trial
    from hptui.operations.logs import is_still_written, last_lines, lines_from, log_of, wait_for_log
    from hptui.operations.runner_lock import runner_status
    from hptui.results.masked_view import masked_study
    from hptui.results.view import read_study
    from hptui.store.reader import StoreReader

    refuse({"--attempt": attempt if trial is None else None}, "of which trial? without one it is the runner's log")
    sd = context.study(study)
    masked_study(read_study(sd))  # from here on this process masks the secrets of its file in any text
    if trial is None:
        path = sd.runner_log
    else:
        with StoreReader.open(sd) as reader:
            row = find_trial(reader, trial)
        path = wait_for_log(sd, row.number, attempt, message) if follow else log_of(sd, row, attempt)
    message(f"{path}:")
    last, offset = last_lines(path, lines)
    for line in last:
        write(line)
    if follow:
        alive = (lambda: is_still_written(path)) if trial is not None else (lambda: bool(runner_status(sd)["alive"]))
        for line in lines_from(path, offset, alive):
            write(line)
