"""`hptui status`: what the studies are doing, in a table; one study in more words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hptui.cli.common import Face, json_option, pass_face, study_argument
from hptui.cli.text import Column, say, tell_facts, tell_fields, tell_json, tell_rows
from hptui.model.format import clock, duration, metric, moment, settings

if TYPE_CHECKING:
    from hptui.results.view import View

EVENTS = 5
COLUMNS = [
    Column("name"),
    Column("state"),
    Column("trials"),
    Column("failed", right=True),
    Column("best", "best trial", right=True),
    Column("value", right=True),
    Column("seconds", "time", clock, right=True),
    Column("eta", "left", duration, right=True),
]


@click.command("status")
@study_argument(required=False)
@json_option
@pass_face
def status_(face: Face, study: str | None, as_json: bool) -> None:
    """What the studies in HOME are doing, or one of them.

    STUDY is a name in HOME, the directory of a study, or its study file.
    """
    from hptui.actions.status import status_json

    views = _views(face, study)
    shapes = [status_json(view) for view in views]
    if as_json:
        tell_json(shapes)
    elif study:
        _one(views[0], shapes[0])
    elif shapes:
        tell_rows(COLUMNS, [_row(view, shape) for view, shape in zip(views, shapes, strict=True)])
    else:
        say(f"no study in {face.home} yet; hptui run FILE starts one")


def _views(face: Face, study: str | None) -> list[View]:
    from hptui.model.errors import HptuiError
    from hptui.results.view import look
    from hptui.storage.paths import studies_in

    if study:
        return [look(face.study(study))]
    views = []
    for sd in studies_in(face.home):
        try:
            views.append(look(sd))
        except HptuiError as error:  # one damaged study hides no other
            say(f"hptui: {sd.name}: {error}")
    return views


def progress_of(shape: dict[str, Any]) -> str:
    """`5/20`: trials that have ended, of all that shall run."""
    ended = sum(shape["counts"].get(status, 0) for status in ("complete", "pruned", "failed", "stopped"))
    return f"{ended}/{max(shape['trials'], sum(shape['counts'].values()))}" if shape["trials"] else str(ended)


def state_of(shape: dict[str, Any]) -> str:
    """The state, and that its runner has gone where that is so."""
    gone = shape["state"] in ("running", "draining") and not shape["runner"]["alive"]
    return f"{shape['state']}, runner gone" if gone else str(shape["state"])


def _row(view: View, shape: dict[str, Any]) -> dict[str, Any]:
    best = shape["best"] or {}
    shown = metric(best.get("value"), view.study.metrics.get(view.study.objective.metric))
    return {
        **shape,
        "state": state_of(shape),
        "trials": progress_of(shape),
        "failed": shape["counts"].get("failed", 0),
        "best": best.get("number"),
        "value": best.get("value"),
        "value:shown": shown,
    }


def _one(view: View, shape: dict[str, Any]) -> None:
    from hptui.results.knowledge import known_line
    from hptui.results.stages import stages_line

    study, best = view.study, shape["best"]
    counts = ", ".join(f"{count} {status}" for status, count in shape["counts"].items())
    runner = f"pid {shape['runner']['pid']} on {shape['runner']['host']}" if shape["runner"]["alive"] else ""
    tell_facts(
        {
            "study": shape["name"],
            "about": study.about,
            "state": state_of(shape) + (f": {shape['message']}" if shape["message"] else ""),
            "runner": runner,
            "objective": ", ".join(f"{one['goal']} {one['metric']}" for one in shape["objectives"]),
            "sampler": shape["sampler"],
            "trials": f"{progress_of(shape)}{f': {counts}' if counts else ''}",
            "stages": stages_line(view),
            "known before": known_line(view),
            "best": best_line(view) if best else "",
            "started": moment(shape["started"]) if shape["started"] else "",
            "time": clock(shape["seconds"]),
            "left": duration(shape["eta"]) if shape["eta"] is not None else "",
            "directory": shape["directory"],
        }
    )
    _events(view)


def best_line(view: View) -> str:
    """`trial 4: loss=0.5621 (rank=32, alpha=64)`."""
    best = view.best
    if best is None:
        return ""
    values = ", ".join(
        f"{name}={metric(value, view.study.metrics.get(name))}" for name, value in (best.values or {}).items()
    )
    where = f" of stage {best.stage}" if best.stage else ""
    return f"trial {best.number}{where}: {values}" + (f" ({settings(best.params)})" if best.params else " (baseline)")


def _events(view: View) -> None:
    """The last things that went wrong."""
    from hptui.storage.reader import Reader

    with Reader(view.sd) as reader:
        events = [event for event in reader.events() if event.level != "info"][-EVENTS:]
    for event in events:
        tell_fields(event.level, f"{f'trial {event.trial}: ' if event.trial is not None else ''}{event.message}")
