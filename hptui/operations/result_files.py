"""Result files in one folder, under the names that other programs expect, and the facts that `on_end` is given."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from hptui.core.errors import MachineError, UserError, did_you_mean
from hptui.core.masking import mask
from hptui.core.ranking import first_of_best
from hptui.core.study import FILE_SETS, Study
from hptui.operations.report import write_report
from hptui.results.export.text_formats import write_atomically
from hptui.results.fence import reason_of
from hptui.results.view import View, best_trials, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

log = logging.getLogger(__name__)
REPORT_STYLE_OF = {"OPTIMIZATION_RESULTS.md": "results"}
"""Reports among the files, and their style."""
HTML_PAGES = ("optimization_trace.html", "contour_plot.html")
"""Names of HTML pages."""


def write_file_set(sd: StudyDir, kind: str, folder: Path, names: Mapping[str, str] | None = None) -> list[Path]:
    """Write the files that search scripts of a `kind` write; return those that were written.

    Raises: `UserError` for an unknown kind.
    """
    if kind not in FILE_SETS:
        raise UserError(f"there is no kind of results called {kind!r}", hint=did_you_mean(kind, FILE_SETS))
    return write_files(sd, FILE_SETS[kind], folder, names)


def write_files(sd: StudyDir, files: Iterable[str], folder: Path, names: Mapping[str, str] | None = None) -> list[Path]:
    """Write files, or sets of them, by their names; return those that were written.

    Each is written whole or not at all; one with nothing to say is left out.
    """
    from hptui.results.export.compatible import WRITERS

    file_names = list(dict.fromkeys(name for entry in files for name in FILE_SETS.get(entry, (entry,))))
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        written: list[Path] = []
        texts = {name: partial(WRITERS[name], view, names or {}) for name in file_names if name in WRITERS}
        texts |= {name: partial(_html, view, reader, name) for name in file_names if name.endswith(".html")}
        failures = _write_each(folder, texts, written)
    for name in file_names:
        if name in REPORT_STYLE_OF:
            written += write_report(sd, folder / name, REPORT_STYLE_OF[name])
    _raise_failures(failures)
    return written


def _write_each(folder: Path, texts: Mapping[str, Callable[[], str | None]], written: list[Path]) -> dict[str, str]:
    """Write each file that has something to say; return the reasons of those that failed, by name."""
    failures = {}
    for name, text_of in texts.items():
        try:
            text = text_of()
        except UserError:  # a wrong request
            raise
        except Exception as error:
            log.info("%s could not be written", name, exc_info=error)
            failures[name] = reason_of(error)
            continue
        if text is not None:
            write_atomically(folder / name, text.encode())
            written.append(folder / name)
    return failures


def _raise_failures(failures: Mapping[str, str]) -> None:
    if failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise MachineError(f"not written: {reasons}", hint="all other files are there")


def write_html(sd: StudyDir, folder: Path, across: str = "", up: str = "") -> list[Path]:
    """Write `optimization_trace.html` and `contour_plot.html`, each a page that needs no other file."""
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        written: list[Path] = []
        pages = {name: partial(_html, view, reader, name, (across, up)) for name in HTML_PAGES}
        failures = _write_each(folder, pages, written)
    _raise_failures(failures)
    return written


def _html(view: View, reader: StoreReader, name: str, axes: Sequence[str] = ("", "")) -> str | None:
    from hptui.results.plots.context import PlotContext
    from hptui.results.plots.write import contour_page, trace_page

    scene = PlotContext(view, reader)
    return trace_page(scene) if name == "optimization_trace.html" else contour_page(scene, *axes)


def on_end_facts(sd: StudyDir, study: Study) -> dict[str, str]:
    """Return the facts that `on_end` is given, all of them text.

    Keys: state, message, study, directory, counts, best (number), value, params.
    """
    with StoreReader.open(sd) as reader:
        row, trials = reader.study(), reader.trials()
    best = first_of_best(study, best_trials(study, trials))
    statuses = [str(trial.status) for trial in trials]
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))
    facts = {"study": study.name, "directory": str(sd.root), "state": str(row.state), "message": row.message or ""}
    facts |= {"counts": counts, "best": "", "value": "", "params": ""}
    if best is not None and best.values:
        facts |= {"best": str(best.number), "value": repr(best.values[study.objective.metric])}
        facts |= {"params": json.dumps(mask(dict(best.params)))}
    return facts


def write_results(sd: StudyDir, study: Study) -> list[Path]:
    """Write the report, the standard result files, and those of `[report] files`; return their paths."""
    target = Path(study.directory or ".", study.report.write)
    report = write_report(sd, target)  # first: of the others one may fail
    return [*write_files(sd, ["hptui", *study.report.files], target), *report]
