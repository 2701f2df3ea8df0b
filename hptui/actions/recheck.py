"""`hptui report --check`: whether a written report still agrees with the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hptui.actions.report import REPORT_NAME, facts_path
from hptui.actions.studies import find_study
from hptui.model.errors import UserError
from hptui.results.document import Image
from hptui.results.facts import Fact
from hptui.results.ledger import FactIndex, build_fact_index, read_fact_index
from hptui.results.recheck import ReportDifference, edited_numbers, outdated_numbers
from hptui.storage.paths import StudyDir
from hptui.storage.reader import StoreReader


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
    from hptui.results.markdown import render_markdown
    from hptui.results.record import read_report_data
    from hptui.results.report import compose_report

    record = read_report_data(sd)
    uuid, study_uuid = ledger.about.get("uuid"), record.view.row.uuid
    if uuid != study_uuid:
        raise UserError(f"the report is of another study called {sd.name!r}", hint="--home says where its own is")
    images = []
    if any(key.startswith("figure.") for key in ledger.facts):
        from hptui.results.figures.draw import plot_captions

        with StoreReader(sd) as reader:
            images = [Image("", "", caption) for caption in plot_captions(record.view, reader)]
    document = compose_report(record, str(ledger.about.get("style") or "") or None, images)
    return build_fact_index(render_markdown(document))
