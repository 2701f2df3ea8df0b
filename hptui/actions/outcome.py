"""How a study stands, as short facts for other programs, and the result files written when it comes to rest."""

from __future__ import annotations

import json
from pathlib import Path

from hptui.actions.files import write_files
from hptui.actions.report import write_report
from hptui.model.study import Study
from hptui.results.view import best_trials
from hptui.storage.paths import StudyDir
from hptui.storage.reader import StoreReader


def on_end_facts(sd: StudyDir, study: Study) -> dict[str, str]:
    """Return the facts that `on_end` is given, all of them text.

    Keys: state, message, study, directory, counts, best (number), value, params.
    """
    with StoreReader(sd) as reader:
        row, trials = reader.study(), reader.trials()
    best = next(iter(best_trials(study, trials)), None)
    statuses = [str(trial.status) for trial in trials]
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
    facts = {"study": study.name, "directory": str(sd.root), "state": str(row.state), "message": row.message or ""}
    facts |= {"counts": counts, "best": "", "value": "", "params": ""}
    if best is not None and best.values:
        facts |= {"best": str(best.number), "value": repr(best.values[study.objective.metric])}
        facts |= {"params": json.dumps(dict(best.params))}
    return facts


def write_results(sd: StudyDir, study: Study) -> list[Path]:
    """Write the report, the standard result files, and those of `[report] files`; return their paths."""
    target = Path(study.directory or ".", study.report.write)
    return [*write_files(sd, ["hptui", *study.report.files], target), *write_report(sd, target)]
