"""`hptui report`: the report of a study, to stdout or into files; and what is written when a study comes to rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hptui.model.errors import UserError, did_you_mean
from hptui.results.document import Image
from hptui.results.export.files import save
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader

if TYPE_CHECKING:
    from hptui.results.figures.figure import Figure
    from hptui.results.record import Record

REPORT, LEDGER, IMAGES = "report.md", "facts.json", "images"


def report_text(sd: StudyDir, style: str = "") -> str:
    """The report as Markdown, as the store stands; without figures, which would need a place."""
    from hptui.results.record import read
    from hptui.results.report import write

    return write(read(sd), REPORT, checked(style))[0]


def write_report(sd: StudyDir, target: Path, style: str = "", figures: str = "") -> list[Path]:
    """Write the report into the directory `target`, or as the file `target` where that ends in .md; its facts beside.

    `figures` is png, svg or none (else as the study file says); they lie in `images/` beside it. What stood there
    before is replaced, whole, not changed.
    """
    from hptui.results.record import read
    from hptui.results.report import write

    path = target if target.suffix.lower() == ".md" else target / REPORT
    record = read(sd)
    drawn = _drawn(sd, record, path.parent, figures or record.view.study.report.figures)
    images = [Image(f"{IMAGES}/{one.path.name}", one.alt, one.caption) for one in drawn]
    text, facts = write(record, path.name, checked(style), images)
    save(ledger_of(path), facts.encode())
    save(path, text.encode())
    return [path, ledger_of(path), *(place for one in drawn for place in (one.path, one.csv))]


def _drawn(sd: StudyDir, record: Record, folder: Path, kind: str) -> list[Figure]:
    if kind == "none":
        return []
    from hptui.results.figures.draw import draw

    with Reader(sd) as reader:
        return draw(record.view, reader, folder / IMAGES, kind)


def ledger_of(report: Path) -> Path:
    """Where the facts of a report lie: `facts.json` beside `report.md`, `NAME.facts.json` beside another `NAME.md`."""
    return report.with_name(LEDGER if report.name == REPORT else f"{report.stem}.facts.json")


def checked(style: str) -> str | None:
    """A known style, or None for the study's own."""
    from hptui.results.report import STYLES

    if style and style not in STYLES:
        raise UserError(f"there is no style {style!r}", hint=did_you_mean(style, STYLES))
    return style or None
