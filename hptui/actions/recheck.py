"""`hptui report --check`: whether a report that was written still says what the store says."""

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
    """What became of a report's numbers: how many there are, and those that do not hold. `new` would be said today."""

    report: Path
    study: str
    numbers: int
    differences: list[Difference]
    new: int


def recheck(home: Path, path: Path, study: str = "") -> Verdict:
    """Read a report back and compare it with the study that it names, or with `study`."""
    path = path / REPORT if path.is_dir() else path
    text, ledger = _read(path)
    sd = find_study(home, study or str(ledger.about.get("study", "")))
    now = _facts(sd, ledger)
    found = [*edited(text, ledger), *stale(ledger, now)]
    found.sort(key=lambda one: (one.line, one.key))
    return Verdict(path, sd.name, len(ledger.places), found, len(now.keys() - ledger.facts.keys()))


def _read(path: Path) -> tuple[str, Ledger]:
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


def _facts(sd: StudyDir, ledger: Ledger) -> dict[str, Fact]:
    """What the same report would say today."""
    from hptui.results.markdown import render
    from hptui.results.record import read
    from hptui.results.report import compose

    record = read(sd)
    uuid, own = ledger.about.get("uuid"), record.view.row.uuid
    if uuid != own:
        raise UserError(f"the report is of another study called {sd.name!r}", hint="--home says where its own is")
    images = []
    if any(key.startswith("figure.") for key in ledger.facts):
        from hptui.results.figures.draw import captions

        with Reader(sd) as reader:
            images = [Image("", "", caption) for caption in captions(record.view, reader)]
    document = compose(record, str(ledger.about.get("style") or "") or None, images)
    return gather(render(document))
