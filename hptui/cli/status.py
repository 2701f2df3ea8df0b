"""`hptui status` prints the state of all studies or of one; `hptui wait` waits until a study rests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from hptui.cli.common import Context, json_option, pass_context, study_argument
from hptui.cli.output import OutputColumn, incomplete_note, message, write_facts, write_fields, write_json, write_rows
from hptui.core.format import clock, duration, local_time, metric, settings
from hptui.core.trial import Role

if TYPE_CHECKING:
    from hptui.core.trial import Trial
    from hptui.results.view import View


MAX_AS_GOOD = 8
"""Trials that are as good as the best and are named; of more their number is stated."""
MAX_EVENTS = 5
"""Warnings and errors that the details of a study list."""
STUDY_COLUMNS = [
    OutputColumn("name"),
    OutputColumn("state"),
    OutputColumn("trials"),
    OutputColumn("failed", right=True),
    OutputColumn("best", "best trial", right=True),
    OutputColumn("value", right=True),
    OutputColumn("seconds", "time", clock, right=True),
    OutputColumn("eta", "left", duration, right=True),
]


@click.command(
    "status",
    help="""What the studies in HOME are doing, or one of them.

    STUDY is a name in HOME, the directory of a study, or its study file.
    """,
)
@study_argument(required=False)
@json_option
@pass_context
def status_(context: Context, study: str | None, as_json: bool) -> None:
    """Print a table of all studies, or the details of one."""
    from hptui.operations.status import status_json
    from hptui.store.paths import list_studies

    views = _views(context, study)
    shapes = [status_json(view) for view in views]
    if as_json:
        write_json(shapes)
    elif study:
        _write_study(views[0], shapes[0])
    elif shapes:
        write_rows(STUDY_COLUMNS, [_row(view, shape) for view, shape in zip(views, shapes, strict=True)])
        for view in views:
            if view.best is not None and view.best.incomplete_curve:
                message(f"{view.row.name}: {incomplete_note([view.best])}")
    elif not list_studies(context.home):
        message(f"no study in {context.home} yet; hptui run FILE starts one")


def _views(context: Context, study: str | None) -> list[View]:
    from hptui.core.errors import HptuiError
    from hptui.operations.ownership import foreign_home_note
    from hptui.results.view import read_view
    from hptui.store.paths import list_studies

    if study:
        return [read_view(context.study(study))]
    if note := foreign_home_note(context.home):
        message(f"note: {note}")
    views = []
    for sd in list_studies(context.home):
        try:
            views.append(read_view(sd))
        except HptuiError as error:  # a damaged study must not hide the others
            message(f"hptui: {sd.name}: {error}")
    return views


def progress_text(shape: dict[str, Any]) -> str:
    """Return ended trials of all planned trials, as `5/20`; without a plan, the ended ones."""
    ended = sum(shape["counts"].get(status, 0) for status in ("complete", "pruned", "failed", "stopped"))
    return f"{ended}/{max(shape['trials'], sum(shape['counts'].values()))}" if shape["trials"] else str(ended)


def state_text(shape: dict[str, Any]) -> str:
    """Return the study's state, with a remark where its runner has gone."""
    gone = shape["state"] in ("running", "draining") and not shape["runner"]["alive"]
    return f"{shape['state']}, runner gone" if gone else str(shape["state"])


def _row(view: View, shape: dict[str, Any]) -> dict[str, Any]:
    best = shape["best"] or {}
    value_text = metric(best.get("value"), view.study.metrics.get(view.study.objective.metric))
    value_text = view.best.mark(value_text) if view.best is not None else value_text
    return {
        **shape,
        "state": state_text(shape),
        "trials": progress_text(shape),
        "failed": shape["counts"].get("failed", 0),
        "best": best.get("number"),
        "value": best.get("value"),
        "value:shown": value_text,
    }


def _write_study(view: View, shape: dict[str, Any]) -> None:
    from hptui.results.fresh_means import fresh_means, leader_text, whole_text
    from hptui.results.json_output import describe_prior_knowledge
    from hptui.results.view import describe_stages

    study, best, means = view.study, shape["best"], fresh_means(view)
    at_rungs = shape.get("at_rungs", 0)
    counts = ", ".join(
        f"{count} {status}" + (f" ({at_rungs} at rungs)" if status == "paused" and at_rungs else "")
        for status, count in shape["counts"].items()
    )
    runner = f"pid {shape['runner']['pid']} on {shape['runner']['host']}" if shape["runner"]["alive"] else ""
    write_facts(
        {
            "study": shape["name"],
            "about": study.about,
            "state": state_text(shape) + (f": {shape['message']}" if shape["message"] else ""),
            "runner": runner,
            "objective": ", ".join(f"{objective['goal']} {objective['metric']}" for objective in shape["objectives"]),
            "sampler": shape["sampler"],
            "trials": f"{progress_text(shape)}{f': {counts}' if counts else ''}",
            "where": shape["where"],
            "places": ", ".join(f"{place['name']} {place['state']}" for place in shape["places"]),
            "stages": describe_stages(view),
            "known before": describe_prior_knowledge(view),
            "best": best_line(view) if best else "",
            "fresh runs": "" if means is None or means.best is None else whole_text(study, means.best),
            "": "" if means is None else leader_text(study, means),
            "started": local_time(shape["started"]) if shape["started"] else "",
            "time": clock(shape["seconds"]),
            "left": duration(shape["eta"]) if shape["eta"] is not None else "",
            "packing": (shape["packing"] or {}).get("why") or "",
            "directory": shape["directory"],
        }
    )
    _events(view)


def best_line(view: View) -> str:
    """Return the best trial in a line, as `trial 4: loss=0.5621 (rank=32, alpha=64)`; '' if there is none."""
    from hptui.results.fresh_means import mean_text

    best = view.best
    if best is None:
        return ""
    values = ", ".join(
        f"{name}={best.mark(metric(value, view.study.metrics.get(name)))}"
        for name, value in (best.values or {}).items()
    )
    mean = mean_text(view, best)
    values = f"{mean}, its own run {values}" if mean else values
    incomplete = f"; its curve is incomplete: {best.incomplete_curve}" if best.incomplete_curve else ""
    stage_text = f" of stage {best.stage}" if best.stage else ""
    imported = " (imported)" if best.role is Role.IMPORTED else ""
    return (
        f"trial {best.number}{imported}{stage_text}: {values}"
        + (f" ({settings(best.params)})" if best.params else " (baseline)")
        + _as_good(view, best)
        + incomplete
    )


def _as_good(view: View, best: Trial) -> str:
    """Return which other trials are as good: on the Pareto front, or equal; '' for none."""
    others = [str(trial.number) for trial in view.front if trial.number != best.number]
    if not others:
        return ""
    named = ", ".join(others[:MAX_AS_GOOD]) + (f" and {len(others) - MAX_AS_GOOD} more" if others[MAX_AS_GOOD:] else "")
    trials = f"trial{'s' if len(others) > 1 else ''} {named}"
    if len(view.study.objectives) > 1:
        return f"; {trials} {'are' if len(others) > 1 else 'is'} on the Pareto front, too"
    return f"; {trials} {'have' if len(others) > 1 else 'has'} the same value"


def _events(view: View) -> None:
    """Print the last events of level warning or error."""
    from hptui.store.reader import StoreReader

    with StoreReader.open(view.sd) as reader:
        events = [event for event in reader.events() if event.level != "info"][-MAX_EVENTS:]
    for event in events:
        write_fields(event.level, f"{f'trial {event.trial}: ' if event.trial is not None else ''}{event.message}")


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
    from hptui.operations.follow import exit_code, paused_by_machine, paused_itself
    from hptui.operations.runner_lock import runner_status
    from hptui.results.view import read_view

    sd = context.study(study)
    deadline = None if timeout is None else time.monotonic() + timeout
    while runner_status(sd)["alive"]:
        if deadline is not None and time.monotonic() > deadline:
            message(f"{sd.name} still runs after {timeout:g} s")
            return 1
        time.sleep(POLL_INTERVAL_S)
    view = read_view(sd)
    code = exit_code(view, aborted=paused_itself(sd), hindered=paused_by_machine(sd))
    message(f"{sd.name} is {view.row.state}{f': {view.row.message}' if view.row.message else ''}")
    return code
