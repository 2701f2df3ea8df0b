"""`hptui report`: the report of a study, as text or as files; `--check`: whether it still agrees with the store."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.core.trial import StudyState
from hptui.core.version import __version__
from hptui.operations.find import find_study
from hptui.operations.runner_lock import runner_status
from hptui.results.document import Block, Image, MarkdownText, ReportDocument, render_markdown
from hptui.results.export.text_formats import write_atomically
from hptui.results.fact_index import (
    FactIndex,
    build_fact_index,
    compared_text,
    edited_numbers,
    line_digest,
    outdated_numbers,
    read_fact_index,
    render_with_index,
)
from hptui.results.facts import plain_text
from hptui.results.fence import failed_part
from hptui.results.report_check import ReportDifference, compare_lines
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

if TYPE_CHECKING:
    from hptui.results.plots.plot import WrittenPlot
    from hptui.results.report_data import ReportData


REPORT_NAME, FACTS_NAME, FIGURES_FOLDER = "report.md", "facts.json", "images"
"""Names of the report, of its facts, and of the folder of its figures."""


def _record(sd: StudyDir, reader: StoreReader | None = None) -> ReportData:
    """Return what a report reads of a study, and whether its runner has gone while it is open."""
    from hptui.results.report_data import read_report_data

    record = read_report_data(sd, reader)
    is_open = record.view.row.state in (StudyState.RUNNING, StudyState.DRAINING)
    return replace(record, is_runner_gone=is_open and not runner_status(sd)["alive"])


def report_text(sd: StudyDir, style: str = "") -> str:
    """Return the report as Markdown, without figures, since these need files."""
    from hptui.results.report import write_report

    return write_report(_record(sd), REPORT_NAME, known_style(style))[0]


def brief_text(sd: StudyDir) -> str:
    """Return the first screen of the report as Markdown."""
    from hptui.results.fact_writer import FactWriter
    from hptui.results.sections.first_screen import first_screen

    return render_markdown(ReportDocument(tuple(first_screen(FactWriter(_record(sd)))))).text


def report_as_json(sd: StudyDir, style: str = "", *, brief: bool = False) -> dict[str, Any]:
    """Return the report as JSON, or with `brief` its first screen: sentences, claims, facts."""
    from hptui.results.fact_writer import FactWriter
    from hptui.results.report import compose_report
    from hptui.results.report_json import brief_json, report_json
    from hptui.results.sections.first_screen import first_screen_lines

    record = _record(sd)
    if brief:
        row = record.view.row
        about = {"study": row.name, "uuid": row.uuid, "asof": f"{record.asof:.3f}"}
        return brief_json(about, list(first_screen_lines(FactWriter(record))))
    return report_json(compose_report(record, known_style(style)))


def brief_lines(sd: StudyDir) -> list[str]:
    """Return the first screen of the report as lines of plain text, without the title."""
    from hptui.results.fact_writer import FactWriter
    from hptui.results.sections.first_screen import first_screen_lines

    return [plain_text(line) for line in first_screen_lines(FactWriter(_record(sd)))]


def write_report(sd: StudyDir, target: Path, style: str = "", figures: str = "", *, html: bool = False) -> list[Path]:
    """Write a report with its facts and figures; return the paths written.

    `target` is a directory, or a file where it ends in .md; with `html` the same report is written next to it as one
    HTML file. A `target` that ends in .html is that file alone. `figures` is png, svg or none (default: as the study
    file says); they are written to `images/` next to it. Existing files are replaced whole.
    """

    record = _record(sd)
    kind = figures or record.view.study.report.figures
    if target.suffix.lower() == ".html":
        with tempfile.TemporaryDirectory() as folder:
            plots = _write_figures(sd, record, Path(folder), kind)
            write_atomically(target, _html(record, style, plots).encode())
        return [target]
    path = target if target.suffix.lower() == ".md" else target / REPORT_NAME
    plots = _write_figures(sd, record, path.parent, kind)
    document = _document(record, style, plots)
    text, facts = render_with_index(document, path.name)
    write_atomically(facts_path(path), facts.encode())
    write_atomically(path, text.encode())
    written = [path, facts_path(path)]
    if html:
        page = path.with_suffix(".html")
        write_atomically(page, _html(record, style, plots).encode())
        written.append(page)
    drawn = [plot for plot in plots if not plot.failure]
    return [*written, *(file for plot in drawn for file in (plot.path, plot.csv))]


def _document(record: ReportData, style: str, plots: Sequence[WrittenPlot]) -> ReportDocument:
    from hptui.results.report import compose_report

    return compose_report(record, known_style(style), [_figure_block(plot) for plot in plots])


def _figure_block(plot: WrittenPlot) -> Block:
    """Return a figure of the report, or in its place why there is none."""
    if plot.failure:
        return failed_part("figure", plot.name, plot.failure)
    return Image(f"{FIGURES_FOLDER}/{plot.path.name}", plot.alt, plot.caption)


def _html(record: ReportData, style: str, plots: Sequence[WrittenPlot]) -> str:
    from hptui.results.html_report import render_html

    images = {f"{FIGURES_FOLDER}/{plot.path.name}": plot.path.read_bytes() for plot in plots if not plot.failure}
    return render_html(_document(record, style, plots), record, images)


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
    """Result for a report: how many lines the store gives, what differs, the reader's own text.

    `only_numbers`: another version of hptui wrote it in other words, so its numbers alone could be checked.
    """

    report: Path
    study: str
    lines: int
    numbers: int
    differences: list[ReportDifference]
    own: list[tuple[int, str]] = field(default_factory=list)
    only_numbers: bool = False

    @property
    def exit_code(self) -> int:
        """0: as written; 1: a difference; 2: its words could not be checked."""
        return 1 if self.differences else 2 if self.only_numbers else 0


def verify_report(home: Path, path: Path, study: str = "") -> ReportCheck:
    """Read a report back and compare it, line by line, with what its study, or `study`, gives now."""
    path = path / REPORT_NAME if path.is_dir() else path
    text, ledger = _read_report(path)
    sd = find_study(home, study or str(ledger.about.get("study", "")))
    now, then = _rendered_now(sd, ledger)
    comparison = compare_lines(text, now, ledger, then)
    if not comparison.differences:
        return ReportCheck(path, sd.name, comparison.lines, len(ledger.places), [], comparison.own)
    if ledger.about.get("hptui") != __version__:
        numbers = [*edited_numbers(text, ledger), *outdated_numbers(ledger, build_fact_index(now))]
        differences = [
            ReportDifference(
                item.line,
                "stale" if item.is_stale else "changed",
                item.text,
                "",
                item.now,
                item.text,
                item.key,
                item.trials,
            )
            for item in sorted(numbers, key=lambda item: (item.line, item.key))
        ]
        return ReportCheck(path, sd.name, len(ledger.lines), len(ledger.places), differences, only_numbers=True)
    return ReportCheck(path, sd.name, comparison.lines, len(ledger.places), comparison.differences, comparison.own)


def _read_report(path: Path) -> tuple[str, FactIndex]:
    facts = facts_path(path)
    try:
        text = path.read_text()
        if not facts.is_file():
            raise UserError(f"{path} cannot be checked: {facts.name} is not beside it", hint="hptui report writes both")
        return text, read_fact_index(facts.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{facts} is not what a report leaves: {error}") from None


def _rendered_now(sd: StudyDir, ledger: FactIndex) -> tuple[MarkdownText, MarkdownText | None]:
    """Return the same report as it would be written now, and as it was at its own time.

    The second is None where both are the same, or where the store no longer has what was then.
    """
    from hptui.results.report_asof import record_as_of

    with StoreReader.open(sd) as reader:
        record = _record(sd, reader)
        uuid, study_uuid = ledger.about.get("uuid"), record.view.row.uuid
        if uuid != study_uuid:
            raise UserError(f"the report is of another study called {sd.name!r}", hint="--home says where its own is")
        now = _rendered(record, reader, ledger)
        try:
            moment = float(str(ledger.about.get("asof")))
        except ValueError:
            return now, None
        earlier = record_as_of(record, moment, reader.events()) if moment < record.asof - 0.001 else None
        if earlier is None and record.is_runner_gone and not _is_written_so(now, ledger):
            earlier = replace(record, is_runner_gone=False)  # it was at work when the report was written
        return now, None if earlier is None else _rendered(earlier, reader, ledger)


def _is_written_so(now: MarkdownText, ledger: FactIndex) -> bool:
    """Return whether a report was written with the lines that it would have now."""
    lines = [line_digest(compared_text(line)) for line in now.text.split("\n") if line.strip()]
    return not ledger.lines or sum(line in set(lines) for line in ledger.lines) == len(ledger.lines)


def _rendered(record: ReportData, reader: StoreReader, ledger: FactIndex) -> MarkdownText:
    """Return the report of a record in the style of a written one, with its figures' captions."""
    from hptui.results.report import compose_report

    images = []
    if any(key.startswith("figure.") for key in ledger.facts):
        from hptui.results.plots.write import plots_undrawn

        images = [Image("", plot.alt, plot.caption) for plot in plots_undrawn(record.view, reader)]
    style = known_style(str(ledger.about.get("style") or ""))
    return render_markdown(compose_report(record, style, images))
