"""A study, and a trial with all details, as JSON for `hptui status` and `hptui show`."""

from __future__ import annotations

import time
from dataclasses import asdict

from hptui.core.ranking import hypervolumes
from hptui.core.rungs import place_text
from hptui.core.trial import CURVE_INCOMPLETE, Trial
from hptui.operations.places import counts_of, describe
from hptui.operations.runner_lock import runner_status
from hptui.results.analysis.rungs import deciding_objective
from hptui.results.fresh_means import fresh_means, means_json, ranked_mean
from hptui.results.json_output import Json, attempt_json, curve_json, iso_time, round_measured, trial_json
from hptui.results.packing import packing_json
from hptui.results.time_left import time_left
from hptui.results.view import View, stage_progress
from hptui.store.reader import StoreReader
from hptui.store.whereabouts import whereabouts


def status_json(view: View, now: float | None = None) -> Json:
    """Return a study as `hptui status --json` lists it."""
    now = time.time() if now is None else now
    study, row, runner = view.study, view.row, runner_status(view.sd)
    counts: dict[str, int] = {}
    for trial in view.trials:
        counts[trial.status] = counts.get(trial.status, 0) + 1
    objectives = [{"metric": objective.metric, "goal": objective.goal} for objective in study.objectives]
    with StoreReader.open(view.sd) as reader:
        recorded = whereabouts(reader) if runner["alive"] else {"attempts": {}, "places": []}
    queued, unreachable = counts_of(recorded["attempts"])
    return {
        "name": row.name,
        "state": row.state,
        "message": row.message,
        "runner": {"pid": runner["pid"], "alive": runner["alive"], "host": runner["host"]},
        "objective": objectives[0] if objectives else [],
        "objectives": objectives,
        "sampler": study.search.sampler,
        "trials": study.search.trials,
        "counts": counts,
        **({"at_rungs": at_rungs} if (at_rungs := sum(trial.is_at_rung for trial in view.trials)) else {}),
        "queued": queued,
        "unreachable": unreachable,
        "places": recorded["places"],
        "where": describe(recorded["attempts"], now),
        "packing": packing_json(row.packing),
        "stage": view.stage,
        "stages": [asdict(stage) for stage in stage_progress(view)],
        "best": _best(view),
        "hypervolume": _hypervolume(view),
        "started": iso_time(row.started),
        "ended": iso_time(row.ended),
        "seconds": round_measured(row.seconds),
        "eta": round_measured(_seconds_left(view, now)) if runner["alive"] else None,
        "directory": str(view.sd.root),
    }


def _best(view: View) -> Json | None:
    """Return the best trial in short; with several objectives the one that is best in the first."""
    first = view.best
    if first is None:
        return None
    values = dict(first.values or {})
    value = values[view.study.objective.metric]
    params = dict(first.params)
    others = [trial.number for trial in view.front if trial.number != first.number]
    means = fresh_means(view)
    shape: Json = {"number": first.number, "value": value, "params": params, "values": values, "also": others}
    shape["fresh"] = None if means is None else means_json(means)
    if (mean := ranked_mean(view, first)) is not None:
        shape |= {"mean": mean[0], "runs": mean[1]}
    return shape | ({CURVE_INCOMPLETE: first.incomplete_curve} if first.incomplete_curve else {})


def _hypervolume(view: View) -> Json | None:
    """Return the hypervolume of the Pareto set (0 to 1) and its history; None with one objective.

    It is scaled by the values that have been recorded.
    """
    if len(view.study.objectives) < 2 or not (steps := hypervolumes(view.study, view.trials)):
        return None
    improvements = [(number, value) for n, (number, value) in enumerate(steps) if n == 0 or value > steps[n - 1][1]]
    history = [{"trial": number, "value": round_measured(value, 6)} for number, value in improvements]
    return {
        "value": round_measured(steps[-1][1], 6),
        "history": history,
        "pareto": [trial.number for trial in view.front],
    }


def show_json(view: View, trial: Trial, reader: StoreReader) -> Json:
    """Return a trial with its attempts, environment, and every metric over steps."""
    attempts = reader.attempts(trial.number)
    settings = view.settings(trial)
    return {
        **trial_json(trial),
        "study": view.row.name,
        "settings": settings,
        "seed": trial.seed,
        "engine": trial.engine,
        "revision": trial.revision,
        "total_steps": trial.total_steps,
        "last_step": trial.last_step,
        "environment": dict(attempts[-1].environment) if attempts else {},
        "attempt": [attempt_json(attempt) for attempt in attempts],
        "curves": {name: curve_json(reader, trial.number, name) for name in reader.metric_names(trial.number)},
        "checkpoints": [
            {"step": row.step, "path": row.path, "bytes": row.bytes} for row in reader.checkpoints(trial.number)
        ],
        **({"rungs": rungs} if (rungs := rungs_json(view, trial, reader)) else {}),
        "artifacts": [{"path": row.path, "label": row.label} for row in reader.artifacts(trial.number)],
        "directory": str(view.sd.trial(trial.number)),
    }


def rungs_json(view: View, trial: Trial, reader: StoreReader) -> list[Json]:
    """Return the rungs at which a trial paused, with its place there among the trials of its stage."""
    in_stage = {other.number for other in view.trials if other.stage == trial.stage}
    results = [result for result in reader.rungs() if result.trial in in_stage]
    objective = deciding_objective(view)
    return [
        {
            "rung": result.rung,
            "of": result.of,
            "bracket": result.bracket,
            "progress": round_measured(result.progress, 4),
            "step": result.step,
            "value": result.value,
            "place": place_text(result, results, objective),
            "at": iso_time(result.at),
            "promoted": iso_time(result.promoted),
            "by": result.by or None,
        }
        for result in results
        if result.trial == trial.number
    ]


def _seconds_left(view: View, now: float) -> float | None:
    left = time_left(view, now)
    return None if left is None else left.seconds
