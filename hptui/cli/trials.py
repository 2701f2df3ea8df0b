"""`hptui trials`: print the trials of a study, the best one in bold."""

from __future__ import annotations

import click

from hptui.cli.common import Face, json_option, pass_face, study_argument
from hptui.cli.text import Column, on_terminal, say, tell_json, tell_rows
from hptui.model.trial import Reason, TrialStatus

OBVIOUS = (Reason.FINISHED, Reason.PRUNER, Reason.USER)
"""Reasons that the status implies: the table does not print them."""


@click.command(
    "trials",
    help="""The trials of STUDY, by number.""",
)
@study_argument()
@click.option(
    "--status", type=click.Choice([str(column) for column in TrialStatus]), help="Only trials with this status."
)
@click.option("--sort", metavar="COLUMN", help="Sort by a column; -COLUMN downwards.")
@click.option("-n", "--top", type=click.IntRange(min=1), help="Only the first so many.")
@click.option(
    "--columns", metavar="A,B,...", help="Which columns: settings, metrics, or facts such as seconds and note."
)
@json_option
@pass_face
def trials_(
    context: Face, study: str, status: str | None, sort: str | None, top: int | None, columns: str | None, as_json: bool
) -> None:
    """Print a study's trials as a table or as JSON."""
    from hptui.results.columns import columns_of, ordered, rows_of, shown, usual
    from hptui.results.shapes import trial_json
    from hptui.results.view import PSEUDO, look

    view = look(context.study(study))
    trials = [trial for trial in view.trials if status in (None, trial.status)]
    if sort:
        trials = ordered(view, trials, sort)
    trials = trials[:top]
    names = [name.strip() for name in columns.split(",")] if columns else usual(view)
    table_columns = columns_of(view, names)
    if as_json:
        tell_json([trial_json(trial) for trial in trials])
        return
    if on_terminal() and not columns:
        names = [name for name in names if name != "reason"]  # the status column shows it
        table_columns = columns_of(view, names)
    rows = rows_of(view, trials, names)
    for row, trial in zip(rows, trials, strict=True):
        row.update({f"{name}:shown": shown(view, trial, name) for name in names})
        if "reason" not in names and trial.reason and trial.reason not in OBVIOUS:
            row["status:shown"] = f"{trial.status} ({trial.reason})"
    best = next((index for index, trial in enumerate(trials) if trial == view.best), None)
    ranks = {"number": 3, "status": 3, "name": 2, "seconds": 0, "peak_memory_gb": 0}
    ranks |= {objective.metric: 3 for objective in view.study.objectives}
    if view.study.trainer.kind == "toy" and on_terminal():
        say(PSEUDO)
    tell_rows(
        [
            Column(column.name, column.heading, right=column.numeric, rank=ranks.get(column.name, 1))
            for column in table_columns
        ],
        rows,
        bold=best,
    )
