"""`hptui log`: what a trial has printed; without a trial, what the runner has."""

from __future__ import annotations

import click

from hptui.cli.common import Face, pass_face, study_argument, trial_argument
from hptui.cli.text import say, tell


@click.command("log")
@study_argument()
@trial_argument(required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on printing what comes.")
@click.option("-n", "--lines", type=click.IntRange(min=0), default=50, show_default=True, help="How many lines.")
@click.option("--attempt", type=click.IntRange(min=1), help="Which attempt (default: the newest).")
@pass_face
def log_(face: Face, study: str, trial: str | None, follow: bool, lines: int, attempt: int | None) -> None:
    """What TRIAL (a number, a name, or `best`) of STUDY has printed; without TRIAL, what its runner has."""
    from hptui.actions.logs import last_lines, lines_from, log_of, wait_for_log, writes
    from hptui.actions.run import runner_alive
    from hptui.actions.studies import find_trial
    from hptui.storage.reader import Reader

    sd = face.study(study)
    if trial is None:
        path = sd.runner_log
    else:
        with Reader(sd) as reader:
            found = find_trial(reader, trial)
        path = wait_for_log(sd, found.number, attempt, say) if follow else log_of(sd, found, attempt)
    say(f"{path}:")
    last, offset = last_lines(path, lines)
    for line in last:
        tell(line)
    if follow:
        alive = (lambda: writes(path)) if trial is not None else (lambda: bool(runner_alive(sd)["alive"]))
        for line in lines_from(path, offset, alive):
            tell(line)
