"""How a study stands, as short facts for other programs, and the small result files written when it comes to rest."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.actions.export import render
from hptui.actions.studies import best_trials, trial_json
from hptui.model.study import Study
from hptui.model.trial import Trial
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rundir import write_atomic


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
    with Reader(sd) as reader:
        trials = reader.trials()
    files = {
        "trials.json": json.dumps([trial_json(trial) for trial in trials], indent=2, allow_nan=False) + "\n",
        "trials.csv": to_csv(study, trials),
    }
    for best in best_trials(study, trials)[:1]:
        files["best_config.yaml"] = render(study, best, "yaml")
    for name, text in files.items():
        write_atomic(target / name, text.encode())
        os.chmod(target / name, 0o644 & ~_umask())
    return [target / name for name in files]


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def to_csv(study: Study, trials: list[Trial]) -> str:
    """One row per trial; what was not measured is an empty cell, never a number."""
    params = list(dict.fromkeys(name for trial in trials for name in trial.params))
    metrics = list(dict.fromkeys(name for trial in trials for name in trial.metrics))
    head = ["number", "name", "status", "reason", *params, *(f"value.{o.metric}" for o in study.objectives)]
    head += [*(f"last.{name}" for name in metrics), "seconds", "peak_memory_gb", "attempts", "note"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for trial in trials:
        settings: Mapping[str, Any] = {**study.trainer.settings, **trial.params}
        values = [(trial.values or {}).get(o.metric) for o in study.objectives]
        cells = [trial.number, trial.name, trial.status, trial.reason, *(settings.get(name) for name in params)]
        cells += [*values, *(trial.metrics.get(name) for name in metrics)]
        cells += [round(trial.seconds, 3), trial.peak_memory_gb, trial.attempts, trial.note]
        writer.writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        value = json.dumps(value)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in "=+-@\t\r" and text[:1] else text
