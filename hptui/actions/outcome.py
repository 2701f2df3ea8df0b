"""How a study stands, as short facts for other programs, and the small result files written when it comes to rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hptui.actions.export import render, save
from hptui.actions.formats import csv_text
from hptui.results.shapes import trial_json
from hptui.model.study import Study
from hptui.model.trial import Trial
from hptui.results.view import View, best_trials, look
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader


def outcome_of(sd: StudyDir, study: Study) -> dict[str, str]:
    """state, message, study, directory, counts, best (number), value, params: what `on_end` is told. All text."""
    with Reader(sd) as reader:
        row, trials = reader.study(), reader.trials()
    best = next(iter(best_trials(study, trials)), None)
    statuses = [str(trial.status) for trial in trials]
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
    told = {"study": study.name, "directory": str(sd.root), "state": str(row.state), "message": row.message or ""}
    told |= {"counts": counts, "best": "", "value": "", "params": ""}
    if best is not None and best.values:
        told |= {"best": str(best.number), "value": repr(best.values[study.objective.metric])}
        told |= {"params": json.dumps(dict(best.params))}
    return told


def write_results(sd: StudyDir, study: Study) -> list[Path]:
    """Write `best_config.yaml`, `trials.json` and `trials.csv` under `[report] write`, whole files or none."""
    target = Path(study.directory or ".", study.report.write)
    target.mkdir(parents=True, exist_ok=True)
    view = look(sd)
    files = {
        "trials.json": json.dumps([trial_json(trial) for trial in view.trials], indent=2, allow_nan=False) + "\n",
        "trials.csv": to_csv(view),
    }
    if view.best is not None:
        files["best_config.yaml"] = render(study, view.best, "yaml", own=view.trainers.get(view.best.revision))
    for name, text in files.items():
        save(target / name, text.encode())
    return [target / name for name in files]


def to_csv(view: View) -> str:
    """One row per trial; what was not measured is an empty cell, never a number."""
    params = list(dict.fromkeys(name for trial in view.trials for name in trial.params))
    metrics = list(dict.fromkeys(name for trial in view.trials for name in trial.metrics))
    return csv_text([_row(view, trial, params, metrics) for trial in view.trials])


def _row(view: View, trial: Trial, params: list[str], metrics: list[str]) -> dict[str, Any]:
    """A setting that a trial did not override is what the baseline has."""
    settings = view.settings(trial)
    row: dict[str, Any] = {"number": trial.number, "name": trial.name, "status": str(trial.status)}
    row |= {"reason": str(trial.reason or "")} | {name: settings.get(name) for name in params}
    row |= {f"value.{o.metric}": (trial.values or {}).get(o.metric) for o in view.study.objectives}
    row |= {f"last.{name}": trial.metrics.get(name) for name in metrics}
    row |= {"seconds": round(trial.seconds, 3), "peak_memory_gb": trial.peak_memory_gb}
    return row | {"attempts": trial.attempts, "note": trial.note}
