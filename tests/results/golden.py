"""Reports as they were read and approved.   python -m tests.results.golden   writes them anew, to be read again.

Importance is left out: its forest is another library's, and may grow otherwise in another version.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import hptui
from hptui.results.report import write_report
from hptui.results.report_data import read_report_data
from tests.results import seeds

FOLDER = Path(__file__).parent / "golden"
MADE = {
    "math-results": (seeds.MATH, seeds.math_trials, "results", {}),
    "director-results": (seeds.DIRECTOR, seeds.director_trials, "results", {}),
    "medical-results": (seeds.MEDICAL, seeds.medical_trials, "results", {}),
    "medical-hyperparameters": (seeds.MEDICAL, seeds.medical_trials, "hyperparameters", {}),
}


def report(name: str, home: Path) -> str:
    """The report of that name as it is made today; the version of hptui is not what it is about."""
    text, trials, style, more = MADE[name]
    found, _ = write_report(read_report_data(seeds.build(home, text, trials(), **more)), "report.md", style)
    return found.replace(f"hptui {hptui.__version__}", "hptui VERSION")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in MADE:
        with tempfile.TemporaryDirectory() as place:
            (FOLDER / f"{one}.md").write_text(report(one, Path(place)))
