"""Importance of settings for the objective, of those that matter; as a program it prints it as JSON.

`python -m hptui.results.importance STUDYDIR [ESTIMATOR]`: screens run it as a process to stay responsive. Without an
estimator it tells what the report's sentences rest on (`results.analysis.evidence`), with the report's own sentence.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from hptui.results.analysis import blas
from hptui.results.analysis.shares import Importance
from hptui.results.report_data import ReportData, read_effects_record
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

__all__ = ["Importance", "importance", "importance_by", "main"]


def importance(view: View, reader: StoreReader | None = None) -> Importance | None:
    """Return the importance of the settings that matter; None if nothing can be stated of settings."""
    return read_effects_record(view, reader).importance


def importance_by(view: View, estimator: str, reader: StoreReader | None = None) -> Importance | None:
    """Return the importance of settings by one of `ESTIMATORS`; None if nothing can be stated of settings."""
    blas.load()
    from hptui.results.analysis.estimators import estimated  # numpy: not at start

    if len(view.study.objectives) != 1:
        return None
    inputs = read_effects_record(view, reader).effect_inputs(view.study.objective)
    return estimated(view, *inputs, estimator)


def main(argv: Sequence[str]) -> int:
    """Print the importance of the settings of a study directory as JSON."""
    sd = StudyDir(Path(argv[0]))
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        record = read_effects_record(view, reader)
        result = importance_by(view, argv[1], reader) if argv[1:] else record.importance
    says = says_of_estimate(view) if argv[1:] and result is None else what_mattered(record)
    print(json.dumps({"importance": None if result is None else asdict(result), "says": says}))
    return 0


def what_mattered(record: ReportData) -> str:
    """Return what the first screen of the report says of settings, as plain text."""
    from hptui.results.claims.mattered import mattered  # reads what this module computes
    from hptui.results.fact_writer import FactWriter

    return mattered(FactWriter(record)).sentence.replace("`", "")


def says_of_estimate(view: View) -> str:
    """Return why an estimator gives no numbers."""
    if len(view.study.objectives) != 1:
        return "this estimate is made for studies with one objective"
    return "too few comparable trials for an estimate, or no setting that varies"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
