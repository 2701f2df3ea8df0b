"""`hptui pause`, `resume`, `stop`, `retry`: commands to a study, running or at rest."""

from __future__ import annotations

import click

from hptui.cli.common import Context, pass_context, study_argument, trial_argument, trial_numbers
from hptui.cli.output import message
from hptui.store.paths import StudyDir


@click.command(
    "pause",
    help="""Let running trials of STUDY save a checkpoint and stop, which frees their GPUs; or only TRIALS.

    `hptui resume` goes on from the checkpoints.
    """,
)
@study_argument()
@trial_argument("trials", required=False, nargs=-1)
@click.option("--after-trials", is_flag=True, help="Let running trials finish; only start no new ones.")
@pass_context
def pause_(context: Context, study: str, trials: tuple[str, ...], after_trials: bool) -> None:
    """Pause a study, or single trials of it."""
    if trials and after_trials:
        raise click.UsageError("--after-trials is for a whole study, not for single trials")
    _request(context, study, "pause", trials, after_trials=after_trials)


@click.command(
    "resume",
    help="""Let paused trials of STUDY go on, or only TRIALS; starts a runner if none lives.""",
)
@study_argument()
@trial_argument("trials", required=False, nargs=-1)
@pass_context
def resume_(context: Context, study: str, trials: tuple[str, ...]) -> None:
    """Resume a study, or single trials of it; start a runner if none is alive."""
    from hptui.operations.run import start_runner

    sd = _request(context, study, "resume", trials, whole=True)
    if start_runner(sd):
        message(f"{sd.name} runs again; hptui run {sd.name} follows it")


@click.command(
    "stop",
    help="""End STUDY, or only TRIALS of it: they save a checkpoint if they can, and do not go on by themselves.""",
)
@study_argument()
@trial_argument("trials", required=False, nargs=-1)
@click.option("--now", is_flag=True, help="Kill them, without a last checkpoint.")
@pass_context
def stop_(context: Context, study: str, trials: tuple[str, ...], now: bool) -> None:
    """Stop a study, or single trials of it."""
    _request(context, study, "stop", trials, now=now)


@click.command(
    "retry",
    help="""Run TRIALS of STUDY that failed, were pruned or stopped again: the same numbers, the same parameters.""",
)
@study_argument()
@trial_argument("trials", nargs=-1)
@click.option("--fence", is_flag=True, help="Give up where they run now on a machine that cannot be reached.")
@pass_context
def retry_(context: Context, study: str, trials: tuple[str, ...], fence: bool) -> None:
    """Queue trials to run again."""
    _request(context, study, "retry", trials, **({"fence": True} if fence else {}))


def _request(context: Context, study: str, verb: str, trials: tuple[str, ...], **flags: bool) -> StudyDir:
    """Make the request, print its result, and return the study."""
    from hptui.operations.steer import send_command

    sd = context.study(study)
    numbers = trial_numbers(sd, trials) if trials else None
    message(send_command(sd, verb, {"trials": numbers, **flags}))
    return sd
