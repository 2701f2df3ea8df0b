"""`hptui trials` prints the trials of a study; `hptui show` prints everything recorded about one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hptui.cli.common import (
    Context,
    by_option,
    is_given,
    json_option,
    pass_context,
    refuse,
    study_argument,
    trial_argument,
)
from hptui.cli.output import (
    OutputColumn,
    incomplete_note,
    message,
    on_terminal,
    write,
    write_facts,
    write_json,
    write_rows,
)
from hptui.core.format import clock, local_time, memory, metric, setting, size, visible_metrics
from hptui.core.trial import SECONDS_ALONE, Reason, TrialStatus

if TYPE_CHECKING:
    from hptui.core.trial import Trial
    from hptui.results.view import View


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
    "--columns",
    metavar="A,B,...",
    help="Which columns: settings, metrics, or facts such as seconds and note; with --json, only these.",
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
    from hptui.results.json_output import trial_json
    from hptui.results.view import PSEUDO_LOSS_NOTE, read_view

    view = read_view(context.study(study))
    trials = [trial for trial in view.trials if status in (None, trial.status)]
    if sort:
        trials = sort_trials(view, trials, sort)
    trials = trials[:top]
    names = [name.strip() for name in columns.split(",")] if columns else default_columns(view)
    table_columns = columns_of(view, names)
    if as_json:
        write_json(table_rows(view, trials, names) if columns else [trial_json(trial) for trial in trials])
        return
    if on_terminal() and not columns:
        names = [name for name in names if name != "reason"]  # the status column shows it
        table_columns = columns_of(view, names)
    rows = table_rows(view, trials, names)
    where = _states_elsewhere(view)
    for row, trial in zip(rows, trials, strict=True):
        row["trial:record"] = trial
        if state := where.get(trial.number):
            row["status:shown"] = f"{trial.status} ({state})"
        if "reason" not in names and trial.reason and trial.reason not in IMPLIED_REASONS:
            row["status:shown"] = f"{trial.status} ({trial.reason})"
    best = next((index for index, trial in enumerate(trials) if trial == view.best), None)
    ranks = {"number": 3, "status": 3, "name": 2, "seconds": 0, SECONDS_ALONE: 0, "peak_memory_gb": 0}
    ranks |= {objective.metric: 3 for objective in view.study.objectives}
    if view.study.trainer.kind == "toy" and on_terminal():
        message(PSEUDO_LOSS_NOTE)
    write_rows(
        [
            OutputColumn(
                column.name,
                column.heading,
                right=column.numeric,
                rank=ranks.get(column.name, 1),
                text=lambda row, name=column.name: format_cell(view, row["trial:record"], name),  # type: ignore[misc]
            )
            for column in table_columns
        ],
        rows,
        bold=best,
    )
    if incomplete := [trial for trial in trials if trial.incomplete_curve]:
        message(incomplete_note(incomplete))


def _states_elsewhere(view: View) -> dict[int, str]:
    """Return which trials are queued or unreachable on other machines."""
    from hptui.operations.places import places_json, state_words

    document = places_json(view.sd)
    states = {int(n): state_words(attempt["state"]) for n, attempt in document["attempts"].items()}
    return states if document["runner"] else {}


HOST_FACTS = (
    "host",
    "os",
    "cpu",
    "ram_gb",
    "gpu",
    "gpu_memory_gb",
    "driver",
    "cuda_driver",
    "gpu_compute_mode",
    "gpu_ecc",
    "gpu_power_limit_w",
    "gpu_max_clock_mhz",
    "gpu_mean_clock_mhz",
    "gpu_slowed_by",
    "python",
    "git_commit",
    "git_dirty",
)


@click.command(
    "show",
    help="""One trial of STUDY, whole. TRIAL is a number, a name, or `best`.

    With --json also its metrics over steps.
    """,
)
@study_argument()
@trial_argument()
@by_option
@json_option
@pass_context
def show_(context: Context, study: str, trial: str, by: str, as_json: bool) -> None:
    """Print everything recorded about one trial."""
    refuse({"--by": is_given("by") and trial != "best"}, "it says which trial `best` is: STUDY best --by fresh")
    from hptui.operations.find import find_trial
    from hptui.operations.status import show_json
    from hptui.results.fresh_means import fresh_of, whole_text
    from hptui.results.view import read_view
    from hptui.store.reader import StoreReader

    sd = context.study(study)
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        row = find_trial(reader, trial, view, by)
        shape = show_json(view, row, reader)
        fresh = fresh_of(view, row, reader)
    if as_json:
        write_json(shape)
        return
    _facts(view, row, shape, "" if fresh is None else whole_text(view.study, fresh))
    _settings(view, row, shape)
    _metrics(view, row, shape)
    _rungs(shape)
    _attempts(shape)


def _facts(view: View, trial: Trial, shape: dict[str, Any], fresh: str) -> None:
    from hptui.results.fresh_means import mean_text
    from hptui.results.other_code import other_code_text
    from hptui.results.packing import packing_text, seconds_alone
    from hptui.results.view import PSEUDO_LOSS_NOTE

    reason = f" ({trial.reason})" if trial.reason else ""
    specs = view.study.metrics
    values = ", ".join(f"{name}={metric(value, specs.get(name))}" for name, value in (trial.values or {}).items())
    write_facts(
        {
            "trial": f"{trial.number}{f' {trial.name}' if trial.name else ''} of {view.row.name}",
            "title": trial.title,
            "status": f"{trial.status}{reason}{f': {trial.message}' if trial.message else ''}",
            "role": trial.role,
            "stage": trial.stage,
            "repeats": f"trial {trial.replicate_of}" if trial.replicate_of is not None else "",
            **_origin(trial),
            "trainer": f"toy: {PSEUDO_LOSS_NOTE}" if view.study.trainer.kind == "toy" else view.study.trainer.kind,
            "values": trial.mark(values),
            "ranked by": mean_text(view, trial),
            "fresh runs": fresh,
            "code and data": other_code_text(view, trial),
            "curve incomplete": trial.incomplete_curve,
            "note": trial.note,
            "progress": _progress(trial),
            "time": clock(trial.seconds) if trial.seconds else "",
            "own time": "" if (own := seconds_alone(trial)) is None else clock(own),
            "shared a process": packing_text(trial),
            "peak memory": memory(trial.peak_memory_gb) if trial.peak_memory_gb else "",
            "proposed by": trial.engine,
            "directory": shape["directory"],
        }
    )


def _origin(trial: Trial) -> dict[str, str]:
    """Return which trial this one was made from, and the step it continues from."""
    from hptui.core.trial import FROM_TRIAL

    if trial.continued_from is not None:
        number, step = trial.continued_from
        return {"continues": f"trial {number} from step {step}; not comparable with trials trained from the start"}
    return {"taken from": f"trial {trial.facts[FROM_TRIAL]}" if FROM_TRIAL in trial.facts else ""}


def _progress(trial: Trial) -> str:
    if trial.last_step is None:
        return ""
    return f"step {trial.last_step}" + (f" of {trial.total_steps}" if trial.total_steps else "")


def _settings(view: View, trial: Trial, shape: dict[str, Any]) -> None:
    """Print requested settings, changed ones first, with the values really used where they differ."""
    names = [*trial.params, *(name for name in shape["settings"] if name not in trial.params)]
    names += [name for name in trial.effective if name not in names]
    rows, base = [], view.compared_base
    for name in names:
        used, value = trial.effective.get(name), shape["settings"].get(name)
        rows.append(
            {
                "setting": name,
                "value": value,
                "used": used if used != value else None,
                "baseline": base.get(name) if name in trial.params or base.get(name) != value else None,
            }
        )
    write("")
    columns = [
        OutputColumn("setting"),
        OutputColumn("value", formatter=setting),
        OutputColumn("used", "really used", setting),
    ]
    write_rows([*columns, OutputColumn("baseline", formatter=setting)], rows)


def _metrics(view: View, trial: Trial, shape: dict[str, Any]) -> None:
    rows, sources = [], trial.facts.get("metric_sources")
    sources = sources if isinstance(sources, dict) else {}
    for name in visible_metrics(shape["curves"]):
        points = shape["curves"][name]
        finite = [point["value"] for point in points if point["value"] is not None]
        rows.append(
            {
                "metric": name,
                "last": shape["metrics"].get(name),
                "last:shown": trial.mark(
                    shape.get("nonfinite", {}).get(name)
                    or metric(shape["metrics"].get(name), view.study.metrics.get(name))
                ),
                "low": min(finite, default=None),
                "high": max(finite, default=None),
                "points": len(points),
                "source": sources.get(name),
            }
        )
    if rows:
        write("")
        numbers = [OutputColumn(key, formatter=metric, right=True) for key in ("last", "low", "high")]
        source_columns = [OutputColumn("source")] if sources else []
        write_rows([OutputColumn("metric"), *numbers, OutputColumn("points", right=True), *source_columns], rows)


def _rungs(shape: dict[str, Any]) -> None:
    """Print where the trial paused, and its place there."""
    if not shape.get("rungs"):
        return
    write("")
    rows = [{**rung, "rung": f"{rung['rung']} of {rung['of']}"} for rung in shape["rungs"]]
    columns = [OutputColumn("rung"), OutputColumn("step", right=True), OutputColumn("value", "", metric, right=True)]
    columns += [OutputColumn("place"), OutputColumn("promoted", "went on"), OutputColumn("by")]
    write_rows(columns, rows)


def _attempts(shape: dict[str, Any]) -> None:
    write("")
    columns = [
        OutputColumn("n", "attempt", right=True),
        OutputColumn("state"),
        OutputColumn("reason"),
        OutputColumn("device"),
        OutputColumn("started", formatter=local_time),
    ]
    columns += [
        OutputColumn("seconds", "time", clock, right=True),
        OutputColumn("resumed_step", "from step", right=True),
    ]
    columns += [
        OutputColumn(f"{quantity}_gb", quantity.replace("_", " "), memory, right=True) for quantity in MEMORY_FACTS
    ]
    if shape["attempt"]:
        write_rows(columns, shape["attempt"])
    facts = {
        name: setting(shape["environment"][name]) for name in HOST_FACTS if shape["environment"].get(name) is not None
    }
    facts |= {f"artifact {row['label'] or ''}".strip(): row["path"] for row in shape["artifacts"]}
    facts |= {f"checkpoint {row['step']}": f"{row['path']} ({size(row['bytes'])})" for row in shape["checkpoints"]}
    if facts:
        write("")
        write_facts(facts)


MEMORY_FACTS = ("peak_gpu", "mean_gpu", "peak_rss", "mean_rss")
