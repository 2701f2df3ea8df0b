"""`hptui add` queues a trial with settings chosen by hand; `hptui note` attaches a note to a trial."""

from __future__ import annotations

from typing import Any

import click

from hptui.cli.common import (
    Context,
    is_given,
    parse_pairs,
    pass_context,
    refuse,
    study_argument,
    trial_argument,
    trial_numbers,
)
from hptui.cli.output import message


@click.command(
    "add",
    help="""Queue a trial of STUDY that runs the trainer's settings with KEY=VALUE put over them.

    Values are read as in a study file: 1e-4, true, [8, 16], text. With --repeat TRIAL (a number, a name, or best) the
    same configuration runs again with other seeds, to know how much of a difference is noise.

    With --like TRIAL everything that is not given is as that trial was set. With --from-checkpoint the new trial goes
    on where that one saved last: its value is the work of both, so it is in no ranking, and teaches no sampler.
    """,
)
@study_argument()
@click.argument("settings", nargs=-1, metavar="KEY=VALUE...")
@click.option("--name", default="", help="A name for the trial.")
@click.option("--title", default="", help="A title, for tables and reports.")
@click.option("--note", default="", help="A note beside it.")
@click.option("--like", default="", metavar="TRIAL", help="Start from what this trial was set to.")
@click.option(
    "--from-checkpoint", is_flag=True, help="With --like: go on from its last checkpoint, not from the start."
)
@click.option("--preset", default="", metavar="NAME", help="Start from a [[preset]] of the study file.")
@click.option("--repeat", default="", metavar="TRIAL", help="Run this trial again as it is, with other seeds.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, help="With --repeat: how many times.")
@pass_context
def add_(
    context: Context,
    study: str,
    settings: tuple[str, ...],
    name: str,
    title: str,
    note: str,
    like: str,
    from_checkpoint: bool,
    preset: str,
    repeat: str,
    seeds: int,
) -> None:
    """Queue a trial: hand-picked settings, or a repetition of a trial with other seeds."""
    from hptui.core.errors import UserError
    from hptui.operations.script_space import unknown_settings
    from hptui.operations.steer import check_can_continue, parse_settings, send_command, study_of

    values = parse_pairs(settings, "learning_rate=1e-4")
    if repeat:
        if values or preset or like or from_checkpoint or name or title or note:
            raise click.UsageError("--repeat runs a trial as it is: it goes with --seeds alone")
        sd = context.study(study)
        [number] = trial_numbers(sd, (repeat,))
        message(send_command(sd, "repeat", {"trial": number, "seeds": seeds}))
        return
    refuse({"--seeds": is_given("seeds")}, "it goes with --repeat TRIAL: which trial runs so often?")
    if like and preset:
        raise click.UsageError("--like and --preset are two places to start from: give one")
    if from_checkpoint and not like:
        raise click.UsageError("--from-checkpoint goes with --like TRIAL: whose checkpoint?")
    if not values and not preset and not like:
        raise UserError("a trial without a setting would be the baseline", hint="for instance learning_rate=1e-4")
    sd = context.study(study)
    params = parse_settings(sd, values)
    for warning in unknown_settings(study_of(sd), params):
        message(f"warning: {warning}")
    arguments: dict[str, Any] = {"params": params, "preset": preset, "name": name, "title": title, "note": note}
    if like:
        [arguments["like"]] = trial_numbers(sd, (like,))
    if from_checkpoint:
        check_can_continue(sd, arguments["like"], params)
        arguments["from_checkpoint"] = True
    message(send_command(sd, "add", arguments))


@click.command(
    "note",
    help="""Write TEXT beside TRIAL of STUDY; '' takes the note away. A starred trial stands first in the screens.""",
)
@study_argument()
@trial_argument()
@click.argument("text", nargs=-1)
@click.option("--star/--no-star", default=None, help="Star the trial, or take its star away.")
@pass_context
def note_(context: Context, study: str, trial: str, text: tuple[str, ...], *, star: bool | None) -> None:
    """Set or remove the note of a trial, or its star."""
    from hptui.operations.steer import send_command

    if star is None and not text:
        raise click.UsageError("a TEXT, or --star, or --no-star")
    sd = context.study(study)
    [number] = trial_numbers(sd, (trial,))
    if text:
        message(send_command(sd, "note", {"trial": number, "text": " ".join(text)}))
    if star is not None:
        message(send_command(sd, "star", {"trials": [number], "on": star}))
