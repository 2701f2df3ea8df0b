"""`hptui run`: start or resume a study, detached, and follow it."""

from __future__ import annotations

import click

from hptui.cli.common import Context, parse_pairs, pass_context, study_argument
from hptui.cli.text import message


@click.command(
    "run",
    help="""Start the study FILE, or go on with a study by its name, and follow it until it rests.

    The study runs by itself: ctrl-c, or a lost connection, only ends the following.

    `--from best --set epochs=3` queues a final run: the best configuration, but longer. The study stays as it is.

    Exit code 3: it ended without one usable trial.
    """,
)
@study_argument(name="ref")
@click.option("--detach", is_flag=True, help="Return at once.")
@click.option("--trials", metavar="N|+N", help="How many trials in all, or how many more; of the stage under way.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting, e.g. search.seed=7.")
@click.option("--parallel", type=click.IntRange(min=1), help="How many trials at once, without a GPU.")
@click.option("--from", "source", metavar="TRIAL", help="First run this trial (or best) with what --set changes.")
@click.option("-o", "--output", metavar="DIR", help="Write the results there when the study ends.")
@pass_context
def run_(
    context: Context,
    ref: str,
    detach: bool,
    trials: str | None,
    changes: tuple[str, ...],
    parallel: int | None,
    source: str | None,
    output: str | None,
) -> int:
    """Start or resume a study; follow it unless `--detach` is given; return the exit code."""
    from hptui.actions.follow import newest_event_id
    from hptui.actions.run import run, run_from
    from hptui.actions.studies import find_study
    from hptui.actions.surroundings import logout_warning
    from hptui.model.errors import HptuiError

    try:
        after = newest_event_id(find_study(context.home, ref))
    except HptuiError:
        after = 0  # no such study yet; any other error, `run` raises again below
    overrides = parse_pairs(changes, "search.seed=7")
    if source is not None:
        started = run_from(context.home, ref, source, overrides, trials=trials, parallel=parallel, output=output)
    else:
        started = run(context.home, ref, trials=trials, settings=overrides, parallel=parallel, output=output)
    for note in started.notes:
        message(note)
    name = started.sd.name
    if warning := logout_warning():
        message(f"warning: {warning}")
    if detach:
        message(f"{name} {'was running already' if started.joined else 'runs'}; hptui run {name} follows it")
        return 0
    if started.joined:
        message(f"{name} is running already; following it")
    from hptui.cli.following import follow

    return follow(started.sd, after, started.notes)
