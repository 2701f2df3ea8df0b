"""`hptui report`: the report of a study, as text or as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hptui.model.errors import UserError, did_you_mean
from hptui.results.document import Image
from hptui.results.export.files import write_atomically
from hptui.storage.paths import StudyDir
from hptui.storage.reader import StoreReader

if TYPE_CHECKING:
    from hptui.results.figures.figure import WrittenPlot
    from hptui.results.record import ReportData

REPORT_NAME, FACTS_NAME, FIGURES_FOLDER = "report.md", "facts.json", "images"
"""Names of the report, of its facts, and of the folder of its figures."""


def report_text(sd: StudyDir, style: str = "") -> str:
    """Return the report as Markdown, without figures, since these need files."""
    from hptui.results.record import read_report_data
    from hptui.results.report import write_report

    return write_report(read_report_data(sd), REPORT_NAME, known_style(style))[0]


def write_report(sd: StudyDir, target: Path, style: str = "", figures: str = "") -> list[Path]:
    """Write a report with its facts and figures; return the paths written.

    `target` is a directory, or a file where it ends in .md. `figures` is png, svg or none (default: as the study file
    says); they are written to `images/` next to it. Existing files are replaced whole.
    """
    from hptui.results.record import read_report_data
    from hptui.results.report import write_report

    path = target if target.suffix.lower() == ".md" else target / REPORT_NAME
    record = read_report_data(sd)
    figure_files = _write_figures(sd, record, path.parent, figures or record.view.study.report.figures)
    images = [Image(f"{FIGURES_FOLDER}/{figure.path.name}", figure.alt, figure.caption) for figure in figure_files]
    text, facts = write_report(record, path.name, known_style(style), images)
    write_atomically(facts_path(path), facts.encode())
    write_atomically(path, text.encode())
    return [path, facts_path(path), *(file for figure in figure_files for file in (figure.path, figure.csv))]


def _write_figures(sd: StudyDir, record: ReportData, folder: Path, kind: str) -> list[WrittenPlot]:
    if kind == "none":
        return []
    from hptui.results.figures.draw import write_plots

    with StoreReader(sd) as reader:
        return write_plots(record.view, reader, folder / FIGURES_FOLDER, kind)


def facts_path(report: Path) -> Path:
    """Return the path of a report's facts: `facts.json` for `report.md`, else `NAME.facts.json`."""
    return report.with_name(FACTS_NAME if report.name == REPORT_NAME else f"{report.stem}.facts.json")


def known_style(style: str) -> str | None:
    """Return a known style, or None for the study's own.

    Raises: `UserError` for an unknown style.
    """
    from hptui.results.report import STYLES

    if style and style not in STYLES:
        raise UserError(f"there is no style {style!r}", hint=did_you_mean(style, STYLES))
    return style or None
