"""`hptui report`: the report of a study, as text or as files; `--check`: whether it still agrees with the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.errors import UserError, did_you_mean
from hptui.operations.find import find_study
from hptui.results.document import Image, render_markdown
from hptui.results.export.text_formats import write_atomically
from hptui.results.fact_index import (
    FactIndex,
    ReportDifference,
    build_fact_index,
    edited_numbers,
    outdated_numbers,
    read_fact_index,
)
from hptui.results.facts import Fact
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

if TYPE_CHECKING:
    from hptui.results.plots.plot import WrittenPlot
    from hptui.results.report_data import ReportData


REPORT_NAME, FACTS_NAME, FIGURES_FOLDER = "report.md", "facts.json", "images"
"""Names of the report, of its facts, and of the folder of its figures."""


def report_text(sd: StudyDir, style: str = "") -> str:
    """Return the report as Markdown, without figures, since these need files."""
    from hptui.results.report import write_report
    from hptui.results.report_data import read_report_data

    return write_report(read_report_data(sd), REPORT_NAME, known_style(style))[0]


def write_report(sd: StudyDir, target: Path, style: str = "", figures: str = "") -> list[Path]:
    """Write a report with its facts and figures; return the paths written.

    `target` is a directory, or a file where it ends in .md. `figures` is png, svg or none (default: as the study file
    says); they are written to `images/` next to it. Existing files are replaced whole.
    """
    from hptui.results.report import write_report
    from hptui.results.report_data import read_report_data

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
    from hptui.results.plots.write import write_plots

    with StoreReader.open(sd) as reader:
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


@dataclass(frozen=True, slots=True)
class ReportCheck:
    """Result for a report: how many numbers it has, those that are wrong, and how many facts are new since."""

    report: Path
    study: str
    numbers: int
    differences: list[ReportDifference]
    new: int


def verify_report(home: Path, path: Path, study: str = "") -> ReportCheck:
    """Read a report back and compare it with the study that it names, or with `study`."""
    path = path / REPORT_NAME if path.is_dir() else path
    text, ledger = _read_report(path)
    sd = find_study(home, study or str(ledger.about.get("study", "")))
    current_facts = _current_facts(sd, ledger)
    differences = [*edited_numbers(text, ledger), *outdated_numbers(ledger, current_facts)]
    differences.sort(key=lambda difference: (difference.line, difference.key))
    return ReportCheck(path, sd.name, len(ledger.places), differences, len(current_facts.keys() - ledger.facts.keys()))


def _read_report(path: Path) -> tuple[str, FactIndex]:
    facts = facts_path(path)
    try:
        text = path.read_text()
        if not facts.is_file():
            raise UserError(f"{path} cannot be checked: {facts.name} is not beside it", hint="hptui report writes both")
        return text, read_fact_index(facts.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{facts} is not what a report leaves: {error}") from None


def _current_facts(sd: StudyDir, ledger: FactIndex) -> dict[str, Fact]:
    """Return the facts that the same report would have today."""
    from hptui.results.report import compose_report
    from hptui.results.report_data import read_report_data

    record = read_report_data(sd)
    uuid, study_uuid = ledger.about.get("uuid"), record.view.row.uuid
    if uuid != study_uuid:
        raise UserError(f"the report is of another study called {sd.name!r}", hint="--home says where its own is")
    images = []
    if any(key.startswith("figure.") for key in ledger.facts):
        from hptui.results.plots.write import plot_captions

        with StoreReader.open(sd) as reader:
            images = [Image("", "", caption) for caption in plot_captions(record.view, reader)]
    document = compose_report(record, str(ledger.about.get("style") or "") or None, images)
    return build_fact_index(render_markdown(document))
