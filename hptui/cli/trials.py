"""`hptui trials`: print the trials of a study, the best one in bold."""

from __future__ import annotations

import click

from hptui.cli.common import Context, json_option, pass_context, study_argument
from hptui.cli.text import OutputColumn, message, on_terminal, write_json, write_rows
from hptui.model.trial import Reason, TrialStatus

IMPLIED_REASONS = (Reason.FINISHED, Reason.PRUNER, Reason.USER)
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
@pass_context
def trials_(
    context: Context,
    study: str,
    status: str | None,
    sort: str | None,
    top: int | None,
    columns: str | None,
    as_json: bool,
) -> None:
    """Print a study's trials as a table or as JSON."""
    from hptui.results.columns import columns_of, default_columns, format_cell, sort_trials, table_rows
    from hptui.results.shapes import trial_json
    from hptui.results.view import PSEUDO_LOSS_NOTE, read_view

    view = read_view(context.study(study))
    trials = [trial for trial in view.trials if status in (None, trial.status)]
    if sort:
        trials = sort_trials(view, trials, sort)
    trials = trials[:top]
    names = [name.strip() for name in columns.split(",")] if columns else default_columns(view)
    table_columns = columns_of(view, names)
    if as_json:
        write_json([trial_json(trial) for trial in trials])
        return
    if on_terminal() and not columns:
        names = [name for name in names if name != "reason"]  # the status column shows it
        table_columns = columns_of(view, names)
    rows = table_rows(view, trials, names)
    for row, trial in zip(rows, trials, strict=True):
        row.update({f"{name}:shown": format_cell(view, trial, name) for name in names})
        if "reason" not in names and trial.reason and trial.reason not in IMPLIED_REASONS:
            row["status:shown"] = f"{trial.status} ({trial.reason})"
    best = next((index for index, trial in enumerate(trials) if trial == view.best), None)
    ranks = {"number": 3, "status": 3, "name": 2, "seconds": 0, "peak_memory_gb": 0}
    ranks |= {objective.metric: 3 for objective in view.study.objectives}
    if view.study.trainer.kind == "toy" and on_terminal():
        message(PSEUDO_LOSS_NOTE)
    write_rows(
        [
            OutputColumn(column.name, column.heading, right=column.numeric, rank=ranks.get(column.name, 1))
            for column in table_columns
        ],
        rows,
        bold=best,
    )
