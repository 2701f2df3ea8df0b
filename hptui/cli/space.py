"""`hptui space`: print the search space and its revisions, or change it, also while the study runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hptui.cli.common import Context, json_option, parse_pairs, pass_context, refuse, study_argument
from hptui.cli.output import OutputColumn, message, write_fields, write_json, write_rows
from hptui.core.format import setting, settings
from hptui.core.space import Choice, Space

if TYPE_CHECKING:
    from hptui.results.view import View


@click.command(
    "space",
    help="""Show the search space of STUDY, or change it: '5e-6..1e-4 log', '2..24 int', '{128, 256, 512}'.

    KEY='= 2 * OTHER' derives it from others; KEY= takes it out. A change makes a new revision and is written to the
    study file, comments kept; trials that have been run keep what they ran with.
    """,
)
@study_argument()
@click.argument("changes", nargs=-1, metavar="[KEY=RANGE...]")
@click.option("--constraint", "added", multiple=True, metavar="EXPR", help="A new constraint, as 'a * b <= 128'.")
@click.option("--drop", "dropped", multiple=True, metavar="EXPR", help="Take this constraint out.")
@click.option("--why", default="", help="Why: kept with the revision.")
@json_option
@pass_context
def space_(
    context: Context,
    study: str,
    changes: tuple[str, ...],
    added: tuple[str, ...],
    dropped: tuple[str, ...],
    why: str,
    as_json: bool,
) -> None:
    """Print the search space of a study, or change it."""
    from hptui.operations.space import draft_of, save, with_changes
    from hptui.results.view import read_view

    sd = context.study(study)
    if changes or added or dropped:
        ranges = parse_pairs(changes, "learning_rate='1e-5..5e-4 log'") if changes else {}
        message(save(sd, with_changes(draft_of(sd), ranges, added, dropped), why))
        if not as_json:
            return
    else:
        refuse({"--why": why}, "why of which change? KEY=RANGE, --constraint or --drop")
    view = read_view(sd)
    rows = _rows(view)
    if as_json:
        constraints = [constraint.text for constraint in view.study.space.constraints]
        write_json(
            {"parameters": rows, "constraints": constraints, "revisions": _revisions(view), **_presets_and_stages(view)}
        )
        return
    columns = [OutputColumn("stage")] if any(row["stage"] for row in rows) else []
    columns += [OutputColumn("name", "parameter"), OutputColumn("range"), OutputColumn("order")]
    write_rows(
        [*columns, OutputColumn("written", "in [trainer]", setting), OutputColumn("when"), OutputColumn("note")], rows
    )
    for constraint in view.study.space.constraints:
        write_fields("constraint", constraint.text)
    for preset in view.study.presets:
        write_fields(f"preset {preset.name}", settings(preset.set), preset.title, preset.note)
    for revision in _revisions(view)[1:]:
        write_fields(f"revision {revision['rev']}", revision["at"], revision["why"])


def _presets_and_stages(view: View) -> dict[str, Any]:
    """Return presets and stages for the JSON output."""
    from dataclasses import asdict

    from hptui import studyfile

    stages = studyfile.to_json(view.study).get("stage")
    return {"presets": [asdict(preset) for preset in view.study.presets], "stages": stages}


def _rows(view: View) -> list[dict[str, Any]]:
    """Return a row per parameter and derived value of the study's space and of its stages' spaces."""
    rows = _space_rows(view, view.study.space, "")
    for stage in view.study.stages:
        rows += _space_rows(view, stage.space or Space(), stage.name)
    return rows


def _space_rows(view: View, space: Space, stage: str) -> list[dict[str, Any]]:
    written = view.study.trainer.settings
    rows = [
        {
            "name": entry.name,
            "range": entry.describe(),
            "order": ("ordered" if entry.ordinal else "unordered") if isinstance(entry, Choice) else "",
            "written": written.get(entry.name),
            "when": entry.when.text if entry.when else "",
            "note": entry.note,
            "stage": stage,
        }
        for entry in space.parameters
    ]
    derived = [
        {
            "name": entry.name,
            "range": f"= {entry.expr.text}",
            "order": "",
            "written": written.get(entry.name),
            "when": "",
            "note": entry.note,
            "stage": stage,
        }
        for entry in space.derived
    ]
    return [*rows, *derived]


def _revisions(view: View) -> list[dict[str, Any]]:
    from hptui.results.json_output import iso_time
    from hptui.store.reader import StoreReader

    with StoreReader.open(view.sd) as reader:
        return [
            {"rev": revision.rev, "at": iso_time(revision.at), "why": revision.why} for revision in reader.revisions()
        ]
