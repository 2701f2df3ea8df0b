"""`hptui run`: start or resume a study, detached, and follow it until it rests.

Following prints a line per event, and on a terminal a live line per running trial. To stop following (ctrl-c) never
affects the study."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from hptui.cli.common import Context, complete_changes, parse_pairs, pass_context, study_argument
from hptui.cli.output import encodable, message, on_terminal, write
from hptui.core.format import duration, metric
from hptui.core.masking import shown
from hptui.core.sanitize import sanitize
from hptui.core.stages import expected_total
from hptui.core.trial import StudyState, Trial, TrialStatus
from hptui.operations import messages
from hptui.operations.follow import (
    UNFINISHED_STATES,
    Follower,
    FollowUpdate,
    exit_code,
    follow_until_rest,
    paused_by_machine,
    paused_itself,
)
from hptui.operations.messages import event_lines
from hptui.results.time_left import time_left
from hptui.results.view import PSEUDO_LOSS_NOTE, View, describe_stages
from hptui.store.paths import StudyDir

if TYPE_CHECKING:
    from rich.live import Live


@click.command(
    "run",
    help="""Start the study FILE, or go on with a study by its name, and follow it until it rests.

    The study runs by itself: ctrl-c, or a lost connection, only ends the following.

    `--from best --set epochs=3` queues a final run: the best configuration, but longer. The study stays as it is.

    Exit code 3: it ended without one usable trial; 1: a usage error stopped it after one.
    """,
)
@study_argument(name="ref")
@click.option("--detach", is_flag=True, help="Return at once.")
@click.option("--trials", metavar="N|+N", help="How many trials in all, or how many more; of the stage under way.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a setting, e.g. search.seed=7.",
    shell_complete=complete_changes,
)
@click.option("--parallel", type=click.IntRange(min=1), help="How many trials at once, without a GPU.")
@click.option("--from", "source", metavar="TRIAL", help="First run this trial (or best) with what --set changes.")
@click.option("-o", "--output", metavar="DIR", help="Write the results there when the study ends.")
@click.option("--allow-owner", is_flag=True, help="Run it although another user owns it.")
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
    allow_owner: bool,
) -> int:
    """Start or resume a study; follow it unless `--detach` is given; return the exit code."""
    from hptui.core.errors import HptuiError
    from hptui.operations.find import find_study
    from hptui.operations.follow import newest_event_id
    from hptui.operations.machine import logout_warning
    from hptui.operations.ownership import ALLOW_OWNER, foreign_note
    from hptui.operations.run import run, run_from

    began = time.time()
    ALLOW_OWNER.set(allow_owner)
    try:
        if note := foreign_note(existing := find_study(context.home, ref)):
            message(f"note: {note}")
        after = newest_event_id(existing)
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
    return follow(started.sd, after, started.notes, began)


REAL_STDOUT = sys.stdout
"""The real stdout: the object that a live display puts in its place has no encoding."""
REDRAW_S = 0.5
"""Seconds between two drawings of the live display."""


def follow(sd: StudyDir, after: int = 0, printed: Collection[str] = (), began: float = math.inf) -> int:
    """Print the events after `after` until the study rests; return the exit code of its state.

    Events whose message is in `printed` are not printed: they have been printed already. Of a runner that has gone
    the last error since the time `began` is.
    """
    from hptui.operations.spawn_runner import last_words  # not needed to follow

    live = on_terminal() and os.environ.get("TERM") != "dumb"
    with Follower(sd, after) as follower, _screen(live) as screen:
        try:
            update = _watch(follower, screen, printed)
        except KeyboardInterrupt:
            if screen is not None:
                screen.stop()
            return _leave(sd)
    if update.view.row.state in UNFINISHED_STATES and (words := last_words(sd, began)):
        message(f"the runner ended: {words}")
    return print_conclusion(sd, update.view)


def _watch(follower: Follower, screen: Live | None, printed: Collection[str]) -> FollowUpdate:
    drawn = 0.0
    for update in follow_until_rest(follower):
        for event in update.events:
            for text in event_lines(update.view, event) if event.message not in printed else ():
                _print(text, screen)
                drawn = 0.0  # the set of running trials may have changed: redraw now
        if screen is not None and time.monotonic() - drawn > REDRAW_S:
            drawn = time.monotonic()
            screen.update(live_display(update.view, time.time()), refresh=True)
    return update


def _print(text: str, screen: Live | None) -> None:
    if screen is None:
        write(text)
        return
    from rich.text import Text

    style = "green" if "✓" in text else "red" if "✗" in text or text.startswith("error") else ""
    screen.console.print(Text(encodable(shown(text), REAL_STDOUT), style=style), soft_wrap=True)


# live display -------------------------------------------------------------------------------------------------


def _screen(live: bool) -> AbstractContextManager[Live | None]:
    if not live:
        return nullcontext(None)
    from rich.live import Live

    from hptui.cli.output import console

    return Live(console=console(), auto_refresh=False, transient=True)


def live_display(view: View, now: float) -> Any:
    """Return the live display: a line per running trial, and one for the whole study."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    for trial in view.trials:
        if trial.status is TrialStatus.RUNNING:
            bar = ProgressBar(total=1.0, completed=trial.progress or 0.0, width=20)
            texts = [Text(encodable(shown(text), REAL_STDOUT)) for text in running_cells(view, trial, now)]
            grid.add_row(texts[0], bar, *texts[1:])
    return Group(grid, Text(encodable(shown(study_line(view)), REAL_STDOUT), style="dim"))


def running_cells(view: View, trial: Trial, now: float) -> list[str]:
    """Return the cells of a live line: trial, step, the objective's last value, time left."""
    step = "" if trial.last_step is None else f"step {trial.last_step}"
    step += f"/{trial.total_steps}" if step and trial.total_steps else ""
    objective = view.study.objective.metric
    value = trial.metrics.get(objective)
    value_text = f"{objective}={metric(value, view.study.metrics.get(objective))}" if value is not None else ""
    elapsed = now - trial.started if trial.started else 0.0
    time_left_text = ""
    if trial.progress and trial.progress > 0.02 and elapsed > 0:
        time_left_text = f"{duration(elapsed * (1 - trial.progress) / trial.progress)} left"
    return [f"Trial {trial.number}", step or "starting", value_text, time_left_text]


def study_line(view: View) -> str:
    """Return the study's line, as `5/20 trials · best loss=0.5621 (trial 3) · ~12 min left`."""
    total = expected_total(view.study, view.trials)
    done = sum(not trial.status.open for trial in view.trials)
    parts = [f"{done}/{total} trials" if total else f"{done} trials"]
    if view.stage:
        parts.insert(0, f"stage {view.stage}")
    if view.best is not None:
        parts.append(f"best {messages.objectives_text(view.study, view.best)} (trial {view.best.number})")
    if (left := time_left(view)) is not None:
        parts.append(f"{left.text} left")
    return " · ".join(parts)


# closing lines --------------------------------------------------------------------------------------------------------


def print_conclusion(sd: StudyDir, view: View) -> int:
    """Print the study's state, its best configuration and its paths; return the exit code."""
    code = exit_code(view, aborted=paused_itself(sd), hindered=paused_by_machine(sd))
    for text in closing_lines(view, code, _first_screen(sd, asks=bool(view.study.about)) if view.trials else ()):
        write(text)
    if view.study.on_end is None and on_terminal() and view.row.state in (StudyState.DONE, StudyState.STOPPED):
        sys.stdout.write("\a")
    return code


def _first_screen(sd: StudyDir, *, asks: bool) -> Sequence[str]:
    """Return the first screen of the report; whatever fails in it must not change how the study ended."""
    from hptui.operations.report import brief_lines  # numpy and scipy: not at start

    try:
        about, _, *lines = brief_lines(sd)  # the second line is the state, which the line above has
        return (about, *lines) if asks else lines
    except Exception as error:  # noqa: BLE001  the study has ended; its exit code is not the report's
        problem = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return (f"The first screen of the report could not be made ({problem}).", f"  hptui report {sd.name} --brief")


def closing_lines(view: View, code: int, first_screen: Sequence[str] = ()) -> list[str]:
    """Return the closing lines, with the first screen of the report in their middle."""
    gone = view.row.state in UNFINISHED_STATES
    name, state = view.row.name, "interrupted: its runner has gone" if gone else str(view.row.state)
    counts: dict[str, int] = {}
    for trial in view.trials:
        counts[trial.status] = counts.get(trial.status, 0) + 1
    numbers = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no trial"
    texts = ["", f"Study {name} is {state} after {duration(view.row.seconds)}: {numbers}."]
    if view.row.message:
        texts.append(f"  {view.row.message}")
    if view.stage:
        texts.append(f"  {describe_stages(view)}")
    best = view.best
    if best is None:
        unranked = not view.study.objectives and any(trial.status is TrialStatus.COMPLETE for trial in view.trials)
        text = "No trial is usable." if code else "No trial is complete yet."
        texts.append("The study has no objective: no trial is the best." if unranked else text)
    if best is not None and view.study.trainer.kind == "toy":
        texts.append(f"  {PSEUDO_LOSS_NOTE}")
    texts += [text.replace("\n", "⏎") for text in first_screen]
    texts += [f"Everything is in {sanitize(view.sd.root)}", f"  hptui trials {name}"]
    if best is not None:
        texts += [f"  hptui report {name}", f"  hptui show {name} best", f"  hptui export {name} best --format yaml"]
    if code == 1 or view.row.state is StudyState.PAUSED:
        texts.append(f"  hptui run {name}    goes on with it")
    return texts


def _leave(sd: StudyDir) -> int:
    """Print how to go on after ctrl-c and return exit code 130."""
    message(f"\nno longer following; {sd.name} goes on by itself")
    message(f"  hptui run {sd.name}       follows it again")
    message(f"  hptui status {sd.name}    how it stands")
    message(f"  hptui stop {sd.name}      ends it")
    return 130
