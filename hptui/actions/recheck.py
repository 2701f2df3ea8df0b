"""`hptui report --check`: whether a written report still agrees with the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hptui.actions.report import REPORT, ledger_of
from hptui.actions.studies import find_study
from hptui.model.errors import UserError
from hptui.results.document import Image
from hptui.results.facts import Fact
from hptui.results.ledger import Ledger, gather, read_ledger
from hptui.results.recheck import Difference, edited, stale
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result for a report: how many numbers it has, those that are wrong, and how many facts are new since."""

    report: Path
    study: str
    numbers: int
    differences: list[Difference]
    new: int


def recheck(home: Path, path: Path, study: str = "") -> Verdict:
    """Read a report back and compare it with the study that it names, or with `study`."""
    path = path / REPORT if path.is_dir() else path
    text, ledger = _read_report(path)
    sd = find_study(home, study or str(ledger.about.get("study", "")))
    current_facts = _current_facts(sd, ledger)
    differences = [*edited(text, ledger), *stale(ledger, current_facts)]
    differences.sort(key=lambda difference: (difference.line, difference.key))
    return Verdict(path, sd.name, len(ledger.places), differences, len(current_facts.keys() - ledger.facts.keys()))


def _read_report(path: Path) -> tuple[str, Ledger]:
    facts = ledger_of(path)
    try:
        text = path.read_text()
        if not facts.is_file():
            raise UserError(f"{path} cannot be checked: {facts.name} is not beside it", hint="hptui report writes both")
        return text, read_ledger(facts.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{facts} is not what a report leaves: {error}") from None


def _current_facts(sd: StudyDir, ledger: Ledger) -> dict[str, Fact]:
    """Return the facts that the same report would have today."""
    from hptui.results.markdown import render
    from hptui.results.record import read
    from hptui.results.report import compose

    record = read(sd)
    uuid, study_uuid = ledger.about.get("uuid"), record.view.row.uuid
    if uuid != study_uuid:
        raise UserError(f"the report is of another study called {sd.name!r}", hint="--home says where its own is")
    images = []
    if any(key.startswith("figure.") for key in ledger.facts):
        from hptui.results.figures.draw import captions

        with Reader(sd) as reader:
            images = [Image("", "", caption) for caption in captions(record.view, reader)]
    document = compose(record, str(ledger.about.get("style") or "") or None, images)
    return gather(render(document))
