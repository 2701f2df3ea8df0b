"""`hptui pause`, `resume`, `stop`, `retry`: requests to a study, running or at rest."""

from __future__ import annotations

import click

from hptui.cli.common import Face, numbers_of, pass_face, study_argument, trial_argument
from hptui.cli.text import say
from hptui.storage.paths import StudyDir


@click.command("pause")
@study_argument()
@trial_argument("trials", required=False, nargs=-1)
@click.option("--after-trials", is_flag=True, help="Let running trials finish; only start no new ones.")
@pass_face
def pause_(face: Face, study: str, trials: tuple[str, ...], after_trials: bool) -> None:
    """Let running trials of STUDY save a checkpoint and stop, which frees their GPUs; or only TRIALS.

    `hptui resume` goes on from the checkpoints.
    """
    if trials and after_trials:
        raise click.UsageError("--after-trials is for a whole study, not for single trials")
    _ask(face, study, "pause", trials, after_trials=after_trials)


@click.command("resume")
@study_argument()
@trial_argument("trials", required=False, nargs=-1)
@pass_face
def resume_(face: Face, study: str, trials: tuple[str, ...]) -> None:
    """Let paused trials of STUDY go on, or only TRIALS; starts a runner if none lives."""
    from hptui.actions.run import go_on

    sd = _ask(face, study, "resume", trials, whole=True)
    if go_on(sd):
        say(f"{sd.name} runs again; hptui run {sd.name} follows it")


@click.command("stop")
@study_argument()
@trial_argument("trials", required=False, nargs=-1)
@click.option("--now", is_flag=True, help="Kill them, without a last checkpoint.")
@pass_face
def stop_(face: Face, study: str, trials: tuple[str, ...], now: bool) -> None:
    """End STUDY, or only TRIALS of it: they save a checkpoint if they can, and do not go on by themselves."""
    _ask(face, study, "stop", trials, now=now)


@click.command("retry")
@study_argument()
@trial_argument("trials", nargs=-1)
@pass_face
def retry_(face: Face, study: str, trials: tuple[str, ...]) -> None:
    """Run TRIALS of STUDY that failed, were pruned or stopped again: the same numbers, the same parameters."""
    _ask(face, study, "retry", trials)


def _ask(face: Face, study: str, verb: str, trials: tuple[str, ...], **more: bool) -> StudyDir:
    """Make the request, say what came of it."""
    from hptui.actions.steer import request

    sd = face.study(study)
    numbers = numbers_of(sd, trials) if trials else None
    say(request(sd, verb, {"trials": numbers, **more}))
    return sd
