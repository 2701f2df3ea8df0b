"""`hptui report`: the report of a study, to stdout or into files; and what is written when a study comes to rest."""

from __future__ import annotations

from pathlib import Path

from hptui.model.errors import UserError, did_you_mean
from hptui.results.export.files import save
from hptui.storage.paths import StudyDir

REPORT, LEDGER = "report.md", "facts.json"


def report_text(sd: StudyDir, style: str = "") -> str:
    """The report as Markdown, as the store stands."""
    from hptui.results.record import read
    from hptui.results.report import write

    return write(read(sd), REPORT, checked(style))[0]


def write_report(sd: StudyDir, target: Path, style: str = "") -> list[Path]:
    """Write the report into the directory `target`, or as the file `target` where that ends in .md; its facts beside.

    Whole files or none: what stood there before is replaced, not changed.
    """
    from hptui.results.record import read
    from hptui.results.report import write

    path = target if target.suffix.lower() == ".md" else target / REPORT
    text, facts = write(read(sd), path.name, checked(style))
    save(ledger_of(path), facts.encode())
    save(path, text.encode())
    return [path, ledger_of(path)]


def ledger_of(report: Path) -> Path:
    """Where the facts of a report lie: `facts.json` beside `report.md`, `NAME.facts.json` beside another `NAME.md`."""
    return report.with_name(LEDGER if report.name == REPORT else f"{report.stem}.facts.json")


def checked(style: str) -> str | None:
    """A known style, or None for the study's own."""
    from hptui.results.report import STYLES

    if style and style not in STYLES:
        raise UserError(f"there is no style {style!r}", hint=did_you_mean(style, STYLES))
    return style or None
