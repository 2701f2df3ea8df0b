"""`hptui show`: print one trial: settings, values, attempts, environment, and its metric points as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hptui.cli.common import Context, json_option, pass_context, study_argument, trial_argument
from hptui.cli.text import OutputColumn, write, write_facts, write_json, write_rows
from hptui.model.counts import visible_metrics
from hptui.model.format import clock, local_time, memory, metric, setting, size

if TYPE_CHECKING:
    from hptui.model.trial import Trial
    from hptui.results.view import View

HOST_FACTS = (
    "host",
    "os",
    "cpu",
    "ram_gb",
    "gpu",
    "gpu_memory_gb",
    "driver",
    "cuda_driver",
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
@json_option
@pass_context
def show_(context: Context, study: str, trial: str, as_json: bool) -> None:
    """Print everything recorded about one trial."""
    from hptui.actions.status import show_json
    from hptui.actions.studies import find_trial
    from hptui.results.view import read_view
    from hptui.storage.reader import StoreReader

    sd = context.study(study)
    with StoreReader(sd) as reader:
        view = read_view(sd, reader)
        row = find_trial(reader, trial, view)
        shape = show_json(view, row, reader)
    if as_json:
        write_json(shape)
        return
    _facts(view, row, shape)
    _settings(view, row, shape)
    _metrics(view, row, shape)
    _attempts(shape)


def _facts(view: View, trial: Trial, shape: dict[str, Any]) -> None:
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
            "values": values,
            "note": trial.note,
            "progress": _progress(trial),
            "time": clock(trial.seconds) if trial.seconds else "",
            "peak memory": memory(trial.peak_memory_gb) if trial.peak_memory_gb else "",
            "proposed by": trial.engine,
            "directory": shape["directory"],
        }
    )


def _origin(trial: Trial) -> dict[str, str]:
    """Return which trial this one was made from, and the step it continues from."""
    from hptui.model.trial import FROM_TRIAL

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
    rows = []
    for name in names:
        used = trial.effective.get(name)
        rows.append(
            {
                "setting": name,
                "value": shape["settings"].get(name),
                "used": used if used != shape["settings"].get(name) else None,
                "baseline": view.base.get(name) if name in trial.params else None,
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
                "last:shown": shape.get("nonfinite", {}).get(name)
                or metric(shape["metrics"].get(name), view.study.metrics.get(name)),
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
