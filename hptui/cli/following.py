"""Follow a study until it rests: a line per event, and on a terminal a live line per running trial.

To stop following (ctrl-c) never affects the study.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from hptui.actions import lines
from hptui.actions.follow import Follower, Update, exit_code, gave_up, until_rest, was_hindered
from hptui.actions.telling import told
from hptui.cli.text import fit, on_terminal, say, tell
from hptui.model.clean import clean
from hptui.model.format import duration, metric
from hptui.model.stages import expected
from hptui.model.study import MetricSpec
from hptui.model.trial import StudyState, Trial, TrialStatus
from hptui.results.stages import stages_line
from hptui.results.view import PSEUDO, View, scored, time_left
from hptui.storage.paths import StudyDir

if TYPE_CHECKING:
    from rich.live import Live

REAL = sys.stdout
"""The real stdout: the object that a live display puts in its place has no encoding."""
REDRAW = 0.5
"""Seconds between two drawings of the live display."""


def follow(sd: StudyDir, after: int = 0, said: Collection[str] = ()) -> int:
    """Print the events after `after` until the study rests; return the exit code of its state.

    Events whose message is in `said` are not printed: they have been printed already.
    """
    live = on_terminal() and os.environ.get("TERM") != "dumb"
    with Follower(sd, after) as follower, _screen(live) as screen:
        try:
            update = _watch(follower, screen, said)
        except KeyboardInterrupt:
            if screen is not None:
                screen.stop()
            return _leave(sd)
    return conclude(sd, update.view)


def _watch(follower: Follower, screen: Live | None, said: Collection[str]) -> Update:
    drawn = 0.0
    for update in until_rest(follower):
        for event in update.events:
            for text in told(update.view, event) if event.message not in said else ():
                _print(text, screen)
                drawn = 0.0  # the set of running trials may have changed: redraw now
        if screen is not None and time.monotonic() - drawn > REDRAW:
            drawn = time.monotonic()
            screen.update(picture(update.view, time.time()), refresh=True)
    return update


def _print(text: str, screen: Live | None) -> None:
    if screen is None:
        tell(text)
        return
    from rich.text import Text

    style = "green" if "✓" in text else "red" if "✗" in text or text.startswith("error") else ""
    screen.console.print(Text(fit(clean(text), REAL), style=style), soft_wrap=True)


# live display -------------------------------------------------------------------------------------------------


def _screen(live: bool) -> AbstractContextManager[Live | None]:
    if not live:
        return nullcontext(None)
    from rich.live import Live

    from hptui.cli.text import console

    return Live(console=console(), auto_refresh=False, transient=True)


def picture(view: View, now: float) -> Any:
    """Return the live display: a line per running trial, and one for the whole study."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    for trial in view.trials:
        if trial.status is TrialStatus.RUNNING:
            bar = ProgressBar(total=1.0, completed=trial.progress or 0.0, width=20)
            texts = [Text(fit(clean(text), REAL)) for text in running(view, trial, now)]
            grid.add_row(texts[0], bar, *texts[1:])
    return Group(grid, Text(fit(clean(whole(view)), REAL), style="dim"))


def running(view: View, trial: Trial, now: float) -> list[str]:
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


def whole(view: View) -> str:
    """Return the study's line, as `5/20 trials · best loss=0.5621 (trial 3) · ~12 min left`."""
    total = expected(view.study, view.trials)
    done = sum(not trial.status.open for trial in view.trials)
    parts = [f"{done}/{total} trials" if total else f"{done} trials"]
    if view.stage:
        parts.insert(0, f"stage {view.stage}")
    if view.best is not None:
        parts.append(f"best {lines.values(view.study, view.best)} (trial {view.best.number})")
    if (seconds_left := time_left(view)) is not None:
        parts.append(f"{duration(seconds_left)} left")
    return " · ".join(parts)


# closing lines --------------------------------------------------------------------------------------------------------


def conclude(sd: StudyDir, view: View) -> int:
    """Print the study's state, its best configuration and its paths; return the exit code."""
    code = exit_code(view, aborted=gave_up(sd), hindered=was_hindered(sd))
    for text in summary(view, code):
        tell(text)
    if view.study.on_end is None and on_terminal() and view.row.state in (StudyState.DONE, StudyState.STOPPED):
        sys.stdout.write("\a")
    return code


def summary(view: View, code: int) -> list[str]:
    """Return the closing lines."""
    name, state = view.row.name, "interrupted: its runner has gone" if code == 1 else str(view.row.state)
    counts: dict[str, int] = {}
    for trial in view.trials:
        counts[trial.status] = counts.get(trial.status, 0) + 1
    numbers = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no trial"
    texts = ["", f"Study {name} is {state} after {duration(view.row.seconds)}: {numbers}."]
    if view.row.message:
        texts.append(f"  {view.row.message}")
    if view.stage:
        texts.append(f"  {stages_line(view)}")
    best = view.best
    if best is None:
        texts.append("No trial is usable." if code else "No trial is complete yet.")
    else:
        stage_text = f" of stage {best.stage}" if best.stage else ""
        texts += [f"Best: trial {best.number}{stage_text}, {lines.values(view.study, best)}{_gain(view, best)}"]
        texts += [f"  {lines.describe(view.study, best, view.base)}"]
    if best is not None and view.study.trainer.kind == "toy":
        texts.append(f"  {PSEUDO}")
    texts += [f"Everything is in {view.sd.root}", f"  hptui trials {name}"]
    if best is not None:
        texts += [f"  hptui show {name} best", f"  hptui export {name} best --format yaml"]
    if code == 1 or view.row.state is StudyState.PAUSED:
        texts.append(f"  hptui run {name}    goes on with it")
    return texts


def _gain(view: View, best: Trial) -> str:
    """Return the distance from the baseline, as `, 7.8% below the baseline (0.6097)`.

    It is '' where there is no other trial with a value, or several objectives.
    """
    baseline, objective = view.baseline, view.study.objective
    if baseline is None or best == baseline or len(view.study.objectives) > 1 or not scored(view.study, baseline):
        return ""
    old, new = (baseline.values or {})[objective.metric], (best.values or {})[objective.metric]
    spec: MetricSpec | None = view.study.metrics.get(objective.metric)
    side = "below" if new < old else "above"
    share = f"{abs(new - old) / abs(old):.1%} " if old else ""
    return f", {share}{side} the baseline ({metric(old, spec)})"


def _leave(sd: StudyDir) -> int:
    """Print how to go on after ctrl-c and return exit code 130."""
    say(f"\nno longer following; {sd.name} goes on by itself")
    say(f"  hptui run {sd.name}       follows it again")
    say(f"  hptui status {sd.name}    how it stands")
    say(f"  hptui stop {sd.name}      ends it")
    return 130
